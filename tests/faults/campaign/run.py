# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a runbook whose acts are watched while they happen, and which can be killed inside one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from campaign.acts import Act, Span, span_of

CALLBACKS = Path(__file__).resolve().parents[1] / "callbacks"
POLL_S = 0.01


class Run:
    """An ``ansible-playbook`` in a session of its own."""

    def __init__(self, argv: list[str], cwd: Path, environment: dict[str, str], stem: Path) -> None:
        self.said_file, self.events_file = stem.with_suffix(".txt"), stem.with_suffix(".events.jsonl")
        self.events_file.unlink(missing_ok=True)
        self.began = time.monotonic()
        #: The wall clock, for the evidence of others.
        self.at = time.time()
        self.seconds = 0.0
        settings = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "faults_events",
            "FAULTS_EVENTS": str(self.events_file),
        }
        with self.said_file.open("w", encoding="utf-8") as said:
            # A file, no pipe: whatever outlives a kill must find somebody who takes its words.
            self.process = subprocess.Popen(
                argv, cwd=cwd, env={**environment, **settings}, stdin=subprocess.DEVNULL, stdout=said,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def text(self) -> str:
        return self.said_file.read_text(encoding="utf-8", errors="replace")

    def events(self) -> list[dict[str, Any]]:
        """What has happened so far; a line that is being written is left for the next look."""
        try:
            lines = self.events_file.read_text(encoding="utf-8").split("\n")[:-1]
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def wait(self, timeout_s: float) -> int:
        """Its exit code; one that does not end in time is killed, and has failed."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill("tree")
            code = -signal.SIGALRM
        self.seconds = round(time.monotonic() - self.began, 1)
        return code

    def wait_inside(self, act: Act, moment: float, usual_s: float, timeout_s: float) -> bool:
        """Wait for the moment inside the act; False when it was over before, or was never begun."""
        end = time.monotonic() + timeout_s
        span: Span | None = None
        while span is None and time.monotonic() < end and not self.ended:
            span = span_of(act, self.events())
            time.sleep(POLL_S)
        if span is None:
            return False
        wanted = span.begin + moment * usual_s
        while time.monotonic() < wanted and not self.ended:
            span = span_of(act, self.events()) or span
            if span.end is not None:
                return False
            time.sleep(POLL_S)
        return not self.ended

    def kill(self, victim: str) -> None:
        """SIGKILL for the control process's group; ``tree`` for all its descendants as well."""
        chosen = [self.process.pid]
        if victim == "tree":
            with contextlib.suppress(ProcessLookupError):
                # So that it begins nothing while the others are looked for.
                os.kill(self.process.pid, signal.SIGSTOP)
            chosen += descendants(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pid in chosen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.seconds = round(time.monotonic() - self.began, 1)


def descendants(pid: int) -> list[int]:
    """Every child of a process and theirs; workers have sessions of their own, so a group is not all."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, pending = [], [pid]
    while pending:
        children = parents.get(pending.pop(), [])
        found += children
        pending += children
    return found


_NOISE = re.compile(r"^\s*\d+\.\d s\s+|^\s+")


def gist(text: str, most: int = 320) -> str:
    """What a run that stopped said last: the line that failed and its explanation, on one line."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    start = next(
        (n for n in range(len(lines) - 1, -1, -1) if re.search(r"\b(FAILED|SILENT)\b", lines[n])), None
    )
    chosen = lines[-3:] if start is None else lines[start:]
    plain = [_NOISE.sub("", line) for line in chosen if not re.search(r"(stopped|done): \d", line)]
    return shortened(" ".join(plain), most)


def shortened(text: str, most: int) -> str:
    """The beginning of it, ending at a word."""
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def usual_of(act: Act, runs: Iterable[list[dict[str, Any]]]) -> float | None:
    """An act's median duration over the events of runs that nobody disturbed, and in which it did something.

    A run that had no use for it tells nothing: a kill after that time would always come before its work.
    """
    spans = [span_of(act, events) for events in runs]
    known = sorted(span.end - span.begin for span in spans if span and span.done and span.end is not None)
    return known[len(known) // 2] if known else None
