# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All sensors of a thousand BMCs: the library beside freeipmi's ipmi-sensors with its fan-out.

Both keep what hardly changes (which sensors there are) in a folder; the first round fills it, and is given
apart.
"""

from __future__ import annotations

import argparse

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import Fleet, fleet
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Cost, leave
from ansible_collections.anjianyun.datacenter.tests.bench._fleet import (
    ask,
    freeipmi,
    median,
    spread,
    version,
)

FANOUT = "128"


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with fleet(arguments.bmcs) as (made, wanted):
        first = _ours(made, wanted), _theirs(made, wanted)
        ours, theirs = [], []
        for _run in range(arguments.runs):
            ours.append(_ours(made, wanted))
            theirs.append(_theirs(made, wanted))
    leave(
        "bmc_fleet_sensors",
        unit="s",
        ours=median(ours),
        peer={
            "name": f"ipmi-sensors --fanout={FANOUT}",
            "version": version("ipmi-sensors"),
            "value": median([spent for spent, _answered in theirs]),
        },
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        spread={"ours": spread(ours), "ipmi-sensors": spread([spent for spent, _answered in theirs])},
        without_the_folder={"ours": spread([first[0]]), "ipmi-sensors": spread([first[1][0]])},
        ipmi_sensors_answers={
            "least": min(answered for _spent, answered in theirs),
            "most": max(answered for _spent, answered in theirs),
        },
    )


def _ours(made: Fleet, wanted: list[str]) -> Cost:
    spent, said = ask(wanted, "sensor", cache=str(made.directory / "ours"))
    bad = [address for address, share in said["targets"].items() if "error" in share]
    if bad:
        raise SystemExit(f"{len(bad)} BMCs were not read: {said['targets'][bad[0]]['msg']}")
    return spent


def _theirs(made: Fleet, wanted: list[str]) -> tuple[Cost, int]:
    """And how many BMCs it has lines of."""
    kept = made.directory / "freeipmi"
    kept.mkdir(exist_ok=True, mode=0o700)
    spent, lines = freeipmi(
        made, wanted, "ipmi-sensors", f"--fanout={FANOUT}", f"--sdr-cache-directory={kept}", "-Q"
    )
    return spent, len({line.split(":")[0] for line in lines if "Inlet Temp" in line})


if __name__ == "__main__":
    main()
