# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power, confirmed by reading back. What is not known is neither on nor off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.chassis import unknown_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    OFF,
    ON,
    UNKNOWN,
    Bmc,
    Status,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
    Unreachable,
)

#: A second 'off' does no harm; a second cycle or reset would hit a server that is just starting.
_NEVER_TWICE = frozenset({"cycle", "reset"})

VERBS = ("on", "off", "soft", "cycle", "reset")


@dataclass(frozen=True)
class Confirmation:
    """How much is asked before a state counts as reached.

    :param readings: so many consecutive readings must agree.
    :param interval_s: seconds between two readings.
    :param deadline_s: seconds for the whole operation, unless the session has its own.
    """

    readings: int = 1
    interval_s: float = 0.2
    deadline_s: float = 60.0


class Watch:
    """Takes readings of one server, keeps them, and says when enough of them agree."""

    def __init__(self, bmc: Bmc, how: Confirmation, sleep: Callable[[float], None] = time.sleep) -> None:
        self.bmc = bmc
        self.how = how
        self.deadline = bmc.deadline or Deadline(how.deadline_s)
        self.statuses: list[Status] = []
        self._sleep = sleep

    @property
    def readings(self) -> list[dict[str, str]]:
        return [status.reading() for status in self.statuses]

    def read(self) -> Status:
        """One more reading."""
        status = self.bmc.read_status()
        self.statuses.append(status)
        return status

    def agree(self, state: str) -> bool:
        """Whether the last ``how.readings`` readings all say this state."""
        last = self.statuses[-self.how.readings :]
        return len(last) == self.how.readings and all(status.power == state for status in last)

    def survey(self, least: int = 1) -> str:
        """Read as often as confirmation asks, and give the state they agree on.

        :param least: take at least so many.
        :raises errors.StateUnknown: when one is not known, or they contradict each other.
        """
        count = max(least, self.how.readings)
        statuses = []
        for number in range(count):
            if number:
                self._sleep(self.how.interval_s)
            statuses.append(self.read())
            if statuses[-1].power == UNKNOWN:
                break
        if len({status.power for status in statuses}) != 1 or statuses[-1].power == UNKNOWN:
            raise unknown_power(self.bmc.name, statuses)
        return statuses[-1].power

    def until(self, state: str, what: str) -> None:
        """Read until the state is confirmed. The first reading is taken at once.

        :raises DeadlineExceeded: with all readings, when it is not in time.
        """
        while True:
            self.read()
            if self.agree(state):
                return
            if self.deadline.remaining() < self.how.interval_s:
                break
            self._sleep(self.how.interval_s)
        last = self.statuses[-1]
        raise DeadlineExceeded(
            f"{what}: {self.how.readings} consecutive readings of '{state}' did not come "
            f"within {self.how.deadline_s:g} s",
            device=self.bmc.name,
            cause=f"the last reading is '{last.power}'" + (f" ({last.cause})" if last.cause else ""),
            next_step="look at the server; a BMC may accept a command and do nothing",
            result={"changed": True, "readings": self.readings},
        )


def set_power(
    bmc: Bmc,
    verb: str,
    how: Confirmation,
    *,
    check: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Carry out one verb, confirmed.

    ``on`` and ``off`` do nothing when the readings already agree on it, ``soft`` when they
    agree on off. ``cycle`` and ``reset`` act each time, and only on a server that is on.

    :param check: read, and say what would be done.
    :returns: ``changed``, ``before``, ``after``, ``readings``, ``commands`` and
        ``confirmed``: whether the effect itself was seen. A reset leaves no trace in the
        power state, so it never is: verify it at the operating system.
    :raises Refused: nothing was done (``errors.StateUnknown``: not known whether it is on).
    :raises DeadlineExceeded: it was commanded, and not seen in time.
    """
    watch = Watch(bmc, how, sleep)
    wanted = {"on": ON, "off": OFF, "soft": OFF}.get(verb)
    before = watch.survey(least=2 if verb in _NEVER_TWICE else 1)
    if before == wanted:
        return _result(watch, before, before, [], confirmed=True)
    if before == OFF and verb in _NEVER_TWICE:
        raise Refused(
            f"the server is off, so it was not told to {verb}",
            device=bmc.name,
            cause="a BMC may take that as a power-on",
            next_step="use state: on",
            result={"changed": False, "readings": watch.readings},
        )
    after = wanted or ON
    commands = [f"chassis power {verb}"]
    if check:
        return _result(watch, before, after, commands, confirmed=False)
    control(bmc, verb, watch)
    if verb == "cycle":
        _see_off(watch)
    watch.until(after, f"power {verb}")
    return _result(watch, before, after, commands, confirmed=verb != "reset")


def control(bmc: Bmc, verb: str, watch: Watch) -> None:
    """Give the power command; an error carries what was read so far."""
    try:
        bmc.control(verb, once=verb in _NEVER_TWICE)
    except Unreachable as error:
        if verb not in _NEVER_TWICE:
            # Sent more than once without an answer. Whether it acted is read from the
            # server, not from the answer.
            return
        error.result.update(changed=True, readings=watch.readings)
        raise Unreachable(
            f"no answer to power {verb}: whether the server did it is not known",
            device=bmc.name,
            cause=error.cause,
            next_step="look at the server before trying again; it was sent once only",
            result=error.result,
        ) from error
    except DatacenterError as error:
        error.result.update(changed=False, readings=watch.readings)
        raise


def _see_off(watch: Watch) -> None:
    """A cycle counts when the server was seen off in between."""
    while watch.read().power != OFF:
        if watch.deadline.remaining() < watch.how.interval_s:
            raise errors.NotConfirmed(
                f"power cycle: the server was not seen off within {watch.how.deadline_s:g} s",
                device=watch.bmc.name,
                cause="the BMC said yes and did nothing, or it was off for less than "
                f"{watch.how.interval_s:g} s",
                next_step="use state: off and then state: on",
                result={"changed": True, "readings": watch.readings},
            )
        watch._sleep(watch.how.interval_s)


def _result(watch: Watch, before: str, after: str, commands: list[str], *, confirmed: bool) -> dict[str, Any]:
    return {
        "changed": bool(commands),
        "before": before,
        "after": after,
        "readings": watch.readings,
        "commands": commands,
        "confirmed": confirmed,
    }
