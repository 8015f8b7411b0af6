# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A commit on an FRR router that takes itself back unless somebody confirms it.

This text is sent to the router and run there by its own Python: standard library, Python 3.9, and of this
collection only ``frr_text.py``, which is sent along (``prelude``). A process of its own (the guard) enters
the change, so a session that the change cuts cannot break it off half way; then it waits, and takes
everything back when its time is over.

State is a folder, and each of its changes is one rename, so exactly one of two rivals wins:

    pending/   a change is in effect and waits for its confirmation; the guard holds its lock
    undoing/   it is being taken back
    done/      the last one: confirmed, committed or taken back (outcome.json)

The boot configuration is written when the change is confirmed and not before: a router that restarts in
between comes up as it was. Time is CLOCK_BOOTTIME: setting the clock moves nothing, a suspended machine
counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_text import (
    CALL_S,
    Failed,
    Router,
    note,
    noted,
    read,
    write,
)

#: Seconds within which the guard has to run.
START_S = 10.0
#: How often the guard looks whether it was confirmed, in seconds.
LOOK_S = 0.1
#: A rollback that fails is tried again after so many seconds, so many times: nobody else will do it.
UNDO_PAUSE_S, UNDO_TRIES = 3.0, 200
#: Who names a change by its token does not get another's.
OTHERS = "the change that is there is somebody else's"
#: The texts of this file and of the one that it needs, by their modules' names: set by the program that runs
#: them on the router, for the guard.
PARTS: dict[str, str] = {}


class NoGuard(Failed):
    """The process that enters a change and takes it back does not run."""


def boot_s() -> float:
    """Seconds since the machine started, suspended ones included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@contextlib.contextmanager
def alone(router: Router) -> Iterator[None]:
    """Nobody else changes the state meanwhile."""
    with open(router.path("lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def guarded(folder: str) -> bool:
    """Whether the guard of a change is alive: it holds a lock as long as it lives."""
    try:
        with open(os.path.join(folder, "guard.lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def guarding(folder: str) -> Iterator[None]:
    """Be the guard of a change: whoever enters its lines, or takes them back, does it alone."""
    with open(os.path.join(folder, "guard.lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# What is asked over the session -------------------------------------------------------------


def status(router: Router) -> dict[str, Any]:
    """What waits, and how the last one ended."""
    for name in ("pending", "undoing"):
        job = noted(router.path(name), "job.json")
        if job:
            left = round(job["until"] - boot_s() if job["confirm_s"] else 0.0, 1)
            guard = guarded(router.path(name))
            return {"state": name, "token": job["token"], "left_s": left, "guarded": guard}
    return {"state": "idle", "last": noted(router.path("done"), "outcome.json")}


def compare(router: Router, text: str) -> dict[str, Any]:
    """The difference of a text to the running configuration, and that configuration."""
    return {"delta": router.delta(text), "running": router.running()}


def begin(router: Router, text: str, mode: str, confirm_s: float, message: str, token: str) -> dict[str, Any]:
    """Enter a change; the guard does it, and takes it back unless it is confirmed in time.

    :param confirm_s: 0 means that it stands as soon as it was entered, and is saved.
    :param token: names this change from now on, chosen by who makes it: it is known although no answer comes.
    :raises Failed: pending, when a change of somebody else's waits. Then nothing of this one was entered.
    """
    router.check(text)
    new = router.path(f"new-{token}")
    os.mkdir(new, 0o700)
    try:
        write(os.path.join(new, "candidate.conf"), text, 0o600)
        write(os.path.join(new, "guard.lock"), "", 0o600)
        with alone(router):
            waiting = status(router)
            if waiting["state"] != "idle":
                raise Failed("pending", f"a change is {waiting['state']}, {waiting['left_s']} s are left")
            # Read here: a moment ago the change of a rival may have been in it.
            write(os.path.join(new, "before.conf"), router.running(), 0o600)
            boot = router.boot_text()
            if boot is not None:
                write(os.path.join(new, "boot.conf"), boot, 0o600)
            note(new, "job.json", token=token, mode=mode, confirm_s=confirm_s, until=boot_s() + confirm_s,
                 message=message)  # fmt: skip
            shutil.rmtree(router.path("done"), ignore_errors=True)
            os.rename(new, router.path("pending"))
    finally:
        shutil.rmtree(new, ignore_errors=True)
    launch(router, f"guard({options(router)!r}, {token!r})", token)
    try:
        return wait_for(router, token, ("entered.json", "outcome.json"))
    except NoGuard as error:
        # Nobody has entered anything, nor would anybody take it back.
        if claim(router, token):
            with guarding(router.path("undoing")):
                undo(router, "the guard does not run", False)
        raise Failed("device", str(error)) from error


def confirm(router: Router, token: str | None = None) -> dict[str, Any]:
    """Let a change stand, and write the boot configuration.

    :param token: whose confirmation it is; none confirms whatever waits.
    """
    with alone(router):
        folder = router.path("pending")
        job = noted(folder, "job.json")
        if job is None or token not in (None, job["token"]):
            last = json.dumps(status(router).get("last"))
            raise Failed(
                "none", f"this change does not wait; the last one: {last}" if job is None else OTHERS
            )
        # While it can still be taken back: what cannot be saved must not stay.
        router.save()
        note(folder, "outcome.json", outcome="confirmed", at=time.time(), token=job["token"])
        os.rename(folder, router.path("done"))
    return {"outcome": "confirmed"}


def roll_back(router: Router, token: str | None = None) -> dict[str, Any]:
    """Take the pending change back now, or the last one that stood.

    :param token: whose change it is; none takes back whichever it is.
    """
    with alone(router):
        job, saved = noted(router.path("undoing"), "job.json"), False
        running = job is not None and guarded(router.path("undoing"))
        if job is not None and token not in (None, job["token"]):
            raise Failed("none", OTHERS)
        if job is None:
            job, saved = _take(router, token)
    if not running:
        launch(router, f"take_back({options(router)!r}, {saved!r})", job["token"])
    return wait_for(router, job["token"], ("outcome.json",))


def _take(router: Router, token: str | None) -> tuple[dict[str, Any], bool]:
    """Claim the change that is to be taken back; whether it had been saved already."""
    for name in ("pending", "done"):
        job = noted(router.path(name), "job.json")
        outcome = (noted(router.path(name), "outcome.json") or {}).get("outcome", "")
        if job is None or outcome == "rolled_back":
            continue
        if token not in (None, job["token"]):
            raise Failed("none", OTHERS)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(router.path(name, "outcome.json"))
        os.rename(router.path(name), router.path("undoing"))
        if name == "done":
            # The guard that held this lock is gone, or about to go.
            write(router.path("undoing", "guard.lock"), "", 0o600)
        return job, name == "done"
    raise Failed("none", "there is no change that could be taken back")


def wait_for(router: Router, token: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Wait until the guard has said how it went.

    :raises NoGuard: when none runs.
    :raises Failed: device, when it runs and has not come to an end: it is left to do so.
    """
    end, missing_since = time.monotonic() + CALL_S * 2, time.monotonic()
    alive = False
    while time.monotonic() < end and time.monotonic() - missing_since < START_S:
        for folder in ("pending", "undoing", "done"):
            job = noted(router.path(folder), "job.json")
            if not job or job["token"] != token:
                continue
            for name in names:
                said = noted(router.path(folder), name)
                if said and said.get("error"):
                    raise Failed(said.get("kind", "device"), said["error"])
                if said:
                    return said
            alive = guarded(router.path(folder))
            if alive:
                missing_since = time.monotonic()
        time.sleep(0.02)
    if alive:
        raise Failed("device", f"the guard is not done within {CALL_S * 2:g} s, and goes on")
    raise NoGuard("device", f"the guard did not say how it went: see {router.path('guard.log')}")


