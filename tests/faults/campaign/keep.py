# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial keeps while it goes on: usual durations, switched servers, the story so far."""

from __future__ import annotations

import json
import statistics
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from estate import DATABASES

from campaign.acts import Act
from campaign.ground import Ground
from campaign.run import Run, usual_of


class Usual:
    """How long acts and runs take when nobody disturbs them; kept, so that a resumed campaign knows."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, list[float]] = json.loads(file.read_text()) if file.exists() else {}

    def learn(self, run: Run, runbook: str, acts: list[Act]) -> None:
        events = run.events()
        found = {act.key: usual_of(act, [events]) for act in acts if act.runbook == runbook}
        found[runbook] = run.seconds
        for key, seconds in found.items():
            if seconds is not None:
                self.known.setdefault(key, []).append(round(seconds, 3))
        self.file.write_text(json.dumps(self.known, indent=1, sort_keys=True))

    def of(self, key: str, default: float) -> float:
        return statistics.median(self.known[key]) if self.known.get(key) else default


class Switches:
    """Watches whether the database servers are on: what was switched, and how often."""

    def __init__(self, ground: Ground) -> None:
        self.seen: dict[str, list[str]] = {node: [] for node in DATABASES.values()}
        self._ground, self._stop = ground, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        last = {node: self._ground.on(node) for node in self.seen}
        while not self._stop.wait(0.05):
            for node, before in last.items():
                now = self._ground.on(node)
                if now != before:
                    self.seen[node].append("on" if now else "off")
                    last[node] = now

    def again(self) -> None:
        """Forget what was seen: a try that was no good is over, and everything is as it was."""
        for states in self.seen.values():
            states.clear()

    def __enter__(self) -> Switches:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()


@dataclass
class Story:
    """What has happened in a trial so far."""

    directory: Path
    steps: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: Whether the county reports: before that nobody can tell whether the service serves.
    loaded: bool = False
    lost_at: str | None = None
    broken: float | None = None
    done: float | None = None
    inside: bool | None = None
    offset_s: float | None = None
    counted_ids: Path | None = None
