# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server has one place in a GTID domain: two moves to it do not take each other's."""

from __future__ import annotations

import pytest
from mariadb_move import NEW, TERMS, Application, Pair, add_mover, application, silent
from servers import PASSWORD, maria

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import BACK, FORWARD
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

#: A connection that somebody else has made.
OTHER = "CHANGE MASTER 'other' TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'x', MASTER_USE_GTID = slave_pos"


def test_a_domain_of_another_connection_is_named_before_the_copy(pair: Pair) -> None:
    with session(pair.old.over_tls("mover")) as old:
        # Written once, and in its binary logs still.
        old.do("SET SESSION gtid_domain_id = 7")
        old.do("CREATE DATABASE once")
    application(pair)
    moved = pair.moved("d1", "accidents")
    with session(pair.new.over_tls("mover")) as new:
        new.do("SET GLOBAL gtid_slave_pos = '7-99-5,9-99-5'")
        new.do(OTHER)
        found = [one for one in moved.objections() if "GTID domain" in one]
        assert len(found) == 1
        assert "GTID domain 7 (other)" in found[0]
        assert "have its applications connect anew" in found[0]
        assert "FLUSH BINARY LOGS DELETE_DOMAIN_ID=(7)" in found[0]
        with pytest.raises(Refused, match="GTID domain 7"):
            moved.copy(1, silent)
        new.do("SET GLOBAL gtid_slave_pos = '9-99-5'")
        moved.copy(1, silent)
        # Those that it has brought there itself are its own.
        assert moved.objections() == []
        moved.cut_over(TERMS, FORWARD)
        moved.cut_over(TERMS, BACK)
        assert "9-99-5" in str(new.value("SELECT @@GLOBAL.gtid_slave_pos"))


def test_the_place_of_another_migration_is_not_moved(pair: Pair) -> None:
    application(pair)
    moved = pair.moved("d2", "accidents")
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    with session(pair.new.over_tls("mover")) as new, session(pair.old.over_tls("mover")) as old:
        # As another one has it that began since, from a server with the same domain.
        new.do("CREATE DATABASE ajy_d3")
        new.do("CREATE TABLE ajy_d3.kept (what VARCHAR(32), name VARCHAR(400), was TEXT)")
        new.do("INSERT INTO ajy_d3.kept VALUES ('domain', '0', '')")
        new.do(OTHER.replace("other", "ajy_d3_forward"))
        old.do("CREATE DATABASE written_since")
        place = new.value("SELECT @@GLOBAL.gtid_slave_pos")
        with pytest.raises(Refused, match=r"GTID domain 0 of old is one of another.*ajy_d3_forward"):
            moved.cut_over(TERMS, BACK)
        assert new.value("SELECT @@GLOBAL.gtid_slave_pos") == place
        assert moved.read().writes == {"source": False, "target": True}
        new.do("RESET SLAVE 'ajy_d3_forward' ALL")
    moved.cut_over(TERMS, BACK)
    assert moved.read().writes == {"source": True, "target": False}


def test_two_that_leave_one_server_for_two_can_both_go_back(pair: Pair) -> None:
    application(pair)
    settings = [one.replace("id=2", "id=3") for one in NEW]
    with maria("third", *settings) as third:
        two = Pair(pair.old, third)
        add_mover(third)
        with session(pair.old.over_tls("mover")) as old:
            old.do("CREATE DATABASE second")
            old.do("CREATE TABLE second.written (id INT AUTO_INCREMENT PRIMARY KEY, number INT)")
            old.do(f"CREATE USER second@localhost IDENTIFIED BY '{PASSWORD}'")
            old.do("GRANT ALL PRIVILEGES ON second.* TO second@localhost")
        moves = pair.moved("d4", "accidents"), two.moved("d5", "second")
        apps = Application(pair, "app", "accidents"), Application(two, "second", "second")
        with apps[0].writing(), apps[1].writing():
            for moved in moves:
                moved.copy(1, silent)
            # Who may write to both was locked out by the first.
            for direction, order in ((FORWARD, moves), (BACK, moves[::-1])):
                for moved in order:
                    moved.cut_over(TERMS, direction)
                    for app in apps:
                        app.more()
                assert all(way.running for moved in moves for way in moved.read().ways.values())
        for app, database in zip(apps, ("accidents", "second"), strict=True):
            assert app.changes == 2
            assert app.missing_and_twice(pair.old.over_tls("mover"), database) == (set(), set())
