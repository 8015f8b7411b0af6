# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trees that are copied and compared: where from, where to, what is left out, whose ids change."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: A copied directory of the kernel's own would be nonsense, and writing there is dangerous.
OF_THE_KERNEL = ("/proc", "/sys", "/dev", "/run")


@dataclass(frozen=True)
class Tree:
    """A directory at the source and the one that becomes the same as it."""

    src: str
    dest: str


@dataclass(frozen=True)
class Job:
    """What is copied and compared, in one piece.

    :param exclude: patterns (see ``exclusion`` in manifest_program.py), of each tree.
    :param uids: ids of users at the source and what they are at the target; groups the same.
    """

    trees: tuple[Tree, ...]
    exclude: tuple[str, ...] = ()
    uids: Mapping[int, int] = field(default_factory=dict)
    gids: Mapping[int, int] = field(default_factory=dict)
    one_file_system: bool = False

    def order(self, side: str, **more: Any) -> dict[str, Any]:
        """An order for the manifest of one side, ``src`` or ``dest``."""
        return {
            "roots": [getattr(tree, side) for tree in self.trees],
            "exclude": list(self.exclude),
            "one_file_system": self.one_file_system,
            **more,
        }

    def back(self) -> Job:
        """The same the other way round: ids as they are here, and what they become at the source.

        :raises DatacenterError: when two ids of the source are one here.
        """
        return replace(self, uids=_inverted(self.uids, "uid_map"), gids=_inverted(self.gids, "gid_map"))


def _inverted(ids: Mapping[int, int], option: str) -> dict[int, int]:
    found = {here: there for there, here in ids.items()}
    if len(found) != len(ids):
        raise DatacenterError(
            f"{option} cannot be turned round",
            cause="it gives several ids of the source the same number here",
            next_step="bring the trees back by hand, or give back only those whose ids are told apart",
        )
    return found


def job_of(options: Mapping[str, Any]) -> Job:
    """The job that the modules' options name.

    :raises DatacenterError: naming the option that cannot be meant.
    """
    trees = tuple(
        Tree(_absolute(each["src"]), _absolute(each.get("dest") or each["src"])) for each in options["trees"]
    )
    if not trees:
        raise DatacenterError("no tree is named", next_step="name at least one in trees")
    for tree in trees:
        if any(within(tree.dest, one) for one in OF_THE_KERNEL):
            raise DatacenterError(
                f"{tree.dest} is the kernel's, no files can be kept there", next_step="name another dest"
            )
    _check_overlap(trees)
    for pattern in options["exclude"]:
        _check_pattern(pattern)
    return Job(
        trees=trees,
        exclude=tuple(options["exclude"]),
        uids=_ids(options["uid_map"], "uid_map"),
        gids=_ids(options["gid_map"], "gid_map"),
        one_file_system=options["one_file_system"],
    )


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise DatacenterError(f"{path} is not an absolute path", next_step="name trees from / on")
    return os.path.normpath("/" + path.lstrip("/"))


def within(path: str, above: str) -> bool:
    return path == above or path.startswith(above.rstrip("/") + "/")


def _check_overlap(trees: Sequence[Tree]) -> None:
    for one in trees:
        for other in trees:
            if one is not other and within(one.dest, other.dest):
                raise DatacenterError(
                    f"{one.dest} lies within {other.dest}: each would delete what the other brings",
                    next_step="name the outer tree alone, or copy the inner one by a task of its own",
                )


def _check_pattern(pattern: str) -> None:
    inner = pattern[1:] if pattern.startswith("/") else pattern
    if not inner or inner.endswith("/") or "**" in inner or ("/" in inner and not pattern.startswith("/")):
        raise DatacenterError(
            f"the pattern {pattern!r} of exclude would not mean the same to the copy and to its proof",
            next_step="write /a/path from the tree's root, or a name alone; * and ? stay within one name",
        )


def _ids(mapping: Mapping[Any, Any], option: str) -> dict[int, int]:
    try:
        return {int(key): int(value) for key, value in mapping.items()}
    except (TypeError, ValueError) as error:
        raise DatacenterError(
            f"{option} does not map numbers to numbers",
            cause=str(error),
            next_step="write it as {1001: 2001}",
        ) from error
