# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May this PostgreSQL directory be opened? Asked by systemd before every start.

A primary that went dark does not know what happened meanwhile. If the other centre was promoted,
opening here makes two writers. So a directory that would open read-write (no ``standby.signal``)
asks the other centre first, and opens only if that one answers as a standby of the same database
with no newer timeline. A peer that is read-write, or newer, or silent, keeps this one down. Why is
said in the journal and in the log file. ``anjianyun-guard open --reason TEXT`` lets it open once.

Standard library only, Python 3.9; one file, so that nothing else has to be whole after a disaster.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pwd
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CONFIG = "/etc/anjianyun/guard.json"
OVERRIDE_EXPIRES_S = 600
# Exit codes of `check` and `start`.
MAY_OPEN, STAYS_DOWN, BROKEN = 0, 1, 2

QUESTION = """
SELECT json_build_object('in_recovery', pg_is_in_recovery(),
 'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
 'timeline', CASE WHEN pg_is_in_recovery() THEN greatest(
     (SELECT timeline_id FROM pg_control_checkpoint()),
     (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
     (SELECT received_tli FROM pg_stat_wal_receiver),
     (SELECT max(('x' || substr(name, 1, 8))::bit(32)::int) FROM pg_ls_waldir()
      WHERE name ~ '^[0-9A-F]{8}[.]history$'))
   ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END)
"""


@dataclasses.dataclass(frozen=True)
class Local:
    """What stands on this disk."""

    initialised: bool
    standby_signal: bool
    system_identifier: str | None
    timeline: int | None
    fence: str | None
    """Why it is fenced; None when it is not."""
    unfinished: str | None
    """The step of a rejoin that was cut off; None when there was none."""
    override: str | None
    """The reason of an override that is still good."""


@dataclasses.dataclass(frozen=True)
class Peer:
    """What the other centre answered; ``silence`` says why there is no answer."""

    in_recovery: bool | None = None
    system_identifier: str | None = None
    timeline: int | None = None
    silence: str | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    opens: bool
    reason: str
    ask_again: bool = False
    """Silence may end: a peer that is just booting answers in a moment."""
    uses_override: bool = False


def decide_alone(local: Local) -> Verdict | None:
    """What can be said without the other centre; None when it has to be asked."""
    if not local.initialised:
        return Verdict(True, "there is no database here to protect")
    if local.unfinished in ("rewind", "rebuild"):
        return Verdict(False, f"a {local.unfinished} of this directory did not end: run pg_rejoin again")
    if local.standby_signal:
        return Verdict(True, "it opens as a standby, which writes nothing of its own")
    if local.override is not None:
        return Verdict(True, f"opened by command: {local.override}", uses_override=True)
    if local.fence is not None:
        return Verdict(False, f"this node is fenced: {local.fence}")
    return None


def decide_with_peer(local: Local, peer: Peer) -> Verdict:
    """May a directory that would open read-write be opened, given the other centre's answer?"""
    if peer.silence is not None:
        return Verdict(
            False, f"the other centre is silent ({peer.silence}); it may be writing", ask_again=True
        )  # fmt: skip
    if peer.in_recovery is None or peer.timeline is None or local.timeline is None:
        return Verdict(False, "the other centre's answer is not whole", ask_again=True)
    if peer.system_identifier != local.system_identifier:
        return Verdict(
            False,
            f"the other centre holds another database ({peer.system_identifier},"
            f" here {local.system_identifier})",
        )
    if not peer.in_recovery:
        return Verdict(
            False, f"the other centre accepts writes on timeline {peer.timeline} (here {local.timeline}): "
            "come back as its standby with pg_rejoin"
        )  # fmt: skip
    if peer.timeline > local.timeline:
        return Verdict(
            False, f"the other centre knows timeline {peer.timeline}, newer than {local.timeline} here"
        )
    return Verdict(
        True,
        f"the other centre is a standby on timeline {peer.timeline}, no newer than {local.timeline} here",
    )


def way_on_without_lease(said: str) -> str:
    """What a person does when the granters answered so."""
    if "knows timeline" in said or "accepts writes" in said:
        return "Next: the other centre was promoted past this one: run dr_failback"
    refused = re.search(r"was told to refuse ([^:\s]+)", said)
    if refused:
        return (
            "Next: if the other centre was promoted: run dr_failback; if the failover that had this one "
            f"refused was given up before that, on each host that refuses: anjianyun-lease allow {refused[1]}"
        )
    return "Next: start anjianyun-lease here, and mend the lines to the other centre or a witness"


