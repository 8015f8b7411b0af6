# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a standby where there is no database yet; never where there is one."""

from __future__ import annotations

import os
import shutil
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    Cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import holds_data
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.kept import gone_for
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.rejoin import (
    SIGNAL_TEXT,
    Peer,
    ask_upstream,
    copy_base,
    ensure_slot,
    require_configuration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.durable import sync_directory
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused


def clone(cluster: Cluster, peer: Peer, *, slot: str, timeout_s: float, dry_run: bool) -> dict[str, Any]:
    """Copy the primary into this cluster's data directory and leave it stopped, as a standby.

    A directory that is a copy already is left alone. One that initdb made and nobody used is
    replaced. A cut-off copy lies beside the data directory and is begun anew.

    :raises Refused: when the directory holds another database, or one that may open read-write, or a
        copy for which the primary no longer has the log.
    """
    upstream = ask_upstream(cluster, peer)
    result: dict[str, Any] = {"changed": True, "timeline": upstream.timeline, "upstream": peer.host}
    if (cluster.data_directory / "PG_VERSION").exists():
        same = cluster.control().system_identifier == upstream.system_identifier
        if same and cluster.standby_signal.exists():
            gone = gone_for(cluster, peer.rewind, slot, cluster.control())
            if gone:
                raise Refused(
                    "this copy can follow no more",
                    device=cluster.device,
                    cause=gone,
                    next_step="make it anew with pg_rejoin and allow_rebuild, which keeps the old directory",
                )
            return {**result, "changed": False}
        if same or holds_data(cluster):
            raise Refused(
                "this directory is not overwritten",
                device=cluster.device,
                cause="it is a former primary of the same database" if same else "it holds another database",
                next_step="bring it back with pg_rejoin" if same else "move its data away by hand",
            )
        if cluster.postmaster() is not None and not dry_run:
            cluster.stop_fast(timeout_s)
    if dry_run:
        return result
    require_configuration(cluster, peer, slot)
    ensure_slot(cluster, peer, slot)
    fresh = copy_base(cluster, peer, slot=slot, timeout_s=timeout_s)
    owner = cluster.owner()
    signal = fresh / "standby.signal"
    signal.write_text(SIGNAL_TEXT, encoding="utf-8")
    os.chown(signal, owner.pw_uid, owner.pw_gid)
    if cluster.data_directory.exists():
        shutil.rmtree(cluster.data_directory)
    os.rename(fresh, cluster.data_directory)
    sync_directory(cluster.data_directory.parent)
    return result
