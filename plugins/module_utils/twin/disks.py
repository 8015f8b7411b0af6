# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of nodes: a file system of limited size each, as the upper layer over a base image.

A machine's disk is a sparse ext4 file, so what fills it fills it alone; the file's name
holds the image's, because an upper layer fits one lower layer only. An appliance writes
little and keeps it in memory.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import mounts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import MACHINE, Node

#: Found in its disk's root, not visible to the machine: what fills a disk by fault.
FILLER = "fault-filler"


def mounted(names: Names, node: Node, image: Path, table: list[mounts.Mount]) -> bool:
    """Whether the node's root is there and over this image."""
    points = {m.point: m for m in table}
    root = points.get(str(names.root(node.name)))
    return str(names.disk(node.name)) in points and root is not None and root.lower == str(image)


def stale_files(names: Names, wanted: dict[str, str]) -> list[Path]:
    """Disk files of nodes that are gone or that stood on another image.

    :param wanted: the image's directory name of each machine.
    """
    keep = {names.disk_file(node, image).name for node, image in wanted.items()}
    with contextlib.suppress(FileNotFoundError):
        return sorted(p for p in (names.state / "disks").iterdir() if p.name not in keep)
    return []


def ensure(names: Names, node: Node, image: Path) -> None:
    """Make and mount the node's disk and root. Safe to repeat after a kill at any moment."""
    disk, root = names.disk(node.name), names.root(node.name)
    disk.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    points = {m.point: m for m in mounts.table()}
    if str(disk) in points and points[str(disk)].stopped:
        # A power cut that was itself cut short: what the device holds is mounted anew.
        release(names, node.name)
        points = {}
    if str(disk) not in points:
        if node.kind == MACHINE:
            _mount_fresh(_ensure_file(names, node, image), disk)
        else:
            mounts.mount("tmpfs", disk, "tmpfs", options=f"size={node.disk_mib}m,mode=0755")
    if str(root) not in points:
        for name in ("upper", "work"):
            (disk / name).mkdir(exist_ok=True)
        (disk / "upper").chmod(0o755)
        mounts.mount(
            "overlay", root, "overlay", options=f"lowerdir={image},upperdir={disk}/upper,workdir={disk}/work"
        )


def _ensure_file(names: Names, node: Node, image: Path) -> Path:
    """The file with its file system; it appears under its name when it is whole."""
    path = names.disk_file(node.name, image.name)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.truncate(node.disk_mib * 1024 * 1024)
    # No blocks kept for root: what the plan states is what the machine can use. The journal
    # is made small, and tables are made when they are needed, to keep the file sparse.
    _run(
        ["mkfs.ext4", "-q", "-F", "-m", "0", "-L", node.name[:16], "-J", "size=16"]
        + ["-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", str(fresh)],
        node.name,
    )
    fresh.rename(path)
    return path


def _mount_file(path: Path, point: Path) -> None:
    # mount(8) takes a free loop device and binds its life to the mount in one step.
    _run(["mount", "-t", "ext4", "-o", "loop,noatime", str(path), str(point)], str(point))


def _mount_fresh(path: Path, point: Path, patience_s: float = 0.5) -> None:
    """Mount a disk's file, and see that the kernel does not give a stopped file system back.

    That it does as long as somebody holds it: for a moment the machine that has just died, and for long a
    program with a private copy of this host's mounts (``unshare --mount``), which hears of no unmounting.
    To such a one the file is left as it is, and the machine goes on with a copy.
    """
    end = time.monotonic() + patience_s
    copied = False
    while True:
        _mount_file(path, point)
        if not any(m.stopped for m in mounts.table() if m.point == str(point)):
            return
        mounts.unmount(point)
        if time.monotonic() > end and not copied:
            fresh = path.with_suffix(".new")
            _run(["cp", "--sparse=always", "--reflink=auto", str(path), str(fresh)], str(point))
            fresh.rename(path)
            copied = True
        time.sleep(0.02)


def _run(command: list[str], device: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DatacenterError(
            f"{command[0]} failed",
            device=device,
            cause=done.stderr.strip() or f"exit code {done.returncode}",
            next_step="see that there is a free loop device (losetup -f) and space on this host",
        )


def release(names: Names, node: str) -> None:
    """Unmount a node's root and disk; the loop device goes with the disk."""
    mounts.unmount_below(names.node_dir(node))


def cut(names: Names, node: str) -> None:
    """Lose what the node's disk has been told and not been made to keep (fsync): the power is gone.

    What the loop device was given counts as kept, as by a drive whose own cache survives: what the kernel
    sends without a flush behind it cannot be told apart here.
    """
    mounts.stop(names.disk(node))


def sync(names: Names, node: str) -> None:
    """Make the node's disk keep all that it has been told."""
    mounts.sync(names.disk(node))


def fill(names: Names, node: str, leave_mib: int = 0) -> int:
    """Take all the space of a node's own disk but ``leave_mib``; returns the bytes taken."""
    disk = names.disk(node)
    usage = os.statvfs(disk)
    take = usage.f_bavail * usage.f_frsize - leave_mib * 1024 * 1024
    filler = disk / FILLER
    taken = 0
    with filler.open("ab") as file:
        start = file.seek(0, os.SEEK_END)
        # In falling steps, down to one block: the last few always go to bookkeeping.
        step = max(take, 0)
        while step >= usage.f_frsize and taken < take:
            try:
                os.posix_fallocate(file.fileno(), start + taken, min(step, take - taken))
                taken += min(step, take - taken)
            except OSError:
                step //= 2
    return taken


def unfill(names: Names, node: str) -> None:
    """Give the space back."""
    (names.disk(node) / FILLER).unlink(missing_ok=True)


def filled(names: Names, node: str) -> bool:
    """Whether a fault holds the node's disk full."""
    return (names.disk(node) / FILLER).exists()
