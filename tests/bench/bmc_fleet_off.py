# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand servers switched off, each seen to be off: the library beside ipmipower --wait-until-off.

What is behind the BMCs is looked at after each run: a file that says on or off. Measured again with one BMC
in twenty dead and one in a hundred with another password, whose servers have to be on all the same.
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
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    ours, ill, well_said, ill_said = [], [], [], []
    with fleet(arguments.bmcs) as (made, wanted):
        peer = Peer(arguments.bmcs, lambda pace: _theirs(made, wanted, pace), POWER_PACES)
        peer.settle()
        for _run in range(arguments.runs):
            spent, said = _ours(made, wanted, wanted)
            ours.append(spent)
            well_said.append(said)
            peer.round()
        who = Ill(wanted)
        made.stop(who.dead)
        for _run in range(arguments.runs):
            spent, said = _ours(made, wanted, who.living, who.wrong)
            ill.append(spent)
            ill_said.append(said)
            who.check(said)
    noticed, bound = living(well_said, ill_said, who.living), within_bound(well_said + ill_said)
    leave(
        "bmc_fleet_off",
        unit="s",
        ours=median(ours),
        peer=peer.figures(" --off --wait-until-off", "ipmipower", arguments.runs),
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        spread={"ours": spread(ours), "ipmipower": peer.spread, "with the dead": spread(ill)},
        living=noticed,
        bound=bound,
    )
    judge(noticed, bound)


def _ours(
    made: Fleet, wanted: list[str], living: list[str], wrong: frozenset[str] = frozenset()
) -> tuple[Cost, dict[str, Any]]:
    """All are asked; the living are off then, and nobody else who runs is."""
    made.set_power("on")
    spent, said = ask(wanted, "power", wrong, state="off", interval_s=0.5)
    bad = [one for one in living if not said["targets"][one].get("confirmed")]
    astray = [one for one, state in made.power().items() if (state == "off") != (one in living)]
    if bad or astray:
        raise SystemExit(f"not confirmed: {bad[:5]}; not what they should be: {astray[:5]}")
    return spent, said


def _theirs(made: Fleet, wanted: list[str], pace: Sequence[str]) -> tuple[Cost, int]:
    """And how many servers are off, whatever it says."""
    made.set_power("on")
    spent, _lines = freeipmi(made, wanted, "ipmipower", *pace, "--off", "--wait-until-off")
    return spent, sum(state == "off" for state in made.power().values())


if __name__ == "__main__":
    main()
