# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the primary still have the log that a standby needs next?

A slot that was lost says that the primary no longer holds log back for it, not that the log is gone;
and a slot made anew holds back what is there, not what was. So the files of both sides are compared.
"""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    SETTING,
    Cluster,
    read_settings,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    ControlData,
    parse_lsn,
    segment_name,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.tail import PAGE_HEADER
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

SEGMENT = re.compile(r"^[0-9A-F]{24}$")
# 'requested WAL segment %s has already been removed' of xlogutils.c and walsender.c. The server's own
# language may put other words around the name.
ASKED = re.compile(r"WAL[^0-9\n]{1,20}([0-9A-F]{24})\b")
# A receiver that got no byte yet counts as one that streams after so many seconds: only at the very
# edge of a file is there nothing to be sent at first.
IDLE_S = 2

# pg_ls_dir, which pg_rewind needs as well: pg_ls_waldir would need one more grant.
KEPT_QUERY = """
SELECT json_build_object(
 'names', (SELECT json_agg(name) FROM pg_ls_dir('pg_wal', true, false) AS name),
 'slot', (SELECT wal_status FROM pg_replication_slots WHERE slot_name = '@SLOT@'));
"""


class LogGone(DatacenterError):
    """The upstream no longer has the log that this node needs: it can follow no more."""


@dataclasses.dataclass(frozen=True)
class KeptLog:
    """What one server has of its log."""

    segments: frozenset[int]
    """Numbers of the files: position // segment_bytes, whatever timeline."""
    segment_bytes: int
    slot_status: str | None
    """``wal_status`` of the standby's slot there; None when there is no slot."""


def segment_number(name: str, segment_bytes: int) -> int:
    """Which file of the log a name means (XLogFromFileName() of xlog_internal.h)."""
    return int(name[8:16], 16) * (0x100000000 // segment_bytes) + int(name[16:24], 16)


def read_kept(cluster: Cluster, conninfo: str, slot: str | None, segment_bytes: int) -> KeptLog | None:
    """What the upstream has; None when it does not tell."""
    try:
        answer = cluster.query(KEPT_QUERY.replace("@SLOT@", slot or ""), conninfo=conninfo, timeout_s=10)
    except DatacenterError:
        return None
    names = [name for name in answer["names"] or [] if SEGMENT.match(name)]
    return KeptLog(
        frozenset(segment_number(name, segment_bytes) for name in names), segment_bytes, answer["slot"]
    )


def missing(kept: KeptLog | None, needed: Iterable[int], timeline: int) -> str | None:
    """A sentence when the upstream has none of the files of which this node needs one.

    :param needed: which it may be: at the edge of a file it is that one or the next.
    :param timeline: for the name in the sentence.
    :returns: None also when it is not known.
    """
    wanted = sorted(needed)
    if kept is None or not kept.segments or not wanted or kept.segments & set(wanted):
        return None
    # Beyond all of its files is what it has yet to write.
    if wanted[0] > max(kept.segments):
        return None
    older = [number for number in kept.segments if number > wanted[-1]]

    def name(number: int) -> str:
        return segment_name(timeline, number * kept.segment_bytes, kept.segment_bytes)

    sentence = f"the log that this node needs next ({name(wanted[0])}) is gone on the upstream"
    if older:
        sentence += f", which has it from {name(min(older))} on"
    if kept.slot_status == "lost":
        sentence += "; its slot there is lost"
    return sentence


def local_end(cluster: Cluster, control: ControlData) -> int | None:
    """Number of the last file of the log that this node has, from its redo position on without a gap.

    :returns: None when not even the first is there, or cannot be read.
    """
    wal = cluster.data_directory / "pg_wal"
    number = parse_lsn(control.redo_lsn) // control.segment_bytes
    found: dict[int, list[str]] = {}
    try:
        for name in os.listdir(wal):
            if SEGMENT.match(name):
                found.setdefault(segment_number(name, control.segment_bytes), []).append(name)
        end = None
        while any(_begins(wal / name, number * control.segment_bytes) for name in found.get(number, [])):
            end = number
            number += 1
    except OSError:
        return None
    return end


def _begins(path: os.PathLike[str], position: int) -> bool:
    """Does a file hold that part of the log? One that waits to be used again carries a past address."""
    with open(path, "rb") as stream:
        header = stream.read(PAGE_HEADER.size)
    return len(header) == PAGE_HEADER.size and PAGE_HEADER.unpack(header)[3] == position


def restores(cluster: Cluster) -> bool:
    """May this node get log from an archive? Then what the upstream has is not all there is."""
    if read_settings(cluster.config_directory).get("restore_command"):
        return True
    try:
        lines = (cluster.data_directory / "postgresql.auto.conf").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    matches = [match for match in map(SETTING.match, lines) if match]
    return any(match.group(1) == "restore_command" and match.group(2) != "''" for match in matches)


def gone_for(cluster: Cluster, conninfo: str, slot: str | None, control: ControlData) -> str | None:
    """A sentence when the upstream no longer has what this node would follow with; None if not known."""
    if restores(cluster):
        return None
    # The upstream first: what this node gets in between counts as had.
    kept = read_kept(cluster, conninfo, slot, control.segment_bytes)
    end = local_end(cluster, control)
    # At the edge of a file the next one may be all that is needed.
    return missing(kept, [] if end is None else [end, end + 1], control.highest_timeline)


class GoneWatch:
    """Asked now and then while a standby waits for the stream: can it still come?"""

    def __init__(self, cluster: Cluster, conninfo: str, slot: str | None) -> None:
        self.cluster = cluster
        self.conninfo = conninfo
        self.slot = slot
        # What an earlier start left in the server's log says nothing of this one.
        self.offset = cluster.log_file.stat().st_size if cluster.log_file.exists() else 0

    def __call__(self) -> str | None:
        """A sentence when the log is gone; None when it is not, or not known."""
        control = self.cluster.control()
        found = gone_for(self.cluster, self.conninfo, self.slot, control)
        asked = asked_for(self._log())
        if found or asked is None or restores(self.cluster):
            return found
        kept = read_kept(self.cluster, self.conninfo, self.slot, control.segment_bytes)
        return missing(kept, [segment_number(asked, control.segment_bytes)], int(asked[:8], 16))

    def _log(self) -> str:
        try:
            with self.cluster.log_file.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                # A log that was rotated begins anew; of a long one the end is enough.
                stream.seek(max(self.offset if size >= self.offset else 0, size - 65536))
                return stream.read().decode("utf-8", "replace")
        except OSError:
            return ""


def asked_for(log: str) -> str | None:
    """The file of the log that was last refused to this node, by its own log."""
    names = ASKED.findall(log)
    return names[-1] if names else None


class Flow:
    """Tells a stream from a receiver that only tries: each try shows 'streaming' for an instant."""

    def __init__(self) -> None:
        self.pid: int | None = None
        self.since = 0.0

    def flows(self, receiver: Mapping[str, Any] | None) -> bool:
        """:param receiver: as pg_info tells it, read just now."""
        if not receiver or receiver["status"] != "streaming":
            self.pid = None
            return False
        # Each receiver begins with none (WalReceiverMain() of walreceiver.c), at the beginning of a file.
        if receiver["written_lsn"]:
            return True
        if receiver["pid"] != self.pid:
            self.pid, self.since = receiver["pid"], time.monotonic()
        return time.monotonic() - self.since >= IDLE_S
