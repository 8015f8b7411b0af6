# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of a network device that cannot lock its author out.

    load -> difference -> archive -> commit, with a rollback armed on the device
         -> a NEW session -> running against intent -> checks -> confirm
    anything missing: nothing is confirmed, the device takes the change back, and that is proved

The rollback is the device's own: it fires although nobody reaches the device any more. What is said here
about an outcome was read from the device over a session that was opened after it.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import edges
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.archive import Archive
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.checks import (
    Check,
    Opener,
    refuse_impossible,
    run_check,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.redaction import without_secrets
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import (
    Device,
    Unsupported,
    open_session,
    translated,
)

if TYPE_CHECKING:
    from napalm.base import NetworkDriver

#: Seconds that a confirmation needs to arrive before the rollback fires.
MARGIN_S = 3.0
#: Seconds after its time within which a device has to have rolled back.
GRACE_S = 60.0
#: Without an armed rollback: seconds until the checks must pass.
UNARMED_S = 30.0
PAUSE_S = 0.3
#: Seconds that one try to connect may take; an answer has the device's own time.
TRY_S = 5.0
# What devices put into a configuration beside the configuration: times, greetings.
_NOISE = re.compile(r"^\s*(!.*|#.*|Building configuration.*|Current configuration.*|ntp clock-period.*)?$")


class NotConfirmed(DatacenterError):
    """The change did not hold; the device is what it was before, as was read from it."""


class Undecided(DatacenterError):
    """Whether the change is in effect is not known."""


@dataclass(frozen=True)
class Change:
    """What is to become of a device's configuration.

    :param mode: ``merge`` enters lines beside the others, ``replace`` makes the whole the text.
    :param confirm_s: seconds after which the device takes the change back by itself; 0 arms nothing.
    :param allow_session_reset: enter also what takes routing sessions down.
    """

    text: str
    mode: str = "merge"
    confirm_s: int = 120
    allow_session_reset: bool = False
    message: str = ""


class Clock:
    """Seconds that only go forward; a test has its own."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def apply_change(
    device: Device,
    change: Change,
    *,
    checks: Sequence[Check] = (),
    archive: Archive | None = None,
    dry_run: bool = False,
    opener: Opener = open_session,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Make a change and confirm it, or leave the device as it was.

    :raises Refused: a commit waits already, or sessions would be reset without approval.
    :raises Unsupported: a check cannot be made on such a device; nothing was changed.
    :raises ConfigurationRefused: the device does not take the lines.
    :raises NotConfirmed: it did not hold, and the device has taken it back.
    :raises Undecided: it did not hold, and what the device is like is not known.
    """
    _refuse_timer(device, change)
    refuse_impossible(checks)
    clock = clock or Clock()
    with opener(device) as session:
        refuse_second(device, session)
        before = _running(device, session)
        try:
            result = _examine(device, session, change)
            if dry_run and result["resets"] and not change.allow_session_reset:
                result["warnings"] = ["this will be refused: it takes routing sessions down"]
            if result["changed"] and not dry_run:
                _refuse_resets(device, change, result)
                result["archive"] = archive.keep(device.name, before) if archive else None
        except BaseException:
            _discard(session)
            raise
        if dry_run or not result["changed"]:
            _discard(session)
            return result
        trial = Trial(device, change, before, checks, opener, clock, result)
        trial.commit(session)
    return trial.judge()


def confirm_pending(
    device: Device, *, dry_run: bool = False, opener: Opener = open_session
) -> dict[str, Any]:
    """Let a commit stand that waits for its confirmation; nothing to do where none waits."""
    with opener(device) as session:
        if not _pending(device, session):
            return {"changed": False, "confirmed": False}
        if not dry_run:
            with translated(device, "the commit cannot be confirmed"):
                edges.adopt(session)
                session.confirm_commit()
            edges.take_handle(session)
            if _pending(device, session):
                raise Undecided("the device still waits for a confirmation", device=device.name)
    return {"changed": True, "confirmed": not dry_run}


def roll_back_pending(
    device: Device, *, dry_run: bool = False, opener: Opener = open_session
) -> dict[str, Any]:
    """Take a commit back that waits for its confirmation; nothing to do where none waits."""
    with opener(device) as session:
        if not _pending(device, session):
            return {"changed": False, "rolled_back": False}
        if not dry_run:
            with translated(device, "the commit cannot be taken back"):
                edges.adopt(session)
                session.rollback()
            edges.take_handle(session)
            if _pending(device, session):
                raise Undecided("the device still has a commit that waits", device=device.name)
    return {"changed": True, "rolled_back": not dry_run}


class Trial:
    """A commit between being entered and being confirmed."""

    def __init__(
        self, device: Device, change: Change, before: str, checks: Sequence[Check], opener: Opener,
        clock: Clock, result: dict[str, Any],
    ) -> None:  # fmt: skip
        self.device, self.change, self.before, self.checks = device, change, before, checks
        self.opener, self.clock, self.result = opener, clock, result
        self.begun = clock.now()
        self.handle: str | None = None
        self.failed: str | None = None
        self.asked = self.dropped = False

    def commit(self, session: NetworkDriver) -> None:
        """Enter it. A session that ends meanwhile says nothing about the change.

        :raises Refused: when a rival was faster: nothing of this change is in effect, and the rival's is not
            for this run to decide on.
        """
        words: dict[str, Any] = {"message": self.change.message} if self.change.message else {}
        if self.change.confirm_s:
            words["revert_in"] = self.change.confirm_s
        self.begun = self.clock.now()
        try:
            with translated(self.device, "the commit failed"):
                session.commit_config(**words)
        except (Unsupported, Refused) as error:
            _discard(session)
            error.result = {**self.result, "changed": False}
            raise
        except Unreachable as error:
            self.result["session_lost"] = str(error.cause)
        except DatacenterError as error:
            self.failed = f"the device did not take it: {error.cause}"
            self.handle = edges.handle_of(session)
            # A candidate that stays would lock everybody out; one that counts down is taken back.
            _discard(session)
        self.handle = edges.take_handle(session) or self.handle

    def judge(self) -> dict[str, Any]:
        """Confirm it when all holds; otherwise see it gone."""
        cause = self.failed or self._confirm()
        self.result["seconds"] = round(self.clock.now() - self.begun, 2)
        if cause is None:
            return {**self.result, "confirmed": True}
        raise self._taken_back(cause)

    def _confirm(self) -> str | None:
        """None when it stands; otherwise why it must not."""
        limit = self.change.confirm_s
        end = self.begun + (limit - min(MARGIN_S, limit * 0.2) if limit else UNARMED_S)
        lost = self.result.get("session_lost")
        compared, cause = (
            False,
            f"the session was lost with the commit: {lost}" if lost else "no time was left",
        )
        while self.clock.now() < end:
            try:
                with self.opener(self.device, timeout_s=min(TRY_S, self.device.timeout_s)) as session:
                    waits = self._waits(session)
                    self._drop_candidate(session, waits)
                    if limit and not waits:
                        # Confirmed, and the answer was lost; or gone before anybody came.
                        return self._difference(session) if self.asked else self._too_late()
                    cause = (None if compared else self._difference(session)) or ""
                    if cause:
                        return cause
                    compared = True
                    cause = self._unmet()
                    if not cause:
                        return self._let_stand(session)
            except Unreachable as error:
                cause = f"no new session with the device: {error.cause}"
            except DatacenterError as error:
                return str(error)
            self.clock.sleep(PAUSE_S)
        return cause

    def _too_late(self) -> str:
        lost = self.result.get("session_lost")
        return "the device had taken it back before it could be confirmed" + (
            f"; the session was lost with the commit: {lost}" if lost else ""
        )

    def _difference(self, session: NetworkDriver) -> str | None:
        """What of the intent is not running (napalm#135, #1897: a replace may be taken in part)."""
        try:
            left = _load(self.device, session, self.change)
        finally:
            _discard(session)
        if not left:
            return None
        return f"the running configuration is not what was committed: {_one_line(without_secrets(left))}"

    def _unmet(self) -> str:
        """The first check that does not hold; empty when all do."""
        seen = []
        for check in self.checks:
            passed, what = run_check(check, self.opener, TRY_S)
            seen.append({"check": check.title, "passed": passed, "seen": what})
            if not passed:
                break
        self.result["checks"] = seen
        return next((f"{one['check']}: {one['seen']}" for one in seen if not one["passed"]), "")

    def _let_stand(self, session: NetworkDriver) -> str | None:
        if not self.change.confirm_s:
            return None
        edges.give_handle(session, self.handle)
        self.asked = True
        with translated(self.device, "the commit cannot be confirmed"):
            session.confirm_commit()
        edges.take_handle(session)
        if self._waits(session):
            return "the device still waits for a confirmation after it was confirmed"
        return None

    def _waits(self, session: NetworkDriver) -> bool:
        """Whether this change waits, not somebody else's."""
        return _pending(self.device, session, lambda: edges.waits(session, self.handle))

    def _drop_candidate(self, session: NetworkDriver, waits: bool) -> None:
        """A commit that never reached the device has left its candidate there, which locks everybody out."""
        if waits or self.dropped or not (self.failed or "session_lost" in self.result):
            return
        edges.give_handle(session, self.handle)
        _discard(session)
        edges.take_handle(session)
        self.dropped = True

    def _taken_back(self, cause: str) -> DatacenterError:
        """Wait until the device is what it was, and say so; or that it is not known."""
        due = self.begun + self.change.confirm_s
        seen, own_hand = "", False
        while True:
            try:
                with self.opener(self.device, timeout_s=min(TRY_S, self.device.timeout_s)) as session:
                    waits = self._waits(session)
                    self._drop_candidate(session, waits)
                    if not waits and same(_running(self.device, session), self.before):
                        return self._not_confirmed(cause, own_hand)
                    seen = "the change still waits" if waits else "its configuration is another than before"
                    if not own_hand and self.clock.now() > due + (MARGIN_S if self.change.confirm_s else 0):
                        own_hand = self._roll_back(session, waits)
            except DatacenterError as error:
                seen = str(error)
            if self.clock.now() > due + GRACE_S:
                break
            self.clock.sleep(PAUSE_S)
        return Undecided(
            "the change was not confirmed, and that the device took it back could not be seen",
            device=self.device.name, cause=f"{cause}; last seen: {seen}",
            next_step=f"look at it by its console; what it was is in {self._archived()}",
            result={**self.result, "confirmed": False, "rolled_back": None},
        )  # fmt: skip

    def _roll_back(self, session: NetworkDriver, waits: bool) -> bool:
        """Take it back where the device did not, or was never told to; false where it is not ours to take."""
        named = edges.names_commits(session)
        if waits:
            # What waits after a commit that the device refused is ours only if it bears our name.
            ours = named or not self.failed
        else:
            ours = not self.change.confirm_s and not _pending(self.device, session)
        if not ours:
            return False
        if waits or edges.plain(self.device.driver) not in edges.ROLLS_BACK_TO_SAVED:
            if named and self.handle is None:
                return False
            edges.give_handle(session, self.handle)
            with translated(self.device, "the rollback failed"):
                session.rollback()
            edges.take_handle(session)
            return True
        if self.failed and self._difference(session):
            return False
        try:
            with translated(self.device, "the rollback failed"):
                session.load_replace_candidate(config=self.before)
                session.commit_config()
        except DatacenterError:
            _discard(session)
            raise
        edges.take_handle(session)
        return True

    def _not_confirmed(self, cause: str, own_hand: bool) -> NotConfirmed:
        seconds = round(self.clock.now() - self.begun, 1)
        by = "was taken back by this run" if own_hand else "the device has taken it back by itself"
        return NotConfirmed(
            f"the change was not confirmed, and {by}", device=self.device.name, cause=cause,
            next_step=f"correct the change; {seconds} s after the commit the device was read, and its"
            " configuration is what it was before",
            result={
                **self.result, "changed": False, "confirmed": False, "rolled_back": True,
                "rolled_back_by": "this run" if own_hand else "device", "seconds": seconds,
            },
        )  # fmt: skip

    def _archived(self) -> str:
        return self.result["archive"]["path"] if self.result["archive"] else "no archive: none was asked for"


def same(a: str, b: str) -> bool:
    """Whether two configurations say the same; comments and times do not count."""
    return _lines(a) == _lines(b)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if not _NOISE.match(line)]


