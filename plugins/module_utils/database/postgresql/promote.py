# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a standby for writing, on proof only, and say how long it took."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.proof import (
    StandbyPosition,
    Verdict,
    judge_proof,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.sql import TIMELINE
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

SLOT_NAME = re.compile(r"^[a-z0-9_]{1,63}$")

POSITION = """
SELECT json_build_object('in_recovery', pg_is_in_recovery(),
 'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
 'timeline', @TIMELINE@,
 'received', pg_last_wal_receive_lsn(), 'replayed', pg_last_wal_replay_lsn(),
 'synchronous', current_setting('synchronous_standby_names'),
 'slots', (SELECT coalesce(json_agg(slot_name), '[]') FROM pg_replication_slots
           WHERE wal_status IS DISTINCT FROM 'lost'));
""".replace("@TIMELINE@", TIMELINE)

# pg_promote(wait => true) looks every 100 ms; this loop looks every 2 ms, in the same session.
PROMOTE = """
SELECT extract(epoch FROM clock_timestamp()), pg_promote(false);
DO $$
DECLARE stop_at timestamptz := clock_timestamp() + interval '@TIMEOUT_S@ seconds';
BEGIN
  WHILE pg_is_in_recovery() AND clock_timestamp() < stop_at LOOP PERFORM pg_sleep(0.002); END LOOP;
END $$;
SELECT json_build_object(
 'writable', NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::bool,
 'writable_at', extract(epoch FROM clock_timestamp()),
 'timeline', CASE WHEN pg_is_in_recovery() THEN NULL
   ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
 'current', CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END);
"""


def promote(
    cluster: Cluster,
    *,
    proof: Mapping[str, Any],
    slots: Sequence[str],
    timeout_s: float,
    max_proof_age_s: float,
    dry_run: bool,
) -> dict[str, Any]:
    """Promote the standby when the proof holds.

    :param slots: physical replication slots to make for the nodes that will follow this one;
        made before the promotion, so that they hold the log from before the fork on.
    :raises Refused: nothing was done, the proof does not hold.
    """
    times = {"started": time.time()}
    for name in slots:
        if not SLOT_NAME.match(name):
            raise DatacenterError("a replication slot cannot be named so", device=cluster.device, cause=name)
    state = cluster.query(POSITION)
    result: dict[str, Any] = {
        "changed": False,
        "timeline_before": state["timeline"],
        "timeline_after": state["timeline"],
        "lsn": {"received": state["received"], "replayed": state["replayed"], "promoted_at": None},
        "slots_created": [],
        "times": times,
    }
    verdict, state = _judge(cluster, proof, state, timeout_s, max_proof_age_s, wait=not dry_run)
    result["judged"] = verdict.as_dict()
    if not verdict.ok:
        raise Refused(
            "the standby is not promoted",
            device=cluster.device,
            cause=verdict.reason,
            next_step="fence the old primary and give the proof of it",
            result=result,
        )
    times["proved"] = time.time()
    missing = [name for name in slots if name not in state["slots"]]
    if not state["in_recovery"]:
        if missing and not dry_run:
            create_slots(cluster, missing)
        return {**result, "changed": bool(missing), "slots_created": missing}
    if dry_run:
        return {**result, "changed": True, "slots_created": missing, "commands": ["SELECT pg_promote()"]}
    return _promote(cluster, result, missing, state["synchronous"], timeout_s)


def _judge(
    cluster: Cluster,
    proof: Mapping[str, Any],
    state: dict[str, Any],
    timeout_s: float,
    max_age_s: float,
    *,
    wait: bool,
) -> tuple[Verdict, dict[str, Any]]:
    """Judge the proof; while the answer is 'not here yet', look again until the time is over."""
    deadline = time.monotonic() + timeout_s
    while True:
        position = None
        if state["in_recovery"]:
            position = StandbyPosition(
                state["system_identifier"], state["timeline"], state["received"], state["replayed"]
            )
        verdict = judge_proof(proof, position, now=time.time(), max_age_s=max_age_s)
        if verdict.ok is not None or not wait or time.monotonic() > deadline:
            return verdict, state
        time.sleep(0.02)
        state = cluster.query(POSITION)


def create_slots(cluster: Cluster, names: Sequence[str]) -> None:
    """Make physical slots that hold the log from now on. A lost one of that name is replaced."""
    script = ""
    for name in names:
        script += (
            f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
            f"WHERE slot_name = '{name}' AND wal_status = 'lost';\n"
            f"SELECT 1 FROM pg_create_physical_replication_slot('{name}', true);\n"
        )
    cluster.psql(script)


def _promote(
    cluster: Cluster, result: dict[str, Any], slots: Sequence[str], synchronous: str, timeout_s: float
) -> dict[str, Any]:
    if cluster.synchronous_file.exists() or synchronous:
        # A survivor without a standby must not wait for one at its first commit.
        leave_synchronous(cluster, timeout_s)
        result["changed"] = True
    if slots:
        create_slots(cluster, slots)
        result.update(changed=True, slots_created=list(slots))
    sent = time.time()
    result["times"]["promote_sent"] = sent
    answer = cluster.psql(
        PROMOTE.replace("@TIMEOUT_S@", str(int(max(1, timeout_s)))), timeout_s=timeout_s + 5
    )
    outcome = _last_json(answer)
    result["changed"] = True
    if not outcome["writable"]:
        raise DeadlineExceeded(
            f"the standby was told to promote and does not accept writes after {timeout_s:g} s",
            device=cluster.device,
            cause=cluster.log_tail(),
            next_step="run this again: what is done stays done",
            result=result,
        )
    result["times"]["writable"] = outcome["writable_at"]
    result["timeline_after"] = outcome["timeline"]
    result["lsn"]["promoted_at"] = outcome["current"]
    result["promote_s"] = round(outcome["writable_at"] - sent, 3)
    return result


def _last_json(text: str) -> dict[str, Any]:
    return dict(json.loads(text.splitlines()[-1]))


def leave_synchronous(cluster: Cluster, timeout_s: float) -> None:
    """Take synchronous_standby_names out of the configuration, and wait until it is out of the server."""
    cluster.synchronous_file.unlink(missing_ok=True)
    cluster.psql("SELECT pg_reload_conf();")
    cluster.wait_for(
        lambda: cluster.psql("SELECT current_setting('synchronous_standby_names');") == "",
        timeout_s,
        "synchronous_standby_names is still set (somewhere else than in conf.d/anjianyun-synchronous.conf)",
    )
