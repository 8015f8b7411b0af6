# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redfish: what a refusal means, which resource is meant, and what its properties say."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import arguments, errors, info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    BOOT_DEVICES,
    POLICIES,
    Boot,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import (
    accounts,
    chassis,
    console,
    draw,
    faults,
    identify,
    log,
    network,
    sensors,
    settings,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.bmc import RedfishBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.wire import (
    Answer,
    NotSent,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.bmc.redfish_fake import (
    CHASSIS,
    MANAGER,
    SECRET,
    SYSTEM,
    link,
    members,
    refused,
    served,
)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(400, "ActionParameterValueNotInList"), errors.CommandUnsupported),
        (refused(400, "PropertyNotWritable"), errors.CommandUnsupported),
        (refused(400, "SessionLimitExceeded"), errors.NoSessionLeft),
        (refused(503, "SessionLimitExceeded"), errors.NoSessionLeft),
        (refused(403, "PasswordChangeRequired"), errors.PrivilegeTooLow),
        (refused(403), errors.PrivilegeTooLow),
        (refused(404, "ResourceMissingAtURI"), errors.CommandUnsupported),
        (refused(405), errors.CommandUnsupported),
        (refused(501), errors.CommandUnsupported),
        (refused(409, "ResourceInUse"), errors.NotNow),
        (refused(409), errors.NotNow),
        (refused(412), errors.NotNow),
        (refused(503), errors.NotNow),
        (refused(401, "NoValidSession"), errors.NoSessionLeft),
        (refused(500, "InternalError"), errors.BmcError),
        # The message that says more counts, wherever it stands.
        (refused(400, "GeneralError", "ResourceInStandby"), errors.NotNow),
    ],
)
def test_a_refusal_says_what_kind(answer: Answer, kind: type[Exception]) -> None:
    error = faults.refusal("db", "power off", answer)
    assert error.__class__ is kind
    assert f"HTTP {answer.status}" in str(error)
    assert error.next_step


def test_a_401_is_the_password_only_where_it_was_told() -> None:
    answer = refused(401, "NoValidSession")
    assert faults.refusal("db", "no session", answer, logging_in=True).__class__ is errors.WrongPassword
    assert faults.refusal("db", "power off", answer).__class__ is errors.NoSessionLeft


def test_the_services_own_words_are_told() -> None:
    assert "It is ResourceInUse (HTTP 409)" in str(faults.refusal("db", "x", refused(409, "ResourceInUse")))
    vague = {"MessageId": "Base.1.0.GeneralError"}
    old = {"code": "Base.1.0.GeneralError", "message": "no disk", "@Message.ExtendedInfo": [vague]}
    assert "no disk (HTTP 500)" in str(faults.refusal("db", "x", Answer(500, {}, {"error": old})))
    assert "(HTTP 502)" in str(faults.refusal("db", "x", Answer(502, {})))


@pytest.mark.parametrize("garbled", [{"error": "no"}, {"error": {"@Message.ExtendedInfo": [7, None]}}, {}])
def test_a_refusal_that_is_not_as_specified_is_one_all_the_same(garbled: dict[str, Any]) -> None:
    assert faults.refusal("db", "x", Answer(400, {}, garbled)).__class__ is errors.BmcError


# Power and boot ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "power"),
    [("On", "on"), ("Off", "off")]
    + [(stated, "unknown") for stated in ("PoweringOn", "PoweringOff", "Paused", None)],
)
def test_only_on_and_off_are_known(stated: str | None, power: str) -> None:
    service, _wire = served({SYSTEM: {"PowerState": stated, "PowerRestorePolicy": "LastState"}})
    status = chassis.read_status(service)
    assert (status.power, status.restore_policy) == (power, "previous")
    assert (status.cause is None) is (power != "unknown")


@pytest.mark.parametrize("subset", ["power", "chassis"])
def test_a_server_on_the_way_is_told_of_and_silence_is_not_made_an_answer(subset: str) -> None:
    service, wire = served({SYSTEM: {"PowerState": "PoweringOff", "PowerRestorePolicy": "AlwaysOff"}})
    bmc = RedfishBmc(service.session)
    told = info.gather(bmc, [subset])[subset]
    assert (told["power"], told["restore_policy"]) == ("unknown", "always-off")
    assert told["cause"] == "its power state is PoweringOff"
    wire.tree[SYSTEM]["PowerState"] = "Off"
    assert "cause" not in info.gather(bmc, [subset])[subset]
    wire.script["GET", SYSTEM] = [refused(500, "InternalError"), refused(500, "InternalError")]
    with pytest.raises(errors.StateUnknown, match="InternalError"):
        info.gather(bmc, [subset])


