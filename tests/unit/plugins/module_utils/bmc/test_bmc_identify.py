# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A locator counts as lit when the BMC says so, and as unconfirmed when it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.identify import set_identify
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc

STATUS, IDENTIFY = 0x01, 0x04
STATES = {"off": 0x40, "timed": 0x50, "on": 0x60}
#: The bits are there, and mean nothing without the one that says so.
NOT_TOLD = 0x20


class FakeBmc(IpmiBmc):
    """A locator in memory.

    :param obeys: does what it is told.
    :param tells: has the bits of chassis status that are optional.
    """

    name = "db"

    def __init__(self, state: str = "off", *, obeys: bool = True, tells: bool = True) -> None:
        self.state = state
        self.obeys, self.tells = obeys, tells
        self.written: list[list[int]] = []
        self.session: Any = self

    def command(self, what: str, netfn: int, command: int, data: Any = (), **_: Any) -> bytes:
        if command == STATUS:
            return bytes([1, 0, STATES[self.state] if self.tells else NOT_TOLD])
        assert command == IDENTIFY
        self.written.append(list(data))
        if self.obeys:
            forced = len(data) > 1 and data[1] & 1
            self.state = "on" if forced else "timed" if data[0] else "off"
        return b""


@pytest.mark.parametrize(
    ("before", "seconds", "after", "sent"),
    [
        ("off", None, "on", [[0, 1]]),
        ("off", 9, "timed", [[9]]),
        ("off", 0, "off", []),
        ("on", None, "on", []),
        ("on", 0, "off", [[0]]),
        ("timed", None, "on", [[0, 1]]),
        ("timed", 9, "timed", [[9]]),
    ],
)
def test_what_is_sent_and_read_back(
    before: str, seconds: int | None, after: str, sent: list[list[int]]
) -> None:
    for check in (True, False):
        bmc = FakeBmc(before)
        done = set_identify(bmc, seconds, check=check)
        assert bmc.written == ([] if check else sent)
        assert (done["before"], done["after"], done["changed"]) == (before, after, bool(sent))
        assert done["confirmed"] is (not check or not sent)


def test_a_bmc_that_cannot_tell_is_told_each_time_and_never_confirmed() -> None:
    bmc = FakeBmc(tells=False)
    for _time in range(2):
        done = set_identify(bmc, None)
        assert (done["changed"], done["confirmed"], done["before"]) == (True, False, "unknown")
    assert bmc.written == [[0, 1], [0, 1]]


@pytest.mark.parametrize("seconds", [None, 9])
def test_a_bmc_that_says_yes_and_does_nothing_is_found_out(seconds: int | None) -> None:
    with pytest.raises(errors.NotConfirmed, match="is off after it was told") as error:
        set_identify(FakeBmc(obeys=False), seconds)
    assert error.value.result["changed"] is False


def test_one_that_is_lit_for_good_is_not_put_out_by_words() -> None:
    with pytest.raises(errors.NotConfirmed, match="is on after it was told off"):
        set_identify(FakeBmc("on", obeys=False), 0)
