# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database follows another, and takes over: the words that both engines say in their own way.

Nothing here remembers. Where a migration stands is read from the two servers each time (slots, publications,
subscriptions, replica status, who may write), so a run that broke is gone on with by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

#: Which way rows flow. ``back`` is armed at the cutover, so that going back loses nothing.
FORWARD, BACK = "forward", "back"
#: How a database comes: copied while it is used, and followed; or copied in the window, for a source that
#: cannot replicate (see offline.py).
FOLLOW, OFFLINE = "follow", "offline"


@dataclass(frozen=True)
class Names:
    """What a migration makes on servers is called after it, so that it is found and removed again.

    :param migration: letters, digits and underscores; a valid part of a name in both engines.
    """

    migration: str

    @property
    def prefix(self) -> str:
        return f"ajy_{self.migration}"

    def of(self, direction: str) -> str:
        """A slot, publication, subscription or replica connection of one direction."""
        return f"{self.prefix}_{direction}"

    @property
    def canary(self) -> str:
        """The table whose one row shows that a way really carries."""
        return f"{self.prefix}_canary"


@dataclass(frozen=True)
class Way:
    """Rows that flow one way, as the two servers tell it.

    :param lag_bytes: written at its beginning and not yet applied at its end; ``None``: not known.
    :param lag_s: seconds by which the end is behind; ``None``: not known.
    :param error: what holds it up, in the server's own words.
    :param armed: whether rows of applications take it. A way may be there, and run, and carry its canary
        alone until the cutover has rows take it.
    """

    direction: str
    exists: bool
    running: bool
    lag_bytes: int | None = None
    lag_s: float | None = None
    error: str | None = None
    armed: bool = True


@dataclass(frozen=True)
class State:
    """Where a migration stands.

    :param copied: whether the first copy is whole; ``None``: the target does not say.
    :param ways: those that exist in any part, by direction.
    :param writes: ``source`` and ``target``: who accepts writes of applications now; ``None``: not known.
    :param left_behind: what the migration has made on the source and is there still, each named.
    :param estimate_s: offline: how long writes will be refused, by the rehearsal; ``None``: not known.
    """

    copied: bool | None
    ways: Mapping[str, Way]
    writes: Mapping[str, bool | None]
    left_behind: Sequence[str] = ()
    estimate_s: float | None = None

    def told(self) -> dict[str, Any]:
        """For a result."""
        return {
            "copied": self.copied,
            "ways": {name: dict(vars(way)) for name, way in self.ways.items()},
            "writes": dict(self.writes),
            "left_behind": list(self.left_behind),
            "estimate_s": self.estimate_s,
        }


@dataclass(frozen=True)
class Terms:
    """What a cutover may cost.

    :param lag_s: it does not begin while the end is further behind.
    :param stop_s: from the stop of the writes on; when they have not been opened at the other side by then,
        they are opened again where they were.
    :param way_back: whether the other direction is armed before writes open.
    """

    lag_s: float = 1.0
    stop_s: float = 30.0
    way_back: bool = True


@dataclass
class Progress:
    """Of a first copy. Told at least each ten seconds."""

    bytes_done: int = 0
    bytes_total: int = 0
    tables_done: int = 0
    tables_total: int = 0
    seconds: float = 0.0
    doing: str = ""


@dataclass
class Cutover:
    """What a cutover did.

    :param acts: each act, and its second counted from the stop of the writes.
    :param refused_s: how long no write was accepted anywhere.
    :param position: the LSN or GTID up to which both sides are equal.
    :param compared: offline: what the comparison came to before writes were opened.
    """

    acts: list[tuple[str, float]] = field(default_factory=list)
    refused_s: float | None = None
    position: str | None = None
    compared: Mapping[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)


class Migration(Protocol):
    """One database, its source, its target and one engine's way of moving it."""

    names: Names
    #: What the copy could not carry, by name.
    warnings: list[str]

    def read(self) -> State:
        """Where it stands, by both servers."""

    def objections(self) -> list[str]:
        """Why it cannot begin, each with what to do about it: settings, rights, tables that cannot follow."""

    def remarks(self) -> list[str]:
        """What does not hinder, and whoever decides should know: what is carried otherwise, or not at all."""

    def copy(self, jobs: int, say: Callable[[Progress], None]) -> None:
        """The first copy, from a consistent snapshot; from there on changes flow forward.

        Done again after a break: what is not whole and ours is removed at the target, and begun anew.
        """

    def cut_over(self, terms: Terms, direction: str) -> Cutover:
        """Move the writes to the end of a direction: refuse, prove, drain, drop that way, arm the other,
        open.

        Done again after a break: goes on from what the servers show.
        """

    def not_ready(self, terms: Terms, direction: str) -> list[str]:
        """Why :meth:`cut_over` would not begin now. Nothing is changed."""

    def open_writes(self, side: str) -> None:
        """Let applications write at ``source`` or ``target``.

        :raises Refused: while the other side accepts writes, or cannot be asked.
        """

    def close_writes(self, side: str) -> None:
        """Have the server refuse applications' writes, end their sessions, and prove that none is left."""

    def remove(self) -> list[str]:
        """Remove what the migration has made on both servers but for the rows; what was removed, by name."""

    def close(self) -> None:
        """End the sessions. Never fails."""
