# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a system takes over a planned line, and how long nobody can use it.

Every figure comes from something that was measured or is stated; where one is missing there is no estimate,
and why stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known, why_unknown
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    BLOCKER,
    WARNING,
    Finding,
)

Document = Mapping[str, Any]
#: A round that changes less than this in time does not get shorter by another one.
ENOUGH_S = 30.0
MOST_ROUNDS = 8
#: One that is hardly shorter than the one before is the last.
WORTH = 0.9
#: More of the line than this is no catching up.
CATCHES_UP = 0.8


@dataclass(frozen=True)
class Line:
    """What the copy may use."""

    mbit_s: float
    #: What of that arrives as content: headers, encryption, the beginning of each transfer.
    efficiency: float = 0.9

    def __post_init__(self) -> None:
        if self.mbit_s <= 0 or not 0 < self.efficiency <= 1:
            raise DatacenterError(
                "the line cannot be estimated with",
                cause=f"{self.mbit_s} Mbit/s with an efficiency of {self.efficiency}",
                next_step="give a rate above 0, and an efficiency above 0 and up to 1",
            )

    @property
    def bytes_s(self) -> float:
        return self.mbit_s * 1e6 / 8 * self.efficiency


@dataclass(frozen=True)
class Pace:
    """What does not depend on the line; measure it in a rehearsal and state it."""

    #: Files that are compared with the target's in a second.
    files_s: float = 20_000
    #: Bytes of a database that are dumped, restored and indexed in a second, in parallel.
    restore_bytes_s: float = 20e6
    stop_s: float = 20
    start_s: float = 30
    #: Address, names, firewall rules.
    switch_s: float = 15
    check_s: float = 30
    #: Writes drained and the way back armed, for databases that were copied while they ran.
    drain_s: float = 3


@dataclass(frozen=True)
class Estimate:
    """Of one system. ``None`` is not known, and ``unknown`` says why."""

    files: int | None
    file_bytes: int | None
    database_bytes: int | None
    change_bytes_s: float | None
    bulk_s: float | None
    rounds: list[float] = field(default_factory=list)
    #: Seconds of the last comparison and transfer, which the line has to carry for one after the other.
    last_s: float | None = None
    online_s: float | None = None
    offline_s: float | None = None
    unknown: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            name: round(value, 2) if isinstance(value := getattr(self, name), float) else value
            for name in self.__dataclass_fields__
        }

    @property
    def total_bytes(self) -> int | None:
        if self.file_bytes is None or self.database_bytes is None:
            return None
        return self.file_bytes + self.database_bytes


def estimate(document: Document, line: Line, pace: Pace) -> Estimate:
    """How long it takes to bring this system over the line alone."""
    unknown: list[str] = []
    files, file_bytes, day_bytes = _files(document, unknown)
    database_bytes, written = _databases(document, unknown)
    change = None if day_bytes is None or written is None else day_bytes / 86400 + written
    if files is None or file_bytes is None or database_bytes is None:
        return Estimate(files, file_bytes, database_bytes, change, None, unknown=unknown)
    scan_s = files / pace.files_s
    bulk_s = (file_bytes + database_bytes) / line.bytes_s + scan_s
    if change is None:
        return Estimate(files, file_bytes, database_bytes, None, bulk_s, unknown=unknown)
    rounds = list(_rounds(bulk_s, scan_s, change / line.bytes_s))
    last_s = scan_s + rounds[-1] * change / line.bytes_s
    fixed = pace.stop_s + pace.start_s + pace.switch_s + pace.check_s
    online = fixed + last_s + (pace.drain_s if database_bytes else 0)
    offline = fixed + last_s + database_bytes / min(line.bytes_s, pace.restore_bytes_s)
    return Estimate(
        files, file_bytes, database_bytes, change, bulk_s, rounds, last_s, online, offline, unknown
    )


def _rounds(bulk_s: float, scan_s: float, share: float) -> Iterator[float]:
    """The bulk copy and the deltas after it: each carries what changed during the one before."""
    yield bulk_s
    last = bulk_s
    for _number in range(MOST_ROUNDS):
        following = scan_s + last * share
        if last <= ENOUGH_S or following >= last:
            return
        yield following
        if following > WORTH * last:
            return
        last = following


def _files(document: Document, unknown: list[str]) -> tuple[int | None, int | None, int | None]:
    why = why_unknown(document.get("roots", {"unknown": "roots were not read"}))
    roots = known(document, "roots", ())
    missing = [one["path"] for one in roots if None in (one["bytes"], one["files"], one["day_bytes"])]
    if why or missing:
        unknown.append(f"files: {why or 'not measured in the time: ' + ', '.join(missing)}")
        return None, None, None
    return (
        sum(one["files"] for one in roots),
        sum(one["bytes"] for one in roots),
        sum(one["day_bytes"] for one in roots),
    )


def _databases(document: Document, unknown: list[str]) -> tuple[int | None, float | None]:
    size, written = 0, 0.0
    rates: list[float | None] = []
    for section in ("postgresql", "mariadb"):
        why = why_unknown(document.get(section, {"unknown": "it was not asked"}))
        if why:
            unknown.append(f"{section}: {why}")
            return None, None
    for cluster in known(document, "postgresql", ()):
        sizes = [one.get("bytes") for one in cluster["databases"].values()]
        if None in sizes or not sizes:
            unknown.append(f"{cluster['directory']}: the sizes of its databases are not known")
            return None, None
        size += sum(sizes)
        rates.append(cluster["written_bytes_s"])
    for server in known(document, "mariadb", ()):
        if "schema" in server["unknown"] or not server["variables"]:
            unknown.append(f"{server['directory']}: the sizes of its databases are not known")
            return None, None
        size += sum(one["bytes"] for one in server["schema"])
        rates.append(server["written_bytes_s"])
    for rate in rates:
        if rate is None:
            unknown.append("how much a database writes is not known")
            return size, None
        written += rate
    return size, written


def findings(name: str, found: Estimate, line: Line, window_s: float | None) -> Iterable[Finding]:
    """What the figures say against it."""
    for why in found.unknown:
        yield Finding(
            "estimate_unknown",
            BLOCKER,
            f"{name}: how long it takes is not known",
            why,
            "an estimate without a figure is a guess",
            "assess it again with the rights and the time that it needs",
        )
    if found.change_bytes_s is not None and found.change_bytes_s > CATCHES_UP * line.bytes_s:
        yield Finding(
            "line_too_slow",
            BLOCKER,
            f"{name}: it changes {found.change_bytes_s * 8 / 1e6:.1f} Mbit/s",
            f"over {line.mbit_s:g} Mbit/s the deltas never get small",
            "measured over the sampling time; files by what was changed within a day",
            "take a faster line, or stop what writes most before the cutover",
        )
    if window_s is None or found.offline_s is None or found.online_s is None:
        return
    if found.online_s > window_s:
        yield Finding(
            "window_too_short",
            BLOCKER,
            f"{name}: the window is too short",
            f"the cutover takes some {found.online_s:.0f} s, and the window has {window_s:.0f} s",
            "the parts of the estimate",
            "ask for a longer window, or bring the last delta down (fewer files, less change)",
        )
    elif found.offline_s > window_s:
        yield Finding(
            "window_too_short_offline",
            WARNING,
            f"{name}: the window is too short for dump and restore",
            f"that takes some {found.offline_s:.0f} s, and the window has {window_s:.0f} s",
            "the parts of the estimate",
            "copy its databases while they run, so settle what blocks that first",
            way="offline",
        )
