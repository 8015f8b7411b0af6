# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a copy is, as data, for whoever watches it."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

#: Seconds over which the rate is taken.
WINDOW = 15.0
#: Seconds between two reports.
EVERY = 5.0


@dataclass
class Progress:
    """Keeps the newest figures and writes them to a file, at least each ten seconds.

    :param path: a JSON object, replaced as a whole each time.
    :param told: is called with the same object.
    """

    path: Path | None = None
    told: Callable[[dict[str, Any]], None] | None = None
    clock: Callable[[], float] = time.monotonic
    _samples: deque[tuple[float, int]] = field(default_factory=deque)
    _written: float = float("-inf")

    def say(self, figures: dict[str, Any], *, line_bytes: int, now_too: bool = False) -> None:
        """Take figures (``bytes_done`` and ``bytes_total`` among them), and report when it is time.

        :param line_bytes: what has gone over the line since the copy began.
        :param now_too: do not wait for the time.
        """
        now = self.clock()
        self._samples.append((now, line_bytes))
        while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW:
            self._samples.popleft()
        if not now_too and now - self._written < EVERY:
            return
        self._written = now
        self._report({**figures, "line_bytes": line_bytes, **self._rates(figures)})

    def _rates(self, figures: dict[str, Any]) -> dict[str, Any]:
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        seconds = last - first
        rate = (after - before) / seconds if seconds > 0 else None
        done, total, spent = figures.get("bytes_done"), figures.get("bytes_total"), figures.get("seconds")
        left = None
        # By what the whole round has done so far: what is there already goes by faster than the line.
        if done and total is not None and spent:
            left = round(max(0, total - done) * spent / done, 1)
        return {
            "line_bytes_s": None if rate is None else round(rate),
            "seconds_left": left,
            "at": time.time(),
        }

    def _report(self, figures: dict[str, Any]) -> None:
        if self.told is not None:
            self.told(figures)
        if self.path is None:
            return
        fresh = self.path.with_name(f".{self.path.name}.new")
        try:
            fresh.write_text(json.dumps(figures) + "\n")
            os.replace(fresh, self.path)
        except OSError:
            # A copy does not fail because nobody can watch it.
            return
