# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one PostgreSQL cluster says of itself, running or stopped: read, never changed."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    parse_lsn,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.sql import TIMELINE
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

# Settings that decide whether an acknowledged write survives.
SETTINGS = (
    "fsync", "full_page_writes", "synchronous_commit", "wal_log_hints", "data_checksums",
    "synchronous_standby_names", "max_slot_wal_keep_size", "wal_keep_size", "wal_level", "hot_standby",
    "archive_mode", "primary_conninfo", "primary_slot_name", "cluster_name", "server_version", "ssl",
)  # fmt: skip

#: How far in the future a commit of the primary may be by the clock of the standby, in seconds. Time servers
#: keep both within some hundredths.
CLOCKS_S = 1.0

# One statement, so that all of it is of one moment. Functions that only a primary (or only a
# standby) may call stand in a CASE: they are volatile, so the planner does not call them early.
QUERY = """
SELECT json_build_object(
 'in_recovery', pg_is_in_recovery(),
 'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
 'timeline', @TIMELINE@,
 'current', CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END,
 'received', pg_last_wal_receive_lsn(),
 'replayed', pg_last_wal_replay_lsn(),
 'last_replayed_commit_at', extract(epoch FROM pg_last_xact_replay_timestamp()),
 'now', extract(epoch FROM clock_timestamp()),
 'settings', (SELECT json_object_agg(name, CASE WHEN unit IS NULL THEN setting
     ELSE current_setting(name) END) FROM pg_settings WHERE name = ANY ('{@SETTINGS@}')),
 'replication', (SELECT coalesce(json_agg(json_build_object(
     'application_name', application_name, 'client', host(client_addr), 'state', state,
     'sync_state', sync_state, 'sent_lsn', sent_lsn, 'flush_lsn', flush_lsn, 'replay_lsn', replay_lsn,
     'lag_bytes', CASE WHEN pg_is_in_recovery() THEN NULL
        ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END,
     'flush_lag_bytes', CASE WHEN pg_is_in_recovery() THEN NULL
        ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) END,
     'lag_s', extract(epoch FROM replay_lag))), '[]') FROM pg_stat_replication),
 'receiver', (SELECT json_build_object('status', status, 'pid', pid, 'written_lsn', written_lsn,
     'sender_host', sender_host,
     'sender_port', sender_port, 'slot_name', slot_name, 'latest_end_lsn', latest_end_lsn,
     'sent_at', extract(epoch FROM last_msg_send_time),
     'carried_log', latest_end_time = last_msg_send_time AND last_msg_receipt_time <> last_msg_send_time)
     FROM pg_stat_wal_receiver),
 'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'active', active,
     'wal_status', wal_status, 'restart_lsn', restart_lsn, 'retained_bytes',
     pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
        ELSE pg_current_wal_lsn() END, restart_lsn))), '[]') FROM pg_replication_slots),
 'archive', (SELECT json_build_object('mode', current_setting('archive_mode'),
     'archived_count', archived_count, 'last_archived_wal', last_archived_wal,
     'last_archived_at', extract(epoch FROM last_archived_time), 'failed_count', failed_count,
     'last_failed_wal', last_failed_wal, 'last_failed_at', extract(epoch FROM last_failed_time),
     'failing', coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false))
     FROM pg_stat_archiver));
""".replace("@SETTINGS@", ",".join(SETTINGS)).replace("@TIMELINE@", TIMELINE)


def read_info(cluster: Cluster, timeout_s: float = 3) -> dict[str, Any]:
    """Everything a runbook asks of one cluster, in one call.

    :param timeout_s: seconds after which a server that runs and does not answer (frozen,
        starting) is reported as running and not ready.
    """
    control = cluster.control()
    running = cluster.postmaster() is not None
    result: dict[str, Any] = {
        "cluster": cluster.identity(),
        "running": running,
        "ready": False,
        "role": "unknown" if running else "stopped",
        "in_recovery": None,
        "timeline": max([control.highest_timeline, *histories(cluster)]),
        "system_identifier": control.system_identifier,
        "lsn": {"current": None, "received": None, "replayed": None},
        "control": control.as_dict(),
        "standby_signal": cluster.standby_signal.exists(),
        "fence": read_fence(cluster),
        "replication": [],
        "receiver": None,
        "slots": [],
        "archive": None,
        "settings": {"wal_log_hints": control.wal_log_hints, "data_checksums": control.checksums},
        "lag_s": None,
        "lag_basis": "the server is stopped" if not running else "the server does not answer",
        "last_replayed_commit_at": None,
        "holds_data": holds_data(cluster),
        "disk": disk_room(cluster, control.segment_bytes),
        "read_at": time.time(),
    }
    if not running:
        return result
    try:
        answer = cluster.query(QUERY, timeout_s=timeout_s)
    except Unreachable as error:
        result["lag_basis"] = str(error)
        return result
    return {**result, **_from_answer(answer)}


def absent_info() -> dict[str, Any]:
    """The answer for a host without any such cluster, for those who would make one."""
    return {"role": "absent", "running": False, "ready": False, "cluster": None, "holds_data": False}


def holds_data(cluster: Cluster) -> bool:
    """Is there any database beside those that initdb makes (template0, template1, postgres)?

    Also a directory of a running or standby cluster holds data: only what initdb left alone is empty.
    """
    if cluster.standby_signal.exists() or cluster.state_directory.exists():
        return True
    try:
        return len([path for path in (cluster.data_directory / "base").iterdir() if path.name.isdigit()]) > 3
    except FileNotFoundError:
        return False


