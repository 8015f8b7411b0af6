# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first copy of the primary, and where none is made."""

from __future__ import annotations

import shutil

import pytest
from pg_pair import Pair

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.clone import clone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused


def test_copies_into_nothing_once_and_only_once(pair: Pair) -> None:
    pair.write(pair.a, 1, 5)
    pair.b.stop_fast(20)
    shutil.rmtree(pair.b.data_directory)

    first = clone(pair.b, pair.peer(pair.a), slot="b", timeout_s=30, dry_run=False)
    second = clone(pair.b, pair.peer(pair.a), slot="b", timeout_s=30, dry_run=False)

    assert (first["changed"], second["changed"]) == (True, False)
    pair.b.start(20)
    pair.wait_streaming(pair.a)
    assert pair.count(pair.b) == 5


def test_replaces_what_initdb_left_but_no_former_primary(pair: Pair) -> None:
    pair.b.stop_fast(20)
    shutil.rmtree(pair.b.data_directory)
    pair._run("initdb", "-D", str(pair.b.data_directory), "-U", pair.owner, "--no-sync")

    assert clone(pair.b, pair.peer(pair.a), slot="b", timeout_s=30, dry_run=True)["changed"] is True
    assert clone(pair.b, pair.peer(pair.a), slot="b", timeout_s=30, dry_run=False)["changed"] is True

    pair.b.standby_signal.unlink()
    with pytest.raises(Refused, match="a former primary of the same database"):
        clone(pair.b, pair.peer(pair.a), slot="b", timeout_s=30, dry_run=False)
