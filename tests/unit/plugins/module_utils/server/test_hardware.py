# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of its hardware: as much as can be known, nothing of a machine that is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import (
    disks,
    hardware,
    nics,
    raid,
    smbios,
    virtualisation,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import machine as machine_module
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine, NotTold
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.server.metal import (
    END,
    TABLE,
    Metal,
    ata,
    attribute,
    module,
    nvme,
    refused,
    structure,
)


@pytest.fixture
def metal(tmp_path: Path) -> Metal:
    return Metal(tmp_path)


# -- what it is


@pytest.mark.parametrize(
    ("said", "code", "kind"),
    [("none", 1, "metal"), ("kvm", 0, "vm"), ("systemd-nspawn", 0, "container"), ("docker", 0, "container"),
     ("a-new-hypervisor", 0, "vm")],
)  # fmt: skip
def test_systemd_is_asked_what_it_is(metal: Metal, said: str, code: int, kind: str) -> None:
    metal.tool("systemd-detect-virt", said + "\n", code)

    assert virtualisation.kind(metal.machine)["kind"] == kind


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        ("/run/systemd/container", "systemd-nspawn\n", "container"),
        ("/proc/1/environ", "PATH=/bin\x00container=lxc\x00", "container"),
        ("/.dockerenv", "", "container"),
        ("/proc/vz/version", "1", "container"),
        ("/sys/class/dmi/id/product_name", "KVM Virtual Machine\n", "vm"),
        ("/sys/class/dmi/id/sys_vendor", "QEMU\n", "vm"),
        ("/sys/hypervisor/type", "xen\n", "vm"),
        ("/proc/cpuinfo", "processor : 0\nflags\t\t: fpu hypervisor lm\n", "vm"),
        ("/proc/cpuinfo", "processor : 0\nflags\t\t: fpu lm\n", "metal"),
    ],
)
def test_without_systemd_its_sources_are_read(metal: Metal, file: str, text: str, kind: str) -> None:
    metal.file(file, text)
    alone = Machine(metal.folder, (str(metal.bin),))

    assert virtualisation.kind(alone)["kind"] == kind


def test_where_nothing_says_so_it_is_not_taken_for_metal(metal: Metal) -> None:
    metal.file("/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n")
    alone = Machine(metal.folder, (str(metal.bin),))

    assert hardware.survey(alone)["kind"] == "unknown"
    metal.file("/sys/class/dmi/id/sys_vendor", "Huawei\n")
    metal.file("/sys/class/dmi/id/product_name", "TaiShan 200\n")
    assert virtualisation.kind(alone)["kind"] == "metal"


@pytest.mark.parametrize(("said", "word"), [("kvm", "virtual machine"), ("systemd-nspawn", "container")])
def test_a_guest_tells_nothing_of_the_machine_below(metal: Metal, said: str, word: str) -> None:
    metal.whole().bin.joinpath("systemd-detect-virt").write_text(f"#!/bin/sh\necho {said}\n")

    found = hardware.survey(metal.machine)

    assert [found[part] for part in hardware.PARTS] == [None] * len(hardware.PARTS)
    assert word in found["not_told"]["hardware"]


# -- all of it


def test_metal_tells_everything(metal: Metal) -> None:
    found = hardware.survey(metal.whole().machine)

    assert found["not_told"] == {}
    assert found["identity"] == {"manufacturer": "Inspur", "product": "NF5280M6", "serial": "22A0001"}
    assert [disk["name"] for disk in found["disks"]] == ["sda", "nvme0n1"]
    assert found["disks"][0]["serial"] == "ZC1A0001"
    assert found["disks"][0]["rotational"] is True
    assert found["disks"][0]["smart"]["passed"] is True
    assert found["nics"] == [{"name": "eno1", "mac": "ac:1f:6b:00:00:01", "link": True, "mbit_s": 10000}]
    assert found["neighbours"][0]["system"] == "nn-sw-01"


def test_without_tools_each_part_says_what_to_install(metal: Metal) -> None:
    metal.file("/sys/bus/pci/devices/0000:18:00.0/class", "0x010400\n")
    metal.file("/sys/bus/pci/devices/0000:18:00.0/vendor", "0x1000\n")
    metal.tool("systemd-detect-virt", "none")
    metal.bin.joinpath("systemd-detect-virt").write_text("#!/bin/sh\necho none\n")
    alone = Machine(metal.folder, (str(metal.bin),))

    found = hardware.survey(alone)

    assert "install util-linux" in found["not_told"]["disks"]
    assert "install lldpd" in found["not_told"]["neighbours"]
    assert "install storcli or perccli" in found["not_told"]["raid_controllers"]
    assert "ask the BMC" in found["not_told"]["memory"] or "BMC's FRU" in found["not_told"]["memory"]
    assert found["memory"] is None
    assert found["software_raid"] == []


