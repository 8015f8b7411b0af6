# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC's network is changed over that network: it arrives, it comes back, or it is gone and that is said.

The BMC really moves: what it is told, a script does to the addresses of a namespace of its own.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import Simulated
from test_bmc_modules import Runner, task

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, in_use
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.lan import Wanted, set_lan
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused, Unreachable

LINK = "bmclan"
GATEWAY, OLD, NEW = "10.66.0.1", "10.66.0.2", "10.66.0.3"
VERIFY_S = 3.0

# What the BMC's network does when it is told an address.
MOVER = """\
#!/bin/sh
cd {folder} || exit 1
read -r how < how
read -r old < at
echo "$1 $2" >> told
[ "$1" = "$old" ] && exit 0
case $how in
  moves) ip addr add $1/24 dev {link}; ip addr del $old/24 dev {link}; echo $1 > at ;;
  # As firmware does that starts its network anew; the answer to the command is lost.
  slowly) ip addr del $old/24 dev {link}
          (sleep 1.5; ip addr add $1/24 dev {link}; echo $1 > at) >/dev/null 2>&1 & ;;
  stays) ;;
  vanishes) ip addr del $old/24 dev {link} ;;
esac
exit 0
"""


class Moving(Simulated):
    """A BMC with an address of its own."""

    def how(self, text: str) -> None:
        (self.directory / "how").write_text(text + "\n")

    def enter(self, *command: str) -> None:
        """Run something where the BMC is."""
        subprocess.run(["nsenter", f"--net=/run/netns/{self.inside}", *command], check=True)

    @property
    def told(self) -> list[str]:
        path = self.directory / "told"
        return path.read_text().splitlines() if path.exists() else []

    def witness(self) -> dict[str, str]:
        """What ipmitool reads at the address that the BMC is believed to have."""
        lines = self.ipmitool("lan", "print", "1").splitlines()
        pairs = [line.split(":", 1) for line in lines if ":" in line]
        return {name.strip(): value.strip() for name, value in pairs}


