# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BMC can be asked and told, whichever protocol it speaks, and the words for it.

The rules (what counts as done, what is refused) stand beside this file and know no protocol; ``ipmi/`` says
the same words in IPMI 2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline

ON, OFF, UNKNOWN = "on", "off", "unknown"

#: What a server does when its power returns.
POLICIES = ("always-off", "previous", "always-on")

#: What a server can be told to start from.
BOOT_DEVICES = (
    "none",
    "pxe",
    "disk",
    "diagnostics",
    "cdrom",
    "setup",
    "remote_cdrom",
    "remote_disk",
    "floppy",
)


def now() -> str:
    """This moment in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


@dataclass(frozen=True)
class Boot:
    """What the server is told to start from next."""

    device: str = "none"
    persistent: bool = False
    uefi: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"device": self.device, "persistent": self.persistent, "uefi": self.uefi}


class Bmc(Protocol):
    """An open session with one BMC.

    Every method may raise a ``DatacenterError`` that says why; ``CommandUnsupported`` when this BMC has no
    such thing.
    """

    deadline: Deadline | None

    @property
    def name(self) -> str: ...

    def read_status(self) -> Status:
        """Power and restore policy. Never raises for a BMC that gives an error or no answer: ``unknown``."""
        ...

    def control(self, verb: str, *, once: bool = False) -> None:
        """Give one power command (``on``, ``off``, ``soft``, ``cycle``, ``reset``).

        :param once: never send it twice.
        """
        ...

    def write_restore_policy(self, policy: str) -> None: ...

    def read_boot(self) -> Boot: ...

    def write_boot(self, wanted: Boot) -> None:
        """Tell it what to start from next."""
        ...

    def describe_boot(self, wanted: Boot) -> str:
        """The command of :meth:`write_boot` in words."""
        ...

    def firmware(self) -> dict[str, Any]: ...

    def lan(self) -> dict[str, Any]: ...

    def fru(self) -> dict[str, Any]: ...

    def sensors(self) -> list[dict[str, Any]]: ...

    def sel(self) -> dict[str, Any]: ...

    def power_reading(self) -> dict[str, Any]:
        """What the server draws, in watts: ``watts`` now, None while the BMC does not measure."""
        ...
