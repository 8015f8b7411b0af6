# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide 'your own estate' as somebody follows it, up to where a twin is built; and PLAN as a path."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ("own-estate.md", "own-estate.zh-CN.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"^cat > \S+ <<'END'\n.*?^END\n", re.DOTALL | re.MULTILINE)


def shell(script: str, home: Path, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PLAN", "TWIN")}
    return subprocess.run(
        ["sh", "-euc", script], cwd=cwd, env={**environment, "HOME": str(home), **variables},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def follow(guide: str, home: Path) -> list[str]:
    """Make every file that the guide makes, in its order; what the plan's check says after each plan file."""
    said = []
    for block in BLOCK.findall((ROOT / "docs" / "guides" / guide).read_text(encoding="utf-8")):
        files = FILE.findall(block)
        for script in [line for line in block.splitlines() if line.startswith("mkdir")] + files:
            assert shell(script, home).returncode == 0
        if any("/plan/" in script.splitlines()[0] for script in files):
            said.append(check(home / "anhui" / "site_plan.yml"))
    return said


def check(source: Path) -> str:
    done = subprocess.run(
        [sys.executable, "tools/plan.py", str(source)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return f"{done.returncode} {done.stdout}{done.stderr}"


@pytest.mark.parametrize("guide", GUIDES)
def test_the_guide_s_plan_has_the_mistake_that_it_shows_and_is_mended_as_it_says(
    tmp_path: Path, guide: str
) -> None:
    first, second = follow(guide, tmp_path)
    text = (ROOT / "docs" / "guides" / guide).read_text(encoding="utf-8")

    assert first.startswith("1 ")
    shown = re.search(r"^```\n(plan/estate.yml.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert " ".join(shown[1].split()) in " ".join(first.split())
    assert second.startswith("0 anhui: the plan has no mistakes")
    assert "hf-db-01 10.1.10.11" in second


def test_both_languages_give_the_same_commands() -> None:
    english, chinese = (
        [re.sub(r" +#.*", "", block) for block in BLOCK.findall((ROOT / "docs/guides" / guide).read_text())]
        for guide in GUIDES
    )

    assert english == chinese


def test_a_drill_is_run_from_the_centre_that_it_leaves_alive(tmp_path: Path) -> None:
    follow(GUIDES[0], tmp_path)
    done = subprocess.run(
        [sys.executable, "tools/plan.py", "--control-node", str(tmp_path / "anhui/site_plan.yml")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == "wh-ctl-01\n"


def test_a_plan_without_services_is_reached_from_its_control_node() -> None:
    done = subprocess.run(
        [sys.executable, "tools/plan.py", "--reached-from", "inventory/moving/site_plan.yml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == "nn-ctl-01\n"


WHERE = f'. {ROOT}/tools/estate.sh; estate_of {ROOT}; echo "$inventory $twin"'


@pytest.mark.parametrize(
    "plan", ["{0}/My-Estate 2", "./My-Estate 2", "My-Estate 2/", "{0}/My-Estate 2/site_plan.yml"]
)
def test_an_estate_may_be_anywhere_and_its_twin_has_a_name_that_can_be_one(tmp_path: Path, plan: str) -> None:
    folder = tmp_path / "My-Estate 2"
    folder.mkdir()
    (folder / "site_plan.yml").touch()

    done = shell(WHERE, tmp_path, cwd=tmp_path, PLAN=plan.format(tmp_path))

    assert done.stdout == f"{folder}/site_plan.yml myestate2\n", done.stderr


@pytest.mark.parametrize(
    ("variables", "twin"),
    [({}, "rehearsal"), ({"TWIN": "mine"}, "mine"), ({"PLAN": "guangxi"}, "guangxi")],
)
def test_a_name_is_an_estate_of_the_checkout(tmp_path: Path, variables: dict[str, str], twin: str) -> None:
    name = variables.get("PLAN", "rehearsal")

    assert (
        shell(WHERE, tmp_path, cwd=tmp_path, **variables).stdout
        == f"{ROOT}/inventory/{name}/site_plan.yml {twin}\n"
    )


def test_a_folder_without_a_plan_is_refused_with_the_next_step(tmp_path: Path) -> None:
    done = shell(WHERE, tmp_path, PLAN=str(tmp_path))

    assert done.returncode == 2
    assert f"there is no {tmp_path}/site_plan.yml" in done.stderr
    assert "docs/guides/own-estate.md" in done.stderr
