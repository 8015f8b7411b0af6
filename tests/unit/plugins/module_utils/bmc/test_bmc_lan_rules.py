# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written, in which order, and what is refused before anything is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Each
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.lan import LAN
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import lan
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.lan import Wanted, differences, set_lan
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import LanSettings
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import network
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)

NOW = LanSettings("10.0.0.2", 24, "10.0.0.1", "static", None, "always", "02:00:00:00:00:01")
SET_PARAMETER, SET_ACCESS, GET_ACCESS, CHANNEL_INFO = (0x0C, 1), (6, 0x40), (6, 0x41), (6, 0x42)


class FakeSession:
    """Records what is set; some parameters get another answer."""

    name = "db"

    def __init__(self, **answers: Exception) -> None:
        self.answers = answers
        self.set: list[list[int]] = []

    def command(self, what: str, netfn: int, command: int, data: Any = (), **_more: Any) -> bytes:
        if (netfn, command) == CHANNEL_INFO:
            return b"\x01"
        if (netfn, command) == GET_ACCESS:
            return b"\x22\x04"
        self.set.append([command, *data] if netfn == 6 else list(data[1:]))
        if netfn == 0x0C and (error := self.answers.get("p" + "_".join(map(str, data[1:3])))):
            raise error
        return b""


def written(wanted: LanSettings, now: LanSettings = NOW, **answers: Exception) -> list[list[int]]:
    session = FakeSession(**answers)
    lan.write(session, now, wanted)  # type: ignore[arg-type]
    return session.set


BEGIN, COMMIT, END = [0, 1], [0, 2], [0, 0]


def test_what_moves_the_address_comes_last() -> None:
    wanted = replace(NOW, address="10.1.0.2", prefix_length=16, gateway="10.1.0.1")
    assert written(wanted) == [
        BEGIN, [6, 255, 255, 0, 0], [12, 10, 1, 0, 1], [3, 10, 1, 0, 2], COMMIT, END
    ]  # fmt: skip


def test_dhcp_sets_no_address_and_a_vlan_has_its_flag() -> None:
    assert written(replace(NOW, source="dhcp", address="10.0.0.9")) == [BEGIN, [4, 2], COMMIT, END]
    assert written(replace(NOW, vlan=300)) == [BEGIN, [20, 0x2C, 0x81], COMMIT, END]
    assert written(NOW) == []


def test_out_of_dhcp_all_of_the_address_is_written_also_what_stays() -> None:
    """The BMC would take what static address it has in store, and be gone."""
    assert written(NOW, replace(NOW, source="dhcp")) == [
        BEGIN, [4, 1], [6, 255, 255, 255, 0], [12, 10, 0, 0, 1], [3, 10, 0, 0, 2], COMMIT, END
    ]  # fmt: skip


def test_out_of_dhcp_a_redfish_service_gets_the_whole_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    class FakeService:
        class session:
            @staticmethod
            def patch(_path: str, body: dict[str, Any], _what: str) -> None:
                sent.append(body)

    monkeypatch.setattr(network, "lan_interface", lambda _service, _what: ("/nic", {}))
    there = replace(NOW, access=None)
    network.write_lan(FakeService, replace(there, source="dhcp"), there)  # type: ignore[arg-type]
    address = {"Address": "10.0.0.2", "SubnetMask": "255.255.255.0", "Gateway": "10.0.0.1"}
    assert sent == [{"DHCPv4": {"DHCPEnabled": False}, "IPv4StaticAddresses": [address]}]


def test_a_source_that_cannot_be_set_again_is_not_left() -> None:
    bmc = FakeBmc("10.0.0.2", source="unknown")
    with pytest.raises(Refused, match="no way back"):
        set_lan(bmc, Wanted(source="static"), 1.0)  # type: ignore[arg-type]
    with pytest.raises(errors.CommandUnsupported, match="source unknown"):
        written(replace(NOW, source="unknown"))


def test_access_keeps_what_else_stands_in_its_byte() -> None:
    # Kept, then in force; bit 5 (alerting) stays, privilege (last byte) is left alone.
    assert written(replace(NOW, access="shared")) == [[0x40, 0x0E, 0x63, 0], [0x40, 0x0E, 0xA3, 0]]


