# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two manifests: a merge of two sorted streams, in the memory of two lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import Entry

#: Tags of ACL entries (linux/posix_acl.h); those of a named user or group carry an id.
USER, GROUP = 0x02, 0x08
TAGS = {0x01: "user:", USER: "user", 0x04: "group:", GROUP: "group", 0x10: "mask:", 0x20: "other:"}
#: A file system may keep so little inside of the inode, with no block of its own.
INLINE = 4096
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
    ours, theirs = iter(source), iter(target)
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.key() < right.key()):
            if left is not None:
                yield Difference(left.root, left.path, "missing", left.type, None)
            left = next(ours, None)
        elif left is None or right.key() < left.key():
            yield Difference(right.root, right.path, "extra", None, right.type)
            right = next(theirs, None)
        else:
            for each in differences(left, right, rules):
                if each.attribute.partition(":")[0] not in rules.ignore:
                    yield each
            left, right = next(ours, None), next(theirs, None)


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
    holes = is_sparse(left), is_sparse(right)
    if holes[0] != holes[1]:
        yield Difference(left.root, left.path, "sparse", *holes, warning=not rules.sparse)


def is_sparse(entry: Entry) -> bool:
    """Whether a file has less on the disk than it says it holds."""
    return entry.type == "file" and entry.size > INLINE and entry.allocated + INLINE <= entry.size


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
