# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a former primary's log that nobody else has: found, kept, and described."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import time
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    ControlData,
    parse_lsn,
    segment_name,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

WALDUMP_TIMEOUT_S = 300
# XLogPageHeaderData of src/include/access/xlog_internal.h: magic, info, timeline, page address.
PAGE_HEADER = struct.Struct("=HHIQ")
COMMIT = re.compile(r"desc: COMMIT(?:_PREPARED)? (\S+ \S+ \S+)")
NO_RECORD = (
    "could not find a valid record",
    "could not find file",
    "could not open file",
    "invalid record length",
)


def records_after(cluster: Cluster, timeline: int, position: str) -> bool | None:
    """Does the local log hold at least one record at or after a position; None when it cannot be read."""
    done = cluster.run(
        [*_waldump(cluster, timeline, position), "-n", "1"], timeout_s=WALDUMP_TIMEOUT_S, check=False
    )
    if "rmgr:" in done.stdout:
        return True
    if any(text in done.stderr for text in NO_RECORD):
        return False
    return None


def _waldump(cluster: Cluster, timeline: int, position: str) -> list[str]:
    wal = str(cluster.data_directory / "pg_wal")
    return [cluster.program("pg_waldump"), "-p", wal, "-t", str(timeline), "-s", position]


def keep_tail(cluster: Cluster, control: ControlData, timeline: int, switch: str) -> dict[str, Any]:
    """Copy the log from the fork on beside the data directory, with a list of its commits.

    Runs before anything is overwritten. The copy is complete when ``lost.json`` stands in it;
    running it again after a kill finds that file, or copies anew.

    :returns: ``kept_directory`` and ``lost`` (commits, first_commit_at, last_commit_at, files).
    """
    target = cluster.state_directory / "kept" / f"timeline-{timeline}-from-{switch.replace('/', '-')}"
    summary = target / "lost.json"
    if summary.exists():
        return {"kept_directory": str(target), "lost": json.loads(summary.read_text(encoding="utf-8"))}
    segments = tail_segments(cluster.data_directory / "pg_wal", timeline, switch, control.segment_bytes)
    histories = sorted((cluster.data_directory / "pg_wal").glob("*.history"))
    _require_space(cluster, sum(path.stat().st_size for path in segments))
    owner = cluster.owner()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for directory in (cluster.state_directory, target.parent, target):
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    for path in [*segments, *histories]:
        copy = target / path.name
        shutil.copyfile(path, copy)
        os.chmod(copy, 0o600)
        os.chown(copy, owner.pw_uid, owner.pw_gid)
    dump = cluster.run(
        [*_waldump(cluster, timeline, switch), "--rmgr=Transaction"], timeout_s=WALDUMP_TIMEOUT_S, check=False
    )
    cluster.write(target / "transactions.txt", dump.stdout)
    commits = COMMIT.findall(dump.stdout)
    lost = {
        "commits": len(commits),
        "first_commit_at": commits[0] if commits else None,
        "last_commit_at": commits[-1] if commits else None,
        "from_lsn": switch,
        "timeline": timeline,
        "files": [path.name for path in segments],
        "kept_at": time.time(),
    }
    cluster.write(summary, json.dumps(lost, indent=1) + "\n")
    return {"kept_directory": str(target), "lost": lost}


def tail_segments(wal: Path, timeline: int, switch: str, segment_bytes: int) -> list[Path]:
    """The files of one timeline from a position on, without those that wait to be used again.

    A recycled file carries the name of a future segment and the addresses of a past one; its
    first page header tells.
    """
    position = parse_lsn(switch) // segment_bytes * segment_bytes
    found: list[Path] = []
    while True:
        path = wal / segment_name(timeline, position, segment_bytes)
        try:
            with path.open("rb") as stream:
                header = stream.read(PAGE_HEADER.size)
        except FileNotFoundError:
            return found
        if len(header) < PAGE_HEADER.size or PAGE_HEADER.unpack(header)[3] != position:
            return found
        found.append(path)
        position += segment_bytes


def _require_space(cluster: Cluster, needed: int) -> None:
    free = shutil.disk_usage(cluster.data_directory).free
    if free < needed * 2:
        raise Refused(
            "the diverged part of the log is not kept, so nothing is overwritten",
            device=cluster.device,
            cause=f"{needed} bytes are to be copied, {free} are free",
            next_step=f"make room on the disk of {cluster.data_directory}",
        )


def read_progress(cluster: Cluster) -> dict[str, Any]:
    """What an earlier, killed run was at; empty when there was none."""
    try:
        return dict(json.loads(cluster.rejoin_progress.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DatacenterError(
            "the progress of an earlier rejoin cannot be read",
            device=str(cluster.rejoin_progress),
            cause=str(error),
            next_step="rebuild this node, or remove the file if you know the directory is whole",
        ) from error


def write_progress(cluster: Cluster, step: str, **data: Any) -> None:
    """Say, durably and before doing it, what is about to be done to the data directory."""
    cluster.write(cluster.rejoin_progress, json.dumps({"step": step, "at": time.time(), **data}) + "\n")
