# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a stopped former primary back as a standby of the new one, losing nothing in silence.

Each step says durably what it is about to do (``rejoin.json`` beside the data directory) before it
does it, so a run that was killed is run again. While that file stands, the boot guard keeps the
server down: a directory in the middle of a rewind is no database.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    Cluster,
    read_settings,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    ControlData,
    parse_history,
    parse_lsn,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.fork import (
    COPY_ANEW,
    FOLLOW,
    REBUILD,
    REFUSE,
    REWIND,
    Decision,
    Upstream,
    decide_rejoin,
    switch_point,
    without_log,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import read_info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.kept import (
    Flow,
    GoneWatch,
    LogGone,
    gone_for,
    missing,
    read_kept,
    restores,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import (
    SLOT_NAME,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.tail import (
    keep_tail,
    read_progress,
    records_after,
    write_progress,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.durable import sync_directory
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

SIGNAL_TEXT = "# This node follows the other centre.\n"
# A standby that was only just started gets this many seconds to show that it streams.
PATIENCE_S = 5
# How often a standby that waits for the stream is held against what the upstream still has.
WATCH_S = 2

UPSTREAM_QUERY = """
SELECT json_build_object('in_recovery', pg_is_in_recovery(),
 'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
 'timeline', t, 'current', CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END,
 'history', CASE WHEN t > 1 THEN convert_from(
     pg_read_binary_file('pg_wal/' || lpad(upper(to_hex(t)), 8, '0') || '.history'), 'UTF8') END)
FROM (SELECT CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
 ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS t) AS timeline;
"""


@dataclasses.dataclass(frozen=True)
class Peer:
    """How the new primary is reached. Passwords stand in the owner's .pgpass."""

    host: str
    port: int
    rewind_user: str
    replication_user: str
    sslmode: str
    sslrootcert: str | None

    def conninfo(self, user: str, **more: str) -> str:
        words = {
            "host": self.host,
            "port": str(self.port),
            "user": user,
            "sslmode": self.sslmode,
            "connect_timeout": "3",
            **more,
        }
        if self.sslrootcert:
            words["sslrootcert"] = self.sslrootcert
        return " ".join(f"{key}={value}" for key, value in words.items())

    @property
    def rewind(self) -> str:
        return self.conninfo(self.rewind_user, dbname="postgres")


def rejoin(
    cluster: Cluster,
    peer: Peer,
    *,
    slot: str | None,
    allow_rewind: bool,
    allow_rebuild: bool,
    keep_old: bool,
    timeout_s: float,
    dry_run: bool,
) -> dict[str, Any]:
    """Make this node a streaming standby of ``peer``.

    :raises Refused: when that would need a rewind or a rebuild that is not allowed, or when it
        cannot be said which of the two nodes is right.
    """
    started = time.time()
    finish_swap(cluster, dry_run)
    upstream = ask_upstream(cluster, peer)
    slot = slot or read_settings(cluster.config_directory).get("primary_slot_name")
    require_configuration(cluster, peer, slot)
    following = _following(cluster, upstream)
    if following is not None:
        return {**_result("none", following, started), "streaming": True, "timeline": upstream.timeline}
    control = _local_control(cluster)
    decision = _decide(cluster, control, upstream, allow_rewind, allow_rebuild)
    decision = held_against_log(cluster, peer, control, decision, slot=slot, allow_rebuild=allow_rebuild)
    result = _result(decision.action, decision.reason, started)
    result["diverged"] = decision.diverged
    if decision.switch_lsn:
        result["divergence"] = {"switch_lsn": decision.switch_lsn, "timeline": control.highest_timeline}
    if decision.action == REFUSE:
        raise Refused(
            "this node does not come back",
            device=cluster.device,
            cause=decision.reason,
            next_step=decision.next_step
            or "allow the rewind or the rebuild if its own tail may go (it is kept beside the data)",
            result=result,
        )
    result["changed"] = True
    if dry_run:
        return result
    try:
        try:
            _make_standby(
                cluster, peer, control, decision, result, slot=slot, keep_old=keep_old, timeout_s=timeout_s
            )
        except LogGone as gone:
            # Gone since the decision, or at the edge of a file, where only the attempt tells.
            if not allow_rebuild or decision.action == REBUILD:
                raise
            decision = without_log(dataclasses.replace(decision, switch_lsn=None), str(gone.cause), True)
            result.update(action=decision.action, reason=decision.reason)
            _make_standby(
                cluster, peer, control, decision, result, slot=slot, keep_old=keep_old, timeout_s=timeout_s
            )
    except DatacenterError as error:
        error.result = {**result, **error.result}
        raise
    result["timeline"] = upstream.timeline
    result["times"]["ended"] = time.time()
    return result


def _result(action: str, reason: str, started: float) -> dict[str, Any]:
    return {
        "changed": False,
        "action": action,
        "reason": reason,
        "diverged": False,
        "divergence": None,
        "kept_directory": None,
        "lost": None,
        "replaced_directory": None,
        "slots_dropped": [],
        "streaming": False,
        "timeline": None,
        "times": {"started": started},
    }


def ask_upstream(cluster: Cluster, peer: Peer) -> Upstream:
    """:raises Unreachable: when the new primary does not answer; nothing was done then."""
    answer = cluster.query(UPSTREAM_QUERY, conninfo=peer.rewind, timeout_s=10)
    return Upstream(
        in_recovery=answer["in_recovery"],
        system_identifier=answer["system_identifier"],
        timeline=answer["timeline"],
        current=answer["current"],
        history=parse_history(answer["history"] or ""),
    )


def require_configuration(cluster: Cluster, peer: Peer, slot: str | None) -> None:
    conninfo = read_settings(cluster.config_directory).get("primary_conninfo", "")
    if f"host={peer.host}" not in conninfo.split():
        raise DatacenterError(
            f"the configuration does not name {peer.host} as the one to follow",
            device=cluster.device,
            cause="primary_conninfo names no such host",
            next_step="run the role postgresql_ha on this node",
        )
    if slot and not SLOT_NAME.match(slot):
        raise DatacenterError("a replication slot cannot be named so", device=cluster.device, cause=slot)


def _following(cluster: Cluster, upstream: Upstream) -> str | None:
    """A sentence when the node already streams from the upstream; None when there is work to do."""
    if cluster.postmaster() is None:
        return None
    deadline = time.monotonic() + PATIENCE_S
    flow = Flow()
    while True:
        info = read_info(cluster)
        if info["role"] == "primary":
            raise Refused(
                "this node runs read-write",
                device=cluster.device,
                cause=f"a primary on timeline {info['timeline']}, the upstream is on {upstream.timeline}",
                next_step="fence or stop it first: there may be two writers",
                result={"info": info},
            )
        if flow.flows(info["receiver"]) and info["timeline"] == upstream.timeline:
            return f"this node streams on timeline {upstream.timeline} already"
        if time.monotonic() > deadline:
            return None
        time.sleep(0.1)


def _local_control(cluster: Cluster) -> ControlData:
    """The control file, with the timeline of a promotion that it has not heard of yet.

    A promotion writes the new timeline's history first and the control file with the next checkpoint,
    minutes later; a primary that crashed in between was on the new timeline all the same.
    """
    control = cluster.control()
    if control.clean or cluster.standby_signal.exists():
        return control
    histories = (cluster.data_directory / "pg_wal").glob("????????.history")
    newest = max([control.timeline, *(int(path.name[:8], 16) for path in histories)])
    return dataclasses.replace(control, timeline=newest)


def _decide(
    cluster: Cluster, control: ControlData, upstream: Upstream, allow_rewind: bool, allow_rebuild: bool
) -> Decision:
    progress = read_progress(cluster)
    if progress.get("step") == "rebuild":
        return Decision(REBUILD, "an earlier rebuild did not end", progress.get("switch_lsn"))
    switch = switch_point(control.highest_timeline, upstream)
    after = records_after(cluster, control.highest_timeline, switch) if switch else None
    return decide_rejoin(
        control,
        upstream,
        records_after_switch=after,
        allow_rewind=allow_rewind,
        allow_rebuild=allow_rebuild,
        interrupted_rewind=progress.get("step") == "rewind",
        # pg_basebackup leaves this file, and the first start as a standby takes it away.
        fresh_copy=(cluster.data_directory / "backup_label").exists() and progress.get("step") != "rewind",
    )


def held_against_log(
    cluster: Cluster,
    peer: Peer,
    control: ControlData,
    decision: Decision,
    *,
    slot: str | None,
    allow_rebuild: bool,
) -> Decision:
    """The decision, held against the log that the upstream still has."""
    gone = None
    if decision.action == FOLLOW:
        gone = gone_for(cluster, peer.rewind, slot, control)
    elif decision.action == REWIND and not restores(cluster):
        # A rewound node replays from a checkpoint before the fork, out of the upstream's files.
        switch = parse_lsn(decision.switch_lsn or "0/0")
        kept = read_kept(cluster, peer.rewind, slot, control.segment_bytes)
        gone = missing(kept, [switch // control.segment_bytes] if switch else [], control.highest_timeline)
    return without_log(decision, gone, allow_rebuild) if gone else decision


def _make_standby(
    cluster: Cluster,
    peer: Peer,
    control: ControlData,
    decision: Decision,
    result: dict[str, Any],
    *,
    slot: str | None,
    keep_old: bool,
    timeout_s: float,
) -> None:
    if cluster.postmaster() is not None:
        cluster.stop_fast(timeout_s)
    if slot:
        ensure_slot(cluster, peer, slot)
    if decision.switch_lsn and decision.switch_lsn != "0/0":
        result.update(keep_tail(cluster, control, control.highest_timeline, decision.switch_lsn))
    if decision.action == REWIND:
        _rewind(cluster, peer, control, decision, timeout_s)
    elif decision.action == REBUILD:
        result["replaced_directory"] = _rebuild(
            cluster, peer, decision, slot=slot, keep_old=keep_old, timeout_s=timeout_s
        )
    elif decision.action != FOLLOW:
        raise DatacenterError(f"there is no way to do {decision.action!r}", device=cluster.device)
    cluster.write(cluster.standby_signal, SIGNAL_TEXT)
    cluster.synchronous_file.unlink(missing_ok=True)
    cluster.rejoin_progress.unlink(missing_ok=True)
    # It comes back as a standby: the fence has served. The marker stays until here.
    cluster.fence_marker.unlink(missing_ok=True)
    watch = GoneWatch(cluster, peer.rewind, slot)
    cluster.start(timeout_s)
    wait_streaming(cluster, timeout_s, watch)
    result["streaming"] = True
    result["slots_dropped"] = _drop_own_slots(cluster)


def ensure_slot(cluster: Cluster, peer: Peer, slot: str) -> None:
    """The slot on the upstream that this node will read from; a lost one is made anew."""
    conninfo = peer.conninfo(peer.replication_user, dbname="postgres")
    state = cluster.psql(
        f"SELECT coalesce(wal_status, 'lost') FROM pg_replication_slots WHERE slot_name = '{slot}';",
        conninfo=conninfo,
    )
    command = ""
    if state == "lost":
        command += f"SELECT pg_drop_replication_slot('{slot}');\n"
    if state in ("", "lost"):
        command += f"SELECT 1 FROM pg_create_physical_replication_slot('{slot}', true);\n"
        cluster.psql(command, conninfo=conninfo)


def _rewind(cluster: Cluster, peer: Peer, control: ControlData, decision: Decision, timeout_s: float) -> None:
    """pg_rewind. It writes the control file last, so a run that was killed can be repeated."""
    # A fresh checkpoint there puts the new timeline into its control file, which pg_rewind reads:
    # without it a rewind right after a promotion may say that none is needed.
    version = int(cluster.psql("SHOW server_version_num;", conninfo=peer.rewind)) // 10000
    if version >= 15:
        cluster.psql("CHECKPOINT;", conninfo=peer.rewind, timeout_s=timeout_s)
    write_progress(cluster, "rewind", switch_lsn=decision.switch_lsn, timeline=control.highest_timeline)
    # With the signal file in place the crash recovery that a rewind begins with would not run.
    cluster.standby_signal.unlink(missing_ok=True)
    cluster.clear_stale_pid()
    config = cluster.config_directory / "postgresql.conf"
    command = [
        cluster.program("pg_rewind"), "-D", str(cluster.data_directory), f"--source-server={peer.rewind}",
    ]  # fmt: skip
    if int(cluster.version) >= 15:
        command.append(f"--config-file={config}")
    elif not control.clean:
        _recover(cluster, config, timeout_s)
    try:
        cluster.run(command, timeout_s=timeout_s)
    except DatacenterError as error:
        error.next_step = "run this again; if it fails again allow the rebuild (the tail is kept)"
        raise


def _recover(cluster: Cluster, config: Path, timeout_s: float) -> None:
    """Crash recovery in single-user mode, which older pg_rewind cannot do with a configuration elsewhere."""
    cluster.run(
        [cluster.program("postgres"), "--single", "-F", "-D", str(cluster.data_directory),
         "-c", f"config_file={config}", "template1"],
        timeout_s=timeout_s,
        stdin="",
    )  # fmt: skip


def _rebuild(
    cluster: Cluster, peer: Peer, decision: Decision, *, slot: str | None, keep_old: bool, timeout_s: float
) -> str | None:
    """A new copy beside the old directory, then the two change places."""
    write_progress(cluster, "rebuild", switch_lsn=decision.switch_lsn)
    copy_base(cluster, peer, slot=slot, timeout_s=timeout_s)
    replaced = cluster.data_directory.with_name(
        f"{cluster.data_directory.name}.replaced-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    )
    write_progress(cluster, "swap", replaced=str(replaced))
    os.rename(cluster.data_directory, replaced)
    finish_swap(cluster, dry_run=False)
    if not keep_old:
        shutil.rmtree(replaced)
        return None
    return str(replaced)


def copy_base(cluster: Cluster, peer: Peer, *, slot: str | None, timeout_s: float) -> Path:
    """A base backup beside the data directory (``<name>.new``), begun anew after a cut-off one."""
    fresh = cluster.data_directory.with_name(cluster.data_directory.name + ".new")
    if fresh.exists():
        shutil.rmtree(fresh)
    command = [
        cluster.program("pg_basebackup"), "-D", str(fresh), "-X", "stream", "-c", "fast", "-w",
        "-d", peer.conninfo(peer.replication_user),
    ]  # fmt: skip
    cluster.run([*command, *(["-S", slot] if slot else [])], timeout_s=timeout_s)
    return fresh


def finish_swap(cluster: Cluster, dry_run: bool) -> None:
    """Between the two renames there is no data directory; a killed run is finished here."""
    fresh = cluster.data_directory.with_name(cluster.data_directory.name + ".new")
    if cluster.data_directory.exists() or dry_run or read_progress(cluster).get("step") != "swap":
        return
    (fresh / "standby.signal").touch(mode=0o600)
    owner = cluster.owner()
    os.chown(fresh / "standby.signal", owner.pw_uid, owner.pw_gid)
    os.rename(fresh, cluster.data_directory)
    sync_directory(cluster.data_directory.parent)


def wait_streaming(cluster: Cluster, timeout_s: float, gone: Callable[[], str | None]) -> None:
    """Wait until the node gets log from the upstream.

    :param gone: a sentence when that cannot come about any more.
    :raises LogGone: some seconds after the start when it cannot.
    """
    deadline = time.monotonic() + timeout_s
    look = time.monotonic() + WATCH_S
    flow = Flow()
    while True:
        if flow.flows(read_info(cluster)["receiver"]):
            return
        if time.monotonic() > look:
            cause = gone()
            if cause:
                raise LogGone(
                    "this node can follow no more", device=cluster.device, cause=cause, next_step=COPY_ANEW
                )
            look = time.monotonic() + WATCH_S
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                f"the server runs as a standby and does not stream after {timeout_s:g} s",
                device=cluster.device,
                cause=cluster.log_tail(),
                next_step="run this again: it decides anew",
            )
        time.sleep(0.05)


def _drop_own_slots(cluster: Cluster) -> list[str]:
    """Slots left from the time as primary: on a standby they would only hold back the log."""
    dropped = cluster.query(
        "SELECT coalesce(json_agg(slot_name), '[]') FROM (SELECT slot_name, "
        "pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
        "WHERE slot_type = 'physical' AND NOT active) AS gone;"
    )
    return [str(name) for name in dropped]
