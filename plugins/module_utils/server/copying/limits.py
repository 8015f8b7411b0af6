# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a copy may be, by plan and hour; a file may say something else while it runs."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BYTES_OF_MBIT = 1_000_000 / 8


@dataclass(frozen=True)
class Hours:
    """A limit of certain hours; over midnight when they end before they begin, of the day they begin then."""

    begin: datetime.time
    end: datetime.time
    days: frozenset[str]
    mbit_s: float

    def holds(self, moment: datetime.datetime) -> bool:
        """Whether the moment is in them."""
        today, time = DAYS[moment.weekday()], moment.time()
        if self.begin < self.end:
            return today in self.days and self.begin <= time < self.end
        yesterday = DAYS[moment.weekday() - 1]
        return (time >= self.begin and today in self.days) or (time < self.end and yesterday in self.days)


@dataclass(frozen=True)
class Limits:
    """The first of the hours that hold says the limit, else the usual one; 0 is none."""

    usual_mbit_s: float = 0
    hours: tuple[Hours, ...] = ()

    def bytes_s(self, moment: datetime.datetime) -> int:
        """Bytes a second, 0 for no limit."""
        found = next((each.mbit_s for each in self.hours if each.holds(moment)), self.usual_mbit_s)
        return int(found * BYTES_OF_MBIT)


def limits_of(said: Mapping[str, Any]) -> Limits:
    """``limit_mbit_s`` and ``limit_hours`` as they are written in a plan.

    :raises DatacenterError: naming what cannot be meant.
    """
    usual = said.get("limit_mbit_s") or 0
    hours: Sequence[Mapping[str, Any]] = said.get("limit_hours") or ()
    try:
        return Limits(_rate(usual), tuple(_hours(each) for each in hours))
    except (KeyError, TypeError, ValueError) as error:
        raise DatacenterError(
            "the limit of the copy is not understood",
            cause=str(error) if not isinstance(error, KeyError) else f"{error} is missing",
            next_step="write hours as {from: '08:00', to: '18:00', days: [mon, fri], mbit_s: 100}",
        ) from error


def _hours(said: Mapping[str, Any]) -> Hours:
    days = frozenset(said.get("days") or DAYS)
    if days - set(DAYS):
        raise ValueError(f"days are {', '.join(DAYS)}")
    begin, end = (datetime.time.fromisoformat(str(said[key])) for key in ("from", "to"))
    return Hours(begin, end, days, _rate(said["mbit_s"]))


def _rate(said: Any) -> float:
    rate = float(said)
    if not 0 <= rate < 10_000_000:
        raise ValueError(f"{said} Mbit/s")
    return rate


class LiveLimits:
    """The plan's limits, and those of a file that is read again when it changes.

    A file that says nothing sensible leaves in force what was; :attr:`trouble` then says why.
    """

    def __init__(self, plan: Limits, path: Path | None) -> None:
        self._plan = self._now = plan
        self._path = path
        self._seen: tuple[int, int] | None = None
        self.trouble: str | None = None

    def bytes_s(self, moment: datetime.datetime) -> int:
        """What holds at a moment."""
        if self._path is not None:
            self._look(self._path)
        return self._now.bytes_s(moment)

    def _look(self, path: Path) -> None:
        try:
            status = path.stat()
            seen = status.st_mtime_ns, status.st_size
            if seen == self._seen:
                return
            self._seen = seen
            said = json.loads(path.read_text())
            self._now = limits_of(said if isinstance(said, dict) else {"limit_mbit_s": said})
            self.trouble = None
        except FileNotFoundError:
            self._now, self._seen, self.trouble = self._plan, None, None
        except (OSError, ValueError, DatacenterError) as error:
            self.trouble = f"{path}: {error}"
