# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned end of a primary: stop it cleanly and prove that everything reached the standby."""

from __future__ import annotations

import socket
import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    CLEAN_PRIMARY,
    ControlData,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import (
    read_info,
    require_ready,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.proof import Verdict
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

CHECKPOINT_TIMEOUT_S = 300
SIGNAL_TEXT = "# Left by pg_demote: this directory may only come back as a standby.\n"


def judge_standby(rows: list[dict[str, Any]], standby: str, max_lag_bytes: int) -> Verdict:
    """May the primary be stopped with this standby as the heir?

    :param rows: ``replication`` of :func:`read_info`.
    """
    mine = [row for row in rows if row["application_name"] == standby]
    if not mine:
        others = ", ".join(sorted(row["application_name"] for row in rows)) or "nobody"
        return Verdict(False, f"{standby} does not replicate from here ({others} does)")
    row = mine[0]
    if row["state"] != "streaming":
        return Verdict(False, f"{standby} is {row['state']}, not streaming")
    if row["flush_lag_bytes"] is None or row["flush_lsn"] is None:
        return Verdict(None, f"it is not known how far {standby} is")
    if row["flush_lag_bytes"] > max_lag_bytes:
        return Verdict(
            False, f"{standby} is {row['flush_lag_bytes']} bytes behind, at most {max_lag_bytes} are allowed"
        )
    return Verdict(True, f"{standby} streams, {row['flush_lag_bytes']} bytes behind")


def demote(
    cluster: Cluster, *, standby: str, max_lag_bytes: int, timeout_s: float, dry_run: bool
) -> dict[str, Any]:
    """Stop a primary for good; its directory can afterwards only come back as a standby.

    The checkpoint comes first, while writes still flow: the stop then has little left to write,
    and the stop is what the clients wait for.

    :raises Refused: before anything was done, when the standby is not fit to take over.
    """
    started = time.time()
    if cluster.postmaster() is None:
        return _already_stopped(cluster, started, dry_run)
    info = read_info(cluster)
    require_ready(info, cluster)
    if info["role"] == "standby":
        return _result(cluster.control(), "standby", changed=False, times={"started": started})
    _require_standby(cluster, info, standby, max_lag_bytes)
    times = {"started": started}
    if dry_run:
        return {
            **_result(cluster.control(), "primary", changed=True, times=times),
            "commands": ["CHECKPOINT", f"fast stop of {cluster.device}", f"touch {cluster.standby_signal}"],
        }
    cluster.psql("CHECKPOINT;", timeout_s=CHECKPOINT_TIMEOUT_S)
    times["checkpointed"] = time.time()
    _require_standby(cluster, read_info(cluster), standby, max_lag_bytes)
    times["stop_sent"] = time.time()
    took = cluster.stop_fast(timeout_s)
    times["stopped"] = time.time()
    control = cluster.control()
    result = {**_result(control, "primary", changed=True, times=times), "stop_s": round(took, 3)}
    if control.state != CLEAN_PRIMARY:
        raise DatacenterError(
            "the primary ended, but not cleanly",
            device=cluster.device,
            cause=f"its control file says {control.state!r}",
            next_step="do not promote on this; find out what ended it, then treat it as a failover",
            result=result,
        )
    cluster.write(cluster.standby_signal, SIGNAL_TEXT)
    return {**result, "proof": _proof(control)}


def _require_standby(cluster: Cluster, info: dict[str, Any], standby: str, max_lag_bytes: int) -> None:
    verdict = judge_standby(info["replication"], standby, max_lag_bytes)
    if not verdict.ok:
        raise Refused(
            "the primary is not stopped",
            device=cluster.device,
            cause=verdict.reason,
            next_step=f"repair replication to {standby} or wait until it has caught up, then run this again",
            result={"replication": info["replication"], "judged": verdict.as_dict()},
        )


def _already_stopped(cluster: Cluster, started: float, dry_run: bool) -> dict[str, Any]:
    """A re-run after the stop: the control file still holds the proof."""
    control = cluster.control()
    if control.state == CLEAN_PRIMARY:
        if not cluster.standby_signal.exists() and not dry_run:
            cluster.write(cluster.standby_signal, SIGNAL_TEXT)
        times = {"started": started}
        return {**_result(control, "stopped", changed=False, times=times), "proof": _proof(control)}
    raise Refused(
        "nothing proves that this node gave up writing cleanly",
        device=cluster.device,
        cause=f"it is stopped, and its control file says {control.state!r}",
        next_step="if it crashed this is a failover; if it was a standby it has nothing to hand over",
        result={"control": control.as_dict()},
    )


def _proof(control: ControlData) -> dict[str, Any]:
    return {
        "method": "shutdown",
        "data": {
            "host": socket.gethostname(),
            "state": control.state,
            "shutdown_lsn": control.checkpoint_lsn,
            "timeline": control.timeline,
            "system_identifier": control.system_identifier,
        },
    }


def _result(control: ControlData, role: str, *, changed: bool, times: dict[str, float]) -> dict[str, Any]:
    return {
        "changed": changed,
        "role_before": role,
        "control_state": control.state,
        "shutdown_lsn": control.checkpoint_lsn if control.state == CLEAN_PRIMARY else None,
        "timeline": control.timeline,
        "system_identifier": control.system_identifier,
        "proof": None,
        "times": times,
    }
