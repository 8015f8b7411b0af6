# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a plan: findings, and the one error that carries them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: A place in the plan: keys and list positions from the top.
Path = tuple["str | int", ...]


def show_path(path: Path) -> str:
    """The path as a person writes it: ``centres.nanning.series[2].numbers``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text or "(the whole plan)"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or (severity ``warning``) that the plan accepts knowingly.

    :param rule: short name of the check, stable, for tests and reports.
    :param path: where in the plan.
    :param found: what stands there, as a sentence.
    :param allowed: what may stand there.
    :param next_step: what to do.
    :param where: ``file:line``, filled in once the plan is known to have findings.
    """

    rule: str
    path: Path
    found: str
    allowed: str
    next_step: str
    severity: str = "error"
    where: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return (
            f"{place}{show_path(self.path)}: {self.found}. Allowed: {self.allowed}. "
            f"Next: {self.next_step}. [{self.rule}]"
        )

    def data(self) -> dict[str, Any]:
        """The finding as plain data, for reports."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "path": show_path(self.path),
            "where": self.where,
            "found": self.found,
            "allowed": self.allowed,
            "next_step": self.next_step,
        }


class PlanError(DatacenterError):
    """A plan that cannot be used, with every reason at once.

    :param source: the file or folder of the plan.
    :param findings: all errors found; never empty.
    :param note: what was not looked at because of them.
    """

    def __init__(self, source: str, findings: Sequence[Finding], note: str = "") -> None:
        self.findings = tuple(findings)
        self.note = note
        count = len(self.findings)
        super().__init__(
            f"{count} error{'s' if count != 1 else ''} in the site plan",
            device=source,
            result={"findings": [finding.data() for finding in self.findings]},
        )

    def __str__(self) -> str:
        lines = [f"{self.device}: {self.what}:"]
        lines += [f"  {number}. {finding}" for number, finding in enumerate(self.findings, 1)]
        if self.note:
            lines.append(f"  {self.note}")
        return "\n".join(lines)
