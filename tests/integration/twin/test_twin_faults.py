# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault is felt where it would be in the estate, is listed, and its lifting mends it."""

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.readiness import answers_ssh
from ansible_collections.anjianyun.datacenter.tests.integration.twin.twin_bench import (
    FAR,
    LINE,
    NEAR,
    SERVER,
    Twin,
    soon,
    tool,
)

CENTRE = "nanning"


def inject(twin: Twin, fault: str, target: str, value: str = "") -> None:
    """Break it, and see that it is listed, once."""
    assert twin.faults.inject(fault, target, value)
    assert not twin.faults.inject(fault, target, value)
    assert twin.faults.listed() == [{"fault": fault, "target": target, "value": value}]


def lift(twin: Twin, fault: str, target: str) -> None:
    """Mend it, and see that nothing is listed any more."""
    assert twin.faults.lift(fault, target)
    assert not twin.faults.lift(fault, target)
    assert twin.faults.listed() == []


def crosses(twin: Twin, packets: int = 1, size: int = 56) -> bool:
    """Whether packets get over the line itself, whatever other ways there are."""
    plan = twin.spec()
    ends = {i.name: i.address for i in plan.nodes[FAR].interfaces}
    far = ends[plan.lines[LINE].b_interface].partition("/")[0]
    device = plan.lines[LINE].a_interface
    done = twin.ssh(NEAR, f"ping -c {packets} -i 0.2 -W 1 -s {size} -I {device} {far}")
    assert done.returncode != 255, f"{NEAR} itself is not reached: {done.stderr}"
    return f" {packets} received" in done.stdout


def test_a_cut_line_carries_nothing_until_it_is_mended(twin: Twin) -> None:
    assert crosses(twin)
    inject(twin, "line_cut", LINE)
    assert not crosses(twin)
    assert not twin.present().changed, "what is broken on purpose is not mended by building the twin again"
    assert not crosses(twin)
    lift(twin, "line_cut", LINE)
    assert crosses(twin)


def test_a_cut_line_stays_cut_through_a_power_cycle_of_its_router(twin: Twin) -> None:
    inject(twin, "line_cut", LINE)
    for verb in ("off", "on"):
        assert tool(str(twin.names.power(NEAR)), verb).returncode == 0
    device = twin.spec().lines[LINE].a_interface
    assert "state DOWN" in twin.inside(NEAR, "ip", "link", "show", "dev", device).stdout


def test_a_full_line_lets_a_trickle_through(twin: Twin) -> None:
    assert crosses(twin, packets=3, size=8000)
    inject(twin, "line_filled", LINE)
    assert crosses(twin)
    assert not crosses(twin, packets=3, size=8000)
    assert not twin.present().changed
    lift(twin, "line_filled", LINE)
    assert crosses(twin, packets=3, size=8000)


def test_a_machine_that_dies_behind_its_bmc_is_shown_off_and_stays_off(twin: Twin) -> None:
    inject(twin, "machine_killed", SERVER)
    assert twin.processes(SERVER) == 0
    assert twin.power(SERVER) == "off"
    assert twin.present().left_off == [SERVER]
    lift(twin, "machine_killed", SERVER)
    assert twin.power(SERVER) == "off"
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")


@pytest.mark.parametrize(
    ("policy", "was", "returns"),
    [
        ("always-on", "off", True),
        ("previous", "on", True),
        ("previous", "off", False),
        ("always-off", "on", False),
    ],
)
def test_when_power_returns_servers_do_what_their_policy_says(
    twin: Twin, policy: str, was: str, returns: bool
) -> None:
    assert twin.bmc(SERVER, "chassis", "policy", policy).returncode == 0
    if was == "off":
        assert twin.bmc(SERVER, "chassis", "power", "off").returncode == 0
        soon(lambda: twin.power(SERVER) == "off", "it is off")

    inject(twin, "centre_lost", CENTRE)
    assert (twin.processes(SERVER), twin.processes(NEAR)) == (0, 0)
    assert twin.power(SERVER) == "", "a BMC has no other power than its centre's"
    assert SERVER in twin.present().left_off

    lift(twin, "centre_lost", CENTRE)
    soon(lambda: twin.power(SERVER) != "", "routers start with the power, and the BMC answers")
    assert twin.power(SERVER) == ("on" if returns else "off")
    assert twin.present().left_off == ([] if returns else [SERVER])
    if returns:
        soon(lambda: twin.answers(SERVER), "the routers have found each other again")
    assert twin.bmc(SERVER, "chassis", "policy", "always-on").returncode == 0


