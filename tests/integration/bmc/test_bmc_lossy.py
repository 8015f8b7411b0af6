# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a wire that loses packets there is the right answer, or a clear failure of that BMC alone.

Every ninth packet, and every third once the log-in is through: all is done. Every third from the first on: no
log-in comes through, nothing is switched, and the message says how far it came. Consoles: test_bmc_console.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER, Simulated
from lossy import ANSWER_S, NTH, RELAY, WIRES, WORST, every_nth_lost, every_nth_lost_of_each

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import chassis, facts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Call, run
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.rotation import (
    Rotation,
    open_ledger,
    rotate,
)

DEADLINE_S = 60.0
#: Simulators, and BMCs that each of them plays at ports of their own.
SIMS, FLEET = 6, 30
#: What is said of a BMC whose log-in does not come through.
HALF_WAY = "the log-in was not finished"


def ask(call: Call, *ports: int, **options: Any) -> dict[str, Any]:
    """What a fleet's call gives, as a module makes it."""
    spec = call.spec()
    own = dict.fromkeys(spec["targets"]["options"])
    common = {
        "targets": [{**own, "name": str(port), "address": "127.0.0.1", "port": port} for port in ports],
        "user": USER,
        "password": PASSWORD,
        "cipher_suite": 3,
        "answer_s": ANSWER_S,
        "deadline_s": DEADLINE_S,
        "on_failure": "hand_over",
    }
    full = {name: option.get("default") for name, option in spec.items()}
    return run(call, {**full, **common, **options}, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_a_rotation(wire: str, sim: Simulated, tmp_path: Path) -> None:
    target = sim.target(port=RELAY, privilege="administrator", answer_s=ANSWER_S)
    nth, spared = WIRES[wire]
    with (
        every_nth_lost(nth, RELAY, sim.port, spared) as counts,
        connect(target) as bmc,
        open_ledger(tmp_path / "ledger") as ledger,
    ):
        assert rotate(bmc, Rotation(sim.target().user), ledger)["after"] == "done"
    assert counts["lost"] > 5
    new = json.loads((tmp_path / "ledger").read_text().splitlines()[-1])["new"]
    with connect(sim.target(password=new)) as bmc:
        assert bmc.read_status().power == "on"


@pytest.mark.parametrize("wire", WIRES)
def test_a_server_is_switched_off_and_is_seen_off(wire: str, sim: Simulated) -> None:
    nth, spared = WIRES[wire]
    with every_nth_lost(nth, RELAY, sim.port, spared) as counts:
        done = ask(chassis.POWER, RELAY, state="off", readings=2)
    share = done["targets"][str(RELAY)]
    assert "error" not in share, share["msg"]
    assert (share["changed"], share["after"], share["confirmed"]) == (True, "off", True)
    assert counts["lost"] >= 1
    assert "Power is off" in sim.ipmitool("power", "status")
    assert sim.power == "off"


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_sensors_are_what_they_are_on_a_good_wire(wire: str, sim: Simulated) -> None:
    nth, spared = WIRES[wire]
    well = ask(facts.SENSOR, sim.port)["targets"][str(sim.port)]
    with every_nth_lost(nth, RELAY, sim.port, spared) as counts:
        share = ask(facts.SENSOR, RELAY, deadline_s=4 * DEADLINE_S)["targets"][str(RELAY)]
    assert counts["lost"] >= 3
    assert "error" not in share, share["msg"]
    assert share["sensors"] == well["sensors"] != []


@pytest.mark.parametrize(("call", "options"), [(chassis.POWER, {"state": "off"}), (facts.SENSOR, {})])
def test_where_no_log_in_comes_through_nothing_is_done_and_it_is_said_how_far_it_came(
    call: Call, options: dict[str, Any], sim: Simulated
) -> None:
    began = time.monotonic()
    with every_nth_lost(WORST, RELAY, sim.port) as counts:
        done = ask(call, RELAY, **options)
    share = done["targets"][str(RELAY)]
    assert time.monotonic() - began <= done["bound_s"]
    assert share["unreachable"]
    assert HALF_WAY in share["msg"]
    assert "though it answered before" in share["msg"]
    assert share["changed"] is False
    assert counts["lost"] >= 2
    assert (sim.power, sim.calls) == ("on", [])


@pytest.fixture
def sims(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[list[Simulated]]:
    """Half of their servers are on."""
    found = [Simulated(tmp_path / str(n), plugin, port=6230 + n) for n in range(SIMS)]
    with ExitStack() as stack:
        for number, sim in enumerate(found):
            stack.callback(sim.stop)
            sim.start()
            sim.power = ("on", "off")[number % 2]
        yield found


def test_in_a_fleet_only_those_fail_that_are_behind_the_worst_wire(sims: list[Simulated]) -> None:
    """A third of the BMCs on a good wire, a third on a lossy one, a third where no log-in comes through."""
    ports = range(RELAY, RELAY + FLEET)
    behind = {port: sims[(port - RELAY) % SIMS] for port in ports}
    nth = {port: (10**9, NTH, WORST)[(port - RELAY) // SIMS % 3] for port in ports}
    began = time.monotonic()
    with every_nth_lost_of_each(nth, {port: sim.port for port, sim in behind.items()}) as counts:
        done = ask(facts.INFO, *ports, gather=["power"])
    spent = time.monotonic() - began
    shares = {int(name): share for name, share in done["targets"].items()}

    assert spent <= done["bound_s"]
    told = {port: share.get("power", {}).get("power") for port, share in shares.items()}
    assert told == {port: None if nth[port] == WORST else behind[port].power for port in ports}
    assert sorted(done["failed_targets"]) == [str(port) for port in ports if nth[port] == WORST]
    assert all(HALF_WAY in shares[port]["msg"] for port in ports if nth[port] == WORST)
    assert all(counts[port]["lost"] for port in ports if nth[port] != 10**9)