@pytest.fixture
def sim(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[Moving]:
    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    far = f"{namespace}-far"
    moving = Moving(tmp_path / "sim", plugin, address=OLD, inside=far)
    moving.directory.mkdir()
    mover = moving.directory / "mover"
    mover.write_text(MOVER.format(folder=moving.directory, link=LINK))
    mover.chmod(0o755)
    moving.how("moves")
    (moving.directory / "at").write_text(OLD + "\n")
    ip("netns", "add", far)
    try:
        ip("link", "add", "bmcnear", "type", "veth", "peer", "name", LINK, "netns", far)
        ip("addr", "add", f"{GATEWAY}/24", "dev", "bmcnear")
        ip("link", "set", "bmcnear", "up")
        ip("-n", far, "addr", "add", f"{OLD}/24", "dev", LINK)
        ip("-n", far, "link", "set", LINK, "up")
        ip("-n", far, "link", "set", "lo", "up")
        # A secondary address would go with the first.
        moving.enter("sysctl", "-q", "-w", f"net.ipv4.conf.{LINK}.promote_secondaries=1")
        moving.start(listen="0.0.0.0", mover=mover, gateway=GATEWAY)
        yield moving
    finally:
        moving.stop()
        # Now, not when the kernel comes to it: the next test makes the same.
        subprocess.run(["ip", "link", "del", "bmcnear"], check=False)
        ip("netns", "del", far)


def change(sim: Moving, wanted: Wanted, **options: Any) -> dict[str, Any]:
    with connect(sim.target(privilege="administrator", answer_s=1.0)) as bmc:
        return set_lan(bmc, wanted, VERIFY_S, **options)


@pytest.mark.parametrize("how", ["moves", "slowly"])
def test_an_address_in_four_runs(sim: Moving, how: str) -> None:
    sim.how(how)
    foretold = change(sim, Wanted(NEW), check=True)
    assert (foretold["changed"], foretold["commands"]) == (True, [f"set address {NEW}"])
    assert sim.told == []
    assert sim.witness()["IP Address"] == OLD

    done = change(sim, Wanted(NEW))
    assert (done["before"]["address"], done["after"]["address"]) == (OLD, NEW)
    assert sim.told == [f"{NEW} 255.255.255.0"]
    sim.address = NEW
    assert sim.witness()["IP Address"] == NEW
    assert sim.witness()["Set in Progress"] == "Set Complete"

    for check in (False, True):
        assert change(sim, Wanted(NEW), check=check)["changed"] is False
    assert len(sim.told) == 1
    # A restart does not forget it.
    sim.stop()
    sim.start(listen="0.0.0.0", mover=sim.directory / "mover", gateway=GATEWAY)
    assert sim.witness()["IP Address"] == NEW


def test_prefix_gateway_and_vlan_are_set_where_they_are(sim: Moving) -> None:
    done = change(sim, Wanted(prefix_length=25, gateway="10.66.0.100", vlan=66))
    assert done["commands"] == ["set prefix_length 25", "set gateway 10.66.0.100", "set vlan 66"]
    witness = sim.witness()
    assert witness["Subnet Mask"] == "255.255.255.128"
    assert witness["Default Gateway IP"] == "10.66.0.100"
    assert witness["802.1q VLAN ID"] == "66"
    assert change(sim, Wanted(vlan=66))["changed"] is False
    assert change(sim, Wanted(vlan=0))["after"]["vlan"] is None
    assert sim.witness()["802.1q VLAN ID"] == "Disabled"
    assert change(sim, Wanted(access="always"))["changed"] is False


def test_freeipmi_reads_the_same(sim: Moving) -> None:
    change(sim, Wanted(NEW))
    sim.address = NEW
    told = sim.freeipmi("ipmi-config", "--checkout", "-S", "Lan_Conf", privilege="ADMIN", well=(0, 1))
    said = dict(pair for line in told.splitlines() if len(pair := line.split()) == 2)
    assert (said["IP_Address"], said["Default_Gateway_IP_Address"]) == (NEW, GATEWAY)


def test_a_bmc_that_cannot_be_reached_there_is_taken_back(sim: Moving) -> None:
    sim.how("stays")
    with pytest.raises(errors.NotConfirmed, match="the former ones are in force") as error:
        change(sim, Wanted(NEW))
    assert error.value.result["changed"] is False
    assert f"nobody could log in at {NEW}" in str(error.value.cause)
    assert sim.witness()["IP Address"] == OLD
    assert [line.split()[0] for line in sim.told] == [NEW, OLD]


def test_a_bmc_that_is_gone_is_reported_with_what_it_may_have(sim: Moving) -> None:
    sim.how("vanishes")
    with pytest.raises(Unreachable, match=f"neither at {NEW} nor at {OLD}") as error:
        change(sim, Wanted(NEW))
    assert (error.value.result["changed"], error.value.result["after"]) == (True, None)
    assert f"It was told {NEW}/24" in str(error.value.cause)
    assert f"before it had {OLD}/24" in str(error.value.cause)


def test_another_bmc_at_the_address_is_not_taken_for_it(sim: Moving, plugin: Path, tmp_path: Path) -> None:
    # Each on its own address, so that both have port 623.
    sim.stop()
    sim.start(mover=sim.directory / "mover", gateway=GATEWAY)
    sim.how("stays")
    sim.enter("ip", "addr", "add", f"{NEW}/24", "dev", LINK)
    other = Simulated(tmp_path / "other", plugin, address=NEW, inside=sim.inside)
    other.start(mac="02:00:00:00:00:99", gateway=GATEWAY)
    try:
        with pytest.raises(Refused, match="in use"):
            change(sim, Wanted(NEW))
        # It came up after the question.
        with pytest.raises(errors.NotConfirmed, match="another BMC answers"):
            change(sim, Wanted(NEW), answers=lambda _address: None)
        assert sim.witness()["IP Address"] == OLD
        assert "02:00:00:00:00:99" in other.ipmitool("lan", "print", "1")
    finally:
        other.stop()


@pytest.mark.parametrize(
    ("wanted", "cause"),
    [
        (Wanted(GATEWAY), f"{GATEWAY}"),
        (Wanted("10.67.0.3"), f"the gateway {GATEWAY} is not in 10.67.0.0/24"),
        (Wanted(NEW, gateway="10.67.0.1"), "the gateway 10.67.0.1 is not in 10.66.0.0/24"),
        (Wanted("10.67.0.3", gateway="10.67.0.1"), "this machine has no way to 10.67.0.3"),
        (Wanted("10.66.0.255"), "broadcast address"),
        (Wanted(NEW, vlan=5), "address and VLAN in one step"),
    ],
)
def test_what_would_cut_it_off_is_refused(sim: Moving, wanted: Wanted, cause: str) -> None:
    for check in (True, False):
        with pytest.raises(Refused) as error:
            change(sim, wanted, check=check)
        assert cause in str(error.value)
    assert sim.told == []
    assert sim.witness()["IP Address"] == OLD


def test_an_address_in_use_is_heard_and_a_free_one_is_silent(sim: Moving) -> None:
    assert in_use.answers(OLD) is not None
    assert (in_use.way_to(OLD), in_use.way_to("10.67.0.3")) == (GATEWAY, None)
    begun = time.monotonic()
    assert in_use.answers("10.66.0.77") is None
    assert time.monotonic() - begun < 2.5


def test_a_change_that_another_client_left_open_is_not_joined(sim: Moving) -> None:
    sim.ipmitool("raw", "0x0c", "0x01", "0x01", "0x00", "0x01")
    with pytest.raises(errors.NotNow, match="another client is changing it"):
        change(sim, Wanted(NEW))
    assert sim.told == []


def test_a_twins_bmc_owns_its_address(sim: Moving) -> None:
    sim.stop()
    sim.start(listen="0.0.0.0", gateway=GATEWAY)
    with pytest.raises(errors.BmcError):
        change(sim, Wanted(NEW))
    assert sim.witness()["IP Address"] == OLD


def test_the_module_finds_a_bmc_that_has_moved_already(sim: Moving, tmp_path: Path) -> None:
    run = Runner(tmp_path, sim)
    options = {"address": OLD, "new_address": NEW, "verify_s": VERIFY_S, "answer_s": 1, "deadline_s": 30}
    foretold = run(task("check", "bmc_lan", **options), arguments=("--check", "--diff"))
    assert foretold.results["check"]["diff"]["after"]["address"] == NEW, foretold.output
    assert sim.told == []
    # ipmitool says which MAC address it has.
    known = {**options, "mac": sim.witness()["MAC Address"]}
    done = run(task("moved", "bmc_lan", **options), task("again", "bmc_lan", **known))
    assert [done.results[name]["changed"] for name in ("moved", "again")] == [True, False], done.output
    assert sim.told == [f"{NEW} 255.255.255.0"]
