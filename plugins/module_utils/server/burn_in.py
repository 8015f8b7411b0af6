# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's load for a burn-in: stress-ng as a transient unit of systemd, that ends and cleans up by itself.

Runs on the server: standard library, Python 3.9.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

UNIT = "anjianyun-burn-in.service"
#: The folder of the load's files below the directory that is given; it alone is ever removed.
FOLDER = "anjianyun-burn-in"
PROGRAM = "stress-ng"
#: Seconds that stress-ng has beyond its own time before systemd ends it: its last round of memory takes some.
GRACE_S = 30
#: Seconds that the unit has to end when it is told to, before systemd kills all of it.
STOP_S = 5
#: Ends the load, and does not wait until it has ended.
STOPPING = ("systemctl", "stop", "--no-block", UNIT)
#: What stands in shell text and in a unit's settings needs no quoting.
_PLAIN = re.compile(r"/[A-Za-z0-9._/-]+")
_MEMORY_V1, _MEMORY_V2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"
#: Where systemd puts the unit, from the top.
_SLICES = ("", "system.slice")
#: A limit that says there is none: cgroup v1 writes the greatest number of whole pages.
_NO_LIMIT = 1 << 60
_LINES = 20
_TOLD = re.compile(r"stress-ng: (?:fail|error):\s*(?:\[\d+\]\s*)?(.*)")
#: It calls a run successful also when a stressor was left out of it; newer ones count them at the end.
_SKIPPED = re.compile(
    r"stress-ng: \w+:\s*(?:\[\d+\]\s*)?"
    r"(.*\bstressors? will be skipped\b.*|.*\bskipping (?:the |this )?(?:stressors?|test)\b.*"
    r"|skipped: [1-9].*)"
)


@dataclass(frozen=True)
class Places:
    """Where the load has its files.

    :param directory: on the disk that is loaded.
    :param results: what it says at the end; in memory, for whoever asks, until the next start of the machine.
    """

    directory: str
    results: str

    def __post_init__(self) -> None:
        for path in (self.directory, self.results):
            if not _PLAIN.fullmatch(path) or ".." in path:
                raise DatacenterError(
                    "this is no place for the load's files",
                    device=path,
                    cause="the path is not absolute, or has more than letters, digits and . _ - /",
                    next_step="state another one",
                )

    @property
    def folder(self) -> Path:
        return Path(self.directory) / FOLDER

    def left(self) -> list[str]:
        """What is there."""
        return [str(path) for path in (self.folder, Path(self.results)) if os.path.lexists(path)]

    def clear(self) -> None:
        for path in map(Path, self.left()):
            # Others may write to /var/tmp: a link of theirs is removed, and not followed.
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            else:
                shutil.rmtree(path)


