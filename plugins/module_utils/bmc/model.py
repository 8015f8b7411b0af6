# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BMC can be asked and told, whichever protocol it speaks, and the words for it.

The rules (what counts as done, what is refused) stand beside this file and know no protocol; ``ipmi/`` says
the same words in IPMI 2.0, ``redfish/`` in Redfish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target

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

#: How bad an event or a sensor is, the harmless first. What is not known is none of them.
SEVERITIES = ("ok", "warning", "critical", "failed")

#: The thresholds of a sensor, from far too low to far too high.
THRESHOLDS = (
    "lower_non_recoverable",
    "lower_critical",
    "lower_non_critical",
    "upper_non_critical",
    "upper_critical",
    "upper_non_recoverable",
)
#: What a sensor is that is beyond one of them.
VERDICTS = dict(zip(THRESHOLDS, ("failed", "critical", "warning", "warning", "critical", "failed")))

#: What the locator light does; ``timed`` goes out by itself.
IDENTIFY = (OFF, "timed", ON)

#: Settings of a BMC, in the order in which they are written: what could cut somebody off comes last.
SETTINGS = ("clock", "ntp", "session_timeout_s", "alert", "services", "channels")


def now() -> str:
    """This moment in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Status:
    """Power and restore policy, read at one moment.

    :param cause: why the power is unknown.
    :param answered: whether the BMC told anything. It may, and have the server on the way from on to off.
    """

    at: str
    power: str
    restore_policy: str
    faults: tuple[str, ...] = ()
    last_event: tuple[str, ...] = ()
    cause: str | None = None
    answered: bool = True

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


@dataclass(frozen=True)
class Event:
    """One record of the event log.

    :param raw: the record's own bytes in hexadecimal: what it is known by.
    :param at: by the BMC's clock, read as UTC; ``None`` when its clock was not set.
    :param detail: what the record says beyond the event.
    :param severity: one of :data:`SEVERITIES`, or ``unknown`` for what cannot be decoded.
    :param occasion: the same for what came and for its end; ``None`` where the protocol does not tie them.
    """

    id: str
    raw: str
    at: str | None = None
    sensor: str | None = None
    type: str | None = None
    event: str | None = None
    detail: str | None = None
    asserted: bool | None = None
    severity: str = UNKNOWN
    occasion: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class LogState:
    """How full the event log is.

    :param overflow: records were lost because it was full.
    :param clock_ahead_s: seconds by which the BMC's clock is ahead of this machine's.
    """

    entries: int
    free_bytes: int | None = None
    overflow: bool | None = None
    last_added: str | None = None
    last_erased: str | None = None
    clock_ahead_s: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Log:
    """The event log as it was read at one time, the oldest record first.

    :param ticket: the protocol's own, by which :meth:`Bmc.clear_log` knows whether it is still the same.
    """

    state: LogState
    events: tuple[Event, ...] = ()
    ticket: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Sensor:
    """One sensor, read once.

    :param states: what it says of itself, in words.
    :param verdict: one of :data:`SEVERITIES`; ``unknown`` when it cannot be read, with the ``cause``.
    :param thresholds: in its unit, by the names of :data:`THRESHOLDS`.
    :param thresholds_from: ``sensor`` when they are those in force, ``record`` when they are those that it
        was delivered with.
    :param crossed: the threshold that the verdict comes from.
    """

    name: str
    type: str
    reading: float | None = None
    unit: str | None = None
    states: tuple[str, ...] = ()
    verdict: str = UNKNOWN
    thresholds: Mapping[str, float] = field(default_factory=dict)
    thresholds_from: str | None = None
    crossed: str | None = None
    cause: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "states": list(self.states), "thresholds": dict(self.thresholds)}


@dataclass(frozen=True)
class Firmware:
    """What runs in the BMC and, as far as the BMC knows, in its server.

    :param components: versions by component (``bmc``, ``bios``); ``None`` where it is not known.
    :param unsupported: why not.
    :param product: of the server, in its maker's words.
    :param auxiliary: the maker's own further revision, in hexadecimal.
    """

    components: Mapping[str, str | None]
    unsupported: Mapping[str, str] = field(default_factory=dict)
    manufacturer: str | None = None
    manufacturer_id: int | None = None
    product: str | None = None
    product_id: int | None = None
    ipmi_version: str | None = None
    device_revision: int | None = None
    auxiliary: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "components": dict(self.components),
            "unsupported": dict(self.unsupported),
        }


#: Whether a sensor of this name and type is asked.
Wanted = Callable[[str, str], bool]


@dataclass(frozen=True)
class Account:
    """Somebody who may log in, or a place for one.

    :param slot: the BMC's own number for it.
    :param name: empty for the anonymous (null) account.
    :param enabled: whether it can log in, as far as the BMC tells.
    :param privilege: ``user``, ``operator``, ``administrator``; ``callback``, ``oem`` or ``no_access`` when
        the BMC says so.
    """

    slot: int
    name: str
    enabled: bool
    privilege: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "slot": self.slot,
            "name": self.name,
            "enabled": self.enabled,
            "privilege": self.privilege,
        }


@dataclass(frozen=True)
class LanSettings:
    """The network of a BMC, as it tells it.

    :param gateway: ``None`` when it has none.
    :param source: ``static`` or ``dhcp``; whatever else a BMC says.
    :param vlan: ``None`` for no tag.
    :param access: when it answers on this channel: ``always``, ``shared``, ``preboot``, ``disabled``, or
        what it is now and what after the BMC's next start; ``None`` when the protocol has no such thing.
    :param mac: by which it is known again at another address. Not a setting.
    """

    address: str
    prefix_length: int
    gateway: str | None
    source: str
    vlan: int | None
    access: str | None
    mac: str

    def as_dict(self) -> dict[str, Any]:
        """The settings, without what is no setting."""
        return {
            "address": self.address,
            "prefix_length": self.prefix_length,
            "gateway": self.gateway,
            "source": self.source,
            "vlan": self.vlan,
            "access": self.access,
        }


@dataclass(frozen=True)
class ConsoleHolder:
    """Who has the server's console now.

    :param who: in words, as far as the BMC tells.
    :param own: it is this session.
    """

    who: str
    own: bool


class Console(Protocol):
    """The server's serial console, ours while it is open."""

    #: Whether the BMC had to drop something that the server printed.
    dropped: bool

    def read(self, seconds: float) -> bytes:
        """What the server prints within so many seconds, as soon as there is something.

        :raises DatacenterError: the console is not ours any more, or the BMC is gone.
        """

    def send(self, data: bytes) -> None:
        """Type something."""


