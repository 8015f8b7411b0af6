# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power state of a thousand BMCs: the library beside freeipmi's ipmipower, each as a whole program.

Measured again with one BMC in twenty dead and one in a hundred with another password: the living must not
notice.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import (
    PASSWORD,
    USER,
    Fleet,
    fleet,
    freeipmi_config,
    freeipmi_hosts,
)
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Cost, cost, leave

PROGRAM = str(Path(__file__).with_name("_ask_fleet.py"))


def ask(
    wanted: list[str], wrong: set[str], call: str = "info", **options: Any
) -> tuple[Cost, dict[str, Any]]:
    """The library's answer, and what it cost."""
    targets = [{"address": a, **({"password": "other"} if a in wrong else {})} for a in wanted]
    asked = {
        "call": call,
        "targets": targets,
        "user": USER,
        "password": PASSWORD,
        "cipher_suite": 3,
        "on_failure": "hand_over",
        **options,
    }
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        question.write(json.dumps(asked).encode())
        question.seek(0)
        spent = cost([sys.executable, PROGRAM], answer, question)
        answer.seek(0)
        return spent, json.load(answer)


def ipmipower(made: Fleet, wanted: list[str], *words: str) -> tuple[Cost, int]:
    """The peer's answer: how many it had one from."""
    command = ["ipmipower", "--config-file", str(freeipmi_config(made.directory)), "-D", "LAN_2_0", "-I", "3",
               "-W", "opensesspriv", "-h", freeipmi_hosts(wanted), *words]  # fmt: skip
    with tempfile.TemporaryFile() as answer:
        spent = cost(command, answer, None, check=False)
        answer.seek(0)
        lines = answer.read().decode().splitlines()
    return spent, sum(line.endswith((": on", ": off", ": ok")) for line in lines)


def percentiles(shares: dict[str, Any]) -> dict[str, float]:
    """Of the seconds that the living took."""
    seconds = sorted(share["seconds"] for share in shares.values() if "error" not in share)
    return {
        "p50": round(statistics.median(seconds), 3),
        "p99": round(seconds[int(len(seconds) * 0.99) - 1], 3),
    }


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    ours, theirs, answered = [], [], []
    with fleet(arguments.bmcs) as (made, wanted):
        memory = made.memory_mib()
        for _run in range(arguments.runs):
            spent, said = ask(wanted, set(), gather=["power"])
            ours.append((spent, said))
            _all_on(said["targets"], wanted)
            spent, count = ipmipower(made, wanted, "--stat")
            theirs.append(spent)
            answered.append(count)
        dead, wrong = wanted[10::20], set(wanted[5::100])
        made.stop(dead)
        ill = [ask(wanted, wrong, gather=["power"]) for _run in range(arguments.runs)]
        living = [a for a in wanted if a not in dead and a not in wrong]
        for _spent, said in ill:
            _all_on(said["targets"], living)
    version = subprocess.run(["ipmipower", "--version"], check=True, capture_output=True, text=True).stdout
    leave(
        "bmc_fleet_power",
        unit="s",
        ours=statistics.median(spent.wall for spent, _said in ours),
        peer={
            "name": "ipmipower --stat",
            "version": version.split()[2],
            "value": statistics.median(spent.wall for spent in theirs),
        },
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        cpu={
            "ours": round(statistics.median(spent.cpu for spent, _said in ours), 2),
            "ipmipower": round(statistics.median(spent.cpu for spent in theirs), 2),
        },
        worst=round(max(spent.wall for spent, _said in ours), 2),
        ipmipower_answers={
            "least": min(answered),
            "most": max(answered),
            "worst_s": round(max(s.wall for s in theirs), 2),
        },
        living={
            "all well": percentiles(ours[len(ours) // 2][1]["targets"]),
            "5% dead, 1% wrong password": percentiles(ill[len(ill) // 2][1]["targets"]),
        },
        with_the_dead_s=round(statistics.median(spent.wall for spent, _said in ill), 2),
        bound_s=round(ill[0][1]["bound_s"], 1),
        simulators_mib=round(memory),
    )


def _all_on(shares: dict[str, Any], wanted: list[str]) -> None:
    bad = {a: shares[a].get("msg") for a in wanted if shares[a].get("power", {}).get("power") != "on"}
    if bad:
        raise SystemExit(f"{len(bad)} BMCs did not say 'on': {list(bad.items())[:3]}")


if __name__ == "__main__":
    main()