def test_access_that_ends_with_the_next_start_is_not_taken_for_lasting() -> None:
    """And the way back leads to both, the mode in force and the stored one."""
    told = "always until its next start, then shared"
    parameters = {20: b"\0\0", 3: bytes(4), 4: b"\1", 5: bytes(6), 6: bytes(4), 12: bytes(4)}

    class TwoModes(FakeSession):
        def command(self, what: str, netfn: int, command: int, data: Any = (), **more: Any) -> bytes:
            if (netfn, command) == GET_ACCESS:
                return b"\x22\x04" if data[1] == 0x80 else b"\x23\x04"
            if (netfn, command) == (0x0C, 2):
                return b"\x11" + parameters[data[1]]
            return super().command(what, netfn, command, data, **more)

    session: Any = TwoModes()
    assert lan.settings(session).access == told
    lan.write(session, NOW, replace(NOW, access=told))
    assert session.set == [[0x40, 0x0E, 0x63, 0], [0x40, 0x0E, 0xA2, 0]]
    session.set.clear()
    lan.write(session, replace(NOW, access=told), NOW)
    assert session.set == [[0x40, 0x0E, 0x62, 0], [0x40, 0x0E, 0xA2, 0]]


def test_a_bmc_without_set_in_progress_is_written_all_the_same() -> None:
    unknown = errors.command_failed("db", "set", 0x80)
    assert [3, 10, 0, 0, 9] in written(replace(NOW, address="10.0.0.9"), p0_1=unknown, p0_2=unknown)


def test_what_is_refused_is_not_committed() -> None:
    session = FakeSession(p12_10=errors.command_failed("db", "set", 0xFF))
    with pytest.raises(errors.BmcError):
        lan.write(session, NOW, replace(NOW, gateway="10.0.0.3"))  # type: ignore[arg-type]
    assert COMMIT not in session.set
    assert session.set[-1] == END


def test_a_lost_answer_is_told_as_such() -> None:
    silent = Unreachable("set", device="db", cause="no answer")
    with pytest.raises(Unreachable):
        written(replace(NOW, address="10.0.0.9"), p0_2=silent)


def test_differences_are_those_that_are_set() -> None:
    assert differences(NOW, replace(NOW, mac="02:00:00:00:00:02")) == []
    assert differences(NOW, replace(NOW, source="dhcp", address="10.0.0.9")) == ["set source dhcp"]
    assert Wanted(gateway="0.0.0.0", vlan=0).on(replace(NOW, vlan=7)) == replace(NOW, gateway=None)


def options(**given: Any) -> dict[str, Any]:
    return {**{name: option.get("default") for name, option in LAN.options.items()}, **given}


def opened(*given: dict[str, Any]) -> list[Target]:
    targets = [Target(f"db{n}", f"10.0.0.{n}", "ops", "secret") for n in range(len(given))]
    each = Each(targets, {f"db{n}": options(**one) for n, one in enumerate(given)})
    assert LAN.around is not None
    with LAN.around(each, False) as ways:
        return ways


def test_a_bmc_that_has_moved_is_looked_for_there() -> None:
    (target,) = opened({"new_address": "10.1.0.2"})
    assert (target.address, [way.address for way in target.else_]) == ("10.0.0.0", ["10.1.0.2"])
    assert opened({"new_address": None})[0].else_ == ()


class FakeBmc:
    """A BMC that was found at an address, with settings that nobody may write."""

    name = "db"

    def __init__(self, address: str, **has: Any) -> None:
        self.target = Target("db", address, "ops", "secret")
        self.has = replace(NOW, address=address, **has)

    def read_lan(self) -> LanSettings:
        return self.has


def foretold(wanted: Wanted, here: str | None, address: str = "10.0.0.2", **has: Any) -> dict[str, Any]:
    """What is said of a change by a machine with such an address of its own."""
    bmc: Any = FakeBmc(address)
    bmc.has = replace(NOW, **has)
    return set_lan(bmc, wanted, 1.0, check=True, answers=lambda _address: None, way_to=lambda _address: here)


FAR = "10.77.0.9"


@pytest.mark.parametrize(
    ("wanted", "here", "cause"),
    [
        (Wanted(gateway="0.0.0.0"), FAR, "answers in 10.0.0.0/24 alone, and this machine is 10.77.0.9"),
        (Wanted("10.0.0.9", gateway="0.0.0.0"), FAR, "answers in 10.0.0.0/24 alone"),
        (Wanted(prefix_length=28, gateway="0.0.0.0"), "10.0.0.77", "answers in 10.0.0.0/28 alone"),
        (Wanted("10.0.0.9"), None, "no way to 10.0.0.9"),
    ],
)
def test_a_bmc_that_could_not_answer_this_machine_any_more_is_left_alone(
    wanted: Wanted, here: str | None, cause: str
) -> None:
    with pytest.raises(Refused, match=cause):
        foretold(wanted, here)


