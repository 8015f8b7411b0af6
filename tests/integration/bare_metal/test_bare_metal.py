# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From power on over the network into the installer, by IPMI alone; and what stops it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from metal import ADDRESS, SERVER, Metal
from served import Ran, Served

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import Lock

pytestmark = pytest.mark.slow

#: Under emulation, on a machine that does other things: 45 s from power on when it does not.
LONGEST_S = 900
EMPTY = {"bare_metal_empty": "nn-db-01", "bare_metal_load_s": LONGEST_S}


def sees(served: Served, asked: str, within_s: float) -> None:
    end = time.monotonic() + within_s
    while not any(line["asked"] == asked for line in served.log()):
        assert time.monotonic() < end, f"{asked} was not asked for: {served.log()}"
        time.sleep(0.2)


def test_a_server_goes_from_power_on_over_the_network_to_a_managed_host(
    served: Served, metal: Metal, client: str
) -> None:
    """The installer is real up to its first script; the rest is played from the server's address."""
    ran: list[Ran] = []
    run = threading.Thread(
        target=lambda: ran.append(served.playbook(**EMPTY, bare_metal_install_s=60, bare_metal_start_s=20))
    )
    run.start()
    try:
        sees(served, "/hosts/nn-db-01/said/began", LONGEST_S)
        assert metal.ipmitool("chassis", "power", "status").strip() == "Chassis Power is on"
        # Once: the flag is gone with the start that it was for.
        assert "Boot Flag Invalid" in metal.ipmitool("chassis", "bootparam", "get", "5")
        assert metal.joined(), "QEMU's BMC is not connected to ipmi_sim"
        metal.ipmitool("chassis", "power", "off")
        greeting = finish(served, client)
    finally:
        run.join()
        subprocess.run(["ip", "-n", client, "addr", "flush", "dev", "eth0"], check=True)
    assert ran[0].rc == 0, ran[0].output
    assert greeting.wait() == 0
    assert metal.orders == ["nc"]
    assert "Linux version" in metal.console
    verified = [line["readings"][0]["reading"] for line in served.journal() if line["kind"] == "verify"]
    assert verified[0] == "nn-db-01 starts next from pxe, once"
    # That it began was seen above; when the runbook looks, it may be further.
    assert "nn-db-01 was seen as far as: installed" in verified
    assert verified[-2:] == ["services that run: none", "nn-db-01 says nn-db-01"]


def test_a_disk_that_nobody_declared_empty_and_a_server_that_is_not_the_plans_are_left_alone(
    served: Served, metal: Metal
) -> None:
    undeclared = served.playbook()
    plan = served.folder / "estate" / "plan" / "centre-nanning.yml"
    plan.write_text(plan.read_text().replace(metal.serial, "AJY-NN-0099"))
    another = served.playbook(**EMPTY)

    assert (undeclared.rc != 0, another.rc != 0) == (True, True)
    assert "dr_approvals=wipe" in undeclared.output
    assert "the BMC of nn-db-01 is in the server AJY-NN-0011; the plan says AJY-NN-0099" in " ".join(
        another.output.split()
    )
    assert metal.orders == []
    assert "Boot Flag Invalid" in metal.ipmitool("chassis", "bootparam", "get", "5")
    assert not served.run.exists()


@pytest.mark.parametrize("held", ["power", "hidden_danger"])
def test_a_server_that_another_run_works_on_is_left_alone(served: Served, held: str) -> None:
    lock = Lock(Path("/run/lock"), f"anjianyun-estate-rehearsal-{held}")
    lock.take(os.getpid(), "of-somebody-else")
    try:
        refused = served.playbook(**EMPTY)
    finally:
        lock.release(os.getpid())

    assert refused.rc != 0
    assert "of-somebody-else" in refused.output
    assert served.journal() == []


def finish(served: Served, client: str) -> subprocess.Popen[bytes]:
    """What the installer does at its end, and a system that greets by ssh and says its name."""
    served.command("hostname", "#!/bin/sh\necho nn-db-01\n")
    for command in ("ip addr flush dev eth0", f"ip addr add {ADDRESS}/24 dev eth0"):
        subprocess.run(["ip", "netns", "exec", client, *command.split()], check=True)
    greeter = (
        "import socket\nlistening = socket.create_server(('', 22))\nlistening.settimeout(300)\n"
        "peer = listening.accept()[0]\npeer.sendall(b'SSH-2.0-played\\r\\n')\npeer.close()\n"
    )
    inside = ["ip", "netns", "exec", client]
    greeting = subprocess.Popen([*inside, sys.executable, "-c", greeter])
    subprocess.run(
        [*inside, "curl", "-s", "-f", "-X", "DELETE", f"http://{SERVER}/boot/nn-db-01.ipxe"], check=True
    )
    return greeting
