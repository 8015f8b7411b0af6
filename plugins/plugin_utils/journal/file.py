# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that a run writes its evidence to: each line is on the disk before the run goes on."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Any, Iterable, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain

NAME = "journal.jsonl"
_HIDDEN = "********"


class Journal:
    """One run's journal in a directory."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME

    def read(self) -> list[dict[str, Any]]:
        """The entries so far; none when there is no file.

        :raises DatacenterError: when the chain is broken: nothing may be decided from it.
        """
        try:
            found = chain.judge(chain.text_of(self.path.read_bytes()))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unreadable(str(error)) from error
        if not found.whole:
            raise self._unreadable("; ".join(found.problems))
        return found.entries

    def _unreadable(self, cause: str) -> DatacenterError:
        return DatacenterError(
            "the run's journal cannot be trusted",
            device=str(self.path),
            cause=cause,
            next_step="keep it as it is for the auditors, and run with another dr_run_id",
        )

    def append(self, entry: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
        """Write one entry behind the last, and return it as it stands there.

        A torn last line, left by a run that was killed while writing, is taken away first.

        :param secrets: texts that are hidden wherever they occur.
        :raises DatacenterError: when it is not on the disk; the run must not go on then.
        """
        clean = redacted({"at": time.time(), **entry}, secrets)
        try:
            durable.make_directory(self.path.parent.absolute(), 0o700)
            fresh = not self.path.exists()
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                whole, end, _torn = file.read().rpartition(b"\n")
                found = chain.judge(chain.text_of(whole + end))
                if not found.whole:
                    raise self._unreadable("; ".join(found.problems))
                file.truncate(len(whole + end))
                written = chain.link(clean, len(found.entries) + 1, found.seal.head)
                file.write(chain.canonical(written).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            if fresh:
                durable.sync_directory(self.path.parent)
        except OSError as error:
            raise DatacenterError(
                "the journal cannot be written, so nothing more is done",
                device=str(self.path),
                cause=str(error),
                next_step="make room or give another dr_run_directory, then run this again",
            ) from error
        return written


def redacted(value: Any, secrets: Iterable[str]) -> Any:
    """The value with every secret in every text of it hidden, the longest first: one may hold another."""
    return _hide(value, sorted(set(secrets) - {""}, key=len, reverse=True))


def _hide(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, _HIDDEN)
        return str(value)
    if isinstance(value, Mapping):
        return {_hide(str(key), secrets): _hide(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hide(item, secrets) for item in value]
    if (
        value is None
        or isinstance(value, bool)
        or (isinstance(value, (int, float)) and str(value) not in secrets)
    ):
        return value
    return _hide(str(value), secrets)
