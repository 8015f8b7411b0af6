# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All sensors of a thousand BMCs: the library beside freeipmi's ipmi-sensors with its fan-out.

Both keep what hardly changes (which sensors there are) in a folder; the first round fills it, and is given
apart. Measured again with one BMC in twenty dead and one in a hundred with another password.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import Fleet, fleet
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Cost, leave
from ansible_collections.anjianyun.datacenter.tests.bench._fleet import (
    SENSOR_PACES,
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
    with fleet(arguments.bmcs) as (made, wanted):
        first, _said = _ours(made, wanted)
        their_first, first_answered = _theirs(made, wanted, SENSOR_PACES[0])
        peer = Peer(arguments.bmcs, lambda pace: _theirs(made, wanted, pace), SENSOR_PACES)
        peer.settle()
        ours, well_said, ill, ill_said = [], [], [], []
        for _run in range(arguments.runs):
            spent, said = _ours(made, wanted)
            ours.append(spent)
            well_said.append(said)
            peer.round()
        who = Ill(wanted)
        made.stop(who.dead)
        for _run in range(arguments.runs):
            spent, said = _ours(made, wanted, who)
            ill.append(spent)
            ill_said.append(said)
    noticed, bound = living(well_said, ill_said, who.living), within_bound(well_said + ill_said)
    leave(
        "bmc_fleet_sensors",
        unit="s",
        ours=median(ours),
        peer=peer.figures("", "ipmi-sensors", arguments.runs),
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        spread={"ours": spread(ours), "ipmi-sensors": peer.spread, "with the dead": spread(ill)},
        without_the_folder={
            "ours": spread([first]),
            "ipmi-sensors": {**spread([their_first]), "answers": first_answered},
        },
        living=noticed,
        bound=bound,
    )
    judge(noticed, bound)


def _ours(made: Fleet, wanted: list[str], who: Ill | None = None) -> tuple[Cost, dict[str, Any]]:
    wrong = who.wrong if who else frozenset[str]()
    spent, said = ask(wanted, "sensor", wrong, cache=str(made.directory / "ours"))
    shares = said["targets"]
    bad = [
        one for one in (who.living if who else wanted) if "error" in shares[one] or not shares[one]["sensors"]
    ]
    if bad:
        raise SystemExit(f"{len(bad)} BMCs were not read: {shares[bad[0]].get('msg')}")
    if who:
        who.check(said)
    return spent, said


def _theirs(made: Fleet, wanted: list[str], pace: Sequence[str]) -> tuple[Cost, int]:
    """And how many BMCs it has lines of."""
    kept = made.directory / "freeipmi"
    kept.mkdir(exist_ok=True, mode=0o700)
    spent, lines = freeipmi(made, wanted, "ipmi-sensors", *pace, f"--sdr-cache-directory={kept}", "-Q")
    return spent, len({line.split(":")[0] for line in lines if "Inlet Temp" in line})


if __name__ == "__main__":
    main()
