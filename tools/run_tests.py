#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the phases of ``make test``, all of them even when one fails, and joins their results.

Leaves build/test/junit.xml with every test that ran, and each phase's own file beside it. The
last phase compares the machine before and after: a test that leaves something behind has failed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import threading
import time
import uuid
import xml.etree.ElementTree as ET
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import leftovers

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "test"
PYTHON = Path(sys.executable)
NEWEST = ROOT / "build" / "venv-newest" / "bin" / "python"
SANITY_JUNIT = ROOT / "build/sanity/ansible_collections/anjianyun/datacenter/tests/output/junit"
PARALLEL = ("-n", "auto", "--dist", "worksteal")
#: Failures of a phase that the end of a run shows again, the last lines of each, and how much of a line.
SHOWN, LINES, COLUMNS = 2, 30, 200
#: Scenarios that take long, by the phase that runs one. The tests of drills do what "playbooks" does.
LONG_SCENARIOS = {"room": "room_upgrade", "roles": "legacy_migration", "playbooks": "drill"}
#: The twins that tests make; a run that was killed leaves them standing.
TWINS = ("itdrill", "testtwin", "testkill", "rfs", "moldrill", "molpg", "molroom", "molmove", "itmoving")


@dataclass(frozen=True)
class Phase:
    """One command; its junit files are joined under the phase's name."""

    name: str
    command: list[str]
    junit: Path
    #: Starts processes, namespaces or machines; afterwards it is looked whether all are gone.
    makes_things: bool = False
    #: One process after the other, or much waiting (for machines to boot, for leases to run out): such phases
    #: are run in turn while those after them that are none of them work.
    beside: bool = False
    #: Only when it is named: for it the forty minutes of a whole run, or its packages, do not suffice.
    by_name: bool = False

    def files(self) -> list[Path]:
        return sorted(self.junit.glob("*.xml")) if self.junit.is_dir() else [self.junit]


@dataclass(frozen=True)
class Outcome:
    """What a phase came to."""

    name: str
    code: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def good(self) -> bool:
        return self.code == 0 and self.failed == 0 and self.passed > 0


def phases() -> list[Phase]:
    def by_pytest(name: str, *arguments: str, python: Path = PYTHON, **how: bool) -> Phase:
        junit = OUT / f"{name}.xml"
        options = ["--quiet", f"--junit-xml={junit}", "-o", f"junit_suite_name={name}"]
        return Phase(name, [str(python), "-m", "pytest", *options, *arguments], junit, **how)

    found = [by_pytest("lint", "tests/lint", *PARALLEL), by_pytest("unit", "tests/unit", *PARALLEL)]
    if NEWEST.exists():
        # A cache of its own: both would write the same file.
        newest = ["tests/unit", *PARALLEL, "-o", "cache_dir=build/pytest-newest"]
        found.append(by_pytest("unit-newest", *newest, python=NEWEST))
    quick = ["-m", "not slow"]
    scenarios = ["tests/molecule", "--capture=no", "-k"]
    short = " and ".join(f"not {scenario}" for scenario in LONG_SCENARIOS.values())
    molecule = [*scenarios, short, "-o", "cache_dir=build/pytest-molecule"]
    found.append(by_pytest("molecule", *molecule, makes_things=True, beside=True))
    # Servers of their own, and no twin.
    servers = [f"tests/integration/{folder}" for folder in ("database", "postgresql", "copying")]
    cache = ["-o", "cache_dir=build/pytest-servers"]
    found.append(by_pytest("servers", *servers, *quick, *cache, makes_things=True, beside=True))
    # One process after the other: a core is left.
    found.append(Phase("sanity", [str(PYTHON), "tools/sanity.py"], SANITY_JUNIT))
    drill = ["tests/integration/drill", *quick, "-o", "cache_dir=build/pytest-drill"]
    found.append(by_pytest("drill", *drill, makes_things=True, beside=True))
    elsewhere = [f"--ignore={folder}" for folder in ("tests/integration/drill", *servers)]
    found.append(by_pytest("integration", "tests/integration", *elsewhere, *quick, makes_things=True))
    found.append(by_pytest("slow", "tests/integration", "-m", "slow", makes_things=True, by_name=True))
    for name, scenario in LONG_SCENARIOS.items():
        found.append(by_pytest(name, *scenarios, scenario, makes_things=True, by_name=True))
    return found


