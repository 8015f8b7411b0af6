# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several copies of a run's journal is gone on with, and whether somebody else runs it. Pure.

A chain has one past: of two copies of one journal the shorter is the beginning of the longer, or somebody
went on in two places, and no program can say which of them counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain

HERE = "this control node"
#: States of a run with which nobody goes on.
OVER = ("ended", "abandoned")
Entries = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Copy:
    """A journal, and who holds it."""

    where: str
    text: bytes
    entries: Entries

    @property
    def ended(self) -> bool:
        """Whether its run was closed, so that nobody goes on with it."""
        last = last_run(self.entries)
        return last is not None and last["state"] in OVER


def last_run(entries: Entries) -> Mapping[str, Any] | None:
    """The last line that says how the run stands."""
    return next((entry for entry in reversed(entries) if entry["kind"] == "run"), None)


def copies(texts: Iterable[tuple[str, bytes]]) -> list[Copy]:
    """The journals that are whole; those without a line are left out.

    A torn last line was not written, so it is not taken along.

    :raises Refused: naming each that is not whole: it may be the one that went furthest.
    """
    found, broken = [], []
    for where, text in texts:
        judged = chain.judge(chain.text_of(text))
        if not judged.whole:
            broken.append(f"{where}: {'; '.join(judged.problems[:3])}")
        elif judged.entries:
            found.append(Copy(where, text[: text.rindex(b"\n") + 1], judged.entries))
    if broken:
        raise Refused(
            "a journal is not what was written, so nothing is taken",
            device="; ".join(where.partition(":")[0] for where in broken),
            cause=" | ".join(broken),
            next_step="keep that file for the auditors under another name, then run this again",
        )
    return found


def newest(found: Iterable[Copy], history: Iterable[Entries] = ()) -> Copy | None:
    """The copy to go on with: the longest of the run that is not over, or else of the one that ended last.

    :param history: the runs of the same id that were put aside here. What a host holds of them is old.
    :raises Refused: when somebody went on in two places.
    """
    past = list(history)
    runs: dict[str, list[Copy]] = {}
    for copy in found:
        if not any(begins(whole, copy.entries) for whole in past):
            runs.setdefault(copy.entries[0]["digest"], []).append(copy)
    longest = [_longest(same) for same in runs.values()]
    open_ = [copy for copy in longest if not copy.ended]
    if len(open_) > 1:
        raise _two(
            "this run was begun in two places",
            [f"{copy.where} (begun {_clock(copy.entries[0])})" for copy in open_],
        )
    return max(open_ or longest, key=lambda copy: float(copy.entries[-1]["at"]), default=None)


def _longest(same: list[Copy]) -> Copy:
    # Of equals this control node's own, so that nothing is written.
    best = max(same, key=lambda copy: (len(copy.entries), copy.where == HERE))
    for copy in same:
        if not begins(best.entries, copy.entries):
            common = sum(a["digest"] == b["digest"] for a, b in zip(best.entries, copy.entries, strict=False))
            raise _two(
                f"somebody went on with this run in two places after line {common}",
                [
                    f"{each.where} ({len(each.entries)} lines, {_wrote(each.entries, common)})"
                    for each in (best, copy)
                ],
            )
    return best


def begins(whole: Entries, part: Entries) -> bool:
    """Whether a journal is the beginning of another: a line's digest seals all lines before it."""
    return len(part) <= len(whole) and whole[len(part) - 1]["digest"] == part[-1]["digest"]


def _two(what: str, places: list[str]) -> Refused:
    return Refused(
        what,
        device=", ".join(places),
        next_step="let people find out which of them did what was really done, put the other journal aside "
        "under another name for the auditors, and run this again",
    )


def _wrote(entries: Entries, common: int) -> str:
    """Who wrote what the other has not."""
    own = last_run(entries[common:]) or last_run(entries)
    node = str(own.get("control_node") or "an unknown control node") if own else "an unknown control node"
    return f"the last by {node} {_clock(entries[-1])}"


def _clock(entry: Mapping[str, Any]) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(entry["at"])))


def elsewhere(copy: Copy, name: str, machine: str) -> str | None:
    """Who else may be running it, as a sentence; None when nobody can be.

    A run that waits or is over is nobody's. One that was opened or resumed is its control node's.

    :param name: what this control node is called.
    """
    last = last_run(copy.entries)
    if last is None or last["state"] in ("waiting", *OVER):
        return None
    node = last.get("control_node")
    if node is None and copy.where == HERE:
        # Written before lines said where: it has never been anywhere else.
        return None
    if (node, last.get("machine")) == (name, machine):
        return None
    shown = f"control node {node}" if node else "a control node that did not say its name"
    return f"{last['state']} on {shown} at {_clock(last)} by {last.get('operator', 'an unknown operator')}"
