# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The campaign as a command: draws its trials, carries out what is missing, and writes the tables."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from estate import ROOT

from campaign import plan, table
from campaign.acts import RUNBOOKS, Act, acts_of
from campaign.ground import Ground
from campaign.trial import Trialist

OUT = ROOT / "build/faults"
RESULTS = "results.jsonl"
SEED = 20261126


def results(file: Path, seed: int) -> list[dict[str, Any]]:
    """What is there of this seed; of a trial that was carried out twice, the last."""
    if not file.exists():
        return []
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return list({line["trial"]: line for line in lines if line["seed"] == seed}.values())


def chosen(trials: Iterable[plan.Trial], only: str) -> list[plan.Trial]:
    """Those that one of the words fits: ``kill.switchover.*``, ``disk_full``, ``control``."""
    words = only.replace(",", " ").split()
    return [t for t in trials if not words or any(fnmatch.fnmatch(t.name, f"{word}*") for word in words)]


def machine() -> str:
    """What it ran on, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = next(
        (
            x.partition(":")[2].strip()
            for x in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in x
        ),
        platform.machine(),
    )
    return f"{len(os.sched_getaffinity(0))} cores ({model}), {memory:.0f} GiB, Linux {platform.release()}"


def revision() -> str:
    """The commit that is broken, with a plus when the tree differs from it."""
    words = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


def line_of(result: dict[str, Any]) -> str:
    """One trial on the terminal."""
    figures = (
        f"out {result.get('outage_s')} s, lost {result.get('lost')} of {result.get('acknowledged')}, "
        f"two writers {result.get('two_writers')}"
    )
    words = "; ".join(result["problems"])[:300]
    return (
        f"{result['trial']:<28} {result['seconds']:5.0f} s  {figures}{'  PROBLEM: ' + words if words else ''}"
    )


def carry_out(arguments: argparse.Namespace, trials: list[plan.Trial], acts: list[Act]) -> None:
    """Every trial that has no line yet; each gets one as soon as it is over."""
    OUT.mkdir(parents=True, exist_ok=True)
    file = OUT / RESULTS
    done = {(result["trial"], result["subject"]) for result in results(file, arguments.seed)}
    missing = [trial for trial in trials if (trial.name, trial.subject) not in done]
    print(f"faults: seed {arguments.seed}, {len(missing)} of {len(trials)} trials to do", flush=True)
    if not missing:
        return
    home = OUT / "home"
    home.mkdir(exist_ok=True)
    ground = Ground(arguments.twin, home)
    # Ended from outside, it takes its load and its twin with it as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    end = time.monotonic() + arguments.minutes * 60 if arguments.minutes else float("inf")
    try:
        ground.make()
        trialist = Trialist(ground, OUT, acts)
        for trial in missing:
            if time.monotonic() > end:
                print("faults: the time is over; run it again to go on", flush=True)
                break
            result = {
                **trialist.carry_out(trial),
                "machine": machine(),
                "load": os.getloadavg()[1],
                "revision": revision(),
            }
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(result, ensure_ascii=False) + "\n")
            print(f"faults: {line_of(result)}", flush=True)
            if result["remade"]:
                ground.remake()
    finally:
        ground.stop_load()
        if not arguments.keep:
            ground.twin("down")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=SEED, help="the trials follow from it; printed")
    parser.add_argument("--trials", type=int, default=10, help="moments for each fault")
    parser.add_argument(
        "--only", default="", help="names of trials or their beginnings: 'disk_full kill.failover'"
    )
    parser.add_argument("--minutes", type=float, default=0, help="begin no trial after so many; 0: no end")
    parser.add_argument("--twin", default=os.environ.get("TWIN", "faults"))
    parser.add_argument("--keep", action="store_true", help="leave the twin up")
    parser.add_argument("--list", action="store_true", help="only say what would be done")
    parser.add_argument("--tables", action="store_true", help="only write docs/faults.md from what is there")
    arguments = parser.parse_args()
    acts = [act for runbook in RUNBOOKS for act in acts_of(runbook)]
    trials = chosen(plan.draw(arguments.seed, acts, arguments.trials), arguments.only)
    if arguments.list:
        for trial in trials:
            print(f"{trial.name:<28} {trial.moment:.4f} {trial.victim:<4}  {trial.subject}")
        return 0
    if not arguments.tables:
        carry_out(arguments, trials, acts)
    found = results(OUT / RESULTS, arguments.seed)
    if found:
        table.write(ROOT / "docs", found, acts)
    bad = [result["trial"] for result in found if table.failed(result)]
    print(
        f"faults: {len(found)} trials, {len(bad)} of them with a finding{': ' if bad else ''}{', '.join(bad)}"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