def test_an_error_is_an_unknown_state_with_its_cause() -> None:
    service, wire = served()
    wire.script["GET", SYSTEM] = [refused(500, "InternalError"), NotSent("no route")]
    assert "InternalError" in str(chassis.read_status(service).cause)
    assert chassis.read_status(service).cause == "no route"


def test_every_policy_has_its_name() -> None:
    for policy in POLICIES:
        service, wire = served({SYSTEM: {"PowerRestorePolicy": "AlwaysOn"}})
        chassis.write_restore_policy(service, policy)
        (sent,) = wire.sent("PATCH")
        wire.tree[SYSTEM] = sent
        assert chassis.read_status(service).restore_policy == policy


def action(**more: Any) -> dict[str, dict[str, Any]]:
    return {SYSTEM: {"Actions": {"#ComputerSystem.Reset": {"target": "/reset", **more}}}}


@pytest.mark.parametrize(
    ("verb", "taken", "sent"),
    [
        ("on", ["ForceOn", "ForceOff"], "ForceOn"),
        ("on", None, "On"),
        ("off", None, "ForceOff"),
        ("soft", ["GracefulShutdown", "PushPowerButton"], "GracefulShutdown"),
        ("cycle", ["PowerCycle", "ForceRestart"], "PowerCycle"),
        ("reset", ["PowerCycle", "ForceRestart"], "ForceRestart"),
        ("soft", ["PushPowerButton"], None),
        ("cycle", ["ForceRestart", "GracefulRestart"], None),
        ("off", ["On"], None),
    ],
)
def test_a_verb_is_a_reset_that_means_the_same_or_none(
    verb: str, taken: list[str] | None, sent: str | None
) -> None:
    listed = {"ResetType@Redfish.AllowableValues": taken} if taken is not None else {}
    service, wire = served(action(**listed))
    if sent is None:
        with pytest.raises(errors.CommandUnsupported, match=", ".join(taken or [])):
            chassis.control(service, verb, once=False)
        assert wire.sent("POST") == []
    else:
        chassis.control(service, verb, once=False)
        assert wire.sent("POST") == [{"ResetType": sent}]


def test_what_an_action_takes_may_stand_in_a_resource_of_its_own() -> None:
    service, wire = served(action(**{"@Redfish.ActionInfo": "/info"}))
    wire.tree["/info"] = {"Parameters": [{"Name": "ResetType", "AllowableValues": ["ForceOff"]}]}
    with pytest.raises(errors.CommandUnsupported, match="it takes ForceOff"):
        chassis.control(service, "soft", once=False)


def test_every_boot_device_is_written_as_it_is_read_or_refused() -> None:
    for device in BOOT_DEVICES:
        wanted = Boot() if device == "none" else Boot(device, persistent=True, uefi=True)
        start = {"BootSourceOverrideTarget": "Usb", "BootSourceOverrideMode": "Legacy"}
        service, wire = served({SYSTEM: {"Boot": start}})
        if device.startswith("remote"):
            with pytest.raises(errors.CommandUnsupported, match="afar"):
                chassis.write_boot(service, wanted)
            continue
        chassis.write_boot(service, wanted)
        wire.tree[SYSTEM] = wire.sent("PATCH")[0]
        assert chassis.read_boot(service) == wanted


def test_a_boot_target_of_its_own_keeps_its_name() -> None:
    boot = {"BootSourceOverrideTarget": "UefiHttp", "BootSourceOverrideEnabled": "Once"}
    service, _wire = served({SYSTEM: {"Boot": boot}})
    assert chassis.read_boot(service) == Boot("UefiHttp")


# Resources -----------------------------------------------------------------------------------


def test_the_log_that_is_meant_is_the_system_event_log() -> None:
    logs = members(
        "/logs",
        {"Id": "Audit", "Entries": link("/audit")},
        {"Id": "EventLog", "Entries": link("/event"), "ServiceEnabled": False},
        {"Id": "X", "LogEntryType": "SEL", "Entries": link("/sel")},
    )
    service, _wire = served({**logs, SYSTEM: {"LogServices": link("/logs")}})
    assert log.find(service, "read").entries == "/sel"
    logs["/logs"]["Members"].pop()
    service, _wire = served({**logs, MANAGER: {"LogServices": link("/logs")}})
    assert log.find(service, "read").entries == "/audit"


