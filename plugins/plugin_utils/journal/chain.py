# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain itself: how a line is made, and how a file of them is judged. Pure.

The format is told in docs/journal.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Mapping

#: What the first line has as ``prev``.
GENESIS = "0" * 64


def canonical(entry: Mapping[str, Any]) -> str:
    """One entry as the text its digest is made of and that stands in the file."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(entry: Mapping[str, Any]) -> str:
    """SHA-256 of the entry without its own digest."""
    return _sha256(_without_digest(entry))


def _without_digest(entry: Mapping[str, Any]) -> str:
    return canonical({key: value for key, value in entry.items() if key != "digest"})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(data: bytes) -> str:
    """A journal's bytes as text.

    A kill may tear the last line inside a character; what is no UTF-8 is kept as it is, for :func:`judge` to
    find in a line that has an end, and to let pass in one that has none.
    """
    return data.decode("utf-8", errors="surrogateescape")


def link(entry: Mapping[str, Any], n: int, prev: str) -> dict[str, Any]:
    """The entry with its place in the chain."""
    placed = {**entry, "n": n, "prev": prev}
    return {**placed, "digest": digest_of(placed)}


@dataclass(frozen=True)
class Seal:
    """What is kept of a journal outside of it: how many lines it had, and the last one's digest."""

    lines: int
    head: str

    def __str__(self) -> str:
        return f"{self.lines}:{self.head}"


@dataclass(frozen=True)
class Judgement:
    """What reading a journal came to.

    :param entries: the lines that could be read.
    :param problems: one sentence each; empty when the journal is whole.
    :param torn: the last line has no end: a run was killed while it wrote it.
    :param sealed: whether it was compared with a seal from outside. Without one, a cut tail or a
        chain that was computed again does not show.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    torn: bool = False
    sealed: bool = False

    @property
    def whole(self) -> bool:
        """Nothing speaks against it."""
        return not self.problems

    @property
    def seal(self) -> Seal:
        """What to keep of it outside."""
        return Seal(len(self.entries), self.entries[-1]["digest"] if self.entries else GENESIS)


def judge(text: str, seal: Seal | None = None) -> Judgement:
    """Read a journal's text and say everything that is wrong with it.

    :param seal: what was kept of it outside. The journal may have grown since; the sealed line must
        still be the one that it was.
    """
    entries: list[dict[str, Any]] = []
    problems: list[str] = []
    lines = text.split("\n")
    torn = lines[-1] != ""
    prev = GENESIS
    for number, line in enumerate(lines[:-1], start=1):
        try:
            entry = json.loads(line)
            said, n, before = str(entry["digest"]), entry["n"], entry["prev"]
            rest = _without_digest(entry)
            # Two texts may mean the same to one reader and not to the next, as with a key that stands twice.
            unchanged = said == _sha256(rest) and line.replace(f'"digest":"{said}",', "", 1) == rest
        except (ValueError, KeyError, TypeError):
            problems.append(f"line {number} cannot be read")
            prev = ""
            continue
        if not unchanged:
            problems.append(f"line {number} was changed: its digest does not fit its text")
        if before != prev:
            problems.append(
                f"line {number} does not follow line {number - 1}: one was removed, added or moved"
            )
        elif n != number:
            problems.append(f"line {number} says that it is number {n}")
        prev = said
        entries.append(entry)
    problems += _against_seal(entries, seal)
    return Judgement(entries, problems, torn, seal is not None)


def _against_seal(entries: list[dict[str, Any]], seal: Seal | None) -> list[str]:
    if seal is None or (seal.lines == 0 and seal.head == GENESIS):
        return []
    if len(entries) < seal.lines:
        return [f"the tail is cut: {len(entries)} lines, {seal.lines} were sealed"]
    if entries[seal.lines - 1]["digest"] != seal.head:
        return [f"line {seal.lines} is not the one that was sealed: the chain was computed again"]
    return []


def parse_seal(text: str) -> Seal:
    """Read ``LINES:HEAD``.

    :raises ValueError: when it is not that.
    """
    lines, _colon, head = text.strip().partition(":")
    if not lines.isdigit() or len(head) != 64:
        raise ValueError(f"{text!r} is no seal; a seal is LINES:HEAD with 64 hexadecimal digits")
    return Seal(int(lines), head)
