#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a county is out in a planned move: the runbook beside the floor.

The floor (floor/switchover.sh) does the same acts and takes the same readings over sessions that are open
already. Both move one service on the same twin under the same county's reports, one after the other; each
goes there as often as home. ``outage_s`` is from the last acknowledged report before to the first one after.
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
    by_floor,
    by_runbook,
    leave_beside_floor,
)


def main() -> int:
    ours: list[Figures] = []
    floor: list[Figures] = []
    with Twin().up() as twin:
        for number in range(RUNS):
            # The way there and the way home are not quite the same: each of the two gets both in turn.
            first, second = (by_runbook, by_floor) if number % 2 == 0 else (by_floor, by_runbook)
            for move, to in ((first, AWAY), (second, HOME)):
                figures = move(twin, "switchover", to)
                (ours if move is by_runbook else floor).append(figures)
                print(
                    f"{number + 1} of {RUNS}: {move.__name__} to {to}: {figures.outage_s:.3f} s", flush=True
                )
    leave_beside_floor(
        "dr_switchover", "switchover.sh", [one.outage_s for one in ours], [one.outage_s for one in floor],
        limit_s=2.0, figure="outage_s",
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
