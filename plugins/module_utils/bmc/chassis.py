# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chassis as its BMC tells it: power, restore policy, boot device.

Commands and bytes: IPMI 2.0 rev 1.1, chapter 28. Every write is read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.session import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

NETFN_CHASSIS = 0x00
_GET_STATUS = 0x01
_SET_RESTORE_POLICY = 0x06
_SET_BOOT_OPTIONS = 0x08
_GET_BOOT_OPTIONS = 0x09

ON, OFF, UNKNOWN = "on", "off", "unknown"

#: Restore policies by the number that both commands use.
POLICIES = {"always-off": 0, "previous": 1, "always-on": 2}
_POLICY_NAMES = {number: name for name, number in POLICIES.items()}

#: Boot devices by their number in boot option parameter 5 (table 28-14).
BOOT_DEVICES = {
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
_BOOT_NAMES = {number: name for name, number in BOOT_DEVICES.items()}
_BOOT_FLAGS = 5
_BOOT_FLAGS_VALID, _BOOT_PERSISTENT, _BOOT_UEFI = 0x80, 0x40, 0x20


class Bmc(Protocol):
    """What this library needs of a session (see ``session.Bmc``)."""

    deadline: Deadline | None

    @property
    def name(self) -> str: ...

    def command(
        self, what: str, netfn: int, command: int, data: Any = (), *, once: bool = False
    ) -> bytes: ...


@dataclass(frozen=True)
class Status:
    """Power and restore policy, read at one moment."""

    at: str
    power: str
    restore_policy: str
    faults: tuple[str, ...] = ()
    last_event: tuple[str, ...] = ()
    cause: str | None = None

    def reading(self) -> dict[str, str]:
        """``at`` and ``state``, and the cause when the state is not known."""
        reading = {"at": self.at, "state": self.power}
        if self.cause:
            reading["cause"] = self.cause
        return reading


_FAULTS = {1: "overload", 2: "interlock", 3: "main power fault", 4: "power control fault"}
_MISC_FAULTS = {0: "chassis intrusion", 2: "drive fault", 3: "cooling or fan fault"}
_EVENTS = {0: "AC failed", 1: "overload", 2: "interlock", 3: "power fault", 4: "switched on by IPMI"}


def now() -> str:
    """This moment in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_status(bmc: Bmc) -> Status:
    """Read power and restore policy.

    A BMC that answers with an error, or does not answer, gives the state ``unknown`` with
    the cause: neither on nor off.
    """
    try:
        data = bmc.command("read the chassis status", NETFN_CHASSIS, _GET_STATUS)
    except DatacenterError as error:
        return Status(now(), UNKNOWN, UNKNOWN, cause=error.cause or error.what)
    if len(data) < 3:
        return Status(now(), UNKNOWN, UNKNOWN, cause=f"its answer has {len(data)} bytes of 3")
    faults = [text for bit, text in _FAULTS.items() if data[0] >> bit & 1]
    faults += [text for bit, text in _MISC_FAULTS.items() if data[2] >> bit & 1]
    return Status(
        now(),
        ON if data[0] & 1 else OFF,
        _POLICY_NAMES.get(data[0] >> 5 & 3, UNKNOWN),
        tuple(faults),
        tuple(text for bit, text in _EVENTS.items() if data[1] >> bit & 1),
    )


def known_status(bmc: Bmc) -> Status:
    """Read the status.

    :raises errors.StateUnknown: when it is not known.
    """
    status = read_status(bmc)
    if status.power == UNKNOWN:
        raise unknown_power(bmc.name, [status])
    return status


def unknown_power(device: str, statuses: list[Status]) -> errors.StateUnknown:
    """The refusal to act on a server whose power state is not known."""
    causes = sorted({status.cause for status in statuses if status.cause})
    seen = sorted({status.power for status in statuses})
    return errors.StateUnknown(
        "the power state is not known, so nothing was done",
        device=device,
        cause="; ".join(causes) or f"the readings contradict each other: {', '.join(seen)}",
        next_step="look at the server itself, or fence it by another path",
        result={"changed": False, "readings": [status.reading() for status in statuses]},
    )


def write_restore_policy(bmc: Bmc, policy: str) -> None:
    """Set what the server does when power returns. Not read back here.

    :raises errors.CommandUnsupported: the BMC has no such command or policy.
    """
    bmc.command(
        f"set the power-restore policy to {policy}", NETFN_CHASSIS, _SET_RESTORE_POLICY, [POLICIES[policy]]
    )


def set_restore_policy(bmc: Bmc, policy: str, *, check: bool = False) -> dict[str, Any]:
    """Make sure of the restore policy.

    :param check: only say what would be done.
    :returns: ``changed``, ``before``, ``after``, ``commands``.
    :raises errors.NotConfirmed: the BMC said yes and still reports another one.
    """
    before = known_status(bmc).restore_policy
    changed = before != policy
    commands = [f"set power restore policy {policy}"] if changed else []
    if changed and not check:
        write_restore_policy(bmc, policy)
        after = read_status(bmc).restore_policy
        if after != policy:
            raise errors.NotConfirmed(
                f"the power-restore policy is still {after} after it was set to {policy}",
                device=bmc.name,
                cause="the BMC accepted the command without effect",
                next_step="set it in the BMC's own interface, and look for newer firmware",
                result={"changed": after != before, "before": before, "after": after, "commands": commands},
            )
    return {"changed": changed, "before": before, "after": policy, "commands": commands}


# Boot device ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Boot:
    """What the server is told to start from next."""

    device: str = "none"
    persistent: bool = False
    uefi: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"device": self.device, "persistent": self.persistent, "uefi": self.uefi}

    def flags(self) -> list[int]:
        """Boot option parameter 5 as bytes."""
        if self.device == "none":
            return [0, 0, 0, 0, 0]
        first = _BOOT_FLAGS_VALID
        first |= _BOOT_PERSISTENT if self.persistent else 0
        first |= _BOOT_UEFI if self.uefi else 0
        return [first, BOOT_DEVICES[self.device] << 2, 0, 0, 0]


def read_boot(bmc: Bmc) -> Boot:
    """Read the boot device that the next start is told to use."""
    data = bmc.command("read the boot device", NETFN_CHASSIS, _GET_BOOT_OPTIONS, [_BOOT_FLAGS, 0, 0])
    invalid = len(data) < 4 or data[1] & 0x80 or not data[2] & _BOOT_FLAGS_VALID
    if invalid or not data[3] >> 2 & 0xF:
        return Boot()
    number = data[3] >> 2 & 0xF
    return Boot(
        _BOOT_NAMES.get(number, f"0x{number:x}"),
        bool(data[2] & _BOOT_PERSISTENT),
        bool(data[2] & _BOOT_UEFI),
    )


def set_boot(bmc: Bmc, wanted: Boot, *, check: bool = False) -> dict[str, Any]:
    """Make sure of the boot device.

    :returns: ``changed``, ``before``, ``after``, ``commands``.
    :raises errors.NotConfirmed: the BMC said yes and still reports another one.
    """
    if wanted.device == "none":
        wanted = Boot()
    before = read_boot(bmc)
    changed = before != wanted
    commands = [f"set boot options {bytes([_BOOT_FLAGS, *wanted.flags()]).hex(' ')}"] if changed else []
    if changed and not check:
        _keep_flags_until_used(bmc)
        what = f"set the boot device to {wanted.device}"
        bmc.command(what, NETFN_CHASSIS, _SET_BOOT_OPTIONS, [_BOOT_FLAGS, *wanted.flags()])
        after = read_boot(bmc)
        if after != wanted:
            raise errors.NotConfirmed(
                f"the boot device reads {after.as_dict()} after it was set to {wanted.as_dict()}",
                device=bmc.name,
                cause="the BMC took it without, or with another, effect",
                next_step="try another of persistent and uefi; some firmware knows only one",
                result={"changed": after != before, "before": before.as_dict(), "after": after.as_dict()},
            )
    return {"changed": changed, "before": before.as_dict(), "after": wanted.as_dict(), "commands": commands}


def _keep_flags_until_used(bmc: Bmc) -> None:
    """Ask the BMC not to drop the flags after 60 s without a power command (parameter 3, bit 3).

    Not every BMC knows the parameter; without it the boot must follow within a minute.
    """
    try:
        bmc.command("keep the boot flags", NETFN_CHASSIS, _SET_BOOT_OPTIONS, [3, 0x08])
    except DatacenterError as error:
        if not isinstance(error, errors.CommandUnsupported):
            raise
