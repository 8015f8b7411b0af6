# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of the estate stands: reached, sealed, built once, and its power is a server's power."""

from __future__ import annotations

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import reconcile, spec, teardown
from ansible_collections.anjianyun.datacenter.tests.integration.twin.twin_bench import (
    CONTROL,
    FAR,
    LINE,
    NEAR,
    SERVER,
    Twin,
    soon,
)


def test_a_second_run_of_the_playbook_changes_nothing(twin: Twin) -> None:
    done = twin.playbook("present")
    recap = [line for line in done.stdout.splitlines() if "changed=" in line]
    assert recap, done.stdout
    assert all("changed=0" in line and "failed=0" in line for line in recap), done.stdout


def test_check_mode_says_what_would_go_and_takes_nothing(twin: Twin) -> None:
    done = twin.playbook("absent", "--check", "--verbose")
    assert "changed=1" in done.stdout, done.stdout
    assert f"remove namespace {twin.names.namespace(SERVER)}" in done.stdout
    assert twin.answers(SERVER)


def test_every_machine_is_reached_by_its_name_from_its_control_node(twin: Twin) -> None:
    for node in twin.spec().rooted():
        assert twin.ssh(node.name, "hostname").stdout == f"{node.name}\n"


def test_every_machine_knows_that_it_is_a_twins(twin: Twin) -> None:
    world = twin.ssh(SERVER, "cat /etc/anjianyun/world").stdout
    assert '"world": "twin"' in world
    assert f'"twin_id": "{twin.names.twin_id}"' in world


def test_there_is_no_way_out(twin: Twin) -> None:
    # The control node and the servers know one way, to the routers; and these know none.
    for node in (NEAR, FAR):
        assert "Network is unreachable" in twin.inside(node, "ip", "route", "get", "192.0.2.1").stderr
    assert "0 received" in twin.ssh(SERVER, "ping -c 1 -W 1 192.0.2.1").stdout
    assert "1 received" in twin.ssh(SERVER, "ping -c 1 -W 1 $(hostname -i)").stdout


def test_the_first_configuration_of_routers_came_with_them(twin: Twin) -> None:
    soon(lambda: "10.2." in twin.inside(NEAR, "ip", "route").stdout, "the other centre's routes by OSPF")


def test_another_plan_does_not_make_this_twin_over(twin: Twin) -> None:
    data = {**spec.as_data(twin.spec()), "plan": {"name": "another", "digest": ""}}
    with pytest.raises(Refused, match="is one of the plan"):
        reconcile.Run(spec.parse(data)).present()
    assert twin.answers(SERVER)


def test_a_changed_line_is_changed_under_running_machines(twin: Twin) -> None:
    was, boot = twin.spec(), twin.boot(SERVER)
    foreseen = reconcile.Run(twin.spec(rate_mbit=7.0)).foresee()
    assert [action.split()[1] for action in foreseen.actions] == ["shape", "shape"]
    assert not twin.present().changed, "foreseeing does nothing"
    assert reconcile.Run(twin.spec(rate_mbit=7.0)).foresee("images").actions == []
    twin.present(twin.spec(rate_mbit=7.0))
    try:
        for node, end in ((NEAR, was.lines[LINE].a_interface), (FAR, was.lines[LINE].b_interface)):
            assert "rate 7Mbit" in twin.inside(node, "tc", "qdisc", "show", "dev", end).stdout
    finally:
        twin.present(was)
    assert twin.boot(SERVER) == boot != ""


def test_power_off_kills_and_power_on_boots_from_the_same_disk(twin: Twin) -> None:
    assert (
        twin.ssh(SERVER, "echo kept > /root/note && sync && ip address add 10.99.0.1/32 dev lo").returncode
        == 0
    )
    boot = twin.boot(SERVER)
    assert twin.power(SERVER) == "on"

    assert twin.bmc(SERVER, "chassis", "power", "off").returncode == 0
    soon(lambda: twin.power(SERVER) == "off", "the BMC says off")
    assert twin.processes(SERVER) == 0
    assert not twin.answers(SERVER)
    # A hand switched it off: building the twin again is no reason to start it.
    assert twin.present().left_off == [SERVER]

    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")
    assert twin.ssh(SERVER, "cat /root/note").stdout == "kept\n"
    assert "10.99.0.1" not in twin.ssh(SERVER, "ip address").stdout, "what was only in memory is gone"
    assert twin.boot(SERVER) != boot


def test_a_reboot_from_inside_is_a_reboot(twin: Twin) -> None:
    boot = twin.boot(SERVER)
    twin.ssh(SERVER, "systemctl reboot")
    soon(lambda: twin.boot(SERVER) not in ("", boot), "it has booted again")
    assert twin.power(SERVER) == "on"


def test_an_orderly_shutdown_by_the_bmc_ends_the_work_and_stays_off(twin: Twin) -> None:
    twin.ssh(
        SERVER,
        "printf '#!/bin/sh\\necho ended > /root/ended\\n' > /root/end; chmod +x /root/end; rm -f /root/ended;"
        " systemd-run --unit=work -p ExecStop=/root/end -p RemainAfterExit=yes true",
    )
    assert twin.bmc(SERVER, "chassis", "power", "soft").returncode == 0
    soon(lambda: twin.power(SERVER) == "off", "it has shut down")
    assert twin.present().left_off == [SERVER]
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    soon(lambda: twin.answers(SERVER), "it has booted")
    assert twin.ssh(SERVER, "cat /root/ended").stdout == "ended\n"


def test_nobody_ends_the_twin_from_inside_of_it(twin: Twin) -> None:
    code = (
        "from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import names, teardown\n"
        f"teardown.remove(names.Names({twin.names.twin_id!r}))"
    )
    done = twin.inside(CONTROL, "python", "-c", code, PYTHONPATH="build/typing")
    assert "inside the twin" in done.stderr
    assert twin.answers(SERVER)
    assert teardown.traces(twin.names)
