# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How may a former primary come back? A pure decision: facts in, an action and a sentence out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    CLEAN_PRIMARY,
    CLEAN_STANDBY,
    ControlData,
    parse_lsn,
)

FOLLOW, REWIND, REBUILD, REFUSE = "follow", "rewind", "rebuild", "refuse"
COPY_ANEW = (
    "run this again with allow_rebuild, a runbook with -e dr_copy_anew=true: it copies the whole database "
    "and keeps the old directory beside it"
)
STANDBY_STATES = (CLEAN_STANDBY, "in archive recovery")


@dataclasses.dataclass(frozen=True)
class Upstream:
    """What the present primary says of itself."""

    in_recovery: bool
    system_identifier: str
    timeline: int
    current: str | None
    history: Sequence[tuple[int, str]]
    """Ancestors of its timeline and where each was left."""


@dataclasses.dataclass(frozen=True)
class Decision:
    action: str
    reason: str
    switch_lsn: str | None = None
    """Where the two logs part; None when they do not, or it is not known."""
    next_step: str | None = None
    """What a person can do about a refusal, where it is not the usual."""

    @property
    def diverged(self) -> bool:
        # A node is copied anew also when it wrote nothing of its own, and only the log to follow is gone.
        return self.action != FOLLOW and self.switch_lsn is not None


def switch_point(local_timeline: int, upstream: Upstream) -> str | None:
    """Where the upstream left the local timeline; None when it never was on it."""
    for timeline, position in upstream.history:
        if timeline == local_timeline:
            return position
    return None


def decide_rejoin(
    local: ControlData,
    upstream: Upstream,
    *,
    records_after_switch: bool | None,
    allow_rewind: bool,
    allow_rebuild: bool,
    interrupted_rewind: bool = False,
    fresh_copy: bool = False,
) -> Decision:
    """Decide from the control file of a stopped cluster.

    :param records_after_switch: does the local log hold records after the switch point; None when
        it was not asked or could not be read. Only a crashed primary needs it: its control file
        does not say how far it wrote.
    :param interrupted_rewind: an earlier rewind of this directory did not end; nothing but a
        rewind or a rebuild can make it whole.
    :param fresh_copy: the directory is a copy of the upstream that was never started (its control
        file then says what the upstream's said).
    """
    if upstream.in_recovery:
        return Decision(REFUSE, "the upstream is itself a standby; there is no primary to follow")
    if local.system_identifier != upstream.system_identifier:
        return Decision(
            REFUSE,
            f"this is another database (system identifier {local.system_identifier}, "
            f"the upstream's is {upstream.system_identifier}); its data are not thrown away",
        )
    if local.highest_timeline > upstream.timeline:
        return Decision(
            REFUSE,
            f"this node is on timeline {local.highest_timeline}, newer than the upstream's"
            f" {upstream.timeline}: it was promoted later, so it is the upstream that may have to come back",
        )
    if local.highest_timeline == upstream.timeline:
        return _same_timeline(local, upstream, fresh_copy)
    switch = switch_point(local.highest_timeline, upstream)
    if switch is None:
        reason = f"the upstream never was on this node's timeline {local.highest_timeline}"
        return _repair(local, reason, "0/0", allow_rewind, allow_rebuild)
    if interrupted_rewind:
        return _repair(local, "an earlier rewind did not end", switch, allow_rewind, allow_rebuild)
    ahead = _ahead(local, switch, records_after_switch)
    if ahead is None:
        return Decision(
            REFUSE, f"it is not known whether this node wrote beyond {switch}, where the upstream forked"
        )
    if not ahead:
        return Decision(FOLLOW, f"this node wrote nothing beyond {switch}, where the upstream forked")
    reason = f"this node wrote beyond {switch}, where the upstream forked"
    return _repair(local, reason, switch, allow_rewind, allow_rebuild)


def without_log(decision: Decision, gone: str, allow_rebuild: bool) -> Decision:
    """The decision when the upstream no longer has the log that this node would go on with.

    A rewind does not help either: the node has to replay from before the fork all the same.
    """
    if allow_rebuild:
        return Decision(REBUILD, f"{decision.reason}; but {gone}, so it is copied anew", decision.switch_lsn)
    return Decision(
        REFUSE,
        f"{decision.reason}; but {gone}, and copying it anew is not allowed",
        decision.switch_lsn,
        COPY_ANEW,
    )


def _same_timeline(local: ControlData, upstream: Upstream, fresh_copy: bool) -> Decision:
    if fresh_copy:
        return Decision(FOLLOW, "this directory is a copy of the upstream that was never started")
    if local.state not in STANDBY_STATES:
        return Decision(
            REFUSE,
            f"this node and the upstream both wrote as primary on timeline {upstream.timeline} "
            f"(its control file says {local.state!r}): they cannot be told apart",
        )
    if upstream.current and parse_lsn(local.min_recovery_end_lsn) > parse_lsn(upstream.current):
        return Decision(
            REFUSE,
            f"this node holds {local.min_recovery_end_lsn}, more than its upstream's {upstream.current}",
        )
    return Decision(FOLLOW, f"this node was a standby on the upstream's timeline {upstream.timeline}")


def _ahead(local: ControlData, switch: str, records_after_switch: bool | None) -> bool | None:
    """Did this node write (or replay) beyond the fork?"""
    if local.state == CLEAN_PRIMARY:
        # The shutdown record begins there and is the last of its log.
        return parse_lsn(local.checkpoint_lsn) >= parse_lsn(switch)
    if local.state in STANDBY_STATES and parse_lsn(local.min_recovery_end_lsn) > parse_lsn(switch):
        return True
    return records_after_switch


def _repair(
    local: ControlData, reason: str, switch: str, allow_rewind: bool, allow_rebuild: bool
) -> Decision:
    can_rewind = local.wal_log_hints or local.checksums
    if allow_rewind and can_rewind:
        return Decision(REWIND, reason, switch)
    if allow_rebuild:
        why = "a rewind is not allowed" if can_rewind else "neither checksums nor wal_log_hints are on"
        return Decision(REBUILD, f"{reason}; {why}, so it is copied anew", switch)
    obstacle = (
        "rewinding is not allowed" if can_rewind else "it cannot be rewound (no checksums, no wal_log_hints)"
    )
    return Decision(REFUSE, f"{reason}; {obstacle} and rebuilding it is not allowed", switch)
