# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way in: a plan read, checked and laid out, or an error that says everything at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan._pydantic import (
    ValidationError,
    require_pydantic,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.checks import check
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.derive import (
    InventoryData,
    inventory_data,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.digest import plan_digest
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.expand import expand
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import (
    Finding,
    Path,
    PlanError,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import SitePlan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import (
    Source,
    no_collection,
    read_source,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.translate import structural_findings

#: Keys whose values are named entries that can be looked at one by one.
_NAMED = {
    "hosts", "lines", "networks", "racks", "rooms", "counties", "cities", "services", "classes", "providers",
    "carriers", "nodes", "infrastructure", "centres",
}  # fmt: skip
#: Rules that taking an entry out of the plan can never break.
_LOCAL_RULES = {
    "bad-numbers", "bad-prefix", "circle", "duplicate-address", "duplicate-id", "duplicate-name",
    "feed-overload", "interface-name", "naming", "number-outside", "overcommit", "overlap", "rack-full",
    "rack-position", "retired-id", "role-name", "site-code",
}  # fmt: skip


@dataclass
class LoadedPlan:
    """A plan without errors.

    :param warnings: what the plan accepts knowingly, for its reader to know as well.
    """

    source: Source
    estate: Estate
    digest: str
    warnings: list[Finding]

    @property
    def plan(self) -> SitePlan:
        """The plan as stated."""
        return self.estate.plan

    def inventory(self) -> InventoryData:
        """What an inventory holds of it."""
        with no_collection():
            return inventory_data(self.estate, self.digest)


def load_plan(root: str | FilePath) -> LoadedPlan:
    """Read a plan from a file or a folder, and check all of it.

    :raises PlanError: with every finding, each with file, line, path and what to do.
    :raises DatacenterError: when pydantic is missing.
    """
    require_pydantic()
    with no_collection():
        return load_source(read_source(FilePath(root)))


def load_source(source: Source) -> LoadedPlan:
    """Check a plan that has been read; see ``load_plan``."""
    try:
        plan = SitePlan.model_validate(source.data)
    except ValidationError as error:
        broken = structural_findings(error, source.data)
        rest, note = _what_stands(source.data, broken)
        raise PlanError(str(source.root), _located(broken + rest, source), note) from error
    estate, findings = _judged(plan)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise PlanError(str(source.root), _located(errors, source))
    warnings = _located([finding for finding in findings if finding.severity != "error"], source)
    return LoadedPlan(source, estate, plan_digest(plan), warnings)


def _judged(plan: SitePlan) -> tuple[Estate, list[Finding]]:
    estate, found = expand(plan)
    return estate, found + check(estate)


def _what_stands(data: dict[str, Any], broken: list[Finding]) -> tuple[list[Finding], str]:
    """Errors in what is left when the broken entries are taken out, so that one reading shows them too.

    What only the absence of those entries would cause is left out.
    """
    left = data
    for finding in broken:
        entry = _entry(finding.path)
        if entry is None:
            return [], "References, addresses and capacity are checked once the structure stands."
        left = _without(left, entry)
    try:
        plan = SitePlan.model_validate(left)
    except ValidationError:
        return [], "References, addresses and capacity are checked once the structure stands."
    found = [
        finding
        for finding in _judged(plan)[1]
        if finding.severity == "error" and finding.rule in _LOCAL_RULES
    ]
    return found, "What hangs on these entries is checked once their structure stands."


def _entry(path: Path) -> Path | None:
    """The smallest named entry (a host, a line, ...) that a path lies in."""
    for end in range(len(path), 1, -1):
        if path[end - 2] in _NAMED and isinstance(path[end - 1], str):
            return path[:end]
    return None


def _without(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy without the entry at a path; shares everything else."""
    key = path[0]
    if key not in data:
        return data
    if len(path) == 1:
        return {name: value for name, value in data.items() if name != key}
    return {**data, key: _without(data[key], path[1:])} if isinstance(data[key], dict) else data


def _located(findings: list[Finding], source: Source) -> list[Finding]:
    return [
        finding if finding.where else replace(finding, where=source.where(finding.path))
        for finding in findings
    ]
