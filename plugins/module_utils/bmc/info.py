# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BMC knows of itself and of its server: read only.

The decoding of FRU, sensors and events is pyghmi's; what is asked, and for how long, is ours.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.chassis import (
    read_boot,
    read_status,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.session import Bmc, algorithms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: How many of the newest events are given in full.
LAST_EVENTS = 10

_APP, _STORAGE, _TRANSPORT = 0x06, 0x0A, 0x0C
_GET_DEVICE_ID, _GET_CHANNEL_INFO = 0x01, 0x42
_GET_FRU_SIZE, _READ_FRU, _GET_SEL_INFO = 0x10, 0x11, 0x40
#: Bytes asked for at once, the least of them, and the codes that mean 'too much'.
_FRU_CHUNK, _FRU_LEAST = 128, 8
_TOO_MUCH = frozenset({0xC7, 0xC8, 0xC9, 0xCA, 0xFF})
_GET_LAN_PARAMETER = 0x02
_THIS_CHANNEL = 0x0E
_ADDRESS_SOURCES = {0: "unspecified", 1: "static", 2: "dhcp", 3: "bios", 4: "other"}


def chassis(bmc: Bmc) -> dict[str, Any]:
    """Power, restore policy, faults, boot device (``None`` when the BMC does not tell)."""
    status = read_status(bmc)
    if status.cause is not None:
        raise errors.StateUnknown("read the chassis status", device=bmc.name, cause=status.cause)
    facts: dict[str, Any] = {
        "at": status.at,
        "power": status.power,
        "restore_policy": status.restore_policy,
        "faults": list(status.faults),
        "last_event": list(status.last_event),
    }
    try:
        facts["boot"] = read_boot(bmc).as_dict()
    except (errors.CommandUnsupported, errors.PrivilegeTooLow):
        # An account that may only look is not told.
        facts["boot"] = None
    return facts


def firmware(bmc: Bmc) -> dict[str, Any]:
    """Versions and maker of the BMC itself (IPMI 2.0, section 20.1)."""
    data = bmc.command("read the device id", _APP, _GET_DEVICE_ID)
    minor = data[3]
    return {
        "device_id": data[0],
        "device_revision": data[1] & 0x0F,
        "version": f"{data[2] & 0x7F}.{minor >> 4}{minor & 0xF}",
        "ipmi_version": f"{data[4] & 0xF}.{data[4] >> 4}",
        "manufacturer_id": int.from_bytes(data[6:9], "little"),
        "product_id": int.from_bytes(data[9:11], "little"),
        "session": {
            "cipher_suite": bmc.target.cipher_suite,
            "algorithms": algorithms(bmc.target.cipher_suite),
        },
    }


def lan(bmc: Bmc) -> dict[str, Any]:
    """Addresses of the channel that this session came over (IPMI 2.0, table 23-4)."""
    data = bmc.command("read the channel", _APP, _GET_CHANNEL_INFO, [_THIS_CHANNEL])
    channel = data[0] & 0x0F

    def parameter(number: int) -> bytes:
        answer = bmc.command(
            f"read LAN parameter {number}", _TRANSPORT, _GET_LAN_PARAMETER, [channel, number, 0, 0]
        )
        return answer[1:]

    mask = int.from_bytes(parameter(6), "big")
    vlan = struct.unpack("<H", parameter(20)[:2])[0]
    return {
        "channel": channel,
        "address": _dotted(parameter(3)),
        "prefix_length": mask.bit_count(),
        "source": _ADDRESS_SOURCES.get(parameter(4)[0] & 0x0F, "unknown"),
        "mac": parameter(5).hex(":"),
        "gateway": _dotted(parameter(12)),
        "vlan": vlan & 0xFFF if vlan & 0x8000 else None,
    }


def fru(bmc: Bmc) -> dict[str, Any]:
    """What the server says it is: field replaceable unit 0, empty fields left out."""
    from pyghmi.ipmi.fru import FRU

    data = _fru_data(bmc)
    with _helpers(bmc, "decode the FRU data"):
        found = FRU(rawdata=data).info or {}
    return {_key(name): _plain(value) for name, value in found.items() if value not in (None, "", b"", [])}


def _fru_data(bmc: Bmc) -> bytearray:
    """The bytes of FRU 0. BMCs differ in how much they give at once: ask for less on a no."""
    answer = bmc.command("read the FRU's size", _STORAGE, _GET_FRU_SIZE, [0])
    size = int.from_bytes(answer[:2], "little")
    data = bytearray()
    chunk = _FRU_CHUNK
    while len(data) < size:
        request = [0, len(data) & 0xFF, len(data) >> 8, min(chunk, size - len(data))]
        try:
            answer = bmc.command("read the FRU data", _STORAGE, _READ_FRU, request)
        except errors.BmcError as error:
            if error.completion not in _TOO_MUCH or chunk <= _FRU_LEAST:
                raise
            chunk //= 2
            continue
        if not answer or not answer[0]:
            break
        data += answer[1 : 1 + answer[0]]
    return data