def histories(cluster: Cluster) -> list[int]:
    """Timelines whose history stands here: a promotion writes it long before the control file follows."""
    log = cluster.data_directory / "pg_wal"
    return [int(path.name[:8], 16) for path in log.glob("[0-9A-F]*.history")]


def disk_room(cluster: Cluster, segment_bytes: int) -> dict[str, Any]:
    """How much the server may still write, and whether that is less than one more file of its log.

    A primary whose disk is full still answers questions, and ends itself (PANIC) at the commit that needs the
    next WAL file (PostgreSQL's manual, "Disk Full Failure").
    """
    log = cluster.data_directory / "pg_wal"
    # A copy that was broken off may lack it.
    found = os.statvfs(log if log.exists() else cluster.data_directory)
    # Not what is kept back for root: the server does not run as root.
    free = found.f_bavail * found.f_frsize
    return {"free_bytes": free, "segment_bytes": segment_bytes, "full": free < segment_bytes}


def _from_answer(answer: dict[str, Any]) -> dict[str, Any]:
    in_recovery = answer["in_recovery"]
    lag_s, basis = standby_lag(answer) if in_recovery else (None, "a primary has no lag of its own")
    settings = dict(answer["settings"])
    settings["primary_conninfo"] = without_password(settings.get("primary_conninfo", ""))
    for row in answer["replication"]:
        # replay_lag is null when nothing was outstanding for a while; a standby that streams and
        # holds everything is not 'unknown', it is up to date.
        if row["lag_s"] is None and row["state"] == "streaming" and row["lag_bytes"] == 0:
            row["lag_s"] = 0.0
    return {
        "ready": True,
        "role": "standby" if in_recovery else "primary",
        "in_recovery": in_recovery,
        "timeline": answer["timeline"],
        "system_identifier": answer["system_identifier"],
        "lsn": {key: answer[key] for key in ("current", "received", "replayed")},
        "replication": answer["replication"],
        "receiver": answer["receiver"],
        "slots": answer["slots"],
        "archive": answer["archive"],
        "settings": settings,
        "lag_s": lag_s,
        "lag_basis": basis,
        "last_replayed_commit_at": answer["last_replayed_commit_at"],
    }


def standby_lag(answer: dict[str, Any]) -> tuple[float | None, str]:
    """For how many seconds back from now writes may be missing here; None when it is not known.

    Two upper bounds, the smaller one holds. The primary told its position, all of it is replayed:
    nothing older than when that message was **sent** is missing; on a full line it lies in buffers for
    tens of seconds. Or: the newest replayed commit carries its time, nothing older is missing; in a
    service with a heartbeat of one commit a second this is never older than that while replication works.

    Only a message that carries log tells where the primary's log ended (``carried_log``). A keepalive
    tells how far it was sent (walsender.c, ``WalSndKeepalive``), however much more there is; and a
    receiver that has just begun shows its own start as the time of a message (walreceiver.c).

    Both times are the primary's; by how much its clock is ahead is for the caller to add.
    """
    bounds: list[tuple[float, str]] = []
    ahead_s = 0.0
    receiver = answer["receiver"]
    told = receiver and receiver["status"] == "streaming" and receiver["carried_log"]
    announced = receiver["latest_end_lsn"] if told else None
    if announced and answer["replayed"] and parse_lsn(answer["replayed"]) >= parse_lsn(announced):
        age = answer["now"] - receiver["sent_at"]
        ahead_s = max(ahead_s, -age)
        if age >= -CLOCKS_S:
            age = max(0.0, age)
            bounds.append((age, f"all of what the primary announced {age:.1f} s ago is replayed"))
    if answer["last_replayed_commit_at"] is not None:
        age = answer["now"] - answer["last_replayed_commit_at"]
        ahead_s = max(ahead_s, -age)
        if age >= -CLOCKS_S:
            bounds.append((max(0.0, age), f"the newest replayed commit is {max(0.0, age):.1f} s old"))
    if bounds:
        return min(bounds)
    if ahead_s > 0:
        return (
            None,
            f"the clocks of the servers disagree: its newest word is from {ahead_s:.1f} s ahead of here",
        )
    return None, "no message of the primary and no replayed commit to measure by"


def without_password(conninfo: str) -> str:
    """A libpq conninfo that may be shown."""
    words = conninfo.split()
    return " ".join(word for word in words if not word.startswith(("password", "sslpassword")))


def read_fence(cluster: Cluster) -> dict[str, Any]:
    """The marker that says 'this node was fenced'; a marker that cannot be read counts as one."""
    try:
        mark = json.loads(cluster.fence_marker.read_text(encoding="utf-8"))
        return {"fenced": True, "reason": str(mark.get("reason")), "at": mark.get("at")}
    except FileNotFoundError:
        return {"fenced": False, "reason": None, "at": None}
    except (OSError, ValueError, AttributeError) as error:
        return {"fenced": True, "reason": f"the marker cannot be read: {error}", "at": None}


def require_ready(info: dict[str, Any], cluster: Cluster) -> None:
    """:raises DatacenterError: when the server does not answer questions."""
    if not info["ready"]:
        raise DatacenterError(
            "the server does not answer",
            device=cluster.device,
            cause=info["lag_basis"],
            next_step=f"read {cluster.log_file}",
        )