@pytest.mark.parametrize(("version", "sends"), [("v1_1_0", False), ("v1_3_0", True), ("v1_10_0", True)])
def test_a_log_that_compares_itself_is_told_the_tag(version: str, sends: bool) -> None:
    one = {
        "Id": "SEL", "Entries": link("/e"), "@odata.type": f"#LogService.{version}.LogService",
        "Actions": {"#LogService.ClearLog": {"target": "/clear"}},
    }  # fmt: skip
    service, wire = served({**members("/logs", one), SYSTEM: {"LogServices": link("/logs")}})
    wire.tree["/e"] = {"Members": [], "@odata.etag": '"7"'}
    log.clear(service, log.read_log(service).ticket)
    assert wire.sent("POST") == [{"LogEntriesETag": '"7"'} if sends else {}]


def test_the_tag_of_a_log_that_is_read_in_one_answer_is_the_collections() -> None:
    one = {
        "Id": "SEL", "Entries": link("/e"), "@odata.type": "#LogService.v1_3_0.LogService",
        "Actions": {"#LogService.ClearLog": {"target": "/clear"}},
    }  # fmt: skip
    for told, sent in (({"@odata.etag": '"7"'}, {"LogEntriesETag": '"7"'}), ({}, {})):
        service, wire = served({**members("/logs", one), SYSTEM: {"LogServices": link("/logs")}})
        service.session.root["ProtocolFeaturesSupported"] = {"ExpandQuery": {"NoLinks": True}}
        expanded = "?$expand=.($levels=1)"
        wire.tree[f"/logs{expanded}"] = {"Members": [wire.tree["/logs/0"]]}
        entry = {**link("/e/1"), "Id": "1"}
        wire.script["GET", f"/e{expanded}"] = [
            Answer(200, {"ETag": '"of the answer"'}, {"Members": [entry], **told})
        ]
        wire.tree["/e"] = {"Members": [link("/e/1")]}
        log.clear(service, log.read_log(service).ticket)
        assert wire.sent("POST") == [sent]


@pytest.mark.parametrize(
    ("metrics", "control", "watts"),
    [
        ({"Reading": 310}, {"PowerConsumedWatts": 300}, 310),
        ({"Reading": None}, {"PowerConsumedWatts": 300}, 300),
        ({}, {"PowerConsumedWatts": 300}, 300),
        ({"Reading": None}, {"PowerConsumedWatts": None}, None),
        (None, {"PowerConsumedWatts": 0}, 0),
    ],
)
def test_a_draw_that_one_source_does_not_read_is_the_next_ones(
    metrics: dict[str, Any] | None, control: dict[str, Any], watts: int | None
) -> None:
    chassis_links = {**link(CHASSIS), "EnvironmentMetrics": link("/em"), "Power": link("/p")}
    told = {} if metrics is None else {"PowerWatts": metrics}
    service, _wire = served({CHASSIS: chassis_links, "/em": told, "/p": {"PowerControl": [{}, control]}})
    assert draw.power_reading(service)["watts"] == watts


def test_chassis_that_tell_no_draw_are_said_to_have_none() -> None:
    service, _wire = served()
    with pytest.raises(errors.CommandUnsupported, match="its chassis tell none"):
        draw.power_reading(service)


def test_the_interface_is_the_one_that_we_talk_to() -> None:
    def interface(name: str, address: str) -> dict[str, Any]:
        return {"Id": name, "IPv4Addresses": [{"Address": address, "SubnetMask": "255.255.255.192"}]}

    tree = {
        **members("/e", interface("host", "169.254.1.1"), interface("eth0", "10.0.0.9")),
        MANAGER: {"EthernetInterfaces": link("/e")},
    }
    service, wire = served(tree)
    found = network.lan(service)
    assert (found["channel"], found["prefix_length"]) == ("eth0", 26)
    wire.peer = "192.0.2.1"
    with pytest.raises(errors.CommandUnsupported, match="host, eth0"):
        network.lan(service)


def test_a_sensor_says_no_more_than_it_is_told() -> None:
    tree: dict[str, dict[str, Any]] = {
        CHASSIS: {**link(CHASSIS), "Thermal": link("/t")},
        "/t": {"Temperatures": [
            {"Name": "CPU", "ReadingCelsius": 41.2345, "Status": {"Health": "Critical"},
             "UpperThresholdCritical": 40},
            {"Name": "PCH", "ReadingCelsius": None, "Status": {"State": "Absent"}},
            {"Name": "VR", "ReadingCelsius": 30},
            {"Name": "DIMM", "ReadingCelsius": 82, "UpperThresholdNonCritical": 80,
             "UpperThresholdCritical": 90},
        ]},
    }  # fmt: skip
    service, _wire = served(tree)
    cpu, pch, vr, dimm = sensors.read_sensors(service)
    assert (cpu.reading, cpu.verdict, cpu.crossed) == (41.234, "critical", "upper_critical")
    assert (pch.verdict, pch.reading, pch.states) == ("unknown", None, ("Absent",))
    assert pch.cause == "it cannot be read (Absent)"
    # No health is told: the thresholds are.
    assert (vr.verdict, vr.crossed) == ("ok", None)
    assert (dimm.verdict, dimm.crossed) == ("warning", "upper_non_critical")
    assert [one.name for one in sensors.read_sensors(service, lambda name, _kind: name == "VR")] == ["VR"]


