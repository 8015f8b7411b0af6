# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which BMC, how to talk to it, and until when."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors

PRIVILEGES = {"user": 2, "operator": 3, "administrator": 4}

PROTOCOLS = ("ipmi", "redfish", "auto")

#: By how much the farewell of a session may go beyond the operation's time, at most: one that is not given
#: back stays for half an hour on most Redfish services, and there are few.
FAREWELL_S = 2.0


class Deadline:
    """A point in time that waits end at."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def expired(self) -> bool:
        return self.remaining() <= 0

    def within(self, seconds: float) -> Deadline:
        """The sooner of this deadline and so many seconds from now."""
        return Deadline(min(seconds, self.remaining()))


@dataclass(frozen=True)
class Target:
    """A BMC and how to talk to it.

    :param name: what people call it (the server's name).
    :param port: of IPMI.
    :param cipher_suite: of IPMI; ``privilege`` as well: in Redfish the account's own role counts.
    :param answer_s: seconds after which a BMC that says nothing counts as unreachable.
    :param protocol: one of :data:`PROTOCOLS`; ``auto`` asks for Redfish first.
    :param https_port: of Redfish.
    :param ca_file: certificates of the authorities by whom the BMC's is signed; the machine's own without.
    :param system: which of the servers behind one Redfish service; needed when there are several.
    :param else_: other ways in to the same BMC, tried in order when this one's password is refused or its
        address is silent: what a change that broke off may have left in force.
    """

    name: str
    address: str
    user: str
    password: str = field(repr=False)
    port: int = 623
    cipher_suite: int = 17
    privilege: str = "operator"
    answer_s: float = 5.0
    protocol: str = "ipmi"
    https_port: int = 443
    ca_file: str | None = None
    system: str | None = None
    else_: tuple[Target, ...] = ()

    def answer_deadline(self, whole: Deadline | None) -> Deadline:
        """Until when it has to answer from now on: ``answer_s``, or the end of the whole operation."""
        return whole.within(self.answer_s) if whole else Deadline(self.answer_s)

    @property
    def place(self) -> tuple[str, int, int]:
        """What makes it one BMC, whichever protocol is spoken: one operation at a time is under way there."""
        return self.address, self.port, self.https_port


def over_ipmi_limits(user: str | None, password: str | None) -> list[str]:
    """What is longer than IPMI has a place for (IPMI 2.0, sections 13.20 and 22.30)."""
    return [
        f"{name} is longer than the {limit} bytes that IPMI has for it"
        for name, value, limit in (("user", user, 16), ("password", password, 20))
        if value is not None and len(value.encode()) > limit
    ]


# One operation at a time on one BMC: they are small computers, and two clients that change
# the same thing do not know of each other.
_locks: dict[tuple[str, int, int], threading.Lock] = {}
_locks_lock = threading.Lock()


@contextmanager
def alone(target: Target) -> Iterator[None]:
    """Be the only one of this process at the BMC.

    :raises errors.NoSessionLeft: another operation did not end within ``target.answer_s``.
    """
    with _locks_lock:
        lock = _locks.setdefault(target.place, threading.Lock())
    if not lock.acquire(timeout=target.answer_s):
        raise errors.NoSessionLeft(
            "another operation of this very run is under way on it",
            device=target.name,
            next_step="let it end first",
        )
    try:
        yield
    finally:
        lock.release()
