# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role guard of one database server: renews the lease while its database accepts writes, else lets go.

Every beat: read what the database is, ask the granters when it is (or may be) a primary, and open the gate
for as long as the lease lasts. A standby's gate is timed as well, so that a holder that stops working closes
it, whatever becomes of the database meanwhile.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any, Callable

from . import database, gate, wire
from .granter import Answer

#: Beats in one lease: one lost answer, and a slow one, do not end it.
BEATS = 5
#: Seconds a granter has for one answer.
ANSWER_S = 1.0


def boottime() -> float:
    """Seconds since boot, suspended time included; never set, never stepped."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Tenure:
    """Until when this host may serve, by its own clock. Pure.

    :param lease_s: length of a lease, in seconds.
    :param now: the clock, in seconds.
    :param left_s: what a former process of this host still holds.
    """

    def __init__(self, lease_s: float, now: float, left_s: float = 0.0) -> None:
        self.lease_s = lease_s
        self.serves_until = now + left_s
        self.ends_at: float | None = self.serves_until if left_s else None
        """When a primary without a lease is ended; None while there is none."""

    def extend(self, asked_at: float) -> None:
        """Counted from before the question left, so it ends before the granter says that it has."""
        self.serves_until = self.ends_at = max(self.serves_until, asked_at + self.lease_s)

    def wait_for_one(self, now: float) -> None:
        """A primary that holds nothing yet serves nobody, and has as long as a lease to get one."""
        if self.ends_at is None:
            self.ends_at = now + self.lease_s

    def drop(self) -> None:
        """Nothing here needs a lease any more."""
        self.serves_until, self.ends_at = 0.0, None

    def left_s(self, now: float) -> float:
        return max(0.0, self.serves_until - now)

    def lapsed(self, now: float) -> bool:
        return self.ends_at is not None and now >= self.ends_at


class Holder:
    """The guard's beat.

    :param config: as ``/etc/anjianyun/lease.json`` has it, with the part ``holder``.
    :param say: where a sentence for people goes.
    """

    def __init__(self, config: dict[str, Any], key: bytes, say: Callable[[str], None]) -> None:
        self.config = config["holder"]
        self.service = self.config["service"]
        self.name = self.config["name"]
        self.lease_s = float(config["lease_s"])
        self.key = key
        self.say = say
        self.alone_file = Path(config["state_directory"]) / "alone.json"
        # A gate that stands tells how long the lease of a former process lasts.
        self.tenure = Tenure(self.lease_s, boottime(), gate.remaining_s(self.config["port"]) or 0.0)
        self.local = database.Local("down")
        """What the database is, by its last answer."""
        self.answers: dict[str, Answer] = {}
        self.state = "begins"

    def beat(self) -> None:
        """One beat; every error of a device counts as no answer from it."""
        if self.local.role == "primary" and self.tenure.lapsed(boottime()):
            # First of all: whoever wakes up late must not go on.
            self._let_go()
        # A standby's answer is as old as its question, for whoever is stopped in between.
        read_at = boottime()
        local = database.read(self.config)
        if local.role != "silent":
            self.local = local
        if local.role == "standby":
            self.tenure.extend(read_at)
            self._become("standby", "follows the other centre; it needs no lease")
        elif local.role == "down":
            self.tenure.drop()
            self._become("down", "the database does not run")
        elif self.local.role == "primary":
            self._renew(serving=local.role == "primary")
        else:
            self._become("silent", "the database does not answer yet; nobody is let in until it does")
        self._set_gate()

    def ask_all(self, local: database.Local, *, serving: bool, gated: bool) -> dict[str, Answer]:
        """Every granter is asked at once; silence is an answer that grants nothing."""
        granters = self.config["granters"]
        question = {
            "op": "ask", "service": self.service, "holder": self.name, "lease_s": self.lease_s,
            "system": local.system, "timeline": local.timeline, "serving": serving, "gated": gated,
            "asks": [one["name"] for one in granters], "wall": time.time(),
        }  # fmt: skip
        with concurrent.futures.ThreadPoolExecutor(len(granters)) as pool:
            answers = pool.map(lambda one: ask(self.key, one["address"], one["port"], question), granters)
            return dict(zip([one["name"] for one in granters], answers))

    def status(self) -> dict[str, Any]:
        return {
            "holder": self.name,
            "state": self.state,
            "role": self.local.role,
            "left_s": round(self.tenure.left_s(boottime()), 3),
            "answers": {name: answer.reason for name, answer in self.answers.items()},
        }

    def _renew(self, *, serving: bool) -> None:
        asked_at = boottime()
        gated = self._set_gate()
        self.answers = self.ask_all(self.local, serving=serving, gated=gated)
        if any(answer.granted for answer in self.answers.values()):
            self.tenure.extend(asked_at)
            self.alone_file.unlink(missing_ok=True)
            self._become("holds", "the lease is renewed by " + _granting(self.answers))
        elif self._alone() and all(answer.reason.startswith(SILENT) for answer in self.answers.values()):
            self.tenure.extend(asked_at)
            self._become("alone", "nobody answers, and a person lets it serve alone")
        else:
            self.tenure.wait_for_one(asked_at)
            if self.state not in ("holds", "alone", "lapsed"):
                self._become("asks", "has no lease yet: " + _reasons(self.answers))

    def _let_go(self) -> None:
        failed = database.end(self.config)
        if self.state != "lapsed":
            why = _reasons(self.answers) or "this host was paused for longer than its lease"
            self._become(
                "lapsed",
                f"refuses writes: the lease ran out and nobody renewed it ({why}). The database is ended and "
                "asks the other centre before it opens again. Next: mend the lines to the other centre or a "
                "witness; if the other centre was promoted, run dr_failback; if both are lost for good and "
                "this is the last copy: anjianyun-guard open --reason TEXT",
            )
        if failed:
            self.say(f"the database could not be ended ({failed}); the gate stays closed")

    def _set_gate(self) -> bool:
        """As long as the lease lasts; whether the gate stands."""
        port = self.config["port"]
        try:
            self._open(port)
            if self.tenure.left_s(boottime()) <= 0:
                gate.close(port)
        except gate.GateError as error:
            self.say(f"the gate cannot be set: {error}")
            return False
        return True

    def _open(self, port: int) -> None:
        """The ticket before the reckoning, so that nobody can be stopped in between for long."""
        for tries_left in (1, 0):
            if self.tenure.left_s(boottime()) <= 0:
                return
            ticket = gate.take_ticket(port)
            left_s = self.tenure.left_s(boottime())
            try:
                if left_s > 0:
                    gate.set_open(port, left_s, ticket)
                return
            except gate.Late:
                if not tries_left:
                    raise

    def _alone(self) -> bool:
        try:
            return bool(json.loads(self.alone_file.read_text(encoding="utf-8"))["reason"])
        except (OSError, ValueError, KeyError):
            return False

    def _become(self, state: str, text: str) -> None:
        if state != self.state:
            self.state = state
            self.say(f"{self.name}: {text}")


SILENT = "silent"


def ask(key: bytes, address: str, port: int, question: dict[str, Any]) -> Answer:
    """One question, asked twice within its second, for a datagram may be lost."""
    nonce = secrets.token_hex(12)
    datagram = wire.seal(key, {**question, "nonce": nonce})
    ends_at = time.monotonic() + ANSWER_S
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wired:
            wired.connect((address, port))
            for tries_until in (time.monotonic() + ANSWER_S / 2, ends_at):
                wired.send(datagram)
                while (left := tries_until - time.monotonic()) > 0:
                    wired.settimeout(left)
                    try:
                        answer = wire.unseal(key, wired.recv(2 * wire.LARGEST))
                    except (socket.timeout, wire.Forged):
                        continue
                    if answer.get("nonce") == nonce:
                        return Answer(bool(answer["granted"]), str(answer["reason"]))
    except OSError as error:
        return Answer(False, f"{SILENT}: {os.strerror(error.errno) if error.errno else error}")
    return Answer(False, f"{SILENT}: no answer within {ANSWER_S:g} s")


def _granting(answers: dict[str, Answer]) -> str:
    return ", ".join(name for name, answer in answers.items() if answer.granted)


def _reasons(answers: dict[str, Answer]) -> str:
    return "; ".join(f"{name}: {answer.reason}" for name, answer in answers.items() if not answer.granted)
