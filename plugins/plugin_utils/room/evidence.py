# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that people hand in, kept with a run under the digest of what is in them.

The journal's chain names the digests, so it seals the files as well.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: In a run's directory.
FOLDER = "evidence"
#: Photographs and reports, no films: it all goes to other control nodes as well.
LARGEST_BYTES = 256 * 1024 * 1024
_EXTENSION = re.compile(r"\.[a-z0-9]{1,10}")
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Piece:
    """One file: what was in it when it was handed in, and what it was called then."""

    sha256: str
    size: int
    name: str

    def as_dict(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self)

    @property
    def file(self) -> str:
        """What it is called among the evidence."""
        extension = Path(self.name).suffix.lower()
        return self.sha256 + (extension if _EXTENSION.fullmatch(extension) else "")


def look(path: Path) -> Piece:
    """Read a file and say what is in it.

    :raises ValueError: with a sentence, when it cannot be evidence.
    """
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            raise ValueError(f"{path} is no file")
        if kind.st_size > LARGEST_BYTES:
            raise ValueError(f"{path} has {kind.st_size} bytes, and at most {LARGEST_BYTES} are kept")
        with path.open("rb") as file:
            size, digest = _copy(file, None)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    if size == 0:
        raise ValueError(f"{path} is empty")
    return Piece(digest, size, path.name)


def keep(path: Path, piece: Piece, run: Path) -> bool:
    """Copy a file to a run's evidence, onto the disk; whether it was not there yet.

    :raises DatacenterError: when that fails, or when the file is not any more what was looked at.
    """
    folder = run / FOLDER
    try:
        if _whole(folder, piece.sha256):
            return False
        durable.make_directory(folder.absolute(), 0o700)
        descriptor, fresh = tempfile.mkstemp(prefix=".fresh.", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as target, path.open("rb") as source:
                _size, digest = _copy(source, target)
                target.flush()
                os.fsync(target.fileno())
            if digest == piece.sha256:
                os.replace(fresh, folder / piece.file)
        finally:
            Path(fresh).unlink(missing_ok=True)
        durable.sync_directory(folder)
    except OSError as error:
        raise DatacenterError(
            "the evidence cannot be kept",
            device=str(path),
            cause=str(error),
            next_step="make room in the run's directory, then run this again",
        ) from error
    if digest != piece.sha256:
        raise DatacenterError(
            "the evidence was not kept",
            device=str(path),
            cause="it was changed while it was read",
            next_step="let whoever writes it end, then run this again",
        )
    return True


def named(entries: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """Every file that a journal names, once, by the first name it was handed in under."""
    found: dict[str, Piece] = {}
    for entry in entries:
        for piece in (entry.get("data") or {}).get("evidence", ()) if entry.get("kind") == "answer" else ():
            found.setdefault(piece["sha256"], Piece(piece["sha256"], piece["size"], piece["name"]))
    return list(found.values())


def missing(pieces: Iterable[Piece], run: Path) -> list[Piece]:
    """Those that are not in a run's evidence, or are not any more what was handed in."""
    return [piece for piece in pieces if not _whole(run / FOLDER, piece.sha256)]


def _whole(folder: Path, digest: str) -> bool:
    """Whether a file of that digest is there, under whatever extension, and is still that."""
    for path in _of(folder, digest):
        with path.open("rb") as file:
            if _copy(file, None)[1] == digest:
                return True
    return False


def _of(folder: Path, digest: str) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.name.partition(".")[0] == digest and path.is_file():
            yield path


def _copy(source: BinaryIO, target: BinaryIO | None) -> tuple[int, str]:
    """Read to the end; how many bytes there were, and their SHA-256."""
    size, digest = 0, hashlib.sha256()
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        digest.update(chunk)
        if target is not None:
            target.write(chunk)
    return size, digest.hexdigest()