# -- disks


def test_a_drive_that_fails_says_by_what(metal: Metal) -> None:
    told = ata(
        False,
        attribute(5, "Reallocated_Sector_Ct", 535, "now"),
        attribute(197, "Current_Pending_Sector", 1),
        attribute(190, "Airflow_Temperature_Cel", 27, "past"),
    )

    found = disks.smart(told, 24)

    assert found["passed"] is False
    assert found["failing"] == ["Reallocated_Sector_Ct"]
    assert found["failed_before"] == ["Airflow_Temperature_Cel"]
    assert (found["reallocated"], found["pending"], found["hours"]) == (535, 1, 16402)


def test_an_nvme_drive_with_a_warning_does_not_pass() -> None:
    assert disks.smart(nvme(True), 0)["wear_percent"] == 3
    assert disks.smart(nvme(True, warning=4), 0)["passed"] is False


def test_a_drive_that_does_not_say_is_neither_well_nor_ill(metal: Metal) -> None:
    assert disks.smart(ata(None, attribute(5, "Reallocated_Sector_Ct", 0)), 4)["passed"] is None


def test_a_drive_behind_a_controller_is_not_told_and_the_others_are(metal: Metal) -> None:
    metal.whole()
    said = "Smartctl open device: /dev/sda failed: MegaRaid controller, please try adding '-d megaraid,N'"
    (metal.bin / "smartctl").unlink()
    metal.tool("smartctl", refused(said), 2, when="/dev/sda")
    metal.tool("smartctl", nvme(True), when="/dev/nvme0n1")

    found = hardware.survey(metal.machine)

    assert "megaraid,N" in found["not_told"]["smart sda"]
    assert found["disks"][0]["smart"] is None
    assert found["disks"][1]["smart"]["passed"] is True


def test_smart_of_another_user_says_root(metal: Metal) -> None:
    with pytest.raises(NotTold, match="run it as root"):
        disks.smart(refused("Smartctl open device: /dev/sda failed: Permission denied"), 2)


def test_a_tool_that_hangs_is_ended(metal: Metal, monkeypatch: pytest.MonkeyPatch) -> None:
    metal.tool("smartctl", "")
    metal.bin.joinpath("smartctl").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(machine_module, "TOOL_S", 0.2)
    disk: dict[str, object] = {"name": "sda"}

    assert "did not end" in disks.add_smart(metal.machine, [disk])["smart sda"]
    assert disk["smart"] is None


def test_lsblk_of_old_writes_numbers_as_text(metal: Metal) -> None:
    old = {
        "name": "sda",
        "model": "X ",
        "serial": " 1 ",
        "size": "500",
        "rota": "1",
        "type": "disk",
        "rm": "0",
    }
    metal.tool("lsblk", {"blockdevices": [old]})

    (found,) = disks.disks(metal.machine)

    assert (found["bytes"], found["rotational"], found["model"], found["serial"]) == (500, True, "X", "1")


# -- RAID


def test_arrays_that_lack_a_member_are_degraded(metal: Metal) -> None:
    found = {one["name"]: one for one in raid.software(metal.whole().machine)}

    assert {name: one["degraded"] for name, one in found.items()} == {
        "md0": False,
        "md1": True,
        "md127": True,
    }
    assert found["md1"]["failed"] == ["sdc1"]
    assert found["md1"]["at_work"] == "recovery 12.6%"
    assert found["md1"]["level"] == "raid5"


def test_mdadm_has_the_worse_word(metal: Metal) -> None:
    metal.file("/proc/mdstat", "md0 : active raid0 sdb1[1] sda1[0]\n      1047552 blocks\n")
    metal.tool("mdadm", "/dev/md0:\n           Version : 1.2\n             State : clean, FAILED\n")

    (found,) = raid.software(metal.machine)

    assert (found["degraded"], found["state"]) == (True, "clean, FAILED")


def test_a_controller_tells_its_battery(metal: Metal) -> None:
    (found,) = raid.controllers(metal.whole().machine)

    assert found["state"] == "Needs Attention"
    assert found["arrays"] == [{"level": "RAID1", "name": "0/0", "state": "Dgrd"}]
    assert [drive["state"] for drive in found["drives"]] == ["Onln", "Failed"]
    assert found["batteries"] == [{"model": "CVPM02", "state": "Failed"}]


def test_a_controller_whose_tool_prints_no_json_is_not_told(metal: Metal) -> None:
    metal.file("/sys/bus/pci/devices/0000:5c:00.0/class", "0x010400\n")
    metal.file("/sys/bus/pci/devices/0000:5c:00.0/vendor", "0x9005\n")
    metal.tool("ssacli", "")

    with pytest.raises(NotTold, match="ssacli ctrl all show status"):
        raid.controllers(metal.machine)


