# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC library in Redfish: rules, sessions and broken wires, on a service made of published resources."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER, VIEWER
from redfish_bench import Authority, curl, our_service, target_of
from redfish_service import ACCOUNTS, LOG, SESSIONS, SYSTEM, Faults, Service

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import chassis, errors, info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Boot
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.bmc import RedfishBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
    Unreachable,
)

PORT = 8443
QUICK = Confirmation(readings=2, interval_s=0.05, deadline_s=5)


@pytest.fixture
def service(namespace: str, authority: Authority, tmp_path: Path) -> Iterator[Service]:
    with our_service(tmp_path / "service", authority, PORT) as made:
        yield made
        assert made.sessions == {}, "a session was not given back"


@pytest.fixture
def target(authority: Authority) -> Callable[..., Any]:
    return lambda **options: target_of(authority, PORT, **options)


def test_power_policy_and_boot_are_confirmed_by_another_client(
    service: Service, target: Any, authority: Authority
) -> None:
    with connect(target(), Deadline(10)) as bmc:
        off = set_power(bmc, "off", QUICK)
        policy = chassis.set_restore_policy(bmc, "previous")
        boot = chassis.set_boot(bmc, Boot("pxe", persistent=False, uefi=True))
        again = chassis.set_boot(bmc, Boot("pxe", persistent=False, uefi=True))
        token = next(iter(service.sessions))
        seen = curl(authority, PORT, SYSTEM, "-H", f"X-Auth-Token: {token}")
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


@pytest.mark.parametrize("sensors_as", ["Sensors", "Thermal and Power"])
@pytest.mark.parametrize("expand", [False, True])
def test_all_that_is_known_is_told(service: Service, target: Any, sensors_as: str, expand: bool) -> None:
    if sensors_as != "Sensors":
        del service.tree["/redfish/v1/Chassis/1"]["Sensors"]
    if expand:
        service.tree["/redfish/v1/"]["ProtocolFeaturesSupported"] = {"ExpandQuery": {"NoLinks": True}}
    with connect(target(), Deadline(10)) as bmc:
        found = info.gather(bmc, list(info.SUBSETS))
    assert found["unsupported"] == {}
    assert found["power"]["power"] == "on"
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
    assert (inlet["type"], inlet["unit"], inlet["health"], inlet["available"]) == (
        "Temperature",
        "°C",
        "ok",
        True,
    )
    # By time, not by the order given: one is in another time zone.
    assert [event["id"] for event in found["sel"]["last"]] == ["1", "2"]
    assert found["sel"]["by_severity"] == {"critical": 1, "ok": 1}
    members = [path for _method, path in service.asked if path.startswith(f"{SYSTEM}/Memory/")]
    assert bool(members) is not expand


