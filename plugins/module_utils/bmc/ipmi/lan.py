# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC's network in IPMI: parameters of the channel that this session came over.

Commands and bytes: IPMI 2.0 rev 1.1, sections 22.22 to 22.24 (channel), 23.1 and 23.2, table 23-4.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.settings import (
    access_modes,
    set_access_modes,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import LanSettings

_APP, _TRANSPORT = 0x06, 0x0C
_GET_CHANNEL_INFO = 0x42
_SET_PARAMETER, _GET_PARAMETER = 0x01, 0x02
_THIS_CHANNEL = 0x0E

_SET_IN_PROGRESS, _ADDRESS, _SOURCE, _MAC, _MASK, _GATEWAY, _VLAN = 0, 3, 4, 5, 6, 12, 20
#: Values of 'set in progress'.
_COMPLETE, _IN_PROGRESS, _COMMIT = 0, 1, 2
#: Completion code of 'set in progress': somebody else is at it.
_TAKEN = 0x81

_SOURCES = {0: "unspecified", 1: "static", 2: "dhcp", 3: "bios", 4: "other"}
_SOURCE_NUMBERS = {name: number for number, name in _SOURCES.items()}
_VLAN_ENABLED = 0x8000

_ACCESS = ("disabled", "preboot", "always", "shared")
#: What is said of the mode in force and of the one that is stored, where that is another.
_SAID = {
    (now, stored): mode if now == stored else f"{mode} until its next start, then {_ACCESS[stored]}"
    for now, mode in enumerate(_ACCESS)
    for stored in range(len(_ACCESS))
}


def lan(session: Session) -> dict[str, Any]:
    """Addresses of the channel that this session came over."""
    channel = _channel(session)
    vlan = struct.unpack("<H", _parameter(session, channel, _VLAN)[:2])[0]
    return {
        "channel": channel,
        "address": _dotted(_parameter(session, channel, _ADDRESS)),
        "prefix_length": int.from_bytes(_parameter(session, channel, _MASK), "big").bit_count(),
        "source": _SOURCES.get(_parameter(session, channel, _SOURCE)[0] & 0x0F, "unknown"),
        "mac": _parameter(session, channel, _MAC).hex(":"),
        "gateway": _dotted(_parameter(session, channel, _GATEWAY)),
        "vlan": vlan & 0xFFF if vlan & _VLAN_ENABLED else None,
    }


def _channel(session: Session) -> int:
    data = session.command("read the channel", _APP, _GET_CHANNEL_INFO, [_THIS_CHANNEL])
    return data[0] & 0x0F


def _parameter(session: Session, channel: int, number: int) -> bytes:
    what = f"read LAN parameter {number}"
    return session.command(what, _TRANSPORT, _GET_PARAMETER, [channel, number, 0, 0])[1:]


def _dotted(data: bytes) -> str:
    return ".".join(str(byte) for byte in data[:4])


def settings(session: Session) -> LanSettings:
    """The same as settings, with the channel's access mode."""
    told = lan(session)
    gateway = None if told["gateway"] == "0.0.0.0" else told["gateway"]
    access = _SAID[access_modes(session, _THIS_CHANNEL)]
    return LanSettings(
        told["address"], told["prefix_length"], gateway, told["source"], told["vlan"], access, told["mac"]
    )


def _write_access(session: Session, said: str) -> None:
    """Set when the channel answers, stored and in force."""
    ((now, stored),) = (modes for modes, words in _SAID.items() if words == said)
    set_access_modes(session, _THIS_CHANNEL, now, stored)


def write(session: Session, now: LanSettings, wanted: LanSettings) -> None:
    """Set what differs, in the order in which the session lives longest.

    BMCs with the whole of 'set in progress' hold everything until the commit; others act at once, and are
    gone after the address or the VLAN, of which therefore one alone comes last.
    """
    if wanted.access is not None and wanted.access != now.access:
        _write_access(session, wanted.access)
    parameters = _to_write(session, now, wanted)
    if not parameters:
        return
    channel = _channel(session)
    _progress(session, channel, _IN_PROGRESS)
    try:
        for number, data in parameters:
            _set(session, channel, number, data)
        _progress(session, channel, _COMMIT)
    except errors.BmcError:
        # Without a commit what was written so far is dropped, where the BMC knows that.
        with contextlib.suppress(errors.BmcError):
            _progress(session, channel, _COMPLETE)
        raise
    _progress(session, channel, _COMPLETE)


def _to_write(session: Session, now: LanSettings, wanted: LanSettings) -> list[tuple[int, Sequence[int]]]:
    parameters: list[tuple[int, Sequence[int]]] = []
    # A BMC that leaves DHCP takes the static settings that it has in store, if nobody gives it others.
    fresh = wanted.source != now.source
    if fresh:
        parameters.append((_SOURCE, [_source_number(session, wanted.source)]))
    if wanted.source != "dhcp":
        if fresh or wanted.prefix_length != now.prefix_length:
            mask = IPv4Interface(f"0.0.0.0/{wanted.prefix_length}").netmask
            parameters.append((_MASK, mask.packed))
        if fresh or wanted.gateway != now.gateway:
            parameters.append((_GATEWAY, IPv4Address(wanted.gateway or "0.0.0.0").packed))
        if fresh or wanted.address != now.address:
            parameters.append((_ADDRESS, IPv4Address(wanted.address).packed))
    if wanted.vlan != now.vlan:
        tag = wanted.vlan | _VLAN_ENABLED if wanted.vlan else 0
        parameters.append((_VLAN, struct.pack("<H", tag)))
    return parameters


def _source_number(session: Session, source: str) -> int:
    if source not in _SOURCE_NUMBERS:
        raise errors.refused(
            session.name,
            "set the source of the address",
            errors.CommandUnsupported,
            f"IPMI has no number for the source {source}",
        )
    return _SOURCE_NUMBERS[source]


def _set(session: Session, channel: int, number: int, data: Sequence[int]) -> None:
    session.command(f"set LAN parameter {number}", _TRANSPORT, _SET_PARAMETER, [channel, number, *data])


def _progress(session: Session, channel: int, value: int) -> None:
    """Say that a change begins, is to take effect, or is over. Not every BMC knows it."""
    try:
        _set(session, channel, _SET_IN_PROGRESS, [value])
    except errors.CommandUnsupported:
        return
    except errors.BmcError as error:
        if value != _IN_PROGRESS or error.completion != _TAKEN:
            raise
        raise errors.NotNow(
            "the network was not changed",
            device=session.name,
            cause="another client is changing it, or left a change open",
            next_step="wait until it is done, or end it (ipmitool raw 0x0c 0x01 <channel> 0 0)",
        ) from error


def end_change(session: Session) -> None:
    """Leave 'set in progress', where a change's last answers were lost."""
    channel = _channel(session)
    with contextlib.suppress(errors.CommandUnsupported):
        if _parameter(session, channel, _SET_IN_PROGRESS)[0] & 3 != _COMPLETE:
            _progress(session, channel, _COMPLETE)