def test_a_dead_bmc_is_silent_while_its_server_runs(twin: Twin) -> None:
    inject(twin, "bmc_dead", SERVER)
    assert twin.power(SERVER) == ""
    assert twin.answers(SERVER)
    assert not twin.present().changed
    lift(twin, "bmc_dead", SERVER)
    assert twin.power(SERVER) == "on"


def test_a_slow_bmc_answers_late_and_truly(twin: Twin) -> None:
    inject(twin, "bmc_slow", SERVER, "2")
    started = time.monotonic()
    said = twin.bmc(SERVER, "chassis", "power", "status", retries=3, answer_s=9).stdout
    assert said.endswith("is on\n")
    assert time.monotonic() - started >= 2
    lift(twin, "bmc_slow", SERVER)


def test_a_lying_bmc_says_off_and_obeys_nothing(twin: Twin) -> None:
    boot = twin.boot(SERVER)
    inject(twin, "bmc_lying", SERVER, "off")
    assert twin.power(SERVER) == "off"
    twin.bmc(SERVER, "chassis", "power", "off")
    lift(twin, "bmc_lying", SERVER)
    assert twin.power(SERVER) == "on"
    assert twin.boot(SERVER) == boot != ""


def told(twin: Twin, number: int) -> str:
    """What ipmitool says of a unit of the server: 0 is the server itself."""
    return twin.bmc(SERVER, "fru", "print", str(number)).stdout


def test_an_idle_bmc_tells_the_truth_and_obeys_nothing(twin: Twin) -> None:
    boot = twin.boot(SERVER)
    inject(twin, "bmc_idle", SERVER)
    assert twin.power(SERVER) == "on"
    assert twin.bmc(SERVER, "chassis", "power", "off").returncode == 0
    assert twin.power(SERVER) == "on"
    assert twin.boot(SERVER) == boot != ""
    lift(twin, "bmc_idle", SERVER)
    assert twin.bmc(SERVER, "chassis", "power", "off").returncode == 0
    soon(lambda: twin.power(SERVER) == "off", "it obeys again")
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")


def test_a_dead_server_is_on_for_its_bmc_and_never_comes(twin: Twin) -> None:
    assert twin.bmc(SERVER, "chassis", "power", "off").returncode == 0
    soon(lambda: twin.power(SERVER) == "off", "it is off")
    inject(twin, "server_dead", SERVER)
    assert twin.power(SERVER) == "off", "nobody has switched it on yet"
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    assert twin.power(SERVER) == "on"
    assert twin.processes(SERVER) == 0
    assert not twin.answers(SERVER)
    assert twin.present().left_off == [SERVER], "building the twin again brings no dead server up"
    assert twin.processes(SERVER) == 0
    assert twin.bmc(SERVER, "chassis", "power", "off").returncode == 0
    assert twin.power(SERVER) == "off"
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    assert (twin.power(SERVER), twin.processes(SERVER)) == ("on", 0)

    lift(twin, "server_dead", SERVER)
    assert twin.power(SERVER) == "off"
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")


def test_a_dead_server_that_runs_dies_with_its_next_reset(twin: Twin) -> None:
    inject(twin, "server_dead", SERVER)
    assert twin.answers(SERVER)
    assert twin.bmc(SERVER, "chassis", "power", "reset").returncode == 0
    soon(lambda: twin.processes(SERVER) == 0, "its system is gone")
    assert twin.power(SERVER) == "on"
    lift(twin, "server_dead", SERVER)
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")