class Bmc(Protocol):
    """An open session with one BMC.

    Every method may raise a ``DatacenterError`` that says why; ``CommandUnsupported`` when this BMC has no
    such thing.
    """

    deadline: Deadline | None
    #: ``ipmi`` or ``redfish``.
    protocol: str

    @property
    def name(self) -> str: ...

    @property
    def target(self) -> Target:
        """The way in that this session took; its user and password are those that were accepted."""

    def beside(
        self,
        *,
        address: str | None = None,
        user: str | None = None,
        password: str | None = None,
        privilege: str | None = None,
    ) -> AbstractContextManager[Bmc]:
        """One more session with the same BMC while this one stays open; what is not given is as in this
        one."""

    def read_status(self) -> Status:
        """Power and restore policy. Never raises for a BMC that gives an error or no answer: ``unknown``."""

    def control(self, verb: str, *, once: bool = False) -> None:
        """Give one power command (``on``, ``off``, ``soft``, ``cycle``, ``reset``).

        :param once: never send it twice.
        """

    def write_restore_policy(self, policy: str) -> None: ...

    def read_identify(self) -> str:
        """One of :data:`IDENTIFY`, or ``unknown`` where the BMC cannot tell."""

    def write_identify(self, seconds: int | None) -> None:
        """Light the locator for so many seconds; 0 puts it out, ``None`` lights it until told otherwise."""

    def read_boot(self) -> Boot: ...

    def write_boot(self, wanted: Boot) -> None:
        """Tell it what to start from next."""

    def describe_boot(self, wanted: Boot) -> str:
        """The command of :meth:`write_boot` in words."""

    def firmware(self) -> dict[str, Any]: ...

    def read_firmware(self) -> Firmware: ...

    def lan(self) -> dict[str, Any]: ...

    def fru(self) -> dict[str, Any]: ...

    def read_sensors(
        self, wanted: Wanted | None = None, *, live: bool = False, cache: Path | None = None
    ) -> list[Sensor]:
        """The sensors. One that cannot be read is there, as unknown.

        :param live: ask each for the thresholds in force; those beyond one are asked always.
        :param cache: a folder for what hardly changes (which sensors there are).
        """

    def setting_refused(self, name: str, wanted: Any) -> str | None:
        """Why this protocol, or this BMC, cannot have that setting; ``None`` when it can. Writes nothing."""

    def read_setting(self, name: str, wanted: Any) -> Any:
        """The setting as it is, in the shape of what is wanted. The clock as ``ahead_s``, or ``None``."""

    def write_setting(self, name: str, wanted: Any) -> None: ...

    def read_log(self, cache: Path | None = None) -> Log:
        """The whole event log. A record that cannot be decoded is there with its bytes alone.

        :param cache: as in :meth:`read_sensors`.
        """

    def clear_log(self, read: Log) -> None:
        """Erase the log when no record came since it was read, and return when the erasure has ended.

        :raises errors.LogChanged: one came, and nothing was erased.
        """

    def accounts(self) -> list[Account]:
        """All accounts, and of the empty places those that could log in."""

    def add_account(self, name: str, privilege: str, password: str, slot: int | None = None) -> None:
        """Make an enabled account, in that place or in a free one."""

    def change_account(self, account: Account, *, enabled: bool, privilege: str) -> None: ...

    def remove_account(self, account: Account) -> None: ...

    def set_password(self, account: Account, password: str) -> None: ...

    def test_password(self, account: Account, password: str) -> bool | None:
        """Ask the BMC whether this is the account's password; ``None`` when it cannot tell."""

    def read_lan(self) -> LanSettings: ...

    def write_lan(self, now: LanSettings, wanted: LanSettings) -> None:
        """Set what differs, what moves the address last. An answer that does not come may be its effect."""

    def end_lan_change(self) -> None:
        """Tell the BMC that no change is under way, after one whose last answers were lost."""

    def console_holder(self) -> ConsoleHolder | None:
        """Who has the console, ``None`` when nobody has."""

    def free_console(self) -> None:
        """Take the console from whoever has it."""

    def console(self) -> AbstractContextManager[Console]:
        """Open the console, and give it back whatever happens."""

    def power_reading(self) -> dict[str, Any]:
        """What the server draws, in watts: ``watts`` now, None while the BMC does not measure."""
