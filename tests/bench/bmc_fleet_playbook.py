# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power state of a thousand servers as each host's own result: a whole ansible-playbook, ours and the peer's.

Ours asks the fleet in one task, and each host takes its share in a second. The peer is
community.general.ipmi_power, one process a host with 50 forks, told to leave on what is on: it has no way to
only ask.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.anjianyun.datacenter.tests.bench._bmcs import PASSWORD, USER, Fleet, fleet
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Cost, cost, leave

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
FORKS = "50"

OURS: list[dict[str, Any]] = [
    {
        "name": "Read | the power of every server, in one call",
        "anjianyun.datacenter.bmc_info": {
            "targets": "{{ ansible_play_hosts_all | anjianyun.datacenter.bmc_targets(hostvars) }}",
            "user": USER,
            "password": "{{ bmc_password }}",
            "cipher_suite": 3,
            "gather": ["power"],
            "on_failure": "hand_over",
        },
        "run_once": True,
        "delegate_to": "localhost",
        "register": "fleet",
    },
    {
        "name": "Read | each server's own",
        "anjianyun.datacenter.fleet_share": {"of": "fleet"},
        "register": "mine",
    },
]
#: What Ansible itself takes for one task on each host, whatever it does.
FLOOR: list[dict[str, Any]] = [{"name": "Say a word", "ansible.builtin.debug": {"msg": "word"}}]
PEER: list[dict[str, Any]] = [
    {
        "name": "Leave on what is on",
        "community.general.ipmi_power": {
            "name": "{{ dc_bmc.address }}",
            "user": USER,
            "password": "{{ bmc_password }}",
            "state": "on",
        },
    }
]


def write_inventory(folder: Path, wanted: list[str]) -> Path:
    """A host for each BMC, as a site plan gives them."""
    hosts = {f"srv-{number:04}": {"dc_bmc": {"address": address}} for number, address in enumerate(wanted, 1)}
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    text = yaml.safe_dump({"all": {"hosts": hosts, "vars": here}})
    inventory = folder / "inventory.yml"
    inventory.write_text(text)
    secrets = folder / "secrets.yml"
    secrets.touch(mode=0o600)
    secrets.write_text(yaml.safe_dump({"bmc_password": PASSWORD}))
    return inventory


def run(made: Fleet, inventory: Path, tasks: list[dict[str, Any]], hosts: int) -> Cost:
    """One whole ansible-playbook. Every host has to be ok."""
    folder = made.directory
    playbook = folder / "play.yml"
    play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
    playbook.write_text(yaml.safe_dump([play], sort_keys=False))
    output = folder / "output"
    os.environ["ANSIBLE_STDOUT_CALLBACK"] = "default"
    command = [PLAYBOOK, "-i", str(inventory), "-e", f"@{folder}/secrets.yml", "-f", FORKS, str(playbook)]
    with output.open("wb") as stream:
        spent = cost(command, stream)
    recap = output.read_text().rsplit("PLAY RECAP", 1)[1]
    fine = len(re.findall(r"ok=[1-9]\d*.*unreachable=0 +failed=0", recap))
    if fine != hosts:
        raise SystemExit(f"{fine} of {hosts} hosts were ok:\n{output.read_text()[-2000:]}")
    return spent


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-runs", type=int, default=1, help="of the peer, which takes its time")
    arguments = parser.parse_args()
    with fleet(arguments.bmcs) as (made, wanted):
        inventory = write_inventory(made.directory, wanted)
        run(made, inventory, OURS, arguments.bmcs)  # bytecode is compiled once
        ours = [run(made, inventory, OURS, arguments.bmcs) for _run in range(arguments.runs)]
        # A task that is run once is one host's.
        call = [run(made, inventory, OURS[:1], 1) for _run in range(arguments.runs)]
        floor = [run(made, inventory, FLOOR, arguments.bmcs) for _run in range(arguments.runs)]
        theirs = [run(made, inventory, PEER, arguments.bmcs) for _run in range(arguments.peer_runs)]
    leave(
        "bmc_fleet_playbook",
        unit="s",
        ours=statistics.median(spent.wall for spent in ours),
        peer={
            "name": f"community.general.ipmi_power, {FORKS} forks",
            "version": _version(),
            "value": statistics.median(spent.wall for spent in theirs),
        },
        floor={
            "name": "ansible.builtin.debug on each host",
            "value": round(statistics.median(spent.wall for spent in floor), 2),
        },
        better="lower",
        runs=arguments.runs,
        bmcs=arguments.bmcs,
        cpu={
            "ours": round(statistics.median(spent.cpu for spent in ours), 1),
            "floor": round(statistics.median(spent.cpu for spent in floor), 1),
            "peer": round(statistics.median(spent.cpu for spent in theirs), 1),
        },
        without_shares_s=round(statistics.median(spent.wall for spent in call), 2),
        ansible_core=importlib.metadata.version("ansible-core"),
    )


def _version() -> str:
    listing = subprocess.run(
        [
            str(Path(PLAYBOOK).with_name("ansible-galaxy")),
            "collection",
            "list",
            "community.general",
            "--format",
            "json",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return str(next(iter(json.loads(listing).values()))["community.general"]["version"])


if __name__ == "__main__":
    main()