@dataclass(frozen=True)
class Load:
    """:param cpus: processes that load the CPU, 0 for as many as there are CPUs.

    :param memory_share: of the memory that is free.
    """

    seconds: int
    cpus: int = 0
    memory_share: float = 0.5
    disk_mb: int = 256

    def argv(self, places: Places, memory_bytes: int) -> list[str]:
        cpus = self.cpus or len(os.sched_getaffinity(0))
        return [
            PROGRAM, "--cpu", str(cpus),
            # One worker for two CPUs: checking memory takes a CPU as well. They share the bytes.
            "--vm", str(max(1, cpus // 2)), "--vm-bytes", str(memory_bytes), "--vm-keep",
            "--hdd", "1", "--hdd-bytes", f"{self.disk_mb}m", "--temp-path", str(places.folder),
            "--timeout", f"{self.seconds}s", "--verify", "--metrics",
            "--yaml", f"{places.results}/metrics.yaml", "--log-file", f"{places.results}/log",
        ]  # fmt: skip


def info(places: Places) -> dict[str, Any]:
    """What there is for a load, and what there is of one."""
    free_mb = {
        "memory": memory_free() // (1 << 20),
        "disk": _disk_free(Path(places.directory)) // (1 << 20),
    }
    program = shutil.which(PROGRAM)
    return {
        "changed": False,
        "program": program,
        "memory_mb": free_mb["memory"],
        "disk_mb": free_mb["disk"],
        "running": running(),
        "left": places.left(),
    }


def start(load: Load, places: Places, *, check: bool = False) -> dict[str, Any]:
    """Start it. What an earlier one left is removed; one that runs is refused."""
    if running():
        raise DatacenterError(
            "a burn-in runs here already",
            device=UNIT,
            next_step="wait until it ends, which it does by itself, or stop the unit",
        )
    if shutil.which(PROGRAM) is None:
        raise DatacenterError(f"{PROGRAM} is not there", next_step=f"apt install {PROGRAM}")
    memory_bytes = int(memory_free() * load.memory_share)
    if check:
        return {"changed": True, "memory_mb": memory_bytes >> 20}
    places.clear()
    for path in (places.folder, Path(places.results)):
        os.makedirs(path.parent, exist_ok=True)
        os.mkdir(path, 0o700)
    with open(f"{places.results}/began", "w", encoding="utf-8") as began:
        json.dump({"at": time.time(), "seconds": load.seconds}, began)
    # systemd tells how the program ended, in variables; with two dollars the shell puts them in, not systemd.
    end = f"rm -rf {places.folder}; echo $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS > {places.results}/ended"
    settings = {
        "Type": "exec",
        "RuntimeMaxSec": load.seconds + GRACE_S,
        "TimeoutStopSec": STOP_S,
        # The way in stays open under full load.
        "Nice": 10,
        "ExecStopPost": f"/bin/sh -c '{end}'",
    }
    try:
        _call(
            "systemd-run", f"--unit={UNIT}", "--collect", "--quiet",
            *(word for name, value in settings.items() for word in ("-p", f"{name}={value}")),
            *load.argv(places, memory_bytes),
        )  # fmt: skip
    except DatacenterError:
        places.clear()
        raise
    if not running() and not os.path.exists(f"{places.results}/ended"):
        raise DatacenterError("the load was started and does not run", device=UNIT, result={"changed": True})
    return {"changed": True, "memory_mb": memory_bytes >> 20}


def tell(*, check: bool = False) -> dict[str, Any]:
    """Tell it to stop, and do not wait: what has not ended by itself then is for :func:`end` to see."""
    runs = running()
    if runs and not check:
        _call(*STOPPING)
    return {"changed": runs}


def end(places: Places, wait_s: float, *, check: bool = False) -> dict[str, Any]:
    """Wait until it has ended, stop it when it has not, read what it said, and remove what it left.

    :returns: ``said`` is None when nothing tells about a load.
    :raises DatacenterError: when it still runs or something is still there.
    """
    until = time.monotonic() + wait_s
    while (runs := running()) and time.monotonic() < until and not check:
        time.sleep(0.2)
    changed = runs or bool(places.left())
    if check or not changed:
        return {"changed": changed, "stopped": False, "said": None}
    stopped = runs
    if stopped:
        _call("systemctl", "stop", UNIT, timeout_s=STOP_S + 15)
    said = what_it_said(Path(places.results))
    places.clear()
    left = (["the unit " + UNIT] if running() else []) + places.left()
    if left:
        raise DatacenterError(
            "the load has not gone",
            device=UNIT,
            cause=f"after its end there still are: {', '.join(left)}",
            next_step="look at the server: systemctl status " + UNIT,
            result={"changed": True, "stopped": stopped, "said": said},
        )
    return {"changed": True, "stopped": stopped, "said": said}


def running() -> bool:
    """Whether systemd has processes of the unit, those of its end included."""
    state = _call("systemctl", "show", UNIT, "--property=ActiveState", "--value").strip()
    return state not in ("inactive", "failed")


def memory_free() -> int:
    """Bytes that nobody uses, of the machine and under the limits of its control groups."""
    free = [_meminfo("MemAvailable")]
    for base, limit, used, cache in (
        (_MEMORY_V2, "memory.max", "memory.current", "inactive_file"),
        (_MEMORY_V1, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        for part in _SLICES:
            group = Path(base) / part
            most, now = _number(group / limit), _number(group / used)
            if most is not None and now is not None and most < _NO_LIMIT:
                free.append(most - now + _stat(group / "memory.stat", cache))
    return max(0, min(free))


def _meminfo(name: str) -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        key, _colon, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return 0


def _number(path: Path) -> int | None:
    """A limit; None where there is no such file, or it says ``max``."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return None


def _stat(path: Path, name: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text(encoding="ascii").splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
    return 0


def _disk_free(path: Path) -> int:
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def what_it_said(results: Path) -> dict[str, Any] | None:
    """What stress-ng wrote, and how systemd saw it end."""
    if not results.is_dir():
        return None
    said: dict[str, Any] = {"asked_s": None, "seconds": None, "result": None, "status": None}
    with contextlib.suppress(OSError, ValueError, KeyError):
        began = json.loads((results / "began").read_text(encoding="utf-8"))
        said["asked_s"] = began["seconds"]
        ended = results / "ended"
        result, _code, status = ended.read_text(encoding="ascii").split()
        said.update(result=result, status=status, seconds=max(0, round(ended.stat().st_mtime - began["at"])))
    said["metrics"] = _text(results / "metrics.yaml")
    log = _text(results / "log") or ""
    said["failures"] = list(_told(log, _TOLD))[:_LINES]
    said["skipped"] = list(_told(log, _SKIPPED))[:_LINES]
    return said


def _told(log: str, what: re.Pattern[str]) -> Iterator[str]:
    for line in log.splitlines():
        found = what.search(line)
        if found:
            yield found.group(1)


def _text(path: Path) -> str | None:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return None


def _call(*argv: str, timeout_s: float = 30) -> str:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DatacenterError(f"{argv[0]} could not be run", device=UNIT, cause=str(error)) from error
    if done.returncode != 0:
        raise DatacenterError(
            f"{argv[0]} failed", device=UNIT, cause=(done.stderr or done.stdout).strip()[:500]
        )
    return done.stdout
