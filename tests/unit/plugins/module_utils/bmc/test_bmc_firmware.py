# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions compared as people mean them; what is not known is not new enough."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.firmware import compare, info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Unreachable


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2.9", "2.19.1", -1),
        ("2.19.1", "2.19.1", 0),
        ("2.19.10", "2.19.9", 1),
        ("2.19", "2.19.1", -1),
        ("7.00", "7.0", 0),
        ("U32 v2.76", "U32 v2.80", -1),
        ("U32 v2.76", "P79 v1.0", None),
        ("A43", "2.19", None),
        ("", "1", None),
        ("1.0b", "1.0a", 1),
    ],
)
def test_a_comparison(one: str, other: str, expected: int | None) -> None:
    assert compare(one, other) == expected
    first, second = other, one
    assert compare(first, second) == (None if expected is None else -expected)


class FakeBmc(IpmiBmc):
    """A BMC whose device id is given.

    :param bios: the text of the system firmware's version, or a completion code, or silence.
    """

    name = "db"

    def __init__(self, device: bytes, bios: str | int | None) -> None:
        self.device, self.bios = device, bios
        self.session: Any = self

    def command(self, what: str, netfn: int, command: int, data: Any = (), **_: Any) -> bytes:
        if command == 0x01:
            return self.device
        if command != 0x59:
            raise errors.command_failed("db", what, 0xC1)
        if self.bios is None:
            raise Unreachable(what, device="db", cause="no answer")
        if isinstance(self.bios, int):
            raise errors.command_failed("db", what, self.bios)
        whole = bytes([0, len(self.bios)]) + self.bios.encode()
        return bytes([0x11, data[2]]) + whole[16 * data[2] :][:16].ljust(16, b"\0")


def test_what_a_device_id_says() -> None:
    device = bytes([0x20, 0x81, 0x07, 0x02, 0x02, 0xDF, 0xA2, 0x02, 0x00, 0x00, 0x01, 0, 0, 0x2A, 1])
    found = info(FakeBmc(device, "U32 v2.76 (12/01/2025), a long name"), {})
    assert found["components"] == {"bmc": "7.02", "bios": "U32 v2.76 (12/01/2025), a long name"}
    assert (found["manufacturer"], found["manufacturer_id"], found["product_id"]) == ("Dell", 674, 256)
    assert (found["ipmi_version"], found["device_revision"]) == ("2.0", 1)
    assert found["auxiliary"] == "00 00 2a 01"
    assert "product" in found["unsupported"]
    assert (found["meets"], found["differences"]) == (True, [])


def test_what_is_not_known_is_not_new_enough() -> None:
    device = bytes([0x20, 0x81, 0x07, 0x02, 0x02, 0xDF, 0xEF, 0xEF, 0x0F, 0x00, 0x01])
    found = info(FakeBmc(device, 0xC1), {"bmc": "7.02", "bios": "1.0"})
    assert (found["manufacturer"], found["auxiliary"]) == (None, None)
    (missing,) = found["differences"]
    assert (missing["component"], missing["found"], found["meets"]) == ("bios", None, False)
    assert "does not know the command" in missing["cause"]
    (older,) = info(FakeBmc(device, "2.0"), {"bmc": "7.10"})["differences"]
    assert older == {"component": "bmc", "expected": "7.10", "found": "7.02", "cause": "it is older"}
    assert "nobody has told" in info(FakeBmc(device, ""), {})["unsupported"]["bios"]


def test_silence_is_not_taken_for_a_missing_command() -> None:
    with pytest.raises(Unreachable):
        info(FakeBmc(bytes(11), None), {})
