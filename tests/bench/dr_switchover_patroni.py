#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds that a county is out in a planned move: the runbook beside Patroni, same machines, same run.

What Patroni does not do is done by the runbook within its figure: the service's address moves, outbound jobs
end in one centre and begin in the other, and each effect is read back. See _patroni.py for how it stands.
"""

from __future__ import annotations

import statistics
import sys

from ansible_collections.anjianyun.datacenter.tests.bench._drill import AWAY, HOME, RUNS, Twin, spread
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Goal, leave
from ansible_collections.anjianyun.datacenter.tests.bench._floor import by_runbook
from ansible_collections.anjianyun.datacenter.tests.bench._patroni import Patroni


def main() -> int:
    ours: list[float] = []
    theirs: list[float] = []
    with Twin().up() as twin, Patroni(twin).ready() as patroni:
        for number in range(RUNS):
            # One goes there, then the other; and home in the next round.
            to = AWAY if number % 2 == 0 else HOME
            patroni.point_application(False)
            ours.append(by_runbook(twin, "switchover", to).outage_s)
            patroni.point_application(True)
            theirs.append(patroni.switchover(to).outage_s)
            print(
                f"{number + 1} of {RUNS} to {to}: ours {ours[-1]:.3f} s, Patroni {theirs[-1]:.3f} s",
                flush=True,
            )
        patroni.point_application(False)
        if RUNS % 2:
            by_runbook(twin, "switchover", HOME)
        version = patroni.version
    leave(
        "dr_switchover_patroni",
        unit="s",
        ours=statistics.median(ours),
        peer={"name": "Patroni", "version": version, "value": statistics.median(theirs)},
        better="lower",
        runs=RUNS,
        goals=[Goal("not slower than Patroni", statistics.median(ours), statistics.median(theirs))],
        figure="outage_s",
        spread={"ours": spread(ours), "patroni": spread(theirs)},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
