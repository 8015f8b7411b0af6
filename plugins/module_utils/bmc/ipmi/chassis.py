# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chassis in IPMI: power, restore policy, boot device.

Commands and bytes: IPMI 2.0 rev 1.1, chapter 28.
"""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    IDENTIFY,
    OFF,
    ON,
    POLICIES,
    UNKNOWN,
    Boot,
    Status,
    now,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_CHASSIS = 0x00
_GET_STATUS = 0x01
_CONTROL = 0x02
_IDENTIFY = 0x04
_SET_RESTORE_POLICY = 0x06
_SET_BOOT_OPTIONS = 0x08
_GET_BOOT_OPTIONS = 0x09

#: Chassis control (table 28-4).
_VERBS = {"off": 0, "on": 1, "cycle": 2, "reset": 3, "soft": 5}

#: The field 'reports to the user' of both commands: index is the number.
_POLICY_NUMBERS = {name: number for number, name in enumerate(POLICIES)}

#: Boot devices by their number in boot option parameter 5 (table 28-14).
_BOOT_NUMBERS = {
    "none": 0x0,
    "pxe": 0x1,
    "disk": 0x2,
    "diagnostics": 0x4,
    "cdrom": 0x5,
    "setup": 0x6,
    "remote_cdrom": 0x8,
    "remote_disk": 0xB,
    "floppy": 0xF,
}
_BOOT_NAMES = {number: name for name, number in _BOOT_NUMBERS.items()}
_BOOT_FLAGS = 5
_BOOT_FLAGS_VALID, _BOOT_PERSISTENT, _BOOT_UEFI = 0x80, 0x40, 0x20

#: Third byte of the chassis status (table 28-3).
_IDENTIFY_TOLD = 0x40
_IDENTIFY_STATES = dict(enumerate(IDENTIFY))
_FORCE_ON = 0x01

_FAULTS = {1: "overload", 2: "interlock", 3: "main power fault", 4: "power control fault"}
_MISC_FAULTS = {0: "chassis intrusion", 2: "drive fault", 3: "cooling or fan fault"}
_EVENTS = {0: "AC failed", 1: "overload", 2: "interlock", 3: "power fault", 4: "switched on by IPMI"}


def read_status(session: Session) -> Status:
    """Power and restore policy; ``unknown`` with the cause when there is an error or no answer."""
    try:
        data = session.command("read the chassis status", _CHASSIS, _GET_STATUS)
    except DatacenterError as error:
        return Status(now(), UNKNOWN, UNKNOWN, cause=error.cause or error.what, answered=False)
    if len(data) < 3:
        cause = f"its answer has {len(data)} bytes of 3"
        return Status(now(), UNKNOWN, UNKNOWN, cause=cause, answered=False)
    faults = [text for bit, text in _FAULTS.items() if data[0] >> bit & 1]
    faults += [text for bit, text in _MISC_FAULTS.items() if data[2] >> bit & 1]
    policy = data[0] >> 5 & 3
    return Status(
        now(),
        ON if data[0] & 1 else OFF,
        POLICIES[policy] if policy < len(POLICIES) else UNKNOWN,
        tuple(faults),
        tuple(text for bit, text in _EVENTS.items() if data[1] >> bit & 1),
    )


def control(session: Session, verb: str, *, once: bool) -> None:
    """Give one power command."""
    session.command(f"power {verb}", _CHASSIS, _CONTROL, [_VERBS[verb]], once=once)


def write_restore_policy(session: Session, policy: str) -> None:
    """Set what the server does when power returns."""
    what = f"set the power-restore policy to {policy}"
    session.command(what, _CHASSIS, _SET_RESTORE_POLICY, [_POLICY_NUMBERS[policy]])


def read_identify(session: Session) -> str:
    """What the locator light does, where the BMC tells: that is optional (table 28-3)."""
    data = session.command("read the chassis status", _CHASSIS, _GET_STATUS)
    if len(data) < 3 or not data[2] & _IDENTIFY_TOLD:
        return UNKNOWN
    return _IDENTIFY_STATES.get(data[2] >> 4 & 3, UNKNOWN)


def write_identify(session: Session, seconds: int | None) -> None:
    """Light the locator (section 28.5). The second byte is optional, and sent only when it is needed."""
    data = [0, _FORCE_ON] if seconds is None else [seconds]
    what = "light the locator" if seconds is None or seconds else "put the locator out"
    session.command(what, _CHASSIS, _IDENTIFY, data)


def read_boot(session: Session) -> Boot:
    """The boot device that the next start is told to use."""
    data = session.command("read the boot device", _CHASSIS, _GET_BOOT_OPTIONS, [_BOOT_FLAGS, 0, 0])
    invalid = len(data) < 4 or data[1] & 0x80 or not data[2] & _BOOT_FLAGS_VALID
    if invalid or not data[3] >> 2 & 0xF:
        return Boot()
    number = data[3] >> 2 & 0xF
    return Boot(
        _BOOT_NAMES.get(number, f"0x{number:x}"),
        bool(data[2] & _BOOT_PERSISTENT),
        bool(data[2] & _BOOT_UEFI),
    )


def boot_flags(wanted: Boot) -> list[int]:
    """Boot option parameter 5 as bytes."""
    if wanted.device == "none":
        return [0, 0, 0, 0, 0]
    first = _BOOT_FLAGS_VALID
    first |= _BOOT_PERSISTENT if wanted.persistent else 0
    first |= _BOOT_UEFI if wanted.uefi else 0
    return [first, _BOOT_NUMBERS[wanted.device] << 2, 0, 0, 0]


def describe_boot(wanted: Boot) -> str:
    """What :func:`write_boot` commands."""
    return f"set boot options {bytes([_BOOT_FLAGS, *boot_flags(wanted)]).hex(' ')}"


def write_boot(session: Session, wanted: Boot) -> None:
    """Tell the server what to start from next."""
    _keep_flags_until_used(session)
    what = f"set the boot device to {wanted.device}"
    session.command(what, _CHASSIS, _SET_BOOT_OPTIONS, [_BOOT_FLAGS, *boot_flags(wanted)])


def _keep_flags_until_used(session: Session) -> None:
    """Ask the BMC not to drop the flags after 60 s without a power command (parameter 3, bit 3).

    Not every BMC knows the parameter; without it the boot must follow within a minute.
    """
    try:
        session.command("keep the boot flags", _CHASSIS, _SET_BOOT_OPTIONS, [3, 0x08])
    except DatacenterError as error:
        if not isinstance(error, errors.CommandUnsupported):
            raise
