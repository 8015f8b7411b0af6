# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server says it is: field replaceable units (IPMI 2.0, chapter 34)."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import decoders
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session

_STORAGE = 0x0A
_GET_FRU_SIZE, _READ_FRU = 0x10, 0x11
#: Bytes asked for at once, the least of them, and the codes that mean 'too much'.
_FRU_CHUNK, _FRU_LEAST = 128, 8
_TOO_MUCH = frozenset({0xC7, 0xC8, 0xC9, 0xCA, 0xFF})


def fru(session: Session) -> dict[str, Any]:
    """What the server says it is: field replaceable unit 0, empty fields left out."""
    from pyghmi.ipmi.fru import FRU

    data = _fru_data(session)
    with decoders(session, "decode the FRU data"):
        found = FRU(rawdata=data).info or {}
    return {_key(name): _plain(value) for name, value in found.items() if value not in (None, "", b"", [])}


def _fru_data(session: Session) -> bytearray:
    """The bytes of FRU 0. BMCs differ in how much they give at once: ask for less on a no."""
    answer = session.command("read the FRU's size", _STORAGE, _GET_FRU_SIZE, [0])
    size = int.from_bytes(answer[:2], "little")
    data = bytearray()
    chunk = _FRU_CHUNK
    while len(data) < size:
        request = [0, len(data) & 0xFF, len(data) >> 8, min(chunk, size - len(data))]
        try:
            answer = session.command("read the FRU data", _STORAGE, _READ_FRU, request)
        except errors.BmcError as error:
            if error.completion not in _TOO_MUCH or chunk <= _FRU_LEAST:
                raise
            chunk //= 2
            continue
        if not answer or not answer[0]:
            break
        data += answer[1 : 1 + answer[0]]
    return data


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return value.decode("ascii", "replace").strip("\x00 ")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.strip("\x00 ") if isinstance(value, str) else value
