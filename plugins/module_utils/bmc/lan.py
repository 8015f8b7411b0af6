# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a BMC, changed over that network: seen to work from the new address, or taken back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, in_use
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc, LanSettings
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)

STATIC, DHCP = "static", "dhcp"
#: Sources that are told, and that nobody can set (again).
_ONLY_TOLD = frozenset({"unknown", "bootp", "link_local"})
#: Between two log-ins to a BMC that may still be starting its network anew.
_PAUSE_S = 1.0


@dataclass(frozen=True)
class Wanted:
    """What is asked for; ``None`` leaves it as it is.

    :param address: with ``dhcp`` the one that it will be given.
    :param vlan: 0: none.
    """

    address: str | None = None
    prefix_length: int | None = None
    gateway: str | None = None
    source: str | None = None
    vlan: int | None = None
    access: str | None = None

    def on(self, now: LanSettings) -> LanSettings:
        """The settings that follow from those in force."""
        return LanSettings(
            self.address or now.address,
            now.prefix_length if self.prefix_length is None else self.prefix_length,
            now.gateway if self.gateway is None else _or_none(self.gateway),
            self.source or now.source,
            now.vlan if self.vlan is None else self.vlan or None,
            self.access or now.access,
            now.mac,
        )


def _or_none(gateway: str) -> str | None:
    return None if gateway == "0.0.0.0" else gateway


def set_lan(
    bmc: Bmc,
    wanted: Wanted,
    verify_s: float,
    *,
    check: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    answers: Callable[[str], str | None] = in_use.answers,
    way_to: Callable[[str], str | None] = in_use.way_to,
) -> dict[str, Any]:
    """Make sure of the network settings.

    :param verify_s: seconds in which a log-in at the new address has to succeed, and again as many for the
        way back.
    :param answers: how an address is heard of, ``None`` when it is silent.
    :param way_to: this machine's address towards another, ``None`` without a way there.
    :returns: ``changed``, ``before``, ``after``, ``commands``.
    :raises Refused: it would cut this BMC off, or another device; nothing was done.
    :raises errors.NotConfirmed: it did not work, and the former settings are in force.
    :raises Unreachable: it answers at neither address.
    """
    before = bmc.read_lan()
    after = wanted.on(before)
    commands = differences(before, after)
    if commands:
        _demand_sense(bmc, before, after, way_to)
        if after.address != before.address and (heard := answers(after.address)):
            raise Refused(
                f"the address {after.address} is in use, so nothing was changed",
                device=bmc.name,
                cause=heard,
                next_step="give a free one; if it is this very BMC, log in to it there",
            )
    if commands and not check:
        _Change(bmc, before, after, verify_s, sleep).run()
    return {
        "changed": bool(commands),
        "before": before.as_dict(),
        "after": after.as_dict(),
        "commands": commands,
    }


def differences(before: LanSettings, after: LanSettings) -> list[str]:
    """What has to be set, in words. An address that DHCP gives is not set."""
    old, new = before.as_dict(), after.as_dict()
    if after.source == DHCP:
        for name in ("address", "prefix_length", "gateway"):
            new[name] = old[name]
    return [f"set {name} {new[name]}" for name in new if new[name] != old[name]]


def _demand_sense(
    bmc: Bmc, before: LanSettings, after: LanSettings, way_to: Callable[[str], str | None]
) -> None:
    """:raises Refused: with every reason for which the settings would cut the BMC off."""
    wrong = _nonsense(after) if after.source != DHCP else []
    if not wrong:
        wrong += _no_way(bmc, before, after, way_to)
    if after.address != before.address and after.vlan != before.vlan:
        wrong.append("address and VLAN in one step: many BMCs are gone after the first of the two writes")
    if after.source != before.source and before.source in _ONLY_TOLD:
        wrong.append(f"its address is of the source {before.source}, to which there would be no way back")
    if after.address != before.address and not _is_known(before.mac):
        wrong.append("the BMC tells no MAC address, so it could not be known again at another address")
    if before.address == "0.0.0.0":
        wrong.append("the BMC does not tell its present address, so there would be no way back")
    if wrong:
        raise Refused(
            "the network of the BMC was not changed",
            device=bmc.name,
            cause="; ".join(wrong),
            next_step="correct the settings, or change them one after the other",
        )


def _is_known(mac: str) -> bool:
    """Not what protocols say for none. Colons or hyphens, as the BMC likes."""
    return mac.strip("0:-") not in ("", "None")


def _no_way(
    bmc: Bmc, before: LanSettings, after: LanSettings, way_to: Callable[[str], str | None]
) -> list[str]:
    """Why this machine and the BMC would no longer reach each other."""
    moves = after.address != before.address
    here = way_to(after.address if moves else bmc.target.address)
    if moves and here is None:
        return [f"this machine has no way to {after.address}, so nobody could see it there"]
    network = _network(after)
    narrows = after.gateway is None and (before.gateway is not None or network != _network(before))
    # Behind a translation the BMC sees another address than ours.
    plain = moves or bmc.target.address == before.address
    if after.source != DHCP and narrows and plain and here is not None and IPv4Address(here) not in network:
        return [f"without a gateway it answers in {network} alone, and this machine is {here}"]
    return []


