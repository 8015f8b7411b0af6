# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move of a MariaDB database that broke, or that is asked for once more, loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from mariadb_move import TERMS, Pair, application, empty, silent, two_servers
from servers import PASSWORD

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import BACK, FORWARD
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with two_servers() as made:
        yield made


@pytest.fixture
def pair(servers: Pair) -> Iterator[Pair]:
    """The same two servers, as empty as at first."""
    yield servers
    empty(servers)


def test_what_was_confirmed_is_confirmed_again(pair: Pair) -> None:
    application(pair)
    with session(pair.old.over_tls("mover")) as old:
        # With rights as an administrator has them; and the only one without has long been locked.
        old.do("GRANT SUPER ON *.* TO app@localhost")
        old.do(f"CREATE USER former@localhost IDENTIFIED BY '{PASSWORD}' ACCOUNT LOCK")
        old.do("GRANT INSERT ON accidents.* TO former@localhost")
        old.do("REVOKE ALL PRIVILEGES ON accidents.* FROM app@localhost")
        old.do("GRANT INSERT, SELECT ON *.* TO app@localhost")
    moved = pair.moved("b1", "accidents")
    assert moved.read().writes == {"source": True, "target": False}
    with pytest.raises(Refused, match="nothing to cut over to"):
        moved.cut_over(TERMS, FORWARD)
    moved.copy(1, silent)
    moved.cut_over(TERMS, FORWARD)
    moved.remove()
    for _time in range(2):
        state = moved.read()
        assert (state.writes, state.left_behind) == ({"source": False, "target": True}, [])
        assert moved.cut_over(TERMS, FORWARD).acts == [("writes were open already", 0.0)]
        assert moved.not_ready(TERMS, FORWARD) == []
        assert "nothing flows back" in "".join(moved.not_ready(TERMS, BACK))
        with pytest.raises(Refused, match="the move was confirmed: nothing flows back"):
            moved.cut_over(TERMS, BACK)
        assert moved.remove() == []
    app = replace(pair.new.server(), user="app", password=PASSWORD)
    with session(app) as opened:
        opened.do("INSERT INTO accidents.written (number) VALUES (1)")