def refuse_second(device: Device, session: NetworkDriver) -> None:
    """:raises Refused: when a commit of somebody's waits for its confirmation."""
    if _pending(device, session):
        raise Refused(
            "a change of this device waits for its confirmation already", device=device.name,
            cause="the device has one pending commit, and would lose what it rolls back to",
            next_step="see whose it is; then state confirmed or rolled_back, or wait until its time is over",
        )  # fmt: skip


def _examine(device: Device, session: NetworkDriver, change: Change) -> dict[str, Any]:
    diff = _load(device, session, change)
    return {
        "changed": bool(diff), "diff_text": without_secrets(diff), "confirmed": None, "checks": [],
        "resets": [without_secrets(line) for line in getattr(session, "session_resets", [])],
        "archive": None,
    }  # fmt: skip


def _load(device: Device, session: NetworkDriver, change: Change) -> str:
    """Load the candidate; the difference that it makes."""
    load = session.load_replace_candidate if change.mode == "replace" else session.load_merge_candidate
    with translated(device, "the configuration cannot be loaded"):
        load(config=change.text)
        return str(session.compare_config() or "").strip("\n")


def _discard(session: NetworkDriver) -> None:
    """What goes wrong here must not hide what went wrong before."""
    with contextlib.suppress(Exception):
        session.discard_config()