@pytest.mark.parametrize(("policy", "returns"), [("previous", "on"), ("always-off", "off")])
def test_a_dead_server_stays_dead_when_its_centre_was_dark(twin: Twin, policy: str, returns: str) -> None:
    assert twin.bmc(SERVER, "chassis", "policy", policy).returncode == 0
    inject(twin, "server_dead", SERVER)
    assert twin.bmc(SERVER, "chassis", "power", "reset").returncode == 0
    soon(lambda: twin.processes(SERVER) == 0, "its system is gone")
    assert twin.power(SERVER) == "on"

    assert twin.faults.inject("centre_lost", CENTRE)
    assert twin.power(SERVER) == ""
    assert twin.faults.lift("centre_lost", CENTRE)
    soon(lambda: twin.power(SERVER) != "", "routers start with the power, and the BMC answers")
    assert (twin.power(SERVER), twin.processes(SERVER)) == (returns, 0)

    lift(twin, "server_dead", SERVER)
    assert twin.power(SERVER) == "off"
    assert twin.bmc(SERVER, "chassis", "policy", "always-on").returncode == 0
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")


def test_a_second_word_for_one_bmc_is_refused_and_the_first_stands(twin: Twin) -> None:
    inject(twin, "bmc_lying", SERVER, "off")
    with pytest.raises(DatacenterError, match="lift bmc_lying first"):
        twin.faults.inject("bmc_slow", SERVER)
    assert [one["fault"] for one in twin.faults.listed()] == ["bmc_lying"]
    assert twin.power(SERVER) == "off"
    # What the server says of its parts is another matter.
    assert twin.faults.inject("dimm_missing", SERVER)
    assert twin.faults.lift("dimm_missing", SERVER)
    lift(twin, "bmc_lying", SERVER)


def test_a_sensor_reads_beyond_its_threshold_until_it_is_mended(twin: Twin) -> None:
    def inlet() -> str:
        return twin.bmc(SERVER, "sensor", "reading", "Inlet Temp").stdout.rpartition("|")[2].strip()

    before = inlet()
    assert before not in ("", "60")
    inject(twin, "sensor_beyond", SERVER, "Inlet Temp=60")
    soon(lambda: inlet() == "60", "the BMC has looked at its sensor")
    lift(twin, "sensor_beyond", SERVER)
    soon(lambda: inlet() == before, "the BMC has looked at its sensor")


def test_a_missing_module_is_gone_while_the_others_stay(twin: Twin) -> None:
    before = [told(twin, number) for number in range(4)]
    assert all("Product Serial" in text for text in before)
    inject(twin, "dimm_missing", SERVER)
    assert "Product Serial" not in told(twin, 2)
    assert [told(twin, number) for number in (0, 1, 3)] == [before[0], before[1], before[3]]
    assert not twin.present().changed
    assert "Product Serial" not in told(twin, 2)
    lift(twin, "dimm_missing", SERVER)
    assert [told(twin, number) for number in range(4)] == before


def test_a_swapped_server_has_another_number_also_after_its_bmc_was_off(twin: Twin) -> None:
    server = twin.spec().nodes[SERVER]
    assert server.bmc is not None
    assert f": {server.bmc.serial}\n" in told(twin, 0), "the server has the number that the plan gives it"
    parts = [told(twin, number) for number in (1, 2, 3)]
    inject(twin, "serial_swapped", SERVER, "OTHER-1")
    assert ": OTHER-1\n" in told(twin, 0)
    assert server.bmc.serial not in told(twin, 0)
    assert twin.faults.inject("bmc_dead", SERVER)
    assert twin.faults.lift("bmc_dead", SERVER)
    assert ": OTHER-1\n" in told(twin, 0)
    assert [told(twin, number) for number in (1, 2, 3)] == parts
    lift(twin, "serial_swapped", SERVER)
    assert f": {server.bmc.serial}\n" in told(twin, 0)