def test_a_sensor_without_a_reading_is_not_available(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        by_name = {one["name"]: one for one in bmc.sensors()}
    assert (by_name["Server power"]["available"], by_name["Server power"]["health"]) == (False, "unknown")
    assert by_name["Fan 1"]["health"] == "warning"


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


# Who it is, and who may ---------------------------------------------------------------------


def test_a_certificate_of_another_authority_is_refused_before_a_password_is_told(
    service: Service, target: Any, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other")
    with (
        pytest.raises(errors.CertificateRefused, match="ca_file"),
        connect(target(ca_file=str(other.ca_file))),
    ):
        raise AssertionError("it was let in")
    with pytest.raises(errors.CertificateRefused), connect(target(ca_file=None)):
        raise AssertionError("the machine's own authorities took it")
    assert service.asked == []


def test_a_certificate_for_another_address_is_refused(
    namespace: str, authority: Authority, target: Any, tmp_path: Path
) -> None:
    service = Service(tmp_path / "s", {USER: PASSWORD}, PORT)
    service.start(*authority.sign("elsewhere", subject="IP:127.0.0.9"))
    try:
        with pytest.raises(errors.CertificateRefused, match="IP address mismatch"), connect(target()):
            raise AssertionError("it was let in")
    finally:
        service.stop()
    assert service.asked == []


def test_a_file_that_is_no_certificate_is_said(service: Service, target: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "none.pem"
    with pytest.raises(DatacenterError, match="cannot be read"), connect(target(ca_file=str(wrong))):
        pass
    wrong.write_text("nothing")
    with pytest.raises(DatacenterError, match="cannot be read"), connect(target(ca_file=str(wrong))):
        pass


def test_a_wrong_password_is_told_from_a_low_role(service: Service, target: Any) -> None:
    with pytest.raises(errors.WrongPassword, match="lock the account"), connect(target(password="wrong")):
        pass
    assert service.log_ins == 1
    with connect(target(user=VIEWER)) as bmc:
        assert bmc.read_status().power == "on"
        with pytest.raises(errors.PrivilegeTooLow, match="InsufficientPrivilege"):
            set_power(bmc, "off", QUICK)
    assert service.power == "on"


def test_all_sessions_taken_is_told(service: Service, target: Any) -> None:
    service.most_sessions = 1
    with connect(target()), pytest.raises(errors.NoSessionLeft), connect(target(port=1)):
        pass


def test_a_session_that_ended_is_told_and_nothing_is_repeated(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        bmc.read_status()
        service.sessions.clear()
        with pytest.raises(errors.NoSessionLeft):
            bmc.control("off")
    assert service.power == "on"
    assert service.log_ins == 1


def test_several_servers_behind_one_service_are_not_guessed(service: Service, target: Any) -> None:
    second = "/redfish/v1/Systems/2"
    service.tree[second] = {**service.tree[SYSTEM], "@odata.id": second, "Id": "2", "Name": "nn-db-02"}
    service.tree["/redfish/v1/Systems"]["Members"].append({"@odata.id": second})
    with connect(target()) as bmc, pytest.raises(Refused, match="2 stand behind this service: 1, 2"):
        set_power(bmc, "off", QUICK)
    for name in ("2", "nn-db-02"):
        with connect(target(system=name)) as bmc:
            assert isinstance(bmc, RedfishBmc)
            assert bmc.service.system_path() == second
    with connect(target(system="nn-db-09")) as bmc, pytest.raises(Refused, match="nn-db-09"):
        bmc.read_boot()
    assert service.power == "on"


# The wire ------------------------------------------------------------------------------------


def test_the_environments_proxy_is_not_used(
    service: Service, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with connect(target()) as bmc:
        assert bmc.read_status().power == "on"


def test_an_answer_byte_by_byte_ends_at_the_deadline(service: Service, target: Any) -> None:
    with connect(target(answer_s=1.0), Deadline(10)) as bmc:
        service.faults.drip_s = 0.1
        began = time.monotonic()
        with pytest.raises(Unreachable, match="no whole answer within 1 s"):
            bmc.firmware()
        assert time.monotonic() - began < 2
        service.faults.drip_s = 0


def test_one_deadline_holds_the_whole_operation(service: Service, target: Any) -> None:
    service.faults.slow_s = 0.4
    began = time.monotonic()
    with pytest.raises(DatacenterError), connect(target(), Deadline(1.5)) as bmc:
        info.gather(bmc, ["fru"])
    assert time.monotonic() - began < 1.5 + 2.0 + 0.5
    _drained(service)


def test_a_silent_service_is_unreachable(namespace: str, target: Any) -> None:
    with socket.create_server(("127.0.0.1", PORT)):
        began = time.monotonic()
        with pytest.raises(Unreachable), connect(target(answer_s=0.5)):
            pass
        assert time.monotonic() - began < 1.5
    with pytest.raises(Unreachable, match="TCP port 8443"), connect(target()):
        pass


def test_what_is_no_redfish_is_said(namespace: str, target: Any, authority: Authority) -> None:
    def answer(server: socket.socket) -> None:
        taken, _ = server.accept()
        with taken:
            taken.recv(100)
            taken.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>")

    with socket.create_server(("127.0.0.1", PORT)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        with pytest.raises(errors.BmcError, match="port 8443 speaks HTTPS"), connect(target()):
            pass
        thread.join()


def test_a_dropped_answer_is_asked_for_again_where_that_does_no_harm(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        service.faults.drop = ("GET", SYSTEM, 1)
        assert bmc.read_status().power == "on"
        service.faults.drop = ("POST", f"{SYSTEM}/Actions", 1)
        set_power(bmc, "off", QUICK)
    assert service.resets == ["ForceOff", "ForceOff"]


@pytest.mark.parametrize("verb", ["cycle", "reset"])
def test_a_reset_whose_answer_is_lost_is_not_sent_twice(service: Service, target: Any, verb: str) -> None:
    with connect(target()) as bmc:
        service.faults.drop = ("POST", f"{SYSTEM}/Actions", 1)
        with pytest.raises(Unreachable, match="whether the server did it is not known"):
            set_power(bmc, verb, QUICK)
    assert len(service.resets) == 1


def test_a_busy_service_is_asked_again(service: Service, target: Any) -> None:
    with connect(target(answer_s=5)) as bmc:
        service.faults.busy = 1
        assert bmc.read_status().power == "on"
        service.faults.say = ("POST", SYSTEM, 503, "ServiceTemporarilyUnavailable")
        with pytest.raises(errors.NotNow):
            bmc.control("reset", once=True)
        assert [method for method, _path in service.asked].count("POST") == 2, "the log-in, and once"
    assert service.resets == []


def test_somebody_elses_change_between_does_not_lose_ours(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        service.faults.changes_hands = 1
        chassis.set_restore_policy(bmc, "always-off")
        service.faults.changes_hands = 2
        with pytest.raises(errors.NotNow, match="PreconditionFailed"):
            chassis.set_restore_policy(bmc, "previous")


@pytest.mark.parametrize("where", ["GET", "POST"])
def test_a_session_is_given_back_after_an_error(service: Service, target: Any, where: str) -> None:
    service.faults.say = (where, SYSTEM, 500, "InternalError")
    with pytest.raises(DatacenterError), connect(target()) as bmc:
        set_power(bmc, "off", QUICK)
    assert service.log_ins == 1
    with pytest.raises(RuntimeError), connect(target()):
        raise RuntimeError("what nobody thought of")


def test_a_session_is_given_back_over_a_connection_that_has_ended(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        service.faults.drop = ("GET", SYSTEM, 2)
        assert bmc.read_status().power == "unknown"
    assert "DELETE" in [method for method, _path in service.asked]


def test_no_secret_is_logged(service: Service, target: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with connect(target()) as bmc:
        token = next(iter(service.sessions))
        bmc.read_status()
        assert PASSWORD not in repr(bmc.__dict__) + repr(target())
    with pytest.raises(errors.WrongPassword) as caught, connect(target(password=PASSWORD + "x")):
        pass
    assert "/redfish/v1/" in caplog.text, "the log was looked at"
    assert PASSWORD not in caplog.text + repr(caught.value.fields())
    assert token not in caplog.text


# What comes with words of later --------------------------------------------------------------


def test_accounts_are_made_changed_and_removed(service: Service, target: Any) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import accounts

    with connect(target()) as bmc:
        assert isinstance(bmc, RedfishBmc)
        accounts.add(bmc.service, "night", "operator", "Str0ng,enough!")
        made = next(one for one in accounts.accounts(bmc.service) if one["name"] == "night")
        assert (made["privilege"], made["enabled"]) == ("operator", True)
        with connect(target(user="night", password="Str0ng,enough!", port=1)) as theirs:
            assert theirs.read_status().power == "on"
        accounts.change(bmc.service, made["path"], privilege="user", enabled=False)
        with (
            pytest.raises(errors.WrongPassword),
            connect(target(user="night", password="Str0ng,enough!", port=1)),
        ):
            pass
        accounts.remove(bmc.service, made["path"])
        assert {one["name"] for one in accounts.accounts(bmc.service)} == {USER, VIEWER}
    assert f"{ACCOUNTS}/3" not in service.tree


def test_a_log_is_cleared_when_it_is_still_what_was_read(service: Service, target: Any) -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import log

    with connect(target()) as bmc:
        assert isinstance(bmc, RedfishBmc)
        found, seen = log.events(bmc.service)
        assert [event["asserted"] for event in found] == [True, False]
        entry = f"{LOG}/Entries/3"
        service.insert(
            f"{LOG}/Entries", entry, {**service.tree[f"{LOG}/Entries/1"], "@odata.id": entry, "Id": "3"}
        )
        with pytest.raises(errors.NotNow, match="3 entries are there, 2 were read"):
            log.clear(bmc.service, seen)
        assert len(log.events(bmc.service)[0]) == 3
        log.clear(bmc.service, log.events(bmc.service)[1])
        assert log.events(bmc.service)[0] == []


def test_light_settings_and_network_are_written(service: Service, target: Any) -> None:
    from datetime import datetime

    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import (
        firmware,
        identify,
        network,
        sensors,
        settings,
    )

    with connect(target()) as bmc:
        assert isinstance(bmc, RedfishBmc)
        one = bmc.service
        assert identify.read(one) is False
        identify.write(one, True)
        assert identify.read(one) is True
        assert [part["id"] for part in firmware.inventory(one)] == ["BMC", "BIOS"]
        moment = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
        settings.write_clock(one, moment)
        assert settings.clock(one) == moment
        settings.write_session_timeout(one, 600)
        assert settings.session_timeout_s(one) == 600
        network.write_ntp(one, enabled=True, servers=["10.0.0.1"])
        assert network.ntp(one) == {"enabled": True, "servers": ["10.0.0.1"]}
        network.write_service(one, "ipmi", False)
        assert network.services(one)["ipmi"]["enabled"] is False
        with pytest.raises(errors.CommandUnsupported):
            network.write_service(one, "telnet", False)
        network.write_lan(one, gateway="127.0.0.253", vlan=0)
        assert network.lan(one)["vlan"] is None
        sensors.write_limits(one, "Inlet Temp", {"upper_critical": 50.0})
        limits = next(s for s in sensors.with_limits(one) if s["name"] == "Inlet Temp")["limits"]
        assert limits == {"upper_non_critical": 40.0, "upper_critical": 50.0}


def _drained(service: Service) -> None:
    """The last farewell may still be under way: it is slow here on purpose."""
    end = time.monotonic() + 3
    service.faults = Faults()
    while service.sessions and time.monotonic() < end:
        time.sleep(0.02)
