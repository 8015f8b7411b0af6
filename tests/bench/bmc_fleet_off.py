# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand servers switched off, each seen to be off: the library beside ipmipower --wait-until-off.

What is behind the BMCs is looked at after each run: a file that says on or off.
"""

from __future__ import annotations

import argparse

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import Fleet, fleet
from ansible_collections.anjianyun.datacenter.tests.bench._figures import leave
from ansible_collections.anjianyun.datacenter.tests.bench._fleet import (
    ask,
    freeipmi,
    median,
    spread,
    version,
)


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    ours, theirs = [], []
    left_on = []
    with fleet(arguments.bmcs) as (made, wanted):
        for _run in range(arguments.runs):
            made.set_power("on")
            spent, said = ask(wanted, "power", state="off", interval_s=0.5)
            ours.append(spent)
            bad = [address for address, share in said["targets"].items() if not share.get("confirmed")]
            if bad or _on(made):
                raise SystemExit(f"not confirmed: {bad[:5]}; still on: {_on(made)}")
            made.set_power("on")
            spent, _lines = freeipmi(made, wanted, "ipmipower", "--off", "--wait-until-off")
            theirs.append(spent)
            left_on.append(_on(made))
    leave(
        "bmc_fleet_off",
        unit="s",
        ours=median(ours),
        peer={
            "name": "ipmipower --off --wait-until-off",
            "version": version("ipmipower"),
            "value": median(theirs),
        },
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        spread={"ours": spread(ours), "ipmipower": spread(theirs)},
        ipmipower_left_on={"least": min(left_on), "most": max(left_on)},
    )


def _on(made: Fleet) -> int:
    return sum(state == "on" for state in made.power().values())


if __name__ == "__main__":
    main()