def test_what_this_machine_reaches_all_the_same_is_not_refused() -> None:
    assert foretold(Wanted("10.0.0.9"), FAR)["changed"]
    assert foretold(Wanted(gateway="0.0.0.0"), "10.0.0.77")["changed"]
    # It answers without a gateway already, or at an address that is not its own: somebody translates.
    assert foretold(Wanted(vlan=5), FAR, gateway=None)["changed"]
    assert foretold(Wanted(gateway="0.0.0.0"), FAR, address="192.0.2.1")["changed"]


@pytest.mark.parametrize("mac", ["None", "00:00:00:00:00:00"])
def test_a_bmc_without_a_mac_address_is_not_moved(mac: str) -> None:
    """Any other without one would be taken for it."""
    with pytest.raises(Refused, match="could not be known again"):
        foretold(Wanted("10.0.0.9"), FAR, mac=mac)
    assert foretold(Wanted(vlan=5), FAR, mac=mac)["changed"]


class Moved(FakeBmc):
    """It acts at once, and says no to the commit when it is at its new address already."""

    def write_lan(self, now: LanSettings, wanted: LanSettings) -> None:
        self.has = wanted
        if wanted.address != NOW.address:
            raise errors.command_failed("db", "set LAN parameter 0", 0xFF)

    def read_lan(self) -> LanSettings:
        if self.target.address != self.has.address:
            raise Unreachable("read the channel", device="db", cause="no answer")
        return self.has

    @contextmanager
    def beside(self, *, address: str) -> Iterator[Moved]:
        way = self.target
        self.target = replace(way, address=address)
        try:
            yield self
        finally:
            self.target = way

    def end_lan_change(self) -> None:
        pass


def test_a_bmc_that_refuses_when_it_has_moved_already_is_taken_back() -> None:
    bmc = Moved("10.0.0.2")
    with pytest.raises(errors.NotConfirmed, match="the former ones are in force"):
        set_lan(
            bmc, Wanted("10.0.0.9"), 0.1,  # type: ignore[arg-type]
            answers=lambda _address: None, way_to=lambda _address: "10.0.0.1",
        )  # fmt: skip
    assert bmc.has == NOW


def asked(address: str, mac: str | None) -> dict[str, Any]:
    """What is said of a BMC that was looked for at 10.0.0.2 and answers at an address."""
    params = options(new_address=address, mac=mac, _stated="10.0.0.2")
    return LAN.work(FakeBmc(address), params, False)  # type: ignore[arg-type]


def test_who_answers_at_the_new_address_is_not_taken_for_the_one_that_was_to_go_there() -> None:
    with pytest.raises(Refused, match="none at 10.0.0.2") as unknown:
        asked("10.0.0.9", None)
    assert "give its mac" in str(unknown.value.next_step)
    with pytest.raises(Refused, match="02:00:00:00:00:01, not 02:00:00:00:00:07"):
        asked("10.0.0.9", "02:00:00:00:00:07")
    assert asked("10.0.0.9", "02-00-00-00-00-01".upper())["changed"] is False


def test_another_bmc_at_the_stated_address_is_found_out_by_its_mac() -> None:
    with pytest.raises(Refused, match="another BMC answers at 10.0.0.2"):
        asked("10.0.0.2", "02:00:00:00:00:07")
    assert asked("10.0.0.2", None)["changed"] is False


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ([{"new_address": "10.1.0"}], "10.1.0 is no IPv4 address"),
        ([{"gateway": "fe80::1"}], "fe80::1 is no IPv4 address"),
        ([{"prefix_length": 33}], "prefix_length"),
        ([{"vlan": 4095}], "vlan"),
        ([{"mac": "02:00:00:00:00"}], "is no MAC address"),
        ([{}, {"new_address": "10.0.0.0"}], "db1 is to have 10.0.0.0, the address of db0"),
        ([{"source": "dhcp"}], "dhcp needs the new_address"),
        ([{"new_address": "10.1.0.2"}, {"new_address": "10.1.0.2"}], "2 targets are to have 10.1.0.2"),
    ],
)
def test_options_that_no_bmc_could_take(given: list[dict[str, Any]], cause: str) -> None:
    with pytest.raises(DatacenterError, match=cause):
        opened(*given)
