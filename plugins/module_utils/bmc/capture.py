# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server prints at its console, into a file: what did it say while it did not boot."""

from __future__ import annotations

import codecs
import os
import re
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc, Console, now
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

TIME, PATTERN, SILENCE = "time", "pattern", "silence"

#: Terminals' control sequences (ECMA-48): with parameters, strings up to their end, the rest of escapes; and
#: control characters, but for tabulators and line ends.
_CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-Z\\^-~]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]",
    re.DOTALL,
)
#: Characters in which the pattern is looked for, and of which a line without end is taken for one.
_WINDOW, _LONGEST_LINE = 65536, 4096
#: How long one read waits at most, so that the clock is looked at.
_LOOK_S = 0.5


@dataclass(frozen=True)
class Capture:
    """What is asked for.

    :param seconds: at most.
    :param until: ends it as soon as the console's text has it; searched without control sequences.
    :param silence_s: ends it when nothing was printed for so long.
    :param send: typed first; ``None``: nothing ever is.
    :param stamps: each line begins with the moment at which it began.
    :param plain: control sequences are left out.
    :param take_over: from somebody who has the console.
    :param tail: so many last lines are given back.
    :param secret: typed instead of ``send``, and left out of the tail where the console repeats it.
    """

    path: Path
    seconds: float
    until: str | None = None
    silence_s: float | None = None
    send: str | None = None
    stamps: bool = True
    plain: bool = True
    take_over: bool = False
    tail: int = 20
    secret: str | None = field(default=None, repr=False)

    @property
    def typed(self) -> str | None:
        return self.secret if self.secret is not None else self.send


def capture(bmc: Bmc, wanted: Capture, *, check: bool = False) -> dict[str, Any]:
    """Write down what the server prints.

    :returns: ``changed``, ``path``, ``bytes``, ``tail``, ``ended_by``, ``seconds``, ``taken_from``,
        ``dropped``.
    :raises Refused: somebody has the console; nothing was done.
    :raises errors.NotNow: the console was lost on the way; what came before is in the file.
    """
    held = bmc.console_holder()
    if held is not None and not wanted.take_over:
        raise Refused(
            "the console was not captured",
            device=bmc.name,
            cause=f"{held.who} has it",
            next_step="ask whoever that is, or take it (take_over: true)",
        )
    taken_from = held.who if held else None
    result: dict[str, Any] = {"changed": True, "path": str(wanted.path), "taken_from": taken_from}
    if check:
        return result
    with _private(wanted, bmc.name) as file:
        log = Log(file, wanted)
        begun = time.monotonic()
        try:
            if held is not None:
                bmc.free_console()
            with bmc.console() as console:
                # Not sooner: what a capture before this one wrote is worth more than nothing.
                file.truncate(0)
                result["ended_by"] = _watch(console, wanted, log)
                result["dropped"] = console.dropped
            _demand_given_back(bmc)
        except DatacenterError as error:
            log.end()
            error.result.update(result, **log.result(), seconds=round(time.monotonic() - begun, 1))
            raise
        log.end()
    return {**result, **log.result(), "seconds": round(time.monotonic() - begun, 1)}


def _demand_given_back(bmc: Bmc) -> None:
    left = bmc.console_holder()
    if left is not None and left.own:
        raise errors.NotConfirmed(
            "the console was given back, and the BMC still has it as this session's",
            device=bmc.name,
            cause="the BMC accepted the command without effect",
            next_step="the end of the session, a moment from now, frees it; look (ipmitool sol info)",
        )


def _watch(console: Console, wanted: Capture, log: Log) -> str:
    """Read until one of the ends; which one."""
    if wanted.typed is not None:
        console.send(wanted.typed.encode())
    end = time.monotonic() + wanted.seconds
    heard = time.monotonic()
    pattern = re.compile(wanted.until) if wanted.until is not None else None
    while (left := end - time.monotonic()) > 0:
        data = console.read(min(left, _LOOK_S))
        if data:
            heard = time.monotonic()
            log.take(data)
            if pattern is not None and pattern.search(log.window):
                return PATTERN
        elif wanted.silence_s is not None and time.monotonic() - heard >= wanted.silence_s:
            return SILENCE
    return TIME


@contextmanager
def _private(wanted: Capture, device: str) -> Iterator[IO[bytes]]:
    """The file, for its owner alone: consoles print what is typed at them. It keeps what is in it.

    :raises DatacenterError: it cannot be made; nothing was done.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(wanted.path, flags, 0o600)
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise DatacenterError(
            "the console was not captured",
            device=device,
            cause=f"its file cannot be made: {error}",
            next_step="give another path",
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        yield file


class Log:
    """The file's text, its last lines, and the window in which the pattern is looked for."""

    def __init__(self, file: IO[bytes], wanted: Capture) -> None:
        self._file = file
        self._wanted = wanted
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""
        self._line_at = ""
        self._tail: deque[str] = deque(maxlen=max(wanted.tail, 1))
        self._whole = ""
        self.bytes = 0

    @property
    def window(self) -> str:
        """The last of what was printed, as text, without control sequences."""
        return plain(self._whole)

    def take(self, data: bytes) -> None:
        """What was printed, as it came."""
        self.bytes += len(data)
        text = self._decoder.decode(data)
        self._whole = (self._whole + text)[-_WINDOW:]
        if not self._lines_matter():
            self._file.write(data)
            self._file.flush()
        for piece in _lines(text):
            if not self._line:
                self._line_at = now()
            self._line += piece
            if self._line.endswith("\n") or len(self._line) > _LONGEST_LINE:
                self._put()

    def _lines_matter(self) -> bool:
        return self._wanted.stamps or self._wanted.plain

    def _put(self) -> None:
        """One line of the console; a CR within it, as progress bars print it, makes several of the file."""
        line = self._line.rstrip("\r\n")
        self._line = ""
        for part in line.split("\r"):
            self._tail.append(plain(part))
            if self._lines_matter():
                stamp = f"{self._line_at} " if self._wanted.stamps else ""
                text = plain(part) if self._wanted.plain else part
                self._file.write(f"{stamp}{text}\n".encode())
        self._file.flush()

    def end(self) -> None:
        """The last line may have no end; the file is on the disk when this returns."""
        if self._line:
            self._put()
        self._file.flush()
        os.fsync(self._file.fileno())

    def result(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "tail": [self._shown(line) for line in self._tail if self._wanted.tail]}

    def _shown(self, line: str) -> str:
        for word in (self._wanted.secret or "").split():
            line = line.replace(word, "********")
        return line


def _lines(text: str) -> list[str]:
    """The text in pieces, each but the last with its line end."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def plain(text: str) -> str:
    """A console's text without what only a terminal understands."""
    return _CONTROLS.sub("", text)
