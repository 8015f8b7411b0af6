# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a primary waits for its standby at every commit: set, and read back from the server."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import (
    read_info,
    require_ready,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import (
    leave_synchronous,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

STANDBY_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,63}$")


def set_synchronous(
    cluster: Cluster, *, standby: str, synchronous: bool, wait_s: float, dry_run: bool
) -> dict[str, Any]:
    """Make a primary synchronous with one standby, or asynchronous.

    :raises Refused: when the standby does not stream: every commit would hang from then on.
    """
    if not STANDBY_NAME.match(standby):
        raise DatacenterError("a standby cannot be named so", device=cluster.device, cause=standby)
    info = read_info(cluster)
    require_ready(info, cluster)
    if info["role"] != "primary":
        raise Refused(
            "synchronous replication is set on a primary only",
            device=cluster.device,
            cause=f"it is a {info['role']}",
        )
    wanted = f'"{standby}"' if synchronous else ""
    result: dict[str, Any] = {
        "changed": info["settings"]["synchronous_standby_names"] != wanted,
        "synchronous_standby_names": wanted,
        "sync_state": _sync_state(info, standby),
    }
    if not result["changed"] or dry_run:
        return result
    if not synchronous:
        leave_synchronous(cluster, wait_s)
        return {**result, "sync_state": "async"}
    if result["sync_state"] is None:
        raise Refused(
            "the primary stays asynchronous",
            device=cluster.device,
            cause=f"{standby} does not stream from here, so every commit would wait for it",
            next_step="bring the standby back first",
        )
    cluster.write(cluster.synchronous_file, f"synchronous_standby_names = '\"{standby}\"'\n")
    cluster.psql("SELECT pg_reload_conf();")
    cluster.wait_for(
        lambda: _sync_state(read_info(cluster), standby) == "sync", wait_s, f"{standby} is not synchronous"
    )
    return {**result, "sync_state": "sync"}


def _sync_state(info: dict[str, Any], standby: str) -> str | None:
    for row in info["replication"]:
        if row["application_name"] == standby and row["state"] == "streaming":
            return str(row["sync_state"])
    return None
