# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides of the benches of a fleet of BMCs: the library as a program, and freeipmi's tools.

A peer that did not answer for every BMC has not done the same, so its time is none to compare with: it is
paced by its own options until it does.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import (
    PASSWORD,
    USER,
    Fleet,
    freeipmi_config,
    freeipmi_hosts,
)
from ansible_collections.anjianyun.datacenter.tests.bench._figures import ROOT, Cost, cost

_PROGRAM = str(Path(__file__).with_name("_ask_fleet.py"))
#: Rounds of a peer at one pace, to one that counts: those in which it gave up do not.
_ROUNDS = 3
#: The living have not noticed the others when they took so many times as long as without them, and a moment
#: more, at most. The moment is what this machine's own work lengthens an answer by.
NOTICED, MOMENT_S = 1.25, 0.5

#: How freeipmi's tools are paced (ipmipower(8), ipmi-sensors(8)): first as they are, then asking fewer at
#: once, then giving up later and repeating less often.
_PATIENT = ("--session-timeout=60000", "--retransmission-timeout=2000")
POWER_PACES = ((), ("--fanout=128",), ("--fanout=64", *_PATIENT), ("--fanout=16", *_PATIENT))
SENSOR_PACES = (("--fanout=128",), ("--fanout=64",), ("--fanout=64", *_PATIENT), ("--fanout=16", *_PATIENT))


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
        spent = cost([sys.executable, _PROGRAM], answer, question, environment=_compiled())
        answer.seek(0)
        return spent, json.load(answer)


def _compiled() -> dict[str, str]:
    """Python keeps what it has compiled, as where a program is installed; freeipmi is compiled, too."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**known, "PYTHONPYCACHEPREFIX": str(ROOT / "build/bench/compiled")}


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


@dataclass
class Peer:
    """What a tool of others took, where it answered for all."""

    count: int
    #: What it does at a pace: its cost, and for how many BMCs it was done.
    do: Callable[[Sequence[str]], tuple[Cost, int]]
    paces: Sequence[Sequence[str]]
    spent: list[Cost] = field(default_factory=list)
    #: For how many it answered, and in how many seconds, by its pace.
    answers: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    pace: Sequence[str] | None = None

    def settle(self) -> None:
        """Find the first pace at which it answers for all; what it did before is told, too."""
        self.pace = next((pace for pace in self.paces if self._once(pace) is not None), None)

    def round(self) -> None:
        """Once more for all, at that pace. A round in which it gave up on some is told, and counts not."""
        for _turn in range(_ROUNDS if self.pace is not None else 0):
            spent = self._once(self.pace or ())
            if spent is not None:
                self.spent.append(spent)
                return

    def _once(self, pace: Sequence[str]) -> Cost | None:
        spent, answered = self.do(pace)
        named = " ".join(pace) or "as it is"
        self.answers.setdefault(named, []).append(answered)
        self.seconds.setdefault(named, []).append(round(spent.wall, 2))
        return spent if answered == self.count else None

    def figures(self, name: str, tool: str, runs: int) -> dict[str, Any]:
        """For the form of all benches: no value unless it answered for all as often as we did."""
        whole = len(self.spent) == runs
        return {
            "name": " ".join([tool, *name.split(), *(self.pace or ())]),
            "version": version(tool),
            "value": median(self.spent) if whole else None,
            "bmcs": self.count,
            "answers": self.answers,
            "seconds": self.seconds,
        }

    @property
    def spread(self) -> dict[str, float] | None:
        """Of those rounds."""
        return spread(self.spent) if self.spent else None


@dataclass(frozen=True)
class Ill:
    """One BMC in twenty dead, one in a hundred with another password."""

    wanted: Sequence[str]

    @property
    def dead(self) -> list[str]:
        return list(self.wanted[10::20])

    @property
    def wrong(self) -> frozenset[str]:
        return frozenset(self.wanted[5::100])

    @property
    def living(self) -> list[str]:
        return [one for one in self.wanted if one not in self.wrong and one not in self.dead]

    def check(self, said: Mapping[str, Any]) -> None:
        """The dead are unreachable, and who has another password says so: neither is taken for the other."""
        shares = said["targets"]
        astray = [one for one in self.dead if not shares[one].get("unreachable")]
        astray += [one for one in self.wrong if not shares[one].get("failed")]
        if astray:
            raise SystemExit(f"not said to be what they are: {astray[:3]}: {shares[astray[0]]}")


def living(
    well: Sequence[Mapping[str, Any]], ill: Sequence[Mapping[str, Any]], wanted: Sequence[str]
) -> dict[str, Any]:
    """What those of ``wanted`` took without the others and beside them, over all runs; whether they noticed.

    :param well: what the library said in each run before the others were dead.
    """
    before, beside = (percentiles(runs, wanted) for runs in (well, ill))
    return {
        "all well": before,
        "5% dead, 1% wrong password": beside,
        "tolerance": {"times": NOTICED, "seconds": MOMENT_S},
        "unnoticed": all(beside[p] <= NOTICED * before[p] + MOMENT_S for p in before),
    }


def within_bound(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The longest call of all runs beside the bound that it had stated."""
    worst = max(runs, key=lambda said: said["took_s"] - said["bound_s"])
    return {
        "took_s": round(worst["took_s"], 2),
        "bound_s": round(worst["bound_s"], 1),
        "kept": worst["took_s"] <= worst["bound_s"],
    }


def judge(figures: Mapping[str, Any], bound: Mapping[str, Any]) -> None:
    """After the figures are left: the bench fails when a promise was not kept."""
    if not bound["kept"]:
        raise SystemExit(f"longer than the stated bound: {bound}")
    if not figures["unnoticed"]:
        raise SystemExit(f"the living noticed the dead: {figures}")


def percentiles(runs: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> dict[str, float]:
    """Of the seconds that these took, over all runs."""
    seconds = sorted(said["targets"][one]["seconds"] for said in runs for one in wanted)
    return {
        "p50": round(statistics.median(seconds), 3),
        "p99": round(seconds[math.ceil(len(seconds) * 0.99) - 1], 3),
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
