# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC library in Redfish: the rules and the words, on a service made of published resources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import USER, VIEWER
from redfish_bench import SERVICE_PORT, Authority, curl
from redfish_service import ACCOUNTS, LOG, SESSIONS, SYSTEM, Service

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import (
    accounts,
    chassis,
    errors,
    eventlog,
    firmware,
    info,
    settings,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.identify import set_identify
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Boot
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.sensors import Sweep, sweep
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DeadlineExceeded,
)

QUICK = Confirmation(readings=2, interval_s=0.05, deadline_s=5)


def test_power_policy_and_boot_are_confirmed_by_another_client(
    service: Service, target: Any, authority: Authority
) -> None:
    with connect(target(), Deadline(10)) as bmc:
        off = set_power(bmc, "off", QUICK)
        policy = chassis.set_restore_policy(bmc, "previous")
        boot = chassis.set_boot(bmc, Boot("pxe", persistent=False, uefi=True))
        again = chassis.set_boot(bmc, Boot("pxe", persistent=False, uefi=True))
        token = next(iter(service.sessions))
        seen = curl(authority, SERVICE_PORT, SYSTEM, "-H", f"X-Auth-Token: {token}")
    assert (off["before"], off["after"], off["confirmed"]) == ("on", "off", True)
    assert (policy["before"], policy["after"], boot["changed"], again["changed"]) == (
        "always-on", "previous", True, False,
    )  # fmt: skip
    assert (seen["PowerState"], seen["PowerRestorePolicy"]) == ("Off", "LastState")
    assert seen["Boot"]["BootSourceOverrideTarget"] == "Pxe"
    assert seen["Boot"]["BootSourceOverrideEnabled"] == "Once"
    assert service.power == "off"
    assert (service.log_ins, service.connections - 1) == (1, 1), "one session, one connection, beside curl's"


@pytest.mark.parametrize(
    ("verb", "reset", "confirmed"),
    [("soft", "GracefulShutdown", True), ("cycle", "PowerCycle", True), ("reset", "ForceRestart", False)],
)
def test_each_verb_is_its_reset(
    service: Service, target: Any, verb: str, reset: str, confirmed: bool
) -> None:
    with connect(target(), Deadline(10)) as bmc:
        result = set_power(bmc, verb, QUICK)
    assert service.resets == [reset]
    assert result["confirmed"] is confirmed


def test_a_cycle_that_never_has_the_server_off_is_refused(service: Service, target: Any) -> None:
    info_of = service.tree[f"{SYSTEM}/ResetActionInfo"]["Parameters"][0]
    info_of["AllowableValues"].remove("PowerCycle")
    with connect(target()) as bmc, pytest.raises(errors.CommandUnsupported, match="state: off and then"):
        set_power(bmc, "cycle", QUICK)
    assert service.resets == []


def test_on_the_way_is_neither_on_nor_off(service: Service, target: Any) -> None:
    service.faults.switching_s = 0.5
    with connect(target()) as bmc:
        result = set_power(bmc, "off", QUICK)
        assert {"state": "unknown", "cause": "its power state is PoweringOff"}.items() <= result["readings"][
            2
        ].items()
        assert result["readings"][-1]["state"] == "off"
        bmc.control("on")
        with pytest.raises(errors.StateUnknown, match="PoweringOn"):
            set_power(bmc, "off", QUICK)


def test_a_fence_sets_the_policy_first(service: Service, target: Any) -> None:
    with connect(target(), Deadline(10)) as bmc:
        result = fence(bmc, QUICK)
    assert (result["fenced"], result["policy_before"], result["policy_after"]) == (
        True,
        "always-on",
        "always-off",
    )
    writes = [path for method, path in service.asked if method in ("PATCH", "POST") and path != SESSIONS]
    assert writes == [SYSTEM, f"{SYSTEM}/Actions/ComputerSystem.Reset"]


def test_without_a_policy_the_server_is_not_fenced(service: Service, target: Any) -> None:
    del service.tree[SYSTEM]["PowerRestorePolicy"]
    with connect(target()) as bmc, pytest.raises(errors.CommandUnsupported, match="require_restore_policy"):
        fence(bmc, QUICK)
    assert service.power == "on"


def test_yes_without_effect_is_not_believed(service: Service, target: Any) -> None:
    service.faults.ignore = True
    with connect(target()) as bmc:
        with pytest.raises(errors.NotConfirmed):
            chassis.set_restore_policy(bmc, "always-off")
        with pytest.raises(DeadlineExceeded):
            set_power(bmc, "off", Confirmation(1, 0.05, 0.4))


