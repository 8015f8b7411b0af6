# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bench measures and leaves behind in the same way."""

from __future__ import annotations

import datetime
import json
import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Cost:
    """What one run of a command cost, in seconds.

    :param wall: by the clock, which other work on the machine lengthens.
    :param cpu: of its own processes, user and system.
    """

    wall: float
    cpu: float


@dataclass(frozen=True)
class Goal:
    """What a figure has to reach: a value of at most the limit.

    :param what: in a few words, as it stands in the table.
    """

    what: str
    value: float
    limit: float

    def told(self) -> dict[str, Any]:
        """As the result file has it."""
        return {
            "what": self.what, "value": round(self.value, 3), "limit": self.limit,
            "met": self.value <= self.limit,
        }  # fmt: skip


def cost(
    command: Sequence[str],
    stdout: IO[bytes],
    stdin: IO[bytes] | None = None,
    *,
    check: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """Run a command from the root of the repository.

    :param check: it has to succeed.
    :param environment: all that it finds there; ``None``: what we have.
    """
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        command, check=check, stdin=stdin or subprocess.DEVNULL, stdout=stdout, cwd=ROOT, env=environment
    )
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def leave(
    name: str,
    *,
    unit: str,
    ours: float,
    peer: Mapping[str, Any],
    better: str,
    runs: int,
    floor: Mapping[str, Any] | None = None,
    goals: Sequence[Goal] = (),
    **more: Any,
) -> None:
    """Write build/bench/<name>.json, in the form of all benches, and print it.

    :param peer: ``name``, ``version`` and ``value`` of what it is compared with. A peer that has not done the
        same has no value, and there is no ratio then.
    :param floor: ``name`` and ``value`` of what nothing can be better than.
    :param better: ``lower`` or ``higher``.
    :param goals: what the figures have to reach; tools/run_benches.py fails where one is missed.
    """
    figures = {
        "name": name,
        "unit": unit,
        "ours": round(ours, 2),
        "peer": {**peer, "value": None if peer["value"] is None else round(peer["value"], 2)},
        "floor": floor,
        "ratio": None if peer["value"] is None else round(ours / peer["value"], 3),
        "better": better,
        "runs": runs,
        "goals": [goal.told() for goal in goals],
        "revision": revision(),
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        },
        **more,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(figures, ensure_ascii=False), flush=True)


def revision() -> str:
    """The commit that is measured, ``-dirty`` when the tree differs from it; empty outside of a clone."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.stdout.strip()