def way_on_in_silence(local: Local, said: str) -> str:
    """What a person does when the other centre stays silent, who has this guard's words alone.

    After both centres were dark each may wait for the other; then one of two that were primaries is older
    than the other, and must not be opened.

    :param said: what the granters answered to this host's question; empty when there are none.
    """
    here = f"This directory is on timeline {local.timeline}"
    newer = [int(number) for number in re.findall(r"(?:knows|writes on) timeline (\d+)", said)]
    passed_over = local.timeline is not None and max(newer, default=0) > local.timeline
    if passed_over or "was told to refuse" in said:
        there = "there is a newer one" if passed_over else "a failover to the other centre was begun"
        return (
            f"{here}, and {there} ({said}). Next: do not open this one; bring up the other centre, open that "
            "one if its guard keeps it down, then run dr_failback"
        )
    knows = "whoever answers knows of no newer one" if "granted" in said else "nobody answers who knows more"
    return (
        f"{here}; {knows} ({said or 'no granter'}). Next: bring the other centre up: as a standby it lets "
        "this one open. If its guard keeps it down, too, open the one on the newer timeline, and no other "
        "(anjianyun-guard check names it there). If it is lost for good and was never promoted past this "
        "one: anjianyun-guard open --reason TEXT"
    )


# Reading ---------------------------------------------------------------------------------


