# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and log for the drill's programs, on machines with and without an init system.

Standard library, Python 3.9.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STOP_S = 5.0


class Log:
    """JSON lines, each on its way to the kernel before the next begins; on the disk at the end."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, kind: str, **data: Any) -> None:
        line = json.dumps({"type": kind, **data}, ensure_ascii=False)
        with self._lock:
            self._stream.write(line + "\n")

    def close(self) -> None:
        with self._lock:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()


def moments() -> dict[str, float]:
    """Now, by the clock on the wall and by one that is never set."""
    return {"at": time.time(), "monotonic": time.monotonic()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("command", choices=("start", "stop", "status", "run"))
    parser.add_argument("--directory", required=True, help="where the pid file and the log are")
    parser.add_argument("--duration", type=float, default=0, help="seconds to run; 0: until stopped")


def running(pid_file: Path, program: str) -> int | None:
    """The process that an earlier start left, None when it is gone (or the number is another's now)."""
    try:
        pid = int(pid_file.read_text(encoding="utf-8"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if any(word.endswith(program.encode()) for word in command) else None


def command(arguments: argparse.Namespace, name: str, work: Callable[[Log, threading.Event], None]) -> int:
    """Carry out start, stop, status or run for the program ``name``.

    Prints one JSON line: ``changed`` and ``pid``. ``start`` returns once the work has begun.
    """
    directory = Path(arguments.directory)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    pid_file, log_file = directory / f"{name}.pid", directory / f"{name}.jsonl"
    pid = running(pid_file, Path(sys.argv[0]).name)
    if arguments.command == "status":
        return _say(False, pid)
    if arguments.command == "stop":
        return _stop(pid, pid_file)
    if arguments.command == "start":
        if pid is not None:
            return _say(False, pid)
        child = _detach(directory / f"{name}.err")
        if child is not None:
            pid_file.write_text(f"{child}\n", encoding="utf-8")
            return _say(True, child)
    log = Log(log_file)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if arguments.duration:
        timer = threading.Timer(arguments.duration, stop.set)
        timer.daemon = True
        timer.start()
    try:
        work(log, stop)
    finally:
        log.close()
    return 0


def _say(changed: bool, pid: int | None) -> int:
    print(json.dumps({"changed": changed, "pid": pid}), flush=True)
    return 0


def _stop(pid: int | None, pid_file: Path) -> int:
    if pid is None:
        return _say(False, None)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while running(pid_file, Path(sys.argv[0]).name) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.02)
    pid_file.unlink(missing_ok=True)
    return _say(True, pid)


def _detach(errors: Path) -> int | None:
    """Fork away from the session that started us; the child's number in the parent, None in the child."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    sink = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for number, handle in ((0, null), (1, null), (2, sink)):
        os.dup2(handle, number)
    return None