@pytest.mark.parametrize("sensors_as", ["Sensors", "subsystems", "Thermal and Power"])
@pytest.mark.parametrize("expand", [False, True])
def test_all_that_is_known_is_told(service: Service, target: Any, sensors_as: str, expand: bool) -> None:
    kinds = ["Sensors", "subsystems", "Thermal and Power"]
    for newer in kinds[: kinds.index(sensors_as)]:
        for name in {"Sensors": ["Sensors"], "subsystems": ["ThermalSubsystem", "PowerSubsystem"]}[newer]:
            del service.tree["/redfish/v1/Chassis/1"][name]
    if expand:
        service.tree["/redfish/v1/"]["ProtocolFeaturesSupported"] = {"ExpandQuery": {"NoLinks": True}}
    with connect(target(), Deadline(10)) as bmc:
        found = info.gather(bmc, list(info.SUBSETS))
    assert found["unsupported"] == {}
    assert found["power"]["power"] == "on"
    assert found["power_reading"]["watts"] == 214
    assert found["firmware"]["version"] == "3.42.0"
    assert found["firmware"]["session"] == {"authentication": "session", "algorithms": "TLSv1.3"}
    assert (found["lan"]["address"], found["lan"]["prefix_length"], found["lan"]["vlan"]) == (
        "127.0.0.1",
        24,
        120,
    )
    assert (found["lan"]["source"], found["lan"]["mac"]) == ("static", "52:54:00:aa:00:01")
    assert found["fru"]["serial_number"] == "AJY2026001"
    assert found["fru"]["asset_number"] == "NN-0001"
    assert [module["serial_number"] for module in found["fru"]["memory"]] == ["S80CE1", "S80CE2"]
    assert [drive["serial_number"] for drive in found["fru"]["drives"]] == ["PHLJ000", "PHLJ001"]
    inlet = next(one for one in found["sensors"] if one["name"] == "Inlet Temp")
    assert (inlet["type"], inlet["unit"], inlet["verdict"]) == ("Temperature", "°C", "ok")
    fan = next(one for one in found["sensors"] if one["name"] == "Fan 1")
    assert (fan["type"], fan["unit"], fan["reading"]) == ("Fan", "RPM", 6200.0)
    verdicts = {one["name"]: one["verdict"] for one in found["sensors"] if one["type"] == "Power Supply"}
    assert verdicts == ({"PSU 1": "ok"} if sensors_as == kinds[-1] else {"PSU 1": "ok", "PSU 2": "critical"})
    # By time, not by the order given: one is in another time zone.
    assert [event["id"] for event in found["sel"]["last"]] == ["1", "2"]
    assert found["sel"]["by_severity"] == {"critical": 1, "ok": 1}
    members = [path for _method, path in service.asked if path.startswith(f"{SYSTEM}/Memory/")]
    assert bool(members) is not expand


