# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A power reading in DCMI's bytes, and answers that are none."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.dcmi import power_reading
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def answering(data: bytes) -> Any:
    asked: list[tuple[int, int, list[int]]] = []

    def command(_what: str, netfn: int, number: int, sent: list[int]) -> bytes:
        asked.append((netfn, number, sent))
        return data

    return SimpleNamespace(name="nn-db-01", command=command, asked=asked)


def test_the_bytes_are_those_of_the_specification() -> None:
    bmc = answering(struct.pack("<B4HIIB", 0xDC, 300, 90, 410, 280, 0, 60000, 0x40))

    found = power_reading(bmc)

    assert bmc.asked == [(0x2C, 0x02, [0xDC, 0x01, 0x00, 0x00])]
    assert (found["watts"], found["min_watts"], found["max_watts"]) == (300, 90, 410)
    assert (found["average_watts"], found["period_s"]) == (280, 60.0)


def test_what_is_not_measured_is_not_known() -> None:
    assert power_reading(answering(struct.pack("<B4HIIB", 0xDC, 0, 0, 0, 0, 0, 0, 0)))["watts"] is None


@pytest.mark.parametrize("data", [b"", b"\xdc\x00", b"\x00" * 18])
def test_an_answer_that_is_no_reading_is_not_taken_for_one(data: bytes) -> None:
    with pytest.raises(DatacenterError, match="is no power reading"):
        power_reading(answering(data))


def test_an_account_that_may_not_ask_for_the_draw_is_told_so_and_the_rest() -> None:
    def refused() -> None:
        raise errors.PrivilegeTooLow("refused", device="nn-db-01", cause="the account's privilege")

    bmc: Any = SimpleNamespace(power_reading=refused, lan=dict, firmware=refused)

    found = info.gather(bmc, ["power_reading", "lan"])

    assert (found["power_reading"], found["lan"]) == (None, {})
    assert "the account's privilege" in found["unsupported"]["power_reading"]
    with pytest.raises(errors.PrivilegeTooLow):
        info.gather(bmc, ["lan", "firmware"])