def test_faults_of_a_bmc_leave_its_memory_and_end_together(twin: Twin) -> None:
    assert twin.bmc(SERVER, "chassis", "policy", "previous").returncode == 0
    log = twin.bmc(SERVER, "sel", "list").stdout
    for fault, value in (("dimm_missing", ""), ("serial_swapped", "OTHER-1"), ("sensor_beyond", "Fan1=300"),
                         ("server_dead", "")):  # fmt: skip
        assert twin.faults.inject(fault, SERVER, value)
    assert len(twin.faults.listed()) == 4
    assert twin.faults.lift_all()
    assert twin.faults.listed() == []
    said = twin.bmc(SERVER, "chassis", "status").stdout
    assert "Power Restore Policy : previous" in said
    assert twin.bmc(SERVER, "sel", "list").stdout[: len(log)] == log != ""
    assert "OTHER-1" not in told(twin, 0)
    assert "Product Serial" in told(twin, 2)
    assert twin.bmc(SERVER, "chassis", "policy", "always-on").returncode == 0


def test_a_full_disk_is_full_for_its_own_machine_alone(twin: Twin) -> None:
    write = "dd if=/dev/zero of=/root/file bs=1M count=4 conv=fsync 2>&1; rm -f /root/file"
    inject(twin, "disk_full", SERVER)
    assert "No space left on device" in twin.ssh(SERVER, write).stdout
    assert "4+0 records out" in twin.ssh(FAR, write).stdout
    lift(twin, "disk_full", SERVER)
    assert "4+0 records out" in twin.ssh(SERVER, write).stdout


def test_a_stopped_service_is_down_until_it_is_started(twin: Twin) -> None:
    inject(twin, "service_stopped", f"{SERVER}/cron.service")
    assert twin.ssh(SERVER, "systemctl is-active cron").stdout == "inactive\n"
    lift(twin, "service_stopped", f"{SERVER}/cron.service")
    assert twin.ssh(SERVER, "systemctl is-active cron").stdout == "active\n"


def test_a_frozen_service_takes_connections_and_says_nothing(twin: Twin) -> None:
    node = twin.spec().nodes[SERVER]
    inject(twin, "service_frozen", f"{SERVER}/ssh")
    assert not answers_ssh(twin.names, node)
    assert twin.processes(SERVER) > 0
    lift(twin, "service_frozen", f"{SERVER}/ssh")
    assert answers_ssh(twin.names, node)


@pytest.mark.parametrize(
    ("fault", "target", "words"),
    [
        ("line_cut", "nn-dr-9", "its target is a line: "),
        ("bmc_dead", NEAR, "its target is a bmc: nn-db-01"),
        ("earthquake", CENTRE, "it has bmc_dead, "),
        ("service_frozen", f"{SERVER}/nonsense", "no control group of that name"),
        ("service_stopped", f"{SERVER}/nonsense", "systemctl stop failed"),
        ("sensor_beyond", SERVER, "give SENSOR=READING"),
    ],
)
def test_what_cannot_be_broken_is_refused_and_not_listed(
    twin: Twin, fault: str, target: str, words: str
) -> None:
    with pytest.raises(DatacenterError, match=words):
        twin.faults.inject(fault, target)
    assert twin.faults.listed() == []


def test_one_command_breaks_lists_and_mends(twin: Twin) -> None:
    def fault(*words: str) -> dict[str, object]:
        done = tool("sh", "tools/twin.sh", "fault", *words, TWIN=twin.names.twin_id, ANSIBLE_NOCOLOR="1")
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, object] = json.loads(done.stdout.partition("=>")[2])
        return {name: found[name] for name in ("changed", "faults")}

    broken = [{"fault": "line_cut", "target": LINE, "value": ""}]
    assert fault("state=injected", "fault=line_cut", f"target={LINE}") == {"changed": True, "faults": broken}
    assert not crosses(twin)
    assert fault() == {"changed": False, "faults": broken}
    assert fault("state=lifted") == {"changed": True, "faults": []}
    assert crosses(twin)
