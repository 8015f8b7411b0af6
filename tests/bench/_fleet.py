# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides of the benches of a fleet of BMCs: the library as a program, and freeipmi's tools."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import (
    PASSWORD,
    USER,
    Fleet,
    freeipmi_config,
    freeipmi_hosts,
)
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Cost, cost

_PROGRAM = str(Path(__file__).with_name("_ask_fleet.py"))


def ask(
    wanted: Sequence[str], call: str, wrong: frozenset[str] = frozenset(), **options: Any
) -> tuple[Cost, dict[str, Any]]:
    """The library's answer, and what it cost.

    :param wrong: who is asked with a password that is not theirs.
    """
    targets = [{"address": a, **({"password": "other"} if a in wrong else {})} for a in wanted]
    asked = {
        "call": call,
        "targets": targets,
        "user": USER,
        "password": PASSWORD,
        "cipher_suite": 3,
        "on_failure": "hand_over",
        **options,
    }
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        question.write(json.dumps(asked).encode())
        question.seek(0)
        spent = cost([sys.executable, _PROGRAM], answer, question)
        answer.seek(0)
        return spent, json.load(answer)


def freeipmi(made: Fleet, wanted: Sequence[str], tool: str, *words: str) -> tuple[Cost, list[str]]:
    """A tool's lines about the fleet, and what they cost. It may fail: then it has fewer lines."""
    command = [tool, "--config-file", str(freeipmi_config(made.directory)), "-D", "LAN_2_0", "-I", "3",
               "-W", "opensesspriv", "-h", freeipmi_hosts(list(wanted)), *words]  # fmt: skip
    with tempfile.TemporaryFile() as answer:
        spent = cost(command, answer, None, check=False)
        answer.seek(0)
        return spent, answer.read().decode().splitlines()


def version(tool: str) -> str:
    """Of freeipmi."""
    said = subprocess.run([tool, "--version"], check=True, capture_output=True, text=True).stdout
    return said.split()[2]


def percentiles(shares: dict[str, Any]) -> dict[str, float]:
    """Of the seconds that the living took."""
    seconds = sorted(share["seconds"] for share in shares.values() if "error" not in share)
    return {
        "p50": round(statistics.median(seconds), 3),
        "p99": round(seconds[int(len(seconds) * 0.99) - 1], 3),
    }


def median(spent: Sequence[Cost], what: str = "wall") -> float:
    """Of a figure over the runs."""
    return statistics.median(getattr(one, what) for one in spent)


def spread(spent: Sequence[Cost]) -> dict[str, float]:
    """Of the time by the clock, and what was computed meanwhile."""
    wall = sorted(one.wall for one in spent)
    return {
        "least": round(wall[0], 2),
        "median": round(median(spent), 2),
        "worst": round(wall[-1], 2),
        "cpu": round(median(spent, "cpu"), 2),
    }
