# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts and loop devices: reading them, and taking them down in the right order."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND, MS_REC, MS_SHARED, MNT_DETACH = 0x1000, 0x4000, 1 << 20, 2
#: ``EXT4_IOC_SHUTDOWN`` of <linux/ext4.h>, ``_IOR('X', 125, __u32)``, and its flag ``NOLOGFLUSH``: not even
#: the journal is flushed.
_STOP, _NO_LOG_FLUSH = 0x8004587D, 2
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """One line of ``/proc/<pid>/mountinfo``."""

    point: str
    kind: str
    source: str
    options: str
    shared: bool = False

    @property
    def lower(self) -> str:
        """The lower directory of an overlay; empty for anything else."""
        for option in self.options.split(","):
            if option.startswith("lowerdir="):
                return option[len("lowerdir=") :]
        return ""

    @property
    def stopped(self) -> bool:
        """Whether its file system was stopped by :func:`stop` and is good for nothing but unmounting."""
        return "shutdown" in self.options.split(",")


def parse_mountinfo(text: str) -> list[Mount]:
    """Read the kernel's table of mounts, oldest first."""
    found = []
    for line in text.splitlines():
        left, _dash, right = line.partition(" - ")
        fields, rest = left.split(), right.split()
        if len(fields) < 6 or len(rest) < 3:
            continue
        found.append(
            Mount(
                point=_unescape(fields[4]),
                kind=rest[0],
                source=_unescape(rest[1]),
                options=_unescape(rest[2]),
                shared=any(f.startswith("shared:") for f in fields[6:]),
            )
        )
    return found


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)


def table() -> list[Mount]:
    """The mounts this process sees."""
    return parse_mountinfo(Path("/proc/self/mountinfo").read_text())


def below(top: Path, mounts: list[Mount] | None = None) -> list[Mount]:
    """The mounts at ``top`` and below it, in the order they were made."""
    prefix = str(top)
    known = table() if mounts is None else mounts
    return [m for m in known if m.point == prefix or m.point.startswith(prefix + "/")]


def mount(source: str, point: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """The system call.

    :raises DatacenterError: with the kernel's reason.
    """
    result = _LIBC.mount(
        source.encode(),
        str(point).encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    if result:
        number = ctypes.get_errno()
        raise DatacenterError(
            f"cannot mount {kind or source}",
            device=str(point),
            cause=os.strerror(number),
            next_step="see the kernel's log (dmesg) for the reason",
        )


def unmount(point: Path, detach: bool = False, deadline_s: float = 3.0) -> None:
    """Unmount; a mount that is not there is fine, one that is busy is waited for.

    :param detach: take it out of sight at once and let it end when nobody uses it.
    """
    end = time.monotonic() + deadline_s
    while _LIBC.umount2(str(point).encode(), MNT_DETACH if detach else 0):
        number = ctypes.get_errno()
        if number in (22, 2):  # EINVAL: not a mount point; ENOENT: not there at all
            return
        if number != 16 or time.monotonic() > end:  # EBUSY
            raise DatacenterError(
                "cannot unmount",
                device=str(point),
                cause=os.strerror(number),
                next_step=f"see who uses it (fuser -vm {point}), end that, and run this again",
            )
        time.sleep(0.02)


def unmount_below(top: Path) -> bool:
    """Unmount everything at and below ``top``, newest first; say whether anything was there."""
    found = below(top)
    for each in reversed(found):
        unmount(Path(each.point))
    return bool(found)


def stop(point: Path) -> None:
    """Stop a file system where it stands, as a power cut does.

    From the moment the call begins its work nothing that waits in the page cache is written to the device any
    more, not the journal either, and every write and fsync fails (EIO). What an fsync has pushed out is there
    after the next mount. The kernel made this call for just that: file systems are tested with it.

    :raises DatacenterError: with the kernel's reason.
    """
    try:
        descriptor = os.open(point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _STOP, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DatacenterError(
            "cannot take the power from a file system",
            device=str(point),
            cause=error.strerror or str(error),
            next_step="see that it is an ext4 of a twin's machine",
        ) from error


def sync(point: Path) -> None:
    """Write all that waits in the page cache of a file system to its device.

    :raises DatacenterError: with the kernel's reason.
    """
    descriptor = os.open(point, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _LIBC.syncfs(descriptor):
            number = ctypes.get_errno()
            raise DatacenterError(
                "cannot write a file system back",
                device=str(point),
                cause=os.strerror(number),
                next_step="see the kernel's log (dmesg) for the reason",
            )
    finally:
        os.close(descriptor)


def loop_devices(sys_block: Path = Path("/sys/block")) -> dict[str, str]:
    """Loop devices in use and the file behind each (``(deleted)`` cut off)."""
    found = {}
    for entry in sorted(sys_block.glob("loop*/loop/backing_file")):
        with contextlib.suppress(OSError):
            found[entry.parent.parent.name] = entry.read_text().strip().removesuffix(" (deleted)")
    return found
