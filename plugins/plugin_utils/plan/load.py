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
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, PlanError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import SitePlan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import (
    Source,
    no_collection,
    read_source,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.translate import structural_findings


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
    plan = _validated(source.data, source)
    estate, errors = expand(plan)
    found = errors + check(estate)
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        raise PlanError(str(source.root), _located(errors, source))
    warnings = _located([finding for finding in found if finding.severity != "error"], source)
    return LoadedPlan(source, estate, plan_digest(plan), warnings)


def _validated(data: dict[str, Any], source: Source) -> SitePlan:
    try:
        return SitePlan.model_validate(data)
    except ValidationError as error:
        findings = structural_findings(error, data)
        raise PlanError(
            str(source.root),
            _located(findings, source),
            "Addresses, references and capacity are checked once the structure stands.",
        ) from error


def _located(findings: list[Finding], source: Source) -> list[Finding]:
    return [
        finding if finding.where else replace(finding, where=source.where(finding.path))
        for finding in findings
    ]