def run_all(chosen: list[Phase], environment: dict[str, str]) -> list[Outcome]:
    """Run the phases in their order; those that leave a core run in turn beside the others, shown last."""
    outcomes: list[Outcome] = []
    beside: list[tuple[Phase, Future[Outcome], Path]] = []
    with ThreadPoolExecutor(1) as lane:
        for phase in chosen:
            if phase.beside and phase is not chosen[-1]:
                said = OUT / f"{phase.name}.log"
                beside.append((phase, lane.submit(run, phase, environment, said), said))
            else:
                outcomes.append(run(phase, environment))
        for phase, running, said in beside:
            died = running.exception() is not None
            print(f"\n== {phase.name}, which ran beside them:", flush=True)
            print(said.read_text(encoding="utf-8", errors="replace"), flush=True)
            outcomes.append(Outcome(phase.name, 1, 0) if died else running.result())
    return outcomes


def run(phase: Phase, environment: dict[str, str], said: Path | None = None) -> Outcome:
    """Run one phase.

    :param said: the file that takes what it prints; without one it is shown.
    """
    print(f"\n== {phase.name}: {' '.join(phase.command)}", flush=True)
    for file in phase.files():
        file.unlink(missing_ok=True)
    started = time.monotonic()
    with said.open("wb") if said else contextlib.nullcontext() as output:
        code = subprocess.run(
            phase.command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if said else None,
            check=False,
        )
    seconds = time.monotonic() - started
    counts = [
        count(case) for file in phase.files() if file.exists() for case in ET.parse(file).iter("testcase")
    ]
    return Outcome(
        phase.name,
        code.returncode,
        seconds,
        passed=counts.count("passed"),
        failed=counts.count("failed"),
        skipped=counts.count("skipped"),
    )


