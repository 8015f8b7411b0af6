#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a database of MariaDB takes no writes while they move to another server, under load."""

from __future__ import annotations

import sys
import time

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.migration import (
    MariadbMigration,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import FORWARD
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.tests.bench._cutover import Pair, leave_moves, measure
from ansible_collections.anjianyun.datacenter.tests.bench._databases import (
    NAME,
    NAMES,
    mariadb_bytes,
    two_mariadb,
)
from ansible_collections.anjianyun.datacenter.tests.integration.database.servers import Maria


def by_hand(old: Maria, new: Maria, direction: str) -> float:
    """The application's account is locked, its sessions are killed, the other server has all of its GTIDs."""
    begin, end = (old, new) if direction == FORWARD else (new, old)
    with session(begin.server()) as asked, session(end.server()) as other:
        asked.do("SET SESSION sql_log_bin = 0")
        stranger = str(other.value("SELECT @@server_id"))
        began = time.monotonic()
        asked.do("ALTER USER app@localhost ACCOUNT LOCK")
        asked.do("KILL USER app")
        while asked.value("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'"):
            asked.do("KILL USER app")
            time.sleep(0.005)
        position = str(asked.value("SELECT @@GLOBAL.gtid_binlog_pos"))
        # What came to it from the other one does not flow back there.
        own = ",".join(one for one in position.split(",") if one.split("-")[1] != stranger)
        assert other.value("SELECT MASTER_GTID_WAIT(%s, 30)", [own], answer_s=40) == 0
        asked.do("ALTER USER app@localhost ACCOUNT UNLOCK")
        return time.monotonic() - began


def main() -> int:
    with two_mariadb() as (old, new):
        source, target = old.server(NAME), new.server(NAME)
        size = mariadb_bytes(source)
        moved = MariadbMigration(old.server(), new.server(), NAMES, [NAME])
        with session(source) as asked:
            version = str(asked.value("SELECT VERSION()"))
        seen = measure(Pair(moved, source, target, lambda direction: by_hand(old, new, direction)))
    leave_moves("db_cutover_mariadb", seen, size, "ACCOUNT LOCK, KILL USER, MASTER_GTID_WAIT", version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