def sensors(bmc: Bmc) -> list[dict[str, Any]]:
    """All sensors with their readings; ``health`` is ok, warning, critical or failed."""
    with _helpers(bmc, "read the sensors") as helper:
        return [_sensor(reading) for reading in helper.get_sensor_data()]


def sel(bmc: Bmc) -> dict[str, Any]:
    """Summary of the event log: how full, since when, and its newest entries."""
    data = bmc.command("read the event log's state", _STORAGE, _GET_SEL_INFO)
    count, free, added, erased = struct.unpack_from("<HHII", data, 1)
    with _helpers(bmc, "read the event log") as helper:
        events = [_event(event) for event in helper.get_event_log()] if count else []
    severities = [event["severity"] for event in events]
    return {
        "entries": count,
        "free_bytes": free,
        "overflow": bool(data[13] & 0x80),
        "last_added": _moment(added),
        "last_erased": _moment(erased),
        "by_severity": {severity: severities.count(severity) for severity in sorted(set(severities))},
        "last": events[-LAST_EVENTS:],
    }


SUBSETS: dict[str, Callable[[Bmc], Any]] = {
    "chassis": chassis,
    "firmware": firmware,
    "lan": lan,
    "fru": fru,
    "sensors": sensors,
    "sel": sel,
}


def gather(bmc: Bmc, subsets: list[str]) -> dict[str, Any]:
    """Read the subsets asked for.

    A subset that this BMC does not support is ``None`` and its reason stands in
    ``unsupported``: one missing command does not hide the rest. Any other error ends it.
    """
    facts: dict[str, Any] = {}
    unsupported: dict[str, str] = {}
    for subset in subsets:
        try:
            facts[subset] = SUBSETS[subset](bmc)
        except errors.CommandUnsupported as error:
            facts[subset] = None
            unsupported[subset] = str(error)
    return {**facts, "unsupported": unsupported}


# pyghmi's decoders -----------------------------------------------------------------------


@contextmanager
def _helpers(bmc: Bmc, what: str) -> Iterator[Any]:
    """pyghmi's command object on our session, with our deadline per command."""
    from pyghmi import exceptions
    from pyghmi.ipmi.command import Command

    class OnSession(Command):
        def __init__(self) -> None:
            self.ipmi_session = bmc.wire
            self.bmc = bmc.target.address
            self.onlogon = self._sdrcachedir = self._sdr = self._oem = None
            self._netchannel = self._ipv6support = self.certverify = None
            self._oemknown = False
            self.kwargs: dict[str, Any] = {}

    bmc.wire.helper_deadline = lambda: _answer_left(bmc)
    try:
        yield OnSession()
    except exceptions.IpmiException as error:
        code = getattr(error, "ipmicode", 0)
        if code:
            raise errors.command_failed(bmc.name, what, code) from error
        raise errors.silent(bmc.name, what, str(error)) from error
    except (IndexError, KeyError, ValueError, TypeError, struct.error) as error:
        raise DatacenterError(
            what,
            device=bmc.name,
            cause=f"the BMC's records cannot be decoded ({type(error).__name__}: {error})",
            next_step="leave this subset out",
        ) from error
    finally:
        bmc.wire.helper_deadline = None


def _answer_left(bmc: Bmc) -> float:
    return bmc.answer_deadline().remaining()


def _sensor(reading: Any) -> dict[str, Any]:
    return {
        "name": reading.name,
        "type": reading.type,
        "value": _number(reading.value),
        "unit": (reading.units or "").strip() or None,
        "states": list(reading.states),
        "health": _health(reading.health),
        "available": not reading.unavailable,
    }


def _number(value: Any) -> float | None:
    """Three digits after the point: more is an artefact of the conversion."""
    return None if value is None else round(float(value), 3)


def _event(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": event.get("record_id"),
        "at": event.get("timestamp"),
        "sensor": event.get("component"),
        "type": event.get("component_type"),
        "event": event.get("event"),
        "asserted": not event.get("deassertion", False),
        "severity": _health(event.get("severity", 0)),
    }


def _health(value: int) -> str:
    from pyghmi.constants import Health

    for name in ("Failed", "Critical", "Warning"):
        if value & getattr(Health, name):
            return name.lower()
    return "ok"


def _moment(seconds: int) -> str | None:
    """A time stamp of the BMC's clock; values before 2^29 count from its start, not from 1970."""
    if seconds in (0, 0xFFFFFFFF) or seconds < 0x20000000:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")


def _dotted(data: bytes) -> str:
    return ".".join(str(byte) for byte in data[:4])


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return value.decode("ascii", "replace").strip("\x00 ")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.strip("\x00 ") if isinstance(value, str) else value
