# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power state of a thousand BMCs: the library beside freeipmi's ipmipower, each as a whole program.

Measured again with one BMC in twenty dead and one in a hundred with another password: the living must not
notice.
"""

from __future__ import annotations

import argparse
from typing import Any

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import fleet
from ansible_collections.anjianyun.datacenter.tests.bench._figures import leave
from ansible_collections.anjianyun.datacenter.tests.bench._fleet import (
    ask,
    freeipmi,
    median,
    percentiles,
    spread,
    version,
)


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    ours, theirs, ill = [], [], []
    said: dict[str, Any] = {}
    answered = []
    with fleet(arguments.bmcs) as (made, wanted):
        memory = made.memory_mib()
        for _run in range(arguments.runs):
            spent, said = ask(wanted, "info", gather=["power"])
            ours.append(spent)
            _all_on(said["targets"], wanted)
            spent, lines = freeipmi(made, wanted, "ipmipower", "--stat")
            theirs.append(spent)
            answered.append(sum(line.endswith(": on") for line in lines))
        well = percentiles(said["targets"])
        dead, wrong = wanted[10::20], frozenset(wanted[5::100])
        made.stop(dead)
        living = [address for address in wanted if address not in dead and address not in wrong]
        for _run in range(arguments.runs):
            spent, said = ask(wanted, "info", wrong, gather=["power"])
            ill.append(spent)
            _all_on(said["targets"], living)
    leave(
        "bmc_fleet_power",
        unit="s",
        ours=median(ours),
        peer={"name": "ipmipower --stat", "version": version("ipmipower"), "value": median(theirs)},
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        spread={"ours": spread(ours), "ipmipower": spread(theirs), "with the dead": spread(ill)},
        ipmipower_answers={"least": min(answered), "most": max(answered)},
        living={"all well": well, "5% dead, 1% wrong password": percentiles(said["targets"])},
        bound_s=round(said["bound_s"], 1),
        simulators_mib=round(memory),
    )


def _all_on(shares: dict[str, Any], wanted: list[str]) -> None:
    bad = {a: shares[a].get("msg") for a in wanted if shares[a].get("power", {}).get("power") != "on"}
    if bad:
        raise SystemExit(f"{len(bad)} BMCs did not say 'on': {list(bad.items())[:3]}")


if __name__ == "__main__":
    main()