class Guard:
    """One cluster's guard, from its configuration file."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.data = Path(config["data_directory"])
        self.state = Path(config["state_directory"])
        self.log_file = Path(config["log_file"])

    @property
    def override_file(self) -> Path:
        return self.state / "open-once.json"

    @property
    def fence_file(self) -> Path:
        return self.state / "fenced.json"

    def read_local(self, now: float) -> Local:
        if not (self.data / "PG_VERSION").exists():
            step = self._json(self.state / "rejoin.json").get("step")
            return Local(step is not None, False, None, None, None, "rebuild" if step else None, None)
        control = self._control()
        override = self._json(self.override_file)
        fence = self._json(self.fence_file)
        return Local(
            initialised=True,
            standby_signal=(self.data / "standby.signal").exists(),
            system_identifier=control["Database system identifier"],
            timeline=max(
                int(control["Latest checkpoint's TimeLineID"]),
                int(control["Min recovery ending loc's timeline"]),
                *self._histories(),
            ),
            fence=str(fence.get("reason", "no reason given")) if fence else None,
            unfinished=self._json(self.state / "rejoin.json").get("step"),
            override=str(override["reason"])
            if override and now < float(override.get("expires_at", 0))
            else None,
        )

    def _control(self) -> dict[str, str]:
        program = str(Path(self.config["bin_directory"]) / "pg_controldata")
        done = subprocess.run(
            [program, "-D", str(self.data)],
            check=True, capture_output=True, text=True, timeout=10,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        pairs = (line.partition(":") for line in done.stdout.splitlines())
        return {name.strip(): value.strip() for name, _colon, value in pairs}

    def _histories(self) -> list[int]:
        """Timelines whose history stands here: a promotion writes it long before the control file follows."""
        return [int(path.name[:8], 16) for path in (self.data / "pg_wal").glob("????????.history")]

    def _json(self, path: Path) -> dict[str, Any]:
        """A state file; one that is there and cannot be read counts as set, without a reason."""
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            return {"reason": f"{path} cannot be read", "step": "rewind"}

    def ask_peer(self) -> Peer:
        """One question to the other centre; every failure is silence, with its reason."""
        timeout = float(self.config.get("timeout_s", 3))
        environment = {
            "LC_ALL": "C",
            "PATH": "/usr/bin:/bin",
            "PGCONNECT_TIMEOUT": str(max(2, int(timeout))),
            "PGPASSFILE": self.config.get("passfile", ""),
            "HOME": "/nonexistent",
        }
        psql = str(Path(self.config["bin_directory"]) / "psql")
        command = [psql, "-XAtqw", "-d", self.config["conninfo"], "-c", QUESTION]
        try:
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=timeout + 1, env=environment,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Peer(silence=f"no answer within {timeout + 1:g} s")
        except OSError as error:
            return Peer(silence=str(error))
        if done.returncode != 0:
            return Peer(silence=" ".join(done.stderr.split())[:300] or f"psql ended with {done.returncode}")
        try:
            answer = json.loads(done.stdout)
            return Peer(answer["in_recovery"], str(answer["system_identifier"]), int(answer["timeline"]))
        except (ValueError, KeyError, TypeError):
            return Peer(silence="its answer cannot be read")

    def _may_open(self, local: Local) -> tuple[int, str]:
        """The exit code of the question whether anybody would renew this host's lease, and the answers."""
        command = [
            *self.config["lease_command"],
            "may-open",
            str(local.system_identifier),
            str(local.timeline),
        ]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL
        )
        return done.returncode, " ".join((done.stdout or done.stderr).split())[:400]

    def ask_granters(self, local: Local) -> Verdict:
        """Would somebody renew this host's lease? Without one it could open and would have to close again."""
        try:
            code, said = self._may_open(local)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Verdict(False, f"the lease cannot be asked for: {error}", ask_again=True)
        if code == 0:
            return Verdict(True, said)
        return Verdict(
            False,
            f"nobody grants this host a lease: {said}. {way_on_without_lease(said)}",
            ask_again=True,
        )

    def in_silence(self, local: Local) -> str:
        """What the granters know, for a person; asked once, when nobody waits any longer."""
        said = ""
        if self.config.get("lease_command"):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                _code, said = self._may_open(local)
        return way_on_in_silence(local, said)

    def verdict(self, wait_s: float) -> Verdict:
        """Decide; while the other centre is silent ask again until ``wait_s`` seconds are over."""
        deadline = time.monotonic() + wait_s
        local = self.read_local(time.time())
        alone = decide_alone(local)
        if alone is not None:
            return alone
        while True:
            peer = self.ask_peer()
            verdict = decide_with_peer(local, peer)
            if verdict.opens and self.config.get("lease_command"):
                granted = self.ask_granters(local)
                verdict = (
                    granted if not granted.opens else Verdict(True, f"{verdict.reason}; {granted.reason}")
                )
            if not verdict.ask_again or time.monotonic() > deadline:
                if peer.silence is None:
                    return verdict
                return dataclasses.replace(verdict, reason=f"{verdict.reason}. {self.in_silence(local)}")
            time.sleep(1)

    # Writing -----------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """To the journal (standard output of the unit) and to the log file, which outlives it."""
        print(f"anjianyun-guard: {text}", flush=True)
        with contextlib.suppress(OSError):
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            with self.log_file.open("a", encoding="utf-8") as stream:
                stream.write(f"{stamp} {self.config['name']}: {text}\n")

    def write(self, path: Path, data: dict[str, Any]) -> None:
        owner = (self.data if self.data.exists() else self.data.parent).stat()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(data, stream)
            stream.flush()
            os.fsync(stream.fileno())
        if os.geteuid() == 0:
            os.chown(path.parent, owner.st_uid, owner.st_gid)
            os.chown(temporary, owner.st_uid, owner.st_gid)
        os.replace(temporary, path)
        sync_directory(path.parent)

    def remove(self, path: Path) -> None:
        """Gone for good: a power cut must not bring back an override that was used up, or a fence."""
        if path.exists():
            path.unlink()
            sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """The names in it are on the disk, not only the files (fsync(2))."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Commands --------------------------------------------------------------------------------


def command_start(guard: Guard, arguments: argparse.Namespace) -> int:
    """What systemd runs before the server."""
    verdict = guard.verdict(float(guard.config.get("wait_s", 10)))
    guard.say(("opens: " if verdict.opens else "stays down: ") + verdict.reason)
    if verdict.uses_override:
        # Once means once: used up before the server starts, whatever becomes of the start.
        guard.remove(guard.override_file)
        guard.remove(guard.fence_file)
    return MAY_OPEN if verdict.opens else STAYS_DOWN


def command_check(guard: Guard, arguments: argparse.Namespace) -> int:
    verdict = guard.verdict(0)
    print(json.dumps(dataclasses.asdict(verdict)))
    return MAY_OPEN if verdict.opens else STAYS_DOWN


def command_open(guard: Guard, arguments: argparse.Namespace) -> int:
    now = time.time()
    guard.write(
        guard.override_file,
        {"reason": arguments.reason, "by": _who(), "at": now, "expires_at": now + arguments.expires},
    )
    if guard.config.get("lease_command"):
        # Whoever answers for opening without the other centre answers for serving without it, too.
        subprocess.run(
            [*guard.config["lease_command"], "alone", "--reason", arguments.reason],
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=10,
        )  # fmt: skip
    guard.say(f"{_who()} allows one start within {arguments.expires} s: {arguments.reason}")
    return MAY_OPEN


def command_fence(guard: Guard, arguments: argparse.Namespace) -> int:
    guard.write(guard.fence_file, {"reason": arguments.reason, "by": _who(), "at": time.time()})
    guard.say(f"{_who()} fences this node: {arguments.reason}")
    return MAY_OPEN


def command_unfence(guard: Guard, arguments: argparse.Namespace) -> int:
    guard.remove(guard.fence_file)
    guard.say(f"{_who()} lifts the fence: {arguments.reason}")
    return MAY_OPEN


def _who() -> str:
    """The operator as the operating system knows him, sudo included."""
    name = pwd.getpwuid(os.getuid()).pw_name
    return f"{os.environ['SUDO_USER']} (as {name})" if os.environ.get("SUDO_USER") else name


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="anjianyun-guard", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--config", default=CONFIG)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "decide, before the server starts"),
        ("check", "decide and print, change nothing"),
    ):
        commands.add_parser(name, help=text)
    for name, text in (
        ("open", "let the server open read-write at its next start, once"),
        ("fence", "keep the server down until it is unfenced or comes back as a standby"),
        ("unfence", "lift the fence; the other centre is still asked at the next start"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--reason", required=True)
        if name == "open":
            command.add_argument(
                "--expires", type=int, default=OVERRIDE_EXPIRES_S, help="seconds it is good for"
            )
    arguments = parser.parse_args(argv)
    try:
        guard = Guard(json.loads(Path(arguments.config).read_text(encoding="utf-8")))
        run = {
            "start": command_start, "check": command_check, "open": command_open,
            "fence": command_fence, "unfence": command_unfence,
        }[arguments.command]  # fmt: skip
        return run(guard, arguments)
    except Exception as error:
        # Whatever goes wrong in a guard keeps the door shut, and says so.
        print(f"anjianyun-guard: stays down: the guard itself failed: {error!r}", file=sys.stderr, flush=True)
        return BROKEN


if __name__ == "__main__":
    sys.exit(main())
