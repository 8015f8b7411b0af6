#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a dead primary to the first acknowledged report: the runbook beside Patroni, same machines, same run.

Who detects the death differs: Patroni by the leader's key that runs out in its store, the runbook by an
operator who orders it. So detection is set equal by taking it out: ``ours`` and the peer's ``value`` are from
where it is known that the primary is dead (the approval; the moment at which the store deletes the key) to
the first acknowledged report. ``total`` is from the last report before the death; the runbook is begun at
once there, and its gates are in it. The runbook fences within its figure (power off by the BMC, read three
times); Patroni here fences nothing.
"""

from __future__ import annotations

import statistics
import sys

from ansible_collections.anjianyun.datacenter.tests.bench._drill import (
    AWAY,
    HOME,
    RUNS,
    Figures,
    Twin,
    spread,
)
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Goal, leave
from ansible_collections.anjianyun.datacenter.tests.bench._floor import bring_back, by_runbook, policy_of
from ansible_collections.anjianyun.datacenter.tests.bench._patroni import Patroni


def main() -> int:
    ours: list[Figures] = []
    theirs: list[Figures] = []
    after: list[float] = []
    with Twin().up() as twin, Patroni(twin).ready() as patroni:
        policy = policy_of(twin)
        for number in range(RUNS):
            # Patroni would move by itself when the machine dies for the other's turn.
            patroni.stop()
            ours.append(by_runbook(twin, "failover", AWAY))
            bring_back(twin, policy)
            patroni.start_store()
            patroni.start()
            with patroni.service_asleep():
                found, detected = patroni.failover()
                theirs.append(found)
                # Its figures count from the death.
                after.append(found.moments["killed"] + found.rto_s - detected)
                patroni.bring_back(policy)
            print(
                f"{number + 1} of {RUNS}: ours {ours[-1].rto_s:.3f} s ({ours[-1].outage_s:.3f} s in all),"
                f" Patroni {after[-1]:.3f} s ({found.outage_s:.3f} s in all)", flush=True,
            )  # fmt: skip
        version = patroni.version
    mine = [one.rto_s for one in ours]
    leave(
        "dr_failover_patroni",
        unit="s",
        ours=statistics.median(mine),
        peer={"name": "Patroni", "version": version, "value": statistics.median(after)},
        better="lower",
        runs=RUNS,
        goals=[Goal("not slower than Patroni", statistics.median(mine), statistics.median(after))],
        figure="rto_s after detection",
        fault=f"power_cut at the database server of {HOME}",
        spread={"ours": spread(mine), "patroni": spread(after)},
        total={
            "ours": spread([one.outage_s for one in ours]),
            "patroni": spread([one.outage_s for one in theirs]),
        },
        patroni_settings={"ttl": 20, "loop_wait": 1, "retry_timeout": 3},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
