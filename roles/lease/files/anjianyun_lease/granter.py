# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a granter knows and decides. Pure but for the file that outlives it.

It grants to whoever asks, except a holder that it was told to refuse, one whose timeline is older than what
it has seen of that database (somebody was promoted past it), and anybody while its own accepts writes.

What must outlive it is on the disk before it counts: what cannot be written down is not granted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .durable import keep

#: By how much the clocks of two machines may run apart, as a fraction. Oscillators differ by some 100 ppm and
#: NTP slews by at most 500 ppm (ntp_adjtime(2)); a whole percent is room enough.
DRIFT = 0.01
#: Seconds more that a granter waits: for a holder that has just found out and ends what it serves.
GRACE_S = 1.0
#: Seconds from one trial of the disk to the next, however often the status is read.
TRIED_S = 5.0
#: What is kept on disk, each by holder; the newest timelines by database.
PARTS = ("refused", "timelines", "gated", "asks")


@dataclasses.dataclass
class Seen:
    """The last question of a holder, in the granter's own time."""

    asked_at: float
    until: float
    gated: bool
    serving: bool
    timeline: int
    clock_s: float | None
    """How far the holder's wall clock was ahead of this host's, the way of the question left out."""


@dataclasses.dataclass(frozen=True)
class Answer:
    granted: bool
    reason: str


class Granter:
    """One granter.

    :param name: as people call this host.
    :param state_file: what must outlive the process: refusals, timelines, whether a holder has a gate, and
        whom it asks.
    :param started: boot time of the start, in seconds. What was granted before the start is not known, so
        every holder counts as holding until the longest lease is over.
    :param longest_s: the longest lease that is granted, in seconds.
    :param wall: this host's wall clock, in epoch seconds.
    """

    def __init__(
        self,
        name: str,
        state_file: Path,
        started: float,
        longest_s: float,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.wall = wall
        self.state_file = state_file
        self.longest_s = longest_s
        self.unknown_until = started + _reckoned(longest_s)
        self.seen: dict[str, Seen] = {}
        self.told_at: dict[str, float] = {}
        """When it was last told to refuse a holder, in its own time; not what a former process heard."""
        self.own: tuple[str, int] | None = None
        """System identifier and timeline of this host's own database, while that one accepts writes."""
        kept = self._read()
        self.kept: dict[str, dict[str, Any]] = {part: kept.get(part, {}) for part in PARTS}
        """What is on the disk. Never changed in place."""
        self.writable = True
        """Whether the last writing succeeded."""
        self.tried_at = float("-inf")

    def ask(self, message: dict[str, Any], now: float) -> Answer:
        """A holder asks for its lease, or for a new one."""
        holder, lease_s = str(message["holder"]), float(message["lease_s"])
        system, timeline = str(message["system"]), int(message["timeline"])
        gated = bool(message["gated"])
        reason = self._against(holder, lease_s, system, timeline)
        # Whom it asks is worth knowing of a holder that gets nothing, too.
        known = {**self.kept, "asks": _with(self.kept["asks"], holder, _names(message.get("asks")))}
        if not reason:
            known["timelines"] = {**self.kept["timelines"], system: timeline}
            known["gated"] = {**self.kept["gated"], holder: gated}
        try:
            self._keep(known)
        except OSError as error:
            reason = reason or f"{self.name} cannot write down what it grants {holder}: {error}"
        if reason:
            return Answer(False, reason)
        wall = message.get("wall")
        self.seen[holder] = Seen(
            asked_at=now,
            until=now + _reckoned(lease_s),
            gated=gated,
            serving=bool(message["serving"]),
            timeline=timeline,
            # It decides nothing here: how much a standby lacks is measured by the primary's clock.
            clock_s=None if wall is None else round(float(wall) - self.wall(), 3),
        )
        return Answer(True, f"granted by {self.name}")

    def refuse(self, holder: str, reason: str, by: str, now: float) -> bool:
        """From now on this holder gets nothing; returns whether that is new. On disk before it returns.

        :raises OSError: it cannot be written down, and is not in force.
        """
        new = holder not in self.kept["refused"]
        if new:
            refused = _with(self.kept["refused"], holder, {"reason": reason, "by": by})
            self._keep({**self.kept, "refused": refused})
        self.told_at[holder] = now
        return new

    def allow(self, holder: str) -> bool:
        """The refusal is lifted; returns whether there was one.

        :raises OSError: it cannot be written down, and is still refused.
        """
        if holder not in self.kept["refused"]:
            return False
        self._keep({**self.kept, "refused": _with(self.kept["refused"], holder, None)})
        self.told_at.pop(holder, None)
        return True

    def status(self, holder: str, now: float) -> dict[str, Any]:
        """What is known of a holder. Times are lengths in seconds by this host's own clock."""
        seen = self.seen.get(holder)
        until = max(self.unknown_until, seen.until if seen else 0.0)
        refusal = self.kept["refused"].get(holder)
        told_at = self.told_at.get(holder)
        return {
            "granter": self.name,
            "holder": holder,
            "refusing": refusal is not None,
            "reason": refusal["reason"] if refusal else None,
            "told_s_ago": None if told_at is None else round(now - told_at, 3),
            "remaining_s": round(max(0.0, until - now), 3),
            "over": now >= until,
            "asked_s_ago": round(now - seen.asked_at, 3) if seen else None,
            "serving": seen.serving if seen else None,
            "timeline": seen.timeline if seen else None,
            "gated": self.kept["gated"].get(holder),
            "asks": self.kept["asks"].get(holder),
            "clock_s": seen.clock_s if seen else None,
            "own_timeline": self.own[1] if self.own else None,
            "writable": self._writable(now),
        }

    def _against(self, holder: str, lease_s: float, system: str, timeline: int) -> str:
        """Why this holder gets nothing; empty when nothing is against it."""
        if not 0 < lease_s <= self.longest_s:
            return f"a lease of {lease_s:g} s is not granted, at most {self.longest_s:g} s"
        refusal = self.kept["refused"].get(holder)
        if refusal is not None:
            return f"{self.name} was told to refuse {holder}: {refusal['reason']}"
        newest = self.kept["timelines"].get(system, 0)
        if timeline < newest:
            return f"{self.name} knows timeline {newest}, {holder} is on {timeline}"
        if self.own is not None and self.own[0] == system:
            return f"the database of {self.name} accepts writes on timeline {self.own[1]}"
        return ""

    def _writable(self, now: float) -> bool:
        """Whether what it learns can be written down: tried, with what is there already."""
        if now - self.tried_at >= TRIED_S:
            self.tried_at = now
            with contextlib.suppress(OSError):
                self._write(self.kept)
        return self.writable

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.state_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}

    def _keep(self, kept: dict[str, dict[str, Any]]) -> None:
        """On the disk first. A renewal that tells nothing new needs no disk."""
        if kept != self.kept:
            self._write(kept)
            self.kept = kept

    def _write(self, kept: dict[str, dict[str, Any]]) -> None:
        self.writable = False
        keep(self.state_file, kept)
        self.writable = True


def _with(known: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The same with one entry more, or less when the value is None."""
    others = {key: known[key] for key in known if key != name}
    return others if value is None else {**others, name: value}


def _names(asks: Any) -> list[str] | None:
    """The granters that a holder says it asks; None from a holder that does not say it yet."""
    return sorted(map(str, asks)) if isinstance(asks, list) else None


def _reckoned(lease_s: float) -> float:
    """How long the granter counts a lease that the holder counts as ``lease_s``."""
    return lease_s * (1 + DRIFT) + GRACE_S
