# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power state of a thousand BMCs: the library beside freeipmi's ipmipower, each as a whole program.

Measured again with one BMC in twenty dead and one in a hundred with another password: the living must not
notice.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import Fleet, fleet
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Cost, leave
from ansible_collections.anjianyun.datacenter.tests.bench._fleet import (
    POWER_PACES,
    Ill,
    Peer,
    ask,
    freeipmi,
    judge,
    living,
    median,
    spread,
    within_bound,
)


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    ours, ill, well_said, ill_said = [], [], [], []
    with fleet(arguments.bmcs) as (made, wanted):
        memory = made.memory_mib()
        peer = Peer(arguments.bmcs, lambda pace: _theirs(made, wanted, pace), POWER_PACES)
        peer.settle()
        for _run in range(arguments.runs):
            spent, said = ask(wanted, "info", gather=["power"])
            ours.append(spent)
            well_said.append(said)
            _all_on(said["targets"], wanted)
            peer.round()
        who = Ill(wanted)
        made.stop(who.dead)
        for _run in range(arguments.runs):
            spent, said = ask(wanted, "info", who.wrong, gather=["power"])
            ill.append(spent)
            ill_said.append(said)
            _all_on(said["targets"], who.living)
            who.check(said)
    noticed, bound = living(well_said, ill_said, who.living), within_bound(well_said + ill_said)
    leave(
        "bmc_fleet_power",
        unit="s",
        ours=median(ours),
        peer=peer.figures(" --stat", "ipmipower", arguments.runs),
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        spread={"ours": spread(ours), "ipmipower": peer.spread, "with the dead": spread(ill)},
        living=noticed,
        bound=bound,
        simulators_mib=round(memory),
    )
    judge(noticed, bound)


def _theirs(made: Fleet, wanted: list[str], pace: Sequence[str]) -> tuple[Cost, int]:
    """And of how many BMCs it says that they are on."""
    spent, lines = freeipmi(made, wanted, "ipmipower", *pace, "--stat")
    return spent, sum(line.endswith(": on") for line in lines)


def _all_on(shares: dict[str, Any], wanted: list[str]) -> None:
    bad = {a: shares[a].get("msg") for a in wanted if shares[a].get("power", {}).get("power") != "on"}
    if bad:
        raise SystemExit(f"{len(bad)} BMCs did not say 'on': {list(bad.items())[:3]}")


if __name__ == "__main__":
    main()
