# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill_report under ansible-playbook, and the tool that makes the same report without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.sample import (
    Sample,
    sample,
)

ROOT = Path(__file__).resolve().parents[3]
FILES = {"report.json", "report.html", "junit.xml"}
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - anjianyun.datacenter.drill_report:
        directory: "{{ directory }}"
        fail_on_verdict: true
"""


@pytest.fixture
def play(tmp_path: Path) -> Path:
    path = tmp_path / "play.yml"
    path.write_text(PLAY)
    return path


def run(*command: str, past: Path | None = None) -> subprocess.CompletedProcess[str]:
    if past is None:
        with tempfile.TemporaryDirectory() as nowhere:
            return run(*command, past=Path(nowhere))
    environment = {
        **os.environ,
        "ANSIBLE_STDOUT_CALLBACK": "json",
        # This tree, and no copy that is installed elsewhere.
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/typing"),
        "LC_ALL": "C.UTF-8",
        # What these runs leave for comparison is no drill of the person's who runs the tests.
        "ANJIANYUN_HISTORY": str(past),
    }
    return subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def task(play: Path, directory: Path, *options: str) -> dict[str, object]:
    done = run("ansible-playbook", "-i", "localhost,", str(play), "-e", f"directory={directory}", *options)
    found = json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]
    assert isinstance(found, dict)
    return found


def left(directory: Path) -> set[str]:
    return FILES & {path.name for path in directory.iterdir()}


def failing() -> Sample:
    drill = sample(0.25)
    drill.probe.clear()
    return drill


def test_a_check_judges_and_the_second_run_changes_nothing(play: Path, tmp_path: Path) -> None:
    directory = sample(0.25).write(tmp_path / "drill")
    for options, changed, files in ((["--check"], True, set()), ([], True, FILES), ([], False, FILES)):
        result = task(play, directory, *options)
        assert (result["changed"], result["verdict"]) == (changed, "pass")
        assert left(directory) == files
    assert result["report"] == json.loads((directory / "report.json").read_text(encoding="utf-8"))


def test_a_drill_that_does_not_pass_fails_and_is_reported_all_the_same(play: Path, tmp_path: Path) -> None:
    directory = failing().write(tmp_path / "drill")
    result = task(play, directory)
    assert result["failed"] is True
    assert "no probe tried to write" in str(result["msg"])
    assert result["verdict"] == "fail"
    assert left(directory) == FILES


def test_the_tool_makes_the_same_report(play: Path, tmp_path: Path) -> None:
    directory = sample(0.25).write(tmp_path / "drill")
    done = run("python", "tools/report.py", str(directory))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"report: {directory}/report.html" in done.stdout
    assert task(play, directory)["changed"] is False


def test_the_tool_ends_with_1_on_a_failed_drill_and_with_2_without_one(tmp_path: Path) -> None:
    assert run("python", "tools/report.py", str(failing().write(tmp_path / "drill"))).returncode == 1
    done = run("python", "tools/report.py", str(tmp_path))
    assert done.returncode == 2
    assert "there is no run to report" in done.stderr
