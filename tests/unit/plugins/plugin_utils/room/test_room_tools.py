# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what later steps call is there, asked before anything moves, with server, program and package."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import burn_in
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.tools import (
    PACKAGES,
    needed,
    tool_readings,
)

ROOT = Path(__file__).resolve().parents[5]
METAL = {"inside": {"kind": "metal"}}
CONTAINER = {"inside": {"kind": "container"}}
SILENT: dict[str, Any] = {"inside": None}


def told(host: str, *paths: str, **more: Any) -> dict[str, Any]:
    return {"room_host": host, "rc": 0, "stdout_lines": list(paths), **more}


def test_each_step_says_what_it_calls_where() -> None:
    found = needed(
        ["nn-db", "nn-app"], "nn-db", "dr-db", {"nn-db": METAL, "nn-app": CONTAINER, "nn-x": SILENT}
    )

    assert found["nn-db"] == {
        "stress-ng": "the burn-in", "systemd-run": "the burn-in", "systemctl": "the burn-in",
        "iperf3": "the line's rate", "timeout": "the line's rate",
        "lsblk": "the survey", "smartctl": "the survey", "lldpcli": "the survey",
    }  # fmt: skip
    assert set(found["nn-app"]) == {"stress-ng", "systemd-run", "systemctl"}
    assert set(found["dr-db"]) == {"iperf3", "systemd-run", "systemctl"}
    assert set(found) == {"nn-db", "nn-app", "dr-db"}


@pytest.mark.parametrize("ends", [("nn-db", ""), ("", "dr-db")])
def test_without_both_ends_no_line_is_measured(ends: tuple[str, str]) -> None:
    assert needed([], *ends, {}) == {}
    assert [one["ok"] for one in tool_readings({}, [])] == [True]


def test_what_the_steps_call_is_known_here_with_its_package() -> None:
    """A step that calls another program has to say so here, or it is missed in the night."""
    called: set[str] = set()
    for path in (ROOT / "roles" / "line_rate" / "tasks").glob("*.yml"):
        for item in yaml.safe_load(path.read_text()):
            for task in [item, *item.get("block", ()), *item.get("always", ())]:
                argv = task.get("ansible.builtin.command", {}).get("argv", [])
                # One is a template, of which the first quoted word is the program.
                words = re.findall(r"'([a-z0-9-]+)'", argv) if isinstance(argv, str) else argv
                called |= {*words[:1], *(word for word in words if word == "iperf3")}
    known = {program for host in needed(["a"], "b", "c", {"d": METAL}).values() for program in host}

    assert called == {"iperf3", "systemctl", "systemd-run", "timeout"}
    assert called | {burn_in.PROGRAM} <= known
    assert known == set(PACKAGES)


def test_what_is_there_passes() -> None:
    needs = needed(["nn-db"], "", "", {})

    assert tool_readings(
        needs, [told("nn-db", "/usr/bin/stress-ng", "/usr/bin/systemd-run", "/bin/systemctl")]
    ) == [{"ok": True, "reading": "nn-db has stress-ng, systemctl, systemd-run"}]


def test_a_missing_program_stops_with_server_program_and_package_and_no_yes_helps() -> None:
    needs = needed(["nn-app"], "nn-app", "dr-db", {})

    app, db = sorted(
        tool_readings(
            needs,
            [
                told("nn-app", "/usr/bin/systemd-run", "/usr/bin/systemctl", "/usr/bin/timeout"),
                told("dr-db", "/usr/bin/iperf3", "/usr/bin/systemd-run", "/usr/bin/systemctl"),
            ],
        ),
        key=lambda one: bool(one["ok"]),
    )
    assert db["ok"] is True
    assert app["ok"] is False
    assert app["reading"] == "nn-app lacks stress-ng (the burn-in), iperf3 (the line's rate)"
    assert app["way_on"].startswith("on nn-app: apt install stress-ng iperf3;")
    assert "approval" not in app


def test_what_only_the_survey_calls_stops_until_somebody_says_yes_to_it() -> None:
    needs = needed(["nn-db"], "", "", {"nn-db": METAL})
    paths = [f"/usr/bin/{program}" for program in ("stress-ng", "systemd-run", "systemctl", "lsblk")]

    has, unlooked = tool_readings(needs, [told("nn-db", *paths)])

    assert has["ok"] is True
    assert (unlooked["ok"], unlooked["approval"], unlooked["this_risk"]) == (False, "not_looked_at", True)
    assert "smartctl, lldpcli" in unlooked["risk"]
    assert "apt install smartmontools lldpd" in unlooked["way_on"]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([], "it did not answer"),
        ([{"room_host": "nn-db", "unreachable": True, "msg": "no route"}], "no route"),
        ([told("nn-db", "/usr/bin/stress-ng", rc=127, stderr="sh: not found")], "sh: not found"),
    ],
)
def test_a_server_that_does_not_say_is_not_known(answers: list[dict[str, Any]], why: str) -> None:
    (found,) = tool_readings(needed(["nn-db"], "", "", {}), answers)

    assert found["ok"] is None
    assert why in found["reading"]
    assert "approval" not in found
