# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event logs kept on the control node: one file a BMC, a JSON line a record, each record once.

A line's digest covers the line and the digest before it, so that a line that was changed or taken out is
found. What was half written when the power failed is cut off: its record is still in the BMC.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Event, now
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:%-]*\Z")


@dataclass
class _Content:
    """What the file holds.

    :param since_cleared: id and bytes of the records since the log was last erased. An equal one before that
        is another record, on a BMC whose clock starts anew.
    :param size: bytes up to the end of the last whole line.
    """

    records: int = 0
    digest: str = ""
    size: int = 0
    since_cleared: set[tuple[str, str]] = field(default_factory=set)


class Archive:
    """The file of one BMC.

    :param device: what the BMC is called; the file is called so, too.
    """

    def __init__(self, folder: Path, device: str) -> None:
        if not _PLAIN.match(device):
            raise DatacenterError(
                "no file can be called so",
                device=device,
                cause="an archive is called as the BMC, which is more than letters, digits and _.:%- here",
                next_step="give the BMC a plain 'name'",
            )
        self.device = device
        self.path = folder / f"{device}.jsonl"

    def keep(self, events: Sequence[Event], *, check: bool = False) -> dict[str, Any]:
        """Add the records that are not in it yet; they are on the disk when this returns.

        :returns: ``path``, ``added``, ``records`` and ``digest``, that of the last line.
        """
        if check:
            content = self._look()
            fresh = _fresh(content, events)
            return self._told(content.records + len(fresh), content.digest, len(fresh))
        with self._open() as (file, content):
            fresh = _fresh(content, events)
            lines = [{"record": event.as_dict()} for event in fresh]
            digest = self._append(file, content, lines)
        return self._told(content.records + len(fresh), digest, len(fresh))

    def note_cleared(self, records: int) -> None:
        """Note that the BMC's log was erased, with so many records in it that are in here."""
        with self._open() as (file, content):
            self._append(file, content, [{"cleared": records}])

    def _told(self, records: int, digest: str, added: int) -> dict[str, Any]:
        return {"path": str(self.path), "added": added, "records": records, "digest": digest or None}

    def _append(self, file: IO[bytes], content: _Content, lines: list[dict[str, Any]]) -> str:
        digest = content.digest
        file.truncate(content.size)
        file.seek(content.size)
        at = now()
        for line in lines:
            full = {"device": self.device, "archived_at": at, **line}
            digest = _digest(digest, full)
            file.write(_canonical({**full, "digest": digest}) + b"\n")
        file.flush()
        os.fsync(file.fileno())
        return digest

    @contextmanager
    def _open(self) -> Iterator[tuple[IO[bytes], _Content]]:
        """The file, nobody else at it, and what it holds."""
        try:
            durable.make_directory(self.path.parent, 0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                durable.sync_directory(self.path.parent)
                yield file, self._read(file.read())
        except OSError as error:
            raise self._wrong(str(error), "make room, or name another folder; nothing was erased") from error

    def _look(self) -> _Content:
        try:
            return self._read(self.path.read_bytes())
        except FileNotFoundError:
            return _Content()
        except OSError as error:
            raise self._wrong(str(error), "give access to it, or name another folder") from error

    def _read(self, data: bytes) -> _Content:
        content = _Content()
        for number, line in enumerate(data.splitlines(keepends=True), start=1):
            if not line.endswith(b"\n"):
                break
            try:
                full = json.loads(line)
                said = full.pop("digest")
                device = full["device"]
                record = full.get("record")
                key = (record["id"], record["raw"]) if record else None
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise self._damaged(number, f"it is no record ({type(error).__name__})") from error
            if said != _digest(content.digest, full):
                raise self._damaged(number, "its digest does not fit it and the line before")
            if device != self.device:
                raise self._damaged(number, f"it belongs to {device}")
            content.digest = said
            content.size += len(line)
            if key:
                content.records += 1
                content.since_cleared.add(key)
            else:
                content.since_cleared.clear()
        return content

    def _damaged(self, number: int, cause: str) -> DatacenterError:
        return self._wrong(
            f"line {number}: {cause}",
            "put the file aside as it is, find out who changed it, and run this again; nothing was erased",
        )

    def _wrong(self, cause: str, next_step: str) -> DatacenterError:
        return DatacenterError(
            f"the archive {self.path} cannot be used", device=self.device, cause=cause, next_step=next_step
        )


def _fresh(content: _Content, events: Sequence[Event]) -> list[Event]:
    return [event for event in events if (event.id, event.raw) not in content.since_cleared]


def _canonical(line: dict[str, Any]) -> bytes:
    return json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _digest(before: str, line: dict[str, Any]) -> str:
    return hashlib.sha256(before.encode() + _canonical(line)).hexdigest()