def options(router: Router) -> dict[str, Any]:
    return {
        "state": os.path.dirname(router.state) if router.pathspace else router.state,
        "confdir": router.confdir,
        "pathspace": router.pathspace,
    }


def own_parts() -> dict[str, str]:
    """The texts of ``frr_text.py`` and of this file, by their modules' names; where both are files."""
    # Not above: the router, which has no use for it, would import it with each question.
    import inspect

    return {name: inspect.getsource(sys.modules[name]) for name in (Router.__module__, __name__)}


def prelude(parts: dict[str, str]) -> str:
    """A program that has these modules without their files; the last one is ``module``, and knows them."""
    return (
        f"import sys, types\nparts = {parts!r}\n"
        "for name, text in parts.items():\n"
        "    module = sys.modules[name] = types.ModuleType(name)\n"
        "    exec(text, module.__dict__)\n"
        "module.PARTS = parts\n"
    )


def launch(router: Router, call: str, token: str) -> None:
    """Start a part of this file as a process that outlives the session, whoever ends that."""
    script = router.path("guard.py")
    write(script, prelude(PARTS) + f"module.{call}\n", 0o600)
    argv = [sys.executable or "/usr/bin/python3", "-I", script]
    if os.path.isdir("/run/systemd/system") and shutil.which("systemd-run"):
        # A session's scope may be killed as a whole when the session ends; a unit of its own is not.
        unit = ["systemd-run", "--quiet", "--collect", f"--unit=anjianyun-frr-commit-{token}", "--"]
        if subprocess.run(unit + argv, stdin=subprocess.DEVNULL, check=False).returncode == 0:
            return
    with open(router.path("guard.log"), "ab") as log:
        subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )


# What the guard does ------------------------------------------------------------------------


def guard(where: dict[str, Any], token: str) -> None:
    """Enter the pending change; take it back when it fails, or when nobody confirms it in time."""
    router = Router(**where)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
    with guarding(router.path("pending")):
        job = noted(router.path("pending"), "job.json")
        # Who waited for this process may have given it up meanwhile.
        if job is not None and job["token"] == token:
            _enter_and_wait(router, job)


def _enter_and_wait(router: Router, job: dict[str, Any]) -> None:
    folder, token = router.path("pending"), job["token"]
    try:
        if job["mode"] == "replace":
            settle(router, folder, "candidate.conf")
        else:
            router.merge(read(folder, "candidate.conf"))
    except Failed as error:
        if claim(router, token):
            undo(router, "refused", False, str(error), error.kind)
        return
    if not job["confirm_s"]:
        stand(router, token)
        return
    with contextlib.suppress(FileNotFoundError):
        note(folder, "entered.json", outcome="entered", left_s=job["until"] - boot_s())
    while boot_s() < job["until"]:
        now = noted(folder, "job.json")
        if now is None or now["token"] != token:
            return
        time.sleep(min(LOOK_S, max(0.0, job["until"] - boot_s())))
    if claim(router, token):
        undo(router, f"not confirmed within {job['confirm_s']:g} s", False)


def settle(router: Router, folder: str, name: str) -> str:
    """Make the running configuration what a file says; what is left to do afterwards.

    Again when the file has changed meanwhile: a service has moved (``frr_kept.py``).
    """
    while True:
        text = read(folder, name)
        left = router.replace(text)
        try:
            if read(folder, name) == text:
                return left
        except FileNotFoundError:
            # Somebody has claimed the change, and waits for this process to end.
            return left


def stand(router: Router, token: str) -> None:
    """A change that needs no confirmation."""
    said: dict[str, Any] = {"outcome": "committed", "at": time.time(), "token": token}
    with alone(router):
        job = noted(router.path("pending"), "job.json")
        if job is None or job["token"] != token:
            return
        try:
            router.save()
        except Failed as error:
            said.update(error=str(error), kind=error.kind)
        note(router.path("pending"), "outcome.json", **said)
        os.rename(router.path("pending"), router.path("done"))


def claim(router: Router, token: str) -> bool:
    """Take the pending change for undoing; false when somebody was faster."""
    with alone(router):
        job = noted(router.path("pending"), "job.json")
        if job is None or job["token"] != token:
            return False
        os.rename(router.path("pending"), router.path("undoing"))
        return True


def undo(router: Router, why: str, save: bool, error: str = "", kind: str = "") -> None:
    """Make the running configuration what it was before, and do not give up."""
    folder = router.path("undoing")
    job = json.loads(read(folder, "job.json"))
    trouble: str | None = None
    for _try in range(UNDO_TRIES):
        try:
            left = settle(router, folder, "before.conf")
            with alone(router), contextlib.suppress(FileNotFoundError):
                router.restore_boot(read(folder, "boot.conf"))
            if save:
                router.save()
            trouble = f"still to be entered: {' '.join(left.split())}" if left else None
        except (Failed, OSError) as again:
            trouble = str(again)
        if trouble is None:
            break
        sys.stderr.write(f"{trouble}\n")
        time.sleep(UNDO_PAUSE_S)
    said = {
        "outcome": "rolled_back" if trouble is None else "stuck",
        "why": why, "at": time.time(), "token": job["token"],
    }  # fmt: skip
    if error or trouble:
        said.update(error=error or str(trouble), kind=kind or "device")
    with alone(router):
        note(folder, "outcome.json", **said)
        os.rename(folder, router.path("done"))


def take_back(where: dict[str, Any], saved: bool) -> None:
    """Take back what somebody asked to take back."""
    router = Router(**where)
    with guarding(router.path("undoing")):
        undo(router, "asked", saved)


VERBS: dict[str, Callable[..., dict[str, Any]]] = {
    "check": Router.check, "status": status, "compare": compare,
    "begin": begin, "confirm": confirm, "roll_back": roll_back,
}  # fmt: skip


def beat() -> None:
    """Say every second that there is somebody, so that a session which is cut is told from a slow device."""
    while True:
        time.sleep(1)
        sys.stdout.write("\n")
        sys.stdout.flush()


def main(verb: str, where: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Answer one question with one line of JSON; empty lines before it are signs of life."""
    threading.Thread(target=beat, daemon=True).start()
    try:
        answer: dict[str, Any] = {"answer": VERBS[verb](Router(**where), **arguments)}
    except Failed as error:
        answer = {"failed": str(error), "kind": error.kind}
    except OSError as error:
        answer = {"failed": str(error), "kind": "device"}
    sys.stdout.write(json.dumps(answer) + "\n")
