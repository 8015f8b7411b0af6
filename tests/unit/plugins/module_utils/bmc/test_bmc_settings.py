# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings are written where they differ, read back, and refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.settings import SETTINGS
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.settings import apply

GET_ACCESS, SET_ACCESS, CHANNEL_INFO = (6, 0x41), (6, 0x40), (6, 0x42)
GET_LAN, SET_LAN, GET_PEF, SET_PEF = (12, 2), (12, 1), (4, 0x13), (4, 0x12)
NOW, STORED = 0x80, 0x40


class FakeBmc(IpmiBmc):
    """Channels 1 (ours) and 2, each with the byte of access now and stored; PEF with two places."""

    name = "db"

    def __init__(self, **access: int) -> None:
        self.access = {(1, NOW): 0x22, (1, STORED): 0x22, (2, NOW): 0x3A, (2, STORED): 0x3A}
        self.access.update({(2, {"now": NOW, "stored": STORED}[which]): to for which, to in access.items()})
        self.deaf = False
        self.written: list[tuple[tuple[int, int], list[int]]] = []
        self.parameters = {18: [1, 0x00, 0, 0], 19: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}
        self.pef = {1: [0], 2: [0x02], 8: [2]}
        self.policy = {1: [0x18, 0x33, 0], 2: [0x00, 0x00, 0]}
        self.deadline = None
        self.session: Any = self

    def command(self, what: str, netfn: int, command: int, data: Any = (), **_: Any) -> bytes:
        asked = (netfn, command)
        data = list(data)
        if asked == CHANNEL_INFO:
            return bytes([1, 4, 1])
        if asked == GET_ACCESS:
            if (data[0], data[1]) not in self.access:
                raise errors.command_failed("db", what, 0xCC)
            return bytes([self.access[(data[0], data[1])], 4])
        if asked == GET_LAN:
            return bytes([0x11, *([2] if data[1] == 17 else self.parameters[data[1]])])
        if asked == GET_PEF:
            return bytes([0x11, *([data[1], *self.policy[data[1]]] if data[0] == 9 else self.pef[data[0]])])
        self.written.append((asked, data))
        if not self.deaf:
            self._write(asked, data)
        return b""

    def _write(self, asked: tuple[int, int], data: list[int]) -> None:
        if asked == SET_ACCESS:
            assert data[2] == 0, "the channel's privilege limit is not ours to change"
            self.access[(data[0], data[1] & 0xC0)] = data[1] & 0x3F
        elif asked == SET_LAN:
            self.parameters[data[1]] = data[2:]
        elif data[0] == 9:
            self.policy[data[1]] = data[2:]
        else:
            self.pef[data[0]] = data[1:]


def test_a_channel_is_closed_now_and_for_good_and_keeps_its_other_bits() -> None:
    bmc = FakeBmc()
    wanted = {"channels": {2: "disabled"}}
    assert apply(bmc, wanted, check=True)["changed"] is True
    assert bmc.written == []
    done = apply(bmc, wanted)
    assert done["before"]["channels"] == {2: "always_available"}
    assert [data for _asked, data in bmc.written] == [[2, STORED | 0x38, 0], [2, NOW | 0x38, 0]]
    assert apply(bmc, wanted)["changed"] is False
    assert bmc.access[(1, NOW)] == 0x22


def test_a_channel_that_opens_again_at_the_next_start_is_not_closed() -> None:
    bmc = FakeBmc(now=0x38)
    done = apply(bmc, {"channels": {2: "disabled"}})
    assert done["before"]["channels"][2] == "disabled until its next start, then always_available"
    assert done["changed"] is True


def test_our_own_channel_is_never_closed_and_nothing_else_is_done_then() -> None:
    bmc = FakeBmc()
    with pytest.raises(errors.CommandUnsupported, match="this very session") as error:
        apply(bmc, {"channels": {2: "disabled", 1: "disabled"}, "ntp": ["a"]})
    assert set(error.value.result["refused"]) == {"ntp", "channels"}
    assert bmc.written == []


def test_an_alert_takes_a_free_place_and_no_others() -> None:
    bmc = FakeBmc()
    wanted = {"destination": 1, "address": "10.1.0.20", "acknowledged": False, "enabled": True}
    assert apply(bmc, {"alert": wanted})["after"]["alert"] == wanted
    assert bmc.policy == {1: [0x18, 0x33, 0], 2: [0x18, 0x11, 0]}
    assert (bmc.pef[1], bmc.pef[2]) == ([1], [3])
    assert apply(bmc, {"alert": wanted})["changed"] is False


def test_an_alert_is_not_on_while_filtering_is_off() -> None:
    bmc = FakeBmc()
    wanted = {"destination": 1, "address": "10.1.0.20", "acknowledged": False, "enabled": True}
    apply(bmc, {"alert": wanted})
    bmc.pef[1] = [0]
    assert apply(bmc, {"alert": wanted})["before"]["alert"]["enabled"] is False
    assert bmc.pef[1] == [1]


def test_no_free_place_says_so() -> None:
    bmc = FakeBmc()
    bmc.policy[2] = [0x18, 0x12, 0]
    wanted = {"destination": 1, "address": "10.1.0.20", "acknowledged": False, "enabled": True}
    with pytest.raises(errors.CommandUnsupported, match="leads elsewhere"):
        apply(bmc, {"alert": wanted})
    assert bmc.written == []


def test_a_setting_that_did_not_take_is_found_out() -> None:
    bmc = FakeBmc()
    bmc.deaf = True
    with pytest.raises(errors.NotConfirmed, match="channels reads") as error:
        apply(bmc, {"channels": {2: "disabled"}})
    assert (error.value.result["changed"], error.value.result["commands"]) == (False, [])


@pytest.mark.parametrize("more", [{}, {"clock": {"tolerance_s": 5.0}}])
def test_services_of_which_none_is_stated_are_no_setting(more: dict[str, Any]) -> None:
    options = SETTINGS.options["services"]["options"]
    params = {**dict.fromkeys(SETTINGS.options), "services": dict.fromkeys(options), **more}
    assert SETTINGS.misfits is not None
    assert SETTINGS.misfits(params) == ["services states none of them"]
    assert SETTINGS.misfits({**params, "services": {**dict.fromkeys(options), "ssh": False}}) == []
