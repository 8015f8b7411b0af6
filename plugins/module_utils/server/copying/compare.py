# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two manifests: a merge of two sorted streams, in the memory of two lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import (
    Entry,
    entry_of,
    same_line,
)

#: Tags of ACL entries (linux/posix_acl.h); those of a named user or group carry an id.
USER, GROUP = 0x02, 0x08
TAGS = {0x01: "user:", USER: "user", 0x04: "group:", GROUP: "group", 0x10: "mask:", 0x20: "other:"}
SECOND = 1_000_000_000


class Difference(NamedTuple):
    """One attribute of one path that is not the same; a warning where the content is right all the same."""

    root: int
    path: str
    attribute: str
    source: Any
    target: Any
    warning: bool = False

    def told(self) -> dict[str, Any]:
        """As results and lists have it."""
        return {"path": self.path, "attribute": self.attribute, "source": self.source, "target": self.target}


@dataclass(frozen=True)
class Rules:
    """What counts as the same.

    :param uids: a user id at the source and the one it has at the target; ids that are not named stay.
    :param gids: the same of groups.
    :param sparse: a hole that was filled, or dug, is a difference and not a warning.
    :param whole_seconds: times are compared in seconds: an rsync before 3.1 carries no more.
    :param ignore: attributes that are not compared.
    """

    uids: Mapping[int, int] = field(default_factory=dict)
    gids: Mapping[int, int] = field(default_factory=dict)
    sparse: bool = False
    whole_seconds: bool = False
    ignore: frozenset[str] = frozenset()


def compare(source: Iterable[Entry], target: Iterable[Entry], rules: Rules) -> Iterator[Difference]:
    """Each difference, in the order of the paths; both streams are read to their ends."""
    left, right = iter(source), iter(target)
    return _merge(_Side(left, next(left, None)), _Side(right, next(right, None)), rules)


def compare_lines(source: Iterable[bytes], target: Iterable[bytes], rules: Rules) -> Iterator[Difference]:
    """The same of the lines of two manifests: those that are equal are not even read."""
    left, right = iter(source), iter(target)
    sides = _Side(left, next(left, None)), _Side(right, next(right, None))
    return _merge(*sides, rules, same_line if not rules.uids and not rules.gids else None)


@dataclass
class _Side:
    """One of the two streams, and the line of it that is in hand."""

    rows: Iterator[Any]
    row: Any
    _entry: Entry | None = None

    def entry(self) -> Entry:
        """What is in hand, read once."""
        if self._entry is None:
            self._entry = self.row if isinstance(self.row, Entry) else entry_of(self.row)
        return self._entry

    def step(self) -> None:
        """Take the next in hand."""
        self.row, self._entry = next(self.rows, None), None


def _merge(
    left: _Side, right: _Side, rules: Rules, same: Callable[[Any, Any], bool] | None = None
) -> Iterator[Difference]:
    while left.row is not None or right.row is not None:
        if same and left.row is not None and right.row is not None and same(left.row, right.row):
            left.step()
            right.step()
        elif right.row is None or (left.row is not None and left.entry().key() < right.entry().key()):
            yield Difference(left.entry().root, left.entry().path, "missing", left.entry().type, None)
            left.step()
        elif left.row is None or right.entry().key() < left.entry().key():
            yield Difference(right.entry().root, right.entry().path, "extra", None, right.entry().type)
            right.step()
        else:
            for each in differences(left.entry(), right.entry(), rules):
                if each.attribute.partition(":")[0] not in rules.ignore:
                    yield each
            left.step()
            right.step()


def differences(left: Entry, right: Entry, rules: Rules) -> Iterator[Difference]:
    """What differs between the source's and the target's file of one path."""

    def differ(attribute: str, source: Any, target: Any, warning: bool = False) -> Iterator[Difference]:
        if source != target:
            yield Difference(left.root, left.path, attribute, source, target, warning)

    for side, entry in (("source", left), ("target", right)):
        if "e" in entry.more:
            said = {"source": None, "target": None, side: entry.more["e"]}
            yield Difference(left.root, left.path, "unreadable", said["source"], said["target"])
    if "c" in left.more or "c" in right.more:
        yield Difference(left.root, left.path, "changing", "c" in left.more, "c" in right.more)
    if left.type != right.type:
        yield from differ("type", left.type, right.type)
        return
    yield from differ("owner", rules.uids.get(left.uid, left.uid), right.uid)
    yield from differ("group", rules.gids.get(left.gid, left.gid), right.gid)
    # What a symbolic link's own mode says, nobody asks.
    if left.type != "symlink":
        yield from differ("mode", f"{left.mode:04o}", f"{right.mode:04o}")
    unit = SECOND if rules.whole_seconds else 1
    yield from differ("mtime", left.mtime_ns // unit, right.mtime_ns // unit)
    yield from _of_content(left, right, rules)
    for key, name in (("a", "acl"), ("b", "default_acl")):
        yield from differ(name, acl_text(left.more.get(key), rules), acl_text(right.more.get(key), Rules()))
    ours, theirs = left.more.get("x", {}), right.more.get("x", {})
    for name in sorted(ours.keys() | theirs.keys()):
        yield from differ(f"xattr:{name}", ours.get(name), theirs.get(name))
    yield from differ("link", left.more.get("l"), right.more.get("l"))
    yield from differ("device", left.more.get("d"), right.more.get("d"))
    # A group is known by its first path; a path without others is a group of one.
    yield from differ("hard_link", left.more.get("h", left.path), right.more.get("h", right.path))


def _of_content(left: Entry, right: Entry, rules: Rules) -> Iterator[Difference]:
    if left.size != right.size:
        yield Difference(left.root, left.path, "size", left.size, right.size)
    elif left.digest and right.digest and left.digest != right.digest:
        yield Difference(left.root, left.path, "content", left.digest, right.digest)
    if left.sparse != right.sparse:
        holes = bool(left.sparse), bool(right.sparse)
        yield Difference(left.root, left.path, "sparse", *holes, warning=not rules.sparse)


def acl_text(entries: list[list[int]] | None, rules: Rules) -> str | None:
    """An ACL as getfacl writes it, with numbers for names, its ids mapped."""
    if entries is None:
        return None
    lines = []
    for tag, permissions, number in entries:
        ids = rules.uids if tag == USER else rules.gids
        who = f":{ids.get(number, number)}" if tag in (USER, GROUP) else ""
        letters = "".join(letter if permissions & bit else "-" for letter, bit in zip("rwx", (4, 2, 1)))
        lines.append(f"{TAGS.get(tag, str(tag))}{who}:{letters}")
    return ",".join(sorted(lines))


def name_changes(
    source: Mapping[str, str], target: Mapping[str, str], ids: Mapping[int, int], attribute: str
) -> list[Difference]:
    """Ids that have another name at the target than at the source, each once: files may be another's then."""
    found = []
    for number, name in sorted(source.items()):
        there = target.get(str(ids.get(int(number), int(number))))
        if there is not None and there != name:
            found.append(Difference(0, "", attribute, f"{number}={name}", there, warning=True))
    return found