def test_a_sensor_without_a_reading_is_not_known(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        by_name = {one.name: one for one in bmc.read_sensors()}
        seen = sweep(bmc, Sweep(names=["Server power"]))
    assert by_name["Server power"].verdict == "unknown"
    assert "UnavailableOffline" in str(by_name["Server power"].cause)
    assert by_name["Fan 1"].verdict == "warning"
    assert (seen["verdict"], seen["unknown"]) == ("unknown", ["Server power"])


def test_a_memory_module_less_is_seen(service: Service, target: Any) -> None:
    service.tree[f"{SYSTEM}/Memory/DIMM2"]["Status"] = {"State": "Absent"}
    with connect(target()) as bmc:
        assert [one["slot"] for one in bmc.fru()["memory"]] == ["CPU1 DIMM 1"]


def test_a_boot_override_stands_in_the_settings_object(service: Service, target: Any) -> None:
    settings = f"{SYSTEM}/Settings"
    system = service.tree[SYSTEM]
    service.tree[settings] = {**system, "@odata.id": settings}
    system["@Redfish.Settings"] = {"SettingsObject": {"@odata.id": settings}}
    service.tree[settings]["Boot"] = dict(system["Boot"])
    with connect(target()) as bmc:
        assert chassis.set_boot(bmc, Boot("disk", True, True))["changed"] is True
    assert service.tree[settings]["Boot"]["BootSourceOverrideTarget"] == "Hdd"
    assert system["Boot"]["BootSourceOverrideTarget"] == "None"


@pytest.mark.parametrize("device", ["remote_cdrom", "floppy"])
def test_a_boot_device_that_it_has_not_is_refused(service: Service, target: Any, device: str) -> None:
    with connect(target()) as bmc, pytest.raises(errors.CommandUnsupported):
        chassis.set_boot(bmc, Boot(device, uefi=True))
    assert all(method != "PATCH" for method, _path in service.asked)


def test_a_password_counts_when_a_log_in_proves_it(service: Service, target: Any) -> None:
    wanted = accounts.Wanted("night", "operator", password="Str0ng,enough!pw")
    with connect(target(), Deadline(30)) as bmc:
        made = accounts.ensure(bmc, wanted)
        again = accounts.ensure(bmc, wanted)
        with bmc.beside(user="night", password="Str0ng,enough!pw") as theirs:
            assert theirs.read_status().power == "on"
        (account,) = [one for one in bmc.accounts() if one.name == "night"]
        bmc.change_account(account, enabled=False, privilege="user")
        with pytest.raises(errors.WrongPassword), bmc.beside(user="night", password="Str0ng,enough!pw"):
            pass
        (account,) = [one for one in bmc.accounts() if one.name == "night"]
        assert (account.enabled, account.privilege) == (False, "user")
        bmc.remove_account(account)
        assert {one.name for one in bmc.accounts()} == {USER, VIEWER}
    assert (made["changed"], again["changed"]) == (True, False)
    assert f"{ACCOUNTS}/3" not in service.tree


def test_a_log_is_cleared_when_it_is_still_what_was_read(
    service: Service, target: Any, tmp_path: Path
) -> None:
    with connect(target()) as bmc:
        read = bmc.read_log()
        assert [(event.asserted, event.at) for event in read.events] == [
            (True, "2026-11-20T00:00:00Z"),
            (False, "2026-11-20T00:05:00Z"),
        ]
        entry = f"{LOG}/Entries/3"
        late = {**service.tree[f"{LOG}/Entries/1"], "@odata.id": entry, "Id": "3"}
        service.insert(f"{LOG}/Entries", entry, late)
        with pytest.raises(errors.LogChanged, match="3 entries are there, 2 were read"):
            bmc.clear_log(read)
        assert len(bmc.read_log().events) == 3
        done = eventlog.clear(bmc, eventlog.Choice(), tmp_path)
        assert (done["cleared"], done["left"]) == (3, [])
        assert bmc.read_log().events == ()


def test_the_locator_is_lit_and_read_back(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        lit = set_identify(bmc, None)
        again = set_identify(bmc, None)
        out = set_identify(bmc, 0)
        with pytest.raises(errors.CommandUnsupported, match="goes out by itself"):
            set_identify(bmc, 30)
    assert [(one["changed"], one["confirmed"]) for one in (lit, again, out)] == [
        (True, True), (False, True), (True, True),
    ]  # fmt: skip


def test_firmware_is_told_by_component(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        found = firmware.info(bmc, {"bmc": "3.43", "bios": "2.19"})
    assert found["components"] == {"bmc": "3.42.0", "bios": "2.19.1"}
    assert [one["component"] for one in found["differences"]] == ["bmc"]


def test_the_network_is_written_in_one_change(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        now = bmc.read_lan()
        assert now.as_dict() == {
            "address": "127.0.0.1", "prefix_length": 24, "gateway": "127.0.0.254", "source": "static",
            "vlan": 120, "access": None,
        }  # fmt: skip
        bmc.write_lan(now, replace(now, gateway="127.0.0.253", vlan=None))
        assert bmc.read_lan().vlan is None
        with pytest.raises(errors.CommandUnsupported, match="access"):
            bmc.write_lan(now, replace(now, access="always"))
    changes = [path for method, path in service.asked if method == "PATCH"]
    assert changes == ["/redfish/v1/Managers/bmc/EthernetInterfaces/eth0"]


def test_the_console_is_refused(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        for word in (bmc.console_holder, bmc.free_console, bmc.console):
            with pytest.raises(errors.CommandUnsupported, match="protocol: ipmi"):
                word()


def test_settings_are_written_once_and_read_back(service: Service, target: Any) -> None:
    alert = {"destination": 1, "address": "10.0.0.7", "acknowledged": False, "enabled": True}
    wanted = {
        "clock": {"tolerance_s": 5.0},
        "ntp": ["10.0.0.1"],
        "session_timeout_s": 600,
        "alert": alert,
        "services": {"ipmi": False, "ssh": False},
    }
    with connect(target(), Deadline(30)) as bmc:
        done = settings.apply(bmc, wanted)
        again = settings.apply(bmc, {name: wanted[name] for name in wanted if name != "clock"})
        off = settings.apply(bmc, {"alert": {**alert, "enabled": False}})
    assert done["commands"] == [f"set {name}" for name in wanted]
    assert (again["changed"], off["changed"]) == (False, True)
    protocol = service.tree["/redfish/v1/Managers/bmc/NetworkProtocol"]
    assert (protocol["IPMI"]["ProtocolEnabled"], protocol["SSH"]["ProtocolEnabled"]) == (False, False)
    assert protocol["NTP"] == {"ProtocolEnabled": True, "NTPServers": ["10.0.0.1"]}
    assert service.tree["/redfish/v1/EventService/Subscriptions"]["Members"] == []


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"services": {"https": False}}, "this very session"),
        ({"services": {"snmp": True}}, "does not tell snmp"),
        ({"channels": {1: "disabled"}}, "no channels"),
    ],
)
def test_a_setting_that_it_has_not_is_refused_before_any(
    service: Service, target: Any, wanted: dict[str, Any], reason: str
) -> None:
    with connect(target()) as bmc, pytest.raises(errors.CommandUnsupported, match=reason):
        settings.apply(bmc, {"session_timeout_s": 600, **wanted})
    assert all(method != "PATCH" for method, _path in service.asked)