def count(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def failures(phase: Phase) -> list[ET.Element]:
    """The cases of a phase that failed."""
    files = [file for file in phase.files() if file.exists()]
    return [case for file in files for case in ET.parse(file).iter("testcase") if count(case) == "failed"]


def title(phase: Phase, case: ET.Element) -> str:
    return f"{phase.name}: {case.get('classname')}::{case.get('name')}"


def show_failures(phase: Phase) -> None:
    """Repeat how a phase's first failures ended: hours of output may stand between them and the end."""
    for case in failures(phase)[:SHOWN]:
        said = "\n".join(found.text or "" for kind in ("failure", "error") for found in case.iter(kind))
        print(f"\n-- {title(phase, case)}")
        print("\n".join(line[:COLUMNS] for line in said.rstrip().splitlines()[-LINES:]))


def clear_broken_run() -> None:
    """Take away the twins that an interrupted run left, before it is looked how the machine is."""
    standing = leftovers.twin_leaks()
    for twin in TWINS:
        if any(re.search(rf"\b(ajy-|anjianyun/(twin/)?){twin}\b", thing) for thing in standing):
            print(f"an earlier run was interrupted: its twin {twin} is taken away first", flush=True)
            subprocess.run(
                ["sh", "tools/twin.sh", "down"], cwd=ROOT, env={**os.environ, "TWIN": twin}, check=True
            )


def check_leftovers(before: set[str], mark: str) -> Outcome:
    """What came since the start and what vanished, as a test of its own."""
    print("\n== leftovers", flush=True)
    started = time.monotonic()
    left: list[str] = []
    # A process that was just told to end is not left behind.
    while time.monotonic() - started < 10:
        after = leftovers.snapshot()
        left = [f"left: {thing}" for thing in sorted(after - before)]
        left += [f"gone or changed: {thing}" for thing in sorted(before - after)]
        left += [f"left: {process}" for process in leftovers.marked_processes(mark)]
        if not left:
            break
        time.sleep(0.5)
    case = ET.Element("testcase", classname="leftovers", name="the machine is as it was before")
    if left:
        ET.SubElement(case, "failure", message=f"{len(left)} differences").text = "\n".join(left)
        print("\n".join(left))
    suite = ET.Element("testsuite", name="leftovers", tests="1", failures=str(int(bool(left))))
    suite.append(case)
    ET.ElementTree(suite).write(OUT / "leftovers.xml", encoding="unicode", xml_declaration=True)
    seconds = time.monotonic() - started
    return Outcome("leftovers", int(bool(left)), seconds, passed=int(not left), failed=int(bool(left)))


def join(files: list[tuple[str, Path]]) -> None:
    """Every suite of every phase in one file; a suite keeps its phase's name as a property."""
    whole = ET.Element("testsuites", name="anjianyun.datacenter")
    for phase, file in files:
        if not file.exists():
            continue
        for suite in ET.parse(file).iter("testsuite"):
            properties = suite.find("properties")
            if properties is None:
                properties = ET.Element("properties")
                suite.insert(0, properties)
            ET.SubElement(properties, "property", name="phase", value=phase)
            whole.append(suite)
    ET.ElementTree(whole).write(OUT / "junit.xml", encoding="unicode", xml_declaration=True)


class MemoryPeak(threading.Thread):
    """How much more of this machine's memory was in use at the worst moment, sampled each second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.start_kib = self.least_kib = self._available_kib()
        self.start()

    @staticmethod
    def _available_kib() -> int:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))

    def run(self) -> None:
        while True:
            self.least_kib = min(self.least_kib, self._available_kib())
            time.sleep(1)

    @property
    def gib(self) -> float:
        return (self.start_kib - self.least_kib) / 2**20


def main() -> int:
    known = phases()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phase", nargs="*", help=", ".join(phase.name for phase in known))
    wanted = parser.parse_args().phase
    unknown = set(wanted) - {phase.name for phase in known}
    if unknown:
        parser.error(f"no such phase: {', '.join(sorted(unknown))}")
    chosen = [phase for phase in known if (phase.name in wanted if wanted else not phase.by_name)]

    OUT.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex
    environment = {**os.environ, leftovers.MARK: mark, "PATH": f"{PYTHON.parent}:{os.environ['PATH']}"}
    # Hundreds of programs of Ansible start: what Python has compiled of this tree is kept.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if any(phase.makes_things for phase in chosen):
        clear_broken_run()
    before = leftovers.snapshot()
    memory = MemoryPeak()
    started = time.monotonic()
    outcomes = run_all(chosen, environment)
    if any(phase.makes_things for phase in chosen):
        outcomes.append(check_leftovers(before, mark))
    join([(phase.name, file) for phase in chosen for file in phase.files()])
    for phase in chosen:
        show_failures(phase)
    print()
    for phase in chosen:
        for case in failures(phase):
            print(f"failed: {title(phase, case)}")
    left_out = [] if wanted else [phase.name for phase in known if phase.by_name]
    return conclude(outcomes, left_out, time.monotonic() - started, memory)


def conclude(outcomes: list[Outcome], left_out: list[str], seconds: float, memory: MemoryPeak) -> int:
    """Print what it came to; the exit code.

    :param left_out: the phases of a whole run's tests that are run by their name alone.
    """
    print()
    for outcome in outcomes:
        print(
            f"{outcome.name:<12} {outcome.seconds:7.1f} s  {outcome.passed:5} passed"
            f" {outcome.failed:4} failed {outcome.skipped:4} skipped"
            f"{'' if outcome.good else f'   FAILED (exit code {outcome.code})'}"
        )
    print(f"{seconds / 60:.1f} minutes, at most {memory.gib:.1f} GiB of memory")
    if left_out:
        # A green run must not be taken for more than it was.
        print(f"not run: {', '.join(f'{name} (make test ONLY={name})' for name in left_out)}")
    print("every test that ran is in build/test/junit.xml")
    failed = sum(outcome.failed for outcome in outcomes)
    # A phase that died without naming a test has failed as well.
    failed += sum(not outcome.good and outcome.failed == 0 for outcome in outcomes)
    passed = sum(outcome.passed for outcome in outcomes)
    print(f"total: {passed} passed, {failed} failed, {sum(outcome.skipped for outcome in outcomes)} skipped")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
