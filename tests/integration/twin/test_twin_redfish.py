# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redfish in front of a machine that really boots and dies: sushy-tools' emulator at a twin's power switch.

A machine of a twin has no firmware: a boot device is kept and read back, and it starts from its disk
all the same.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redfish_bench import Authority

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import teardown
from ansible_collections.anjianyun.datacenter.tests.integration.twin.redfish_twin import (
    BOOT_S,
    NEIGHBOUR,
    Alive,
    Wired,
)
from ansible_collections.anjianyun.datacenter.tests.integration.twin.twin_bench import (
    SERVER,
    Twin,
    host_settings,
    remains,
    soon,
)

TWIN_ID = "rfs"
BOTH = (SERVER, NEIGHBOUR)
#: How long the work of the machine takes to end, in seconds: longer than two readings.
END_S = 3


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    assert os.geteuid() == 0, "root is needed to make a twin"
    for program in ("openssl", "curl", "ipmitool"):
        assert shutil.which(program), f"{program} is needed; see bindep.txt"
    twin = Twin(TWIN_ID, BOTH)
    wired = Wired(twin, Authority(tmp_path_factory.mktemp("authority")), tmp_path_factory.mktemp("sushy"))
    teardown.remove(twin.names)
    before = host_settings()
    try:
        done = twin.playbook("present")
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        wired.start()
        yield wired
    finally:
        wired.stop()
        done = twin.playbook("absent")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert remains(TWIN_ID) == []
    assert host_settings() == before


@pytest.fixture
def wired(standing: Wired) -> Iterator[Wired]:
    """Both servers are on and answer, and they are left on, whatever the test did."""
    # A twin's machines are up before its routers have told each other the ways.
    for node in BOTH:
        soon(partial(standing.twin.answers, node), f"{node} answers", BOOT_S)
    yield standing
    for node in BOTH:
        (standing.twin.names.node_dir(node) / "kept_off").unlink(missing_ok=True)
    standing.twin.present()


def work(twin: Twin) -> None:
    """Give the machine work whose orderly end takes its time and leaves a note."""
    done = twin.ssh(
        SERVER,
        f"printf '#!/bin/sh\\nsleep {END_S}; echo ended > /root/ended; sync\\n' > /root/end;"
        " chmod +x /root/end; rm -f /root/ended;"
        " systemd-run -p ExecStop=/root/end -p RemainAfterExit=yes true",
    )
    assert done.returncode == 0, done.stderr


def test_off_kills_the_machine_and_on_boots_it(wired: Wired) -> None:
    twin = wired.twin
    boot = twin.boot(SERVER)
    work(twin)
    (foretold,) = wired.play("bmc_power", "--check", state="off")
    assert (foretold["changed"], foretold["confirmed"]) == (True, False)
    assert twin.boot(SERVER) == boot != ""

    off, again = wired.play("bmc_power", state="off", times=2)
    assert (off["changed"], off["after"], off["confirmed"], again["changed"]) == (True, "off", True, False)
    assert (off["protocol"], again["before"]) == ("redfish", "off")
    assert twin.processes(SERVER) == 0
    assert not twin.answers(SERVER)
    assert (wired.seen()[0], twin.power(SERVER)) == ("Off", "off")
    assert twin.processes(NEIGHBOUR) > 0

    (foretold,) = wired.play("bmc_power", "--check", state="on")
    assert (foretold["changed"], twin.processes(SERVER)) == (True, 0)
    on, again = wired.play("bmc_power", state="on", times=2)
    assert (on["before"], on["changed"], on["after"], again["changed"]) == ("off", True, "on", False)
    assert twin.processes(SERVER) > 0
    soon(lambda: twin.answers(SERVER), "it has booted", BOOT_S)
    assert twin.boot(SERVER) != boot
    assert "No such file" in twin.ssh(SERVER, "cat /root/ended").stderr, "it was not asked, it was killed"


