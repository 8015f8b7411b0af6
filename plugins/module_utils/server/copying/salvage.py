# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed rsync had of a file already: kept where the next one looks for it."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.rsync import PARTIAL

#: rsync writes ``.NAME.XXXXXX`` beside the file and renames it at the end (mkstemp(3)).
UNFINISHED = re.compile(rb"\.(.+)\.[A-Za-z0-9]{6}\Z", re.DOTALL)


def salvage(roots: Sequence[str], since_ns: int) -> int:
    """Move what a killed rsync left unfinished into its partial directories; the bytes that are kept so.

    An rsync that is ended in order does that itself. One that is killed cannot, and the next would begin the
    file again. Only regular files of mode 0600 that were made since the copy began are taken for such.
    """
    kept = 0
    for root in roots:
        for directory, entry in _files(os.fsencode(root)):
            found = UNFINISHED.match(entry.name)
            if not found:
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_IMODE(status.st_mode) != 0o600 or status.st_ctime_ns < since_ns:
                continue
            place = os.path.join(directory, PARTIAL.encode())
            os.makedirs(place, mode=0o700, exist_ok=True)
            kept += _keep(entry.path, os.path.join(place, found[1]), status.st_size)
    return kept


def _keep(fresh: bytes, place: bytes, size: int) -> int:
    """The longer of the two stays."""
    if os.path.exists(place) and os.path.getsize(place) >= size:
        os.unlink(fresh)
        return 0
    os.replace(fresh, place)
    return size


def sweep(roots: Sequence[str]) -> None:
    """Remove the partial directories: a file that vanished leaves its own."""
    for root in roots:
        for directory, names, _files_there in os.walk(os.fsencode(root)):
            if PARTIAL.encode() in names:
                names.remove(PARTIAL.encode())
                before = os.stat(directory)
                shutil.rmtree(os.path.join(directory, PARTIAL.encode()))
                os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))


def _files(root: bytes) -> Iterator[tuple[bytes, os.DirEntry[bytes]]]:
    pending = [root]
    while pending:
        directory = pending.pop()
        try:
            entries = list(os.scandir(directory))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending += [entry.path] if entry.name != PARTIAL.encode() else []
            elif entry.is_file(follow_symlinks=False):
                yield directory, entry
