# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One plan a mistake: tests/plans/<mistake>/ changes the sound plan of tests/plans/base/.

``change.yml`` says which text is replaced by which, ``expected.txt`` holds every word that the
reader must be told. A case without expectations fails; a rule without a case does, too.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan import checks
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, PlanError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan

ROOT = Path(__file__).resolve().parents[5]
PLANS = ROOT / "tests" / "plans"
BASE = PLANS / "base"
CASES = sorted(path for path in PLANS.iterdir() if path.is_dir() and path != BASE)
RULE = re.compile(r"(?:Finding|_find)\(\s*\"([a-z-]+)\"")


def changed(case: Path, folder: Path) -> Path:
    """The sound plan with the case's change, in a folder of its own."""
    plan = folder / "plan"
    shutil.copytree(BASE, plan)
    for change in yaml.safe_load((case / "change.yml").read_text())["changes"]:
        file = plan / change["file"]
        if change.get("remove"):
            file.unlink()
        elif "find" in change:
            text = file.read_text()
            assert text.count(change["find"]) == 1, f"{change['find']!r} must stand once in {file.name}"
            file.write_text(text.replace(change["find"], change["put"]))
        else:
            file.write_text(change["put"])
    return plan


def told(plan: Path) -> str:
    """What the reader of the plan is told, without the folder that it happens to lie in."""
    try:
        warnings = load_plan(plan).warnings
    except PlanError as error:
        text = str(error)
    else:
        text = "\n".join(f"warning: {warning}" for warning in warnings)
    return text.replace(f"{plan.parent}/", "") + "\n"


def test_the_plan_that_the_cases_change_is_sound() -> None:
    assert load_plan(BASE).warnings == []


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_mistake_is_told_in_full(case: Path, tmp_path: Path) -> None:
    said = told(changed(case, tmp_path))
    expected = case / "expected.txt"
    assert expected.exists(), f"{case.name} has no expected.txt; the plan says now:\n{said}"
    assert said == expected.read_text()


def test_every_rule_has_a_plan_that_breaks_it() -> None:
    sources = (ROOT / "plugins" / "plugin_utils" / "plan").rglob("*.py")
    rules = {rule for file in sources for rule in RULE.findall(file.read_text())}
    broken = {rule for case in CASES for rule in re.findall(r"\[([a-z-]+)\]$", _expected(case), re.M)}
    assert rules - broken == set()


def test_every_check_has_a_plan_that_it_stops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stopped: set[str] = set()

    def noting(check: Callable[[Estate], Iterator[Finding]]) -> Callable[[Estate], list[Finding]]:
        def noted(estate: Estate) -> list[Finding]:
            findings = list(check(estate))
            if findings:
                stopped.add(f"{check.__module__}.{check.__name__}")
            return findings

        return noted

    wanted = {f"{check.__module__}.{check.__name__}" for check in checks.CHECKS}
    monkeypatch.setattr(checks, "CHECKS", [noting(check) for check in checks.CHECKS])
    for case in CASES:
        told(changed(case, tmp_path / case.name))
    assert wanted - stopped == set()


def _expected(case: Path) -> str:
    expected = case / "expected.txt"
    return expected.read_text() if expected.exists() else ""