@pytest.mark.slow
def test_a_graceful_shutdown_is_off_when_the_machine_is(wired: Wired) -> None:
    twin = wired.twin
    work(twin)
    with Alive(twin, SERVER) as alive:
        soft, again = wired.play("bmc_power", state="soft", times=2, interval_s=0.2)
    assert (soft["changed"], soft["confirmed"], again["changed"]) == (True, True, False), soft
    states = [reading["state"] for reading in soft["readings"]]
    first_off = soft["readings"][states.index("off")]["at"]
    assert alive.last.isoformat(timespec="milliseconds")[:23] <= first_off.rstrip("Z")
    # On when it was asked, on while the work was ending, and then off for good.
    assert states.count("on") >= 2
    assert set(states[states.index("off") :]) == {"off"}
    assert twin.processes(SERVER) == 0
    assert twin.present().left_off == [SERVER]

    assert wired.play("bmc_power", state="on")[0]["changed"] is True
    soon(lambda: twin.answers(SERVER), "it has booted", BOOT_S)
    assert twin.ssh(SERVER, "cat /root/ended").stdout == "ended\n"


def test_what_others_do_to_the_machine_is_read_over_redfish(wired: Wired) -> None:
    twin = wired.twin
    twin.ssh(SERVER, "systemctl poweroff")
    soon(lambda: twin.processes(SERVER) == 0, "it has shut down from inside", BOOT_S)
    assert wired.play("bmc_info", gather=["power"])[0]["power"]["power"] == "off"
    assert twin.bmc(SERVER, "chassis", "power", "on").returncode == 0
    assert wired.play("bmc_info", gather=["power"])[0]["power"]["power"] == "on"
    assert wired.seen()[0] == "On"


@pytest.mark.slow
def test_a_boot_device_is_kept_over_a_power_off(wired: Wired) -> None:
    boot = wired.twin.boot(SERVER)
    wired.play("bmc_boot", device="disk", persistent=True, uefi=True)
    (foretold,) = wired.play("bmc_boot", "--check", device="pxe", persistent=True, uefi=True)
    assert (foretold["changed"], wired.seen()) == (True, ("On", "Hdd"))
    done, again = wired.play("bmc_boot", device="pxe", persistent=True, uefi=True, times=2)
    assert (done["changed"], again["changed"], wired.seen()) == (True, False, ("On", "Pxe"))
    assert wired.twin.boot(SERVER) == boot != "", "to be told what to boot from is no reason to boot"
    wired.play("bmc_power", state="off")
    assert wired.seen() == ("Off", "Pxe")
    wired.play("bmc_power", state="on")
    assert wired.seen() == ("On", "Pxe")


@pytest.mark.slow
def test_one_call_switches_a_redfish_and_an_ipmi_bmc(wired: Wired) -> None:
    twin = wired.twin
    boots = [twin.boot(node) for node in BOTH]
    assert "" not in boots
    fleet: dict[str, Any] = {
        "targets": [{"name": node, "address": wired.address(node)} for node in BOTH],
        "protocol": "auto",
    }
    (told,) = wired.play("bmc_info", gather=["power"], **fleet)
    shares = told["targets"]
    assert [shares[node]["protocol"] for node in BOTH] == ["redfish", "ipmi"]
    assert [shares[node]["power"]["power"] for node in BOTH] == ["on", "on"]

    off, again = wired.play("bmc_power", state="off", times=2, **fleet)
    for node in BOTH:
        assert (off["targets"][node]["changed"], off["targets"][node]["after"]) == (True, "off")
        assert twin.processes(node) == 0
    assert (again["changed"], again["succeeded"]) == (False, 2)

    (on,) = wired.play("bmc_power", state="on", **fleet)
    assert [on["targets"][node]["protocol"] for node in BOTH] == ["redfish", "ipmi"]
    for node, boot in zip(BOTH, boots, strict=True):
        soon(partial(twin.answers, node), f"{node} has booted", BOOT_S)
        assert twin.boot(node) != boot


def test_a_foreign_certificate_leaves_the_machine_alone(wired: Wired, tmp_path: Path) -> None:
    boot = wired.twin.boot(SERVER)
    (refused,) = wired.play("bmc_power", state="off", ca_file=Authority(tmp_path / "other").ca_file)
    assert refused["failed"] is True
    assert "certificate" in refused["msg"]
    assert wired.twin.boot(SERVER) == boot != ""