def test_a_tool_that_sees_no_controller_where_there_is_one_proves_nothing(metal: Metal) -> None:
    metal.file("/sys/bus/pci/devices/0000:5c:00.0/class", "0x010400\n")
    metal.tool("storcli64", {"Controllers": [{"Command Status": {"Status": "Failure"}}]})

    with pytest.raises(NotTold, match="sees no controller"):
        raid.controllers(metal.machine)


# -- the firmware's tables


def test_modules_have_slot_size_and_serial() -> None:
    found = smbios.memory(list(smbios.structures(TABLE)))

    assert [(one["slot"], one["mib"], one["serial_number"]) for one in found] == [
        ("DIMM_A1", 32768, "4012AB01"),
        ("DIMM_A2", 16384, "4012AB02"),
    ]
    assert found[0]["type"] == "DDR4"
    assert found[0]["mt_per_s"] == 2933


def test_slots_of_the_same_name_are_told_apart_by_their_bank() -> None:
    table = module("DIMM 0", 16384, "1", bank="P0 CHANNEL A") + module(
        "DIMM 0", 16384, "2", bank="P0 CHANNEL B"
    )

    found = smbios.memory(list(smbios.structures(table + END)))

    assert [one["slot"] for one in found] == ["P0 CHANNEL A DIMM 0", "P0 CHANNEL B DIMM 0"]


def test_processors_are_those_that_are_there() -> None:
    (found,) = smbios.processors(list(smbios.structures(TABLE)))

    assert (found["slot"], found["cores"]) == ("CPU0", 28)


def test_a_table_that_is_broken_off_gives_what_is_whole() -> None:
    assert [one.kind for one in smbios.structures(TABLE[:-30])] == [1, 4, 4, 17, 17]
    assert list(smbios.structures(b"\x11\x02")) == []


def test_what_nobody_filled_in_is_no_serial() -> None:
    (one,) = smbios.structures(structure(1, bytes([1, 0, 0, 1]), "To Be Filled By O.E.M."))

    assert smbios.identity([one])["serial"] is None


# -- the network


def test_a_member_of_a_bond_shows_its_own_mac_and_a_dark_one_no_link(metal: Metal) -> None:
    metal.nic("eno1", address="aa:aa:aa:aa:aa:aa", carrier="0",
              bonding_slave__perm_hwaddr="ac:1f:6b:00:00:02", device__vendor="x", speed="-1")  # fmt: skip
    metal.nic("eno2", address="ac:1f:6b:00:00:03", device__vendor="0x8086")
    metal.nic("eno2v0", address="ac:1f:6b:00:00:04", device__physfn__vendor="0x8086")
    metal.nic("bond0", address="aa:aa:aa:aa:aa:aa", carrier="1")

    assert nics.nics(metal.machine) == [
        {"name": "eno1", "mac": "ac:1f:6b:00:00:02", "link": False, "mbit_s": None},
        {"name": "eno2", "mac": "ac:1f:6b:00:00:03", "link": None, "mbit_s": None},
    ]


def test_neighbours_in_both_forms_of_json() -> None:
    port = {"id": {"type": "ifname", "value": "ge5"}, "descr": "to lan3", "ttl": "120"}
    chassis = {"sw": {"id": {"type": "mac", "value": "28:c6:8e:1d:90:44"}}}
    one = {"name": "lan3", "via": "LLDP", "chassis": chassis, "port": port}
    told = [{"lldp": {"interface": form}} for form in ([one], {"lan3": {"chassis": chassis, "port": port}})]

    assert nics.lldp(told[0]) == nics.lldp(told[1])
    assert nics.lldp(told[0])[0]["port"] == "ge5"
    assert nics.lldp({"lldp": {}}) == []


def test_a_neighbour_without_a_name_keeps_its_chassis(metal: Metal) -> None:
    found = nics.neighbours(metal.whole().machine)

    assert found[1] == {
        "interface": "eno2", "system": None, "chassis": "5c:dd:70:e7:e8:52", "port": "5c:dd:70:e7:e8:59",
        "port_description": None,
    }  # fmt: skip


def test_an_lldpd_that_does_not_run_is_said(metal: Metal) -> None:
    said = "[WARN/control] unable to connect to socket /run/lldpd.socket: No such file or directory"
    metal.tool("lldpcli", "", 1)
    metal.bin.joinpath("lldpcli").write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")

    with pytest.raises(NotTold) as error:
        nics.neighbours(metal.machine)

    assert "unable to connect to socket" in error.value.reason()
    assert "start lldpd" in error.value.reason()
