#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds from the approval of a failover to the first acknowledged report: the runbook beside the floor.

The primary's database server dies under the county's reports; the operator's word is given at once. The floor
(floor/failover.sh) does the same acts and takes the same readings over sessions that are open already. In
between, and outside of what is timed, the failback brings the server and the service home.
"""

from __future__ import annotations

import sys

from ansible_collections.anjianyun.datacenter.tests.bench._drill import (
    AWAY,
    HOME,
    RUNS,
    Figures,
    Twin,
)
from ansible_collections.anjianyun.datacenter.tests.bench._floor import (
    bring_back,
    by_floor,
    by_runbook,
    leave_beside_floor,
    policy_of,
)


def main() -> int:
    ours: list[Figures] = []
    floor: list[Figures] = []
    with Twin().up() as twin:
        policy = policy_of(twin)
        for number in range(RUNS):
            for move, kept in ((by_runbook, ours), (by_floor, floor)):
                figures = move(twin, "failover", AWAY)
                kept.append(figures)
                print(f"{number + 1} of {RUNS}: {move.__name__}: rto {figures.rto_s:.3f} s", flush=True)
                bring_back(twin, policy)
    leave_beside_floor(
        "dr_failover", "failover.sh", [one.rto_s for one in ours], [one.rto_s for one in floor],
        limit_s=5.0, figure="rto_s", fault=f"power_cut at the database server of {HOME}",
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
