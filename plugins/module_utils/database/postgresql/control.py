# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions in the write-ahead log, and what pg_controldata says: parsing only.

Pure functions: no process is started here, so all of it is tested from recorded text.
Standard library, Python 3.9.
"""

from __future__ import annotations

import calendar
import dataclasses
import re
import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

LSN = re.compile(r"^([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})$")

# States of pg_control that mean 'nothing is running and everything reached the disk'
# (src/bin/pg_controldata/pg_controldata.c, dbState()).
CLEAN_PRIMARY = "shut down"
CLEAN_STANDBY = "shut down in recovery"


def parse_lsn(text: str) -> int:
    """Bytes since the beginning of the log, from text such as ``0/3000148``."""
    match = LSN.match(text.strip())
    if match is None:
        raise DatacenterError("a WAL position cannot be read", cause=f"{text!r} is not of the form 0/3000148")
    return (int(match.group(1), 16) << 32) + int(match.group(2), 16)


def format_lsn(position: int) -> str:
    """The text of a WAL position, as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def segment_name(timeline: int, position: int, segment_bytes: int) -> str:
    """Name of the WAL file that holds a position (XLogFileName() of xlog_internal.h)."""
    per_id = 0x100000000 // segment_bytes
    number = position // segment_bytes
    return f"{timeline:08X}{number // per_id:08X}{number % per_id:08X}"


@dataclasses.dataclass(frozen=True)
class ControlData:
    """What the control file of a data directory says; true also of a stopped cluster."""

    state: str
    system_identifier: str
    checkpoint_lsn: str
    redo_lsn: str
    timeline: int
    min_recovery_end_lsn: str
    min_recovery_timeline: int
    wal_log_hints: bool
    checksums: bool
    segment_bytes: int
    checkpoint_at: float | None

    @property
    def clean(self) -> bool:
        return self.state in (CLEAN_PRIMARY, CLEAN_STANDBY)

    @property
    def highest_timeline(self) -> int:
        """The newest timeline this directory has replayed or written."""
        return max(self.timeline, self.min_recovery_timeline)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def parse_controldata(text: str) -> ControlData:
    """Read pg_controldata's output (run with LC_ALL=C and TZ=UTC)."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields[name.strip()] = value.strip()
    try:
        return ControlData(
            state=fields["Database cluster state"],
            system_identifier=fields["Database system identifier"],
            checkpoint_lsn=fields["Latest checkpoint location"],
            redo_lsn=fields["Latest checkpoint's REDO location"],
            timeline=int(fields["Latest checkpoint's TimeLineID"]),
            min_recovery_end_lsn=fields["Minimum recovery ending location"],
            min_recovery_timeline=int(fields["Min recovery ending loc's timeline"]),
            wal_log_hints=fields["wal_log_hints setting"] == "on",
            checksums=int(fields["Data page checksum version"]) > 0,
            segment_bytes=int(fields["Bytes per WAL segment"]),
            checkpoint_at=_moment(fields.get("Time of latest checkpoint", "")),
        )
    except (KeyError, ValueError) as error:
        raise DatacenterError("the control data cannot be understood", cause=f"{error}") from error


def _moment(text: str) -> float | None:
    """Epoch seconds of a date as the C locale and UTC print it; None when it is another form."""
    try:
        return float(calendar.timegm(time.strptime(text, "%a %b %d %H:%M:%S %Y")))
    except ValueError:
        return None


def parse_history(text: str) -> list[tuple[int, str]]:
    """A timeline history file: each ancestor and the position where it was left.

    The format is 'timeline TAB position TAB reason' (readTimeLineHistory() of timeline.c);
    the last line is the direct ancestor.
    """
    ancestors: list[tuple[int, str]] = []
    for line in text.splitlines():
        parts = line.split("#", 1)[0].split()
        if len(parts) >= 2:
            ancestors.append((int(parts[0]), parts[1]))
    return ancestors