def _network(settings: LanSettings) -> IPv4Network:
    return IPv4Interface(f"{settings.address}/{settings.prefix_length}").network


def _nonsense(after: LanSettings) -> list[str]:
    wrong = []
    network = _network(after)
    own = IPv4Address(after.address)
    if network.prefixlen < 31 and own in (network.network_address, network.broadcast_address):
        wrong.append(f"{own} is the network's or the broadcast address of {network}")
    if own.is_multicast or own.is_unspecified:
        wrong.append(f"{own} is no address of a device")
    if after.gateway is not None:
        gateway = IPv4Address(after.gateway)
        if gateway not in network:
            wrong.append(f"the gateway {gateway} is not in {network}")
        if gateway == own:
            wrong.append(f"the gateway is the address itself, {own}")
    return wrong


class _Change:
    """One change of one BMC, with its way back."""

    def __init__(
        self,
        bmc: Bmc,
        before: LanSettings,
        after: LanSettings,
        verify_s: float,
        sleep: Callable[[float], None],
    ) -> None:
        self.bmc = bmc
        self.before = before
        self.after = after
        self.verify_s = verify_s
        self.old = bmc.target.address
        #: A name, or an address behind a translation, stays what it is when the BMC's own does not change.
        self.new = self.old if after.address == before.address else after.address
        self._sleep = sleep

    def run(self) -> None:
        unanswered: DatacenterError | None = None
        try:
            self.bmc.write_lan(self.before, self.after)
        except Unreachable as error:
            # The answer may be gone because it took effect.
            unanswered = error
        except DatacenterError as error:
            if self._untouched():
                # Nothing of it was taken, so there is nothing to take back.
                raise
            self._restore(error, f"it refused a part of it ({error.cause})")
        seen = self._reach(self.new)
        if seen is not None and self._is_there(seen):
            return
        told = f"nobody could log in at {self.new}"
        if seen is not None:
            whose = "it" if seen.mac == self.before.mac else "another BMC"
            told = f"at {self.new} {whose} answers and reads {_short(seen)}"
        if unanswered is not None:
            told += f", and it did not answer when it was told ({unanswered.cause})"
        self._restore(unanswered, told)

    def _untouched(self) -> bool:
        """Whether it is seen to have its former settings; a BMC that has moved does not answer here."""
        try:
            return not differences(self.bmc.read_lan(), self.before)
        except DatacenterError:
            return False

    def _is_there(self, seen: LanSettings) -> bool:
        """Whether this is the BMC meant, and has the settings."""
        return seen.mac == self.before.mac and not differences(seen, self.after)

    def _reach(self, address: str) -> LanSettings | None:
        """Log in there until it works or the time is over, and read the settings."""
        deadline = Deadline(self.verify_s)
        while True:
            try:
                with self.bmc.beside(address=address) as there:
                    seen = there.read_lan()
                    if seen.mac == self.before.mac:
                        there.end_lan_change()
                    return seen
            except DatacenterError:
                if deadline.remaining() <= _PAUSE_S:
                    return None
            self._sleep(_PAUSE_S)

    def _restore(self, cause: DatacenterError | None, told: str) -> None:
        """Go back where the BMC still answers, and say what state it is in."""
        for address in dict.fromkeys((self.old, self.new)):
            now = self._reach(address)
            if now is None or now.mac != self.before.mac:
                continue
            if differences(now, self.before):
                self._write_back(address, now)
            seen = self._reach(self.old)
            if seen is not None and seen.mac == self.before.mac and not differences(seen, self.before):
                raise errors.NotConfirmed(
                    "the new network settings do not work; the former ones are in force, seen by a log-in",
                    device=self.bmc.name,
                    cause=told,
                    next_step="look at the VLAN and the routes of the new address, then try again",
                    result={"changed": False, "before": self.before.as_dict(), "after": seen.as_dict()},
                ) from cause
        raise self._gone(told) from cause

    def _write_back(self, address: str, now: LanSettings) -> None:
        try:
            with self.bmc.beside(address=address) as there:
                there.write_lan(now, self.before)
        except DatacenterError:
            # Whether it took effect is seen by the log-in that follows.
            return

    def _gone(self, told: str) -> Unreachable:
        return Unreachable(
            f"the BMC answers neither at {self.new} nor at {self.old}",
            device=self.bmc.name,
            cause=f"{told}. It was told {_short(self.after)}; before it had {_short(self.before)}; "
            "which of both it has now is not known",
            next_step="wait a minute and ping both; then set it from the server itself (ipmitool lan set), "
            "at the BMC's own screen, or have it lose power for a minute",
            result={"changed": True, "before": self.before.as_dict(), "after": None},
        )


def _short(settings: LanSettings) -> str:
    vlan = f", VLAN {settings.vlan}" if settings.vlan else ""
    return f"{settings.address}/{settings.prefix_length} via {settings.gateway} ({settings.source}{vlan})"
