# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of two servers one is refused by the installer: the other is taken over, and is not installed anew.

The BMCs are simulated and the services real; what the servers ask for is played from their addresses.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bmc_bench import Simulated
from metal import ADDRESS, BMC_ADDRESS, MAC, OTHER_MAC, SERIAL, SERVER
from served import Ran, Served

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.bmc_sim import ensure_plugin

pytestmark = pytest.mark.slow

#: On a machine that does other things: a minute when it does not.
LONGEST_S = 900
OTHER_ADDRESS, OTHER_BMC, OTHER_SERIAL = "10.1.10.21", "10.1.20.21", "AJY-NN-0021"
GREETER = (
    "import socket\nlistening = socket.create_server(('10.1.10.11', 22))\nlistening.settimeout(900)\n"
    "peer = listening.accept()[0]\npeer.sendall(b'SSH-2.0-played\\r\\n')\npeer.close()\n"
)
BOTH = {
    "bare_metal_servers": "nn-db-01,nn-app-01", "bare_metal_load_s": LONGEST_S,
    "bare_metal_install_s": LONGEST_S, "bare_metal_start_s": 30, "bare_metal_bmc_deadline_s": 90,
}  # fmt: skip


@pytest.fixture
def bmcs(client: str, tmp_path: Path) -> Iterator[dict[str, Simulated]]:
    plugin = ensure_plugin(tmp_path / "plugin")
    found = {
        "nn-db-01": Simulated(tmp_path / "db", plugin, address=BMC_ADDRESS),
        "nn-app-01": Simulated(tmp_path / "app", plugin, address=OTHER_BMC),
    }
    subprocess.run(["ip", "addr", "add", f"{OTHER_BMC}/32", "dev", "lo"], check=True)
    try:
        for sim, serial in zip(found.values(), (SERIAL, OTHER_SERIAL), strict=True):
            sim.directory.mkdir()
            sim.power = "off"
            sim.start(serial=serial)
        yield found
    finally:
        for sim in found.values():
            sim.stop()
        subprocess.run(["ip", "addr", "del", f"{OTHER_BMC}/32", "dev", "lo"], check=True)


def test_one_that_is_refused_stops_no_other_and_none_is_installed_twice(
    served: Served, client: str, bmcs: dict[str, Simulated]
) -> None:
    served.command("hostname", "#!/bin/sh\necho nn-db-01\n")
    inside = ["ip", "netns", "exec", client]
    ran: list[Ran] = []
    run = threading.Thread(
        target=lambda: ran.append(served.playbook(**BOTH, bare_metal_empty="nn-db-01,nn-app-01"))
    )
    run.start()
    greeting = None
    try:
        armed = [served.run / "boot" / f"{name}.ipxe" for name in bmcs]
        end = time.monotonic() + LONGEST_S
        while not all(path.exists() for path in armed) or {sim.power for sim in bmcs.values()} != {"on"}:
            assert run.is_alive(), ran[0].output
            assert time.monotonic() < end
            time.sleep(0.2)
        for address in (ADDRESS, OTHER_ADDRESS):
            subprocess.run([*inside, "ip", "addr", "add", f"{address}/24", "dev", "eth0"], check=True)
        greeting = subprocess.Popen([*inside, sys.executable, "-c", GREETER])
        until = int(time.time()) + 3600
        (served.run / "leases").write_text(
            f"{until} {MAC} {ADDRESS} nn-db-01 *\n{until} {OTHER_MAC} {OTHER_ADDRESS} nn-app-01 *\n"
        )
        for address, asked in (
            (ADDRESS, "hosts/nn-db-01/said/began"),
            (OTHER_ADDRESS, "hosts/nn-app-01/said/began"),
            (OTHER_ADDRESS, "hosts/nn-app-01/said/disk-not-empty"),
        ):
            curl(inside, address, asked)
        curl(inside, ADDRESS, "boot/nn-db-01.ipxe", "-X", "DELETE")
    finally:
        run.join()
        subprocess.run([*inside, "ip", "addr", "flush", "dev", "eth0"], check=True)
        if greeting is not None:
            greeting.kill()
            greeting.wait()

    # As the installer does; while the run still looks whether it is on, that would be all that it sees.
    bmcs["nn-app-01"].power = "off"
    assert ran[0].rc != 0
    told = " ".join(ran[0].output.split())
    assert "nn-app-01: the installer has switched it off: something stands on the disk" in told, ran[0].output
    assert [line["name"] for line in served.journal() if line["kind"] == "note"] == [
        "armed", "installed_nn-db-01",
    ]  # fmt: skip
    managed = [line for line in served.journal() if line["kind"] == "verify"][-1]
    assert [(one["ok"], one["reading"].split(":")[0]) for one in managed["readings"]] == [
        (True, "nn-db-01 says nn-db-01"), (False, "nn-app-01"),
    ]  # fmt: skip

    # The first one is on by now, and nobody is asked about it: of the other one only the disk is.
    again = served.playbook(**BOTH, bare_metal_empty="nn-db-01")
    said = " ".join(again.output.split())
    assert again.rc != 0
    assert "everything on /dev/vda of nn-app-01 is lost" in said
    assert "switch_off" not in said
    assert bmcs["nn-db-01"].power == "on"
    assert bmcs["nn-db-01"].calls == ["on"]


def curl(inside: list[str], address: str, asked: str, *words: str) -> None:
    subprocess.run(
        [*inside, "curl", "-s", "-f", "--interface", address, *words, f"http://{SERVER}/{asked}"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
