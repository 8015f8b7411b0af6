# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that outlive a power cut. Standard library, Python 3.9.

An fsync of a file keeps its text, not its name: that stands in the directory, which wants an fsync of its
own (fsync(2)). A rename is kept no sooner than that either.
"""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, mode: int = 0o777) -> None:
    """Make a directory and those above it that are missing; all are on the disk when this returns.

    :param mode: of the directories that are made, less the process's mask.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        each.mkdir(mode=mode, exist_ok=True)
        sync_directory(each.parent)


def replace(path: Path, data: bytes, mode: int) -> None:
    """Replace a file as a whole, in a directory that is there: a reader, and a device that loses power at any
    moment, finds the old text or the new, and after the return the new.

    :raises OSError: and the file is as it was.
    """
    fresh = _beside(path, data, mode)
    try:
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
    sync_directory(path.parent)


def create(path: Path, data: bytes, mode: int) -> bool:
    """Write a file that is not there yet, as a whole; whether it was. One that is there stays as it is.

    :raises OSError: and no file of that name was made.
    """
    fresh = _beside(path, data, mode)
    try:
        # Unlike a rename, a link takes the place of nothing (link(2)).
        os.link(fresh, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(fresh)
    sync_directory(path.parent)
    return True


def _beside(path: Path, data: bytes, mode: int) -> str:
    """A new file in the same directory that is on the device, for the caller to name or to take away."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(fresh)
        raise
    return fresh


def keep_copy(path: Path, content: str, dry_run: bool) -> dict[str, Any]:
    """Keep a file with that text, for its owner alone.

    :param content: in base64.
    :raises DatacenterError: with the reason when it cannot be kept.
    """
    try:
        data = base64.b64decode(content, validate=True)
        same = path.is_file() and path.read_bytes() == data
        if not same and not dry_run:
            make_directory(path.parent, 0o700)
            replace(path, data, 0o600)
    except (OSError, ValueError) as error:
        raise DatacenterError(
            "the copy is not kept",
            device=str(path),
            cause=str(error),
            next_step="make room there, or give the content in base64, then run this again",
        ) from error
    return {"changed": not same, "bytes": len(data)}