def _running(device: Device, session: NetworkDriver) -> str:
    with translated(device, "the configuration cannot be read"):
        return str(session.get_config(retrieve="running")["running"])


def _pending(device: Device, session: NetworkDriver, asked: Callable[[], bool] | None = None) -> bool:
    """Whether a commit waits, of whoever made it; where the driver cannot tell, none does."""
    try:
        with translated(device, "whether a commit waits cannot be read"):
            return bool((asked or session.has_pending_commit)())
    except Unsupported:
        return False


def _refuse_timer(device: Device, change: Change) -> None:
    driver, seconds = edges.plain(device.driver), change.confirm_s
    if seconds < 0:
        raise DatacenterError("confirm_s is negative", device=device.name, next_step="give seconds, or 0")
    if seconds and driver in edges.NO_TIMER:
        raise Refused(
            "a rollback cannot be armed on this device", device=device.name,
            cause=f"the driver {device.driver} has none",
            next_step="do it with somebody at the console and confirm_s 0; the checks are made all the same",
        )  # fmt: skip
    step = edges.TIMER_STEP_S.get(driver, 1)
    if seconds % step:
        raise DatacenterError(
            f"{seconds} s cannot be armed", device=device.name, cause=f"{device.driver} counts in {step} s",
            next_step=f"give {(seconds // step + 1) * step}",
        )  # fmt: skip


def _refuse_resets(device: Device, change: Change, result: dict[str, Any]) -> None:
    if result["resets"] and not change.allow_session_reset:
        raise Refused(
            "this change would take routing sessions down", device=device.name,
            cause="; ".join(result["resets"]),
            next_step="leave those lines out (defaults, which the device does not show, come back each time);"
            " or allow_session_reset when another way carries the traffic",
            result={**result, "changed": False},
        )  # fmt: skip


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())[:600]
