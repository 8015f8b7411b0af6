# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the manifest of trees written, here or at a source, and reads it as it comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Callable, NamedTuple

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import manifest_program
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source, start

#: Pythons of the old releases, in the order they are tried; RHEL 8 has its own outside of PATH.
PYTHONS = "python3 /usr/bin/python3 /usr/libexec/platform-python python3.9 python3.8 python3.7 python3.6"
#: What the shell ends with when it finds none of them.
NO_PYTHON = 97
FIND_PYTHON = f"""\
for each in {PYTHONS}; do
  if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null
  then exec "$each" -I -; fi
done
exit {NO_PYTHON}
"""


#: How lines begin that tell of no file.
OTHERS = (b'["M"', b'["E"', b'["U"')


class NoPython(DatacenterError):
    """The source has no Python that the program of the manifest runs under."""


class Entry(NamedTuple):
    """One file of a manifest; see manifest_program.py."""

    root: int
    path: str
    type: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    digest: str | None
    more: Mapping[str, Any]
    sparse: int
    allocated: int
    ino: int
    ctime_ns: int

    def key(self) -> tuple[int, list[bytes]]:
        """What manifests are sorted by."""
        return self.root, os.fsencode(self.path).split(b"/")


def entry_of(line: bytes) -> Entry:
    """The file that a line tells of."""
    row = json.loads(line)
    row[9] = row[9] or {}
    return Entry(*row)


def same_line(left: bytes, right: bytes) -> bool:
    """Whether two lines are so much the same that nothing of them has to be read.

    All but the last three figures are compared, which each side has of its own. What could not be read, or
    changed meanwhile, is the same as nothing; within names a quote has a backslash before it, so that no name
    is taken for such.
    """
    stable = left.rsplit(b",", 3)[0]
    return stable == right.rsplit(b",", 3)[0] and b'"e": ' not in stable and b'"c": ' not in stable


class Manifest:
    """A manifest that is being read.

    :ivar first: what it said of itself, once an entry was read.
    :ivar last: its sums and the names of its users and groups, once the last was read.
    :ivar unreadable: directories (root, path, cause) whose names could not be read.
    """

    def __init__(self, lines: Iterable[bytes], device: str, ended: Callable[[], None] = lambda: None) -> None:
        self._lines = lines
        self._device = device
        self._ended = ended
        self.first: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        self.unreadable: list[tuple[int, str, str]] = []

    def __iter__(self) -> Iterator[Entry]:
        return map(entry_of, self.lines())

    def lines(self) -> Iterator[bytes]:
        """The lines of the files, as they stand."""
        for line in self._lines:
            if not line.startswith(OTHERS):
                yield line
                continue
            row = json.loads(line)
            if row[0] == "M":
                self.first = row[2]
            elif row[0] == "E":
                self.last = row[1]
            else:
                self.unreadable.append((row[1], row[2], row[3]))
        self._ended()
        if not self.last:
            raise DatacenterError(
                "the manifest ends before its end", device=self._device,
                cause="the session or the program was cut",
                next_step="run this again; nothing was changed",
            )  # fmt: skip


def order_of(roots: Sequence[str], **more: Any) -> dict[str, Any]:
    """An order for :func:`here` and :func:`at_source`: see ``Walk`` in manifest_program.py."""
    return {"roots": list(roots), **more}


def program(order: Mapping[str, Any]) -> bytes:
    """The text that writes the manifest of an order, complete in itself."""
    loader = manifest_program.__loader__
    text = loader.get_source(manifest_program.__name__) if loader else None  # type: ignore[attr-defined]
    if text is None:
        raise DatacenterError("the text of manifest_program.py is not there")
    call = f"write_manifest(json.loads({json.dumps(order)!r}))"
    return f"{text}\n{call}\n".encode()


def here(order: Mapping[str, Any], python: str | None = None) -> Manifest:
    """The manifest of trees on this machine, by a process of its own."""
    return _started([python or sys.executable, "-I", "-"], order, None)


def at_source(source: Source, order: Mapping[str, Any]) -> Manifest:
    """The manifest of trees at a source, by one session.

    :raises NoPython: while it is read, when the source has no Python for it.
    """
    return _started(source.command(FIND_PYTHON), order, source)


def _started(argv: Sequence[str], order: Mapping[str, Any], source: Source | None) -> Manifest:
    said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
    process = start(argv, program(order), said)
    device = source.name if source else os.uname().nodename
    return Manifest(_lines(process), device, lambda: _check(process, said, source, device))


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    try:
        if process.stdout is not None:
            yield from process.stdout
        process.wait()
    finally:
        # A reader that stops early ends the writer.
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _check(process: subprocess.Popen[bytes], said: IO[bytes], source: Source | None, device: str) -> None:
    said.seek(0)
    text = said.read()
    said.close()
    if process.returncode == 0:
        return
    what = "the manifest could not be written"
    if source is None:
        raise DatacenterError(what, device=device, cause=text.decode("utf-8", "replace").strip()[-2000:])
    if process.returncode == NO_PYTHON:
        raise NoPython(
            what, device=device, cause="there is no Python 3.6 or later",
            next_step="allow the fallback by find and b2sum, which cannot tell everything",
        )  # fmt: skip
    raise source.failure(what, process.returncode, text)
