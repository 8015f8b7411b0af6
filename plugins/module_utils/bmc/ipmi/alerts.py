# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a BMC sends its alerts, in IPMI: LAN parameters 17 to 19 (table 23-4) and PEF (chapter 30).

An alert leaves when event filtering is on, alerts are allowed, a filter meets the event (the maker's are left
as they are), and an entry of the policy table leads from the filter's policy to the destination.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session

_SENSOR, _TRANSPORT = 0x04, 0x0C
_SET_LAN, _GET_LAN = 0x01, 0x02
_SET_PEF, _GET_PEF = 0x12, 0x13
_DESTINATIONS, _TYPE, _ADDRESS = 17, 18, 19
_PEF_CONTROL, _ACTION_CONTROL, _POLICIES, _POLICY = 1, 2, 8, 9
_ON = 0x01
_ACKNOWLEDGED, _KIND, _TRAP = 0x80, 0x07, 0x00
#: Seconds until an alert that has to be acknowledged is sent again, and how often, where nothing stands.
_TIMEOUT_S, _RETRIES = 5, 3
_ENTRY_ON = 0x08


def refused(session: Session, channel: int, wanted: Mapping[str, Any]) -> str | None:
    """Why this BMC cannot send alerts there."""
    number = wanted["destination"]
    try:
        count = _lan(session, channel, _DESTINATIONS)[0] & 0x0F
        _pef(session, _PEF_CONTROL)
    except errors.CommandUnsupported as error:
        return f"the BMC has no alerts over LAN ({error.cause})"
    if not 1 <= number <= count:
        return f"the BMC has {count} alert destinations, and none with number {number}"
    if wanted["enabled"] and _entry(session, channel, number, free=True)[0] is None:
        return "every place of the BMC's alert policy table leads elsewhere"
    return None


def read(session: Session, channel: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The destination, and whether alerts go there."""
    number = wanted["destination"]
    kind = _lan(session, channel, _TYPE, number)
    address = _lan(session, channel, _ADDRESS, number)
    trap = kind[1] & _KIND == _TRAP and address[1] >> 4 == 0
    return {
        "destination": number,
        "address": str(IPv4Address(address[3:7])) if trap else None,
        "acknowledged": bool(kind[1] & _ACKNOWLEDGED),
        "enabled": _enabled(session, channel, number),
    }


def write(session: Session, channel: int, wanted: Mapping[str, Any]) -> None:
    """Address first, then the way to it: no alert leaves for an address that nobody wants."""
    number = wanted["destination"]
    kind = _lan(session, channel, _TYPE, number)
    acknowledged = _ACKNOWLEDGED if wanted["acknowledged"] else 0
    timeout, retries = kind[2] or _TIMEOUT_S, kind[3] & 7 or _RETRIES
    _set_lan(session, channel, _TYPE, [number, acknowledged | _TRAP, timeout, retries])
    # IPv4, by the default gateway; without a hardware address the BMC finds it by ARP.
    address = [0, 0, *IPv4Address(wanted["address"]).packed, *bytes(6)]
    _set_lan(session, channel, _ADDRESS, [number, *address])
    place, entry = _entry(session, channel, number, free=wanted["enabled"])
    if place is not None:
        on = _ENTRY_ON if wanted["enabled"] else 0
        first = (entry[0] & ~_ENTRY_ON) | on
        _set_pef(session, _POLICY, [place, first, channel << 4 | number, entry[2]])
    if wanted["enabled"]:
        for parameter in (_ACTION_CONTROL, _PEF_CONTROL):
            _set_pef(session, parameter, [_pef(session, parameter)[0] | _ON])


def _enabled(session: Session, channel: int, number: int) -> bool:
    if not all(_pef(session, parameter)[0] & _ON for parameter in (_PEF_CONTROL, _ACTION_CONTROL)):
        return False
    place, entry = _entry(session, channel, number)
    return place is not None and bool(entry[0] & _ENTRY_ON)


def _entry(session: Session, channel: int, number: int, *, free: bool = False) -> tuple[int | None, bytes]:
    """The place of the policy table that leads to this destination.

    :param free: take a place that leads nowhere when there is none yet; policy 1, always sent.
    """
    unused: int | None = None
    for place in range(1, (_pef(session, _POLICIES)[0] & 0x7F) + 1):
        entry = _pef(session, _POLICY, place)[1:4]
        if entry[1] == channel << 4 | number:
            return place, entry
        if unused is None and not entry[0] & _ENTRY_ON and not entry[1]:
            unused = place
    return (unused, bytes([0x10, 0, 0])) if free else (None, b"")


def _lan(session: Session, channel: int, parameter: int, which: int = 0) -> bytes:
    """A LAN parameter without its revision."""
    data = [channel, parameter, which, 0]
    return session.command(f"read LAN parameter {parameter}", _TRANSPORT, _GET_LAN, data)[1:]


def _set_lan(session: Session, channel: int, parameter: int, data: list[int]) -> None:
    session.command(f"set LAN parameter {parameter}", _TRANSPORT, _SET_LAN, [channel, parameter, *data])


def _pef(session: Session, parameter: int, which: int = 0) -> bytes:
    """A PEF parameter without its revision."""
    return session.command(f"read PEF parameter {parameter}", _SENSOR, _GET_PEF, [parameter, which, 0])[1:]


def _set_pef(session: Session, parameter: int, data: list[int]) -> None:
    session.command(f"set PEF parameter {parameter}", _SENSOR, _SET_PEF, [parameter, *data])
