# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stated twice for different installers agrees, and the pages lead where they say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: Guides for people who run estates; what is for developers is in English alone.
GUIDES = [*ROOT.glob("docs/guides/*.md"), ROOT / "docs" / "README.md", ROOT / "docs" / "offline.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^(```|~~~).*?^\1|^(?: {4}).*?$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def test_galaxy_and_requirements_name_the_same_collections() -> None:
    wanted = {item["name"]: item["version"] for item in read_yaml("requirements.yml")["collections"]}
    assert wanted == read_yaml("galaxy.yml")["dependencies"]


def test_control_nodes_need_what_the_tests_run_with() -> None:
    locked = [
        Requirement(text)
        for text in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    ]
    tested = {requirement.name: requirement.specifier for requirement in locked}
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    needed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert needed
    assert {item.name: item.specifier for item in needed} == {item.name: tested[item.name] for item in needed}


def test_an_execution_environment_finds_its_files() -> None:
    named = read_yaml("meta/execution-environment.yml")["dependencies"]
    assert sorted(named) == ["python", "system"]
    ignored = read_yaml("galaxy.yml")["build_ignore"]
    for name in named.values():
        assert (ROOT / name).is_file()
        assert name not in ignored


def test_modules_of_an_action_group_exist() -> None:
    groups = read_yaml("meta/runtime.yml")["action_groups"]
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert {name for members in groups.values() for name in members} <= modules


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(CODE.sub("", page.read_text()))
    inside = {target.partition("#")[0] for target in targets if "://" not in target}
    assert not {target for target in inside if target and not (page.parent / target).exists()}


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: str(page.relative_to(ROOT)))
def test_guides_come_in_both_languages(page: Path) -> None:
    name = page.name
    other = name.replace(".zh-CN.md", ".md") if name.endswith(".zh-CN.md") else f"{page.stem}.zh-CN.md"
    assert (page.parent / other).is_file()
