# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps the ids inside of ACLs: rsync maps owners and groups, but carries the numbers of an ACL unchanged."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import manifest
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.compare import (
    GROUP,
    USER,
    Rules,
    compare,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import Entry
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job

#: Attribute of a difference: what the manifest has it under, and the kernel (linux/posix_acl_xattr.h).
NAMES = {"acl": ("a", "system.posix_acl_access"), "default_acl": ("b", "system.posix_acl_default")}
VERSION = 2


def map_ids(source: Source, job: Job) -> int:
    """Give each ACL here the ids that the job maps those of its source to; how many were changed."""
    latest: list[Entry] = []

    def noted() -> Iterator[Entry]:
        for entry in manifest.at_source(source, job.order("src")):
            latest[:] = [entry]
            yield entry

    changed = 0
    rules = Rules(uids=job.uids, gids=job.gids)
    for each in compare(noted(), manifest.here(job.order("dest")), rules):
        if each.attribute in NAMES and each.source is not None:
            short, name = NAMES[each.attribute]
            place = (
                os.path.join(job.trees[each.root].dest, each.path) if each.path else job.trees[each.root].dest
            )
            os.setxattr(place, name, packed(latest[0].more[short], job.uids, job.gids))
            changed += 1
    return changed


def packed(entries: list[list[int]], uids: Mapping[int, int], gids: Mapping[int, int]) -> bytes:
    """An ACL as the kernel takes it, its ids mapped."""
    data = struct.pack("<I", VERSION)
    for tag, permissions, number in entries:
        ids = uids if tag == USER else gids if tag == GROUP else {}
        data += struct.pack("<HHI", tag, permissions, ids.get(number, number))
    return data