def test_accounts_with_fixed_places_are_written_into_an_empty_one() -> None:
    places = members(
        "/a", {"Id": "1", "UserName": ""}, {"Id": "2", "UserName": "ops", "RoleId": "Administrator"},
        {"Id": "3", "UserName": "", "Enabled": False},
    )  # fmt: skip
    service, wire = served({**places, "/as": {"Accounts": link("/a")}})
    service.session.root["AccountService"] = link("/as")
    accounts.add(service, "night", "user", SECRET)
    assert [asked[1] for asked in wire.asked if asked[0] == "PATCH"] == ["/a/2"]
    assert wire.sent("PATCH")[0]["RoleId"] == "ReadOnly"
    wire.script["DELETE", "/a/1"] = [Answer(405, {})]
    (ops,) = [one for one in accounts.accounts(service) if one.name == "ops"]
    accounts.remove(service, ops)
    assert wire.sent("PATCH")[1] == {"UserName": "", "Enabled": False}
    with pytest.raises(errors.CommandUnsupported, match="no empty place 2"):
        accounts.add(service, "night", "user", SECRET, slot=2)


@pytest.mark.parametrize(
    ("told", "lit", "written"),
    [
        ({"LocationIndicatorActive": True, "IndicatorLED": "Off"}, "on", {"LocationIndicatorActive": True}),
        ({"IndicatorLED": "Blinking"}, "on", {"IndicatorLED": "Blinking"}),
        ({"IndicatorLED": "Off"}, "off", {"IndicatorLED": "Blinking"}),
        ({"IndicatorLED": "Unknown"}, "unknown", {"IndicatorLED": "Blinking"}),
    ],
)
def test_the_light_is_the_newer_property_where_there_is_one(
    told: dict[str, Any], lit: str, written: dict[str, Any]
) -> None:
    service, wire = served({SYSTEM: {**link(SYSTEM), **told}})
    assert identify.read(service) == lit
    identify.write(service, None)
    assert wire.sent("PATCH") == [written]


@pytest.mark.parametrize(
    ("stated", "offset"),
    [("2026-11-26T20:00:00+08:00", None), ("2026-11-26T12:00:00Z", None), ("2026-11-26T20:00:00", "+08:00")],
)
def test_the_clock_is_read_in_utc(stated: str, offset: str | None) -> None:
    service, _wire = served({MANAGER: {"DateTime": stated, "DateTimeLocalOffset": offset}})
    assert settings.clock(service).isoformat() == "2026-11-26T12:00:00+00:00"


def test_the_console_is_refused_with_the_ways_that_are_told() -> None:
    service, _wire = served({MANAGER: {"SerialConsole": {"ConnectTypesSupported": ["IPMI", "SSH"]}}})
    assert "tells of IPMI, SSH. Next: ask over IPMI" in str(console.refusal(service))


# Options -------------------------------------------------------------------------------------


def test_only_ipmi_limits_the_length_of_a_password() -> None:
    def made(protocol: str) -> list[Target]:
        spec = arguments.connection_argument_spec()
        usual = {name: option.get("default") for name, option in spec.items()}
        stated = {"address": "10.0.0.9", "user": "ops", "password": SECRET, "protocol": protocol}
        return arguments.targets_from({**usual, **stated})

    for protocol in ("redfish", "auto"):
        (target,) = made(protocol)
        assert (target.protocol, target.https_port) == (protocol, 443)
    with pytest.raises(DatacenterError, match="20 bytes"):
        made("ipmi")


def test_one_bmc_is_one_place_whatever_is_spoken() -> None:
    one = Target("a", "10.0.0.9", "ops", SECRET)
    assert one.place == Target("b", "10.0.0.9", "ops", SECRET, protocol="redfish", system="2").place
    assert one.place != Target("a", "10.0.0.9", "ops", SECRET, https_port=8443).place


def test_every_word_has_its_redfish() -> None:
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc

    words = {name for name in vars(Bmc) if not name.startswith("_")}
    assert words - {"deadline"} <= set(vars(RedfishBmc)) | {"deadline"}
