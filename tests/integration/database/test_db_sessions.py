# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions with both engines, as a migration opens them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from servers import PASSWORD, Maria, Postgres, maria, postgres

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import ENCRYPTED
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import (
    SqlError,
    session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Unreachable,
)

Engine = Postgres | Maria
ACCOUNT = {
    "postgres": [f"CREATE ROLE mover LOGIN PASSWORD '{PASSWORD}'"],
    "maria": [f"CREATE USER mover@'127.0.0.1' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL"],
}


@pytest.fixture(scope="module", params=["postgres", "maria"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with postgres("old-pg") if request.param == "postgres" else maria("old-ma") as made:
        with session(made.server()) as root:
            for statement in ACCOUNT[request.param]:
                root.do(statement)
        yield made


def test_rows_keep_null_empty_and_every_character(engine: Engine) -> None:
    with session(engine.server()) as asked:
        given = ("", None, "桂林\t'\"\\n%s", "NULL")
        assert list(asked.rows("SELECT %s, %s, %s, %s", given)[0]) == list(given)
        assert asked.value("SELECT '100%'") == "100%"


def test_a_certificate_that_is_not_trusted_ends_it(engine: Engine) -> None:
    with session(engine.over_tls("mover")) as asked:
        assert asked.number > 0
    stranger = replace(engine.over_tls("mover"), ca=None)
    with pytest.raises(DatacenterError, match="certificate"), session(stranger):
        pass
    with session(replace(stranger, tls=ENCRYPTED)) as asked:
        assert asked.value("SELECT 1") == 1


def test_a_wrong_password_is_said_and_not_told(engine: Engine) -> None:
    wrong = replace(engine.over_tls("mover"), password="quite,An0ther")
    with pytest.raises(DatacenterError) as caught, session(wrong):
        pass
    assert not isinstance(caught.value, Unreachable)
    assert "mover" in str(caught.value)
    assert "quite,An0ther" not in str(caught.value)
    assert "quite,An0ther" not in repr(wrong)


def test_a_refused_statement_leaves_the_session_usable(engine: Engine) -> None:
    with session(engine.server()) as asked:
        with pytest.raises(SqlError) as caught:
            asked.rows("SELECT * FROM nowhere.nothing")
        assert caught.value.code in ("42P01", "1146", "1049")
        assert asked.value("SELECT 7") == 7


def test_a_session_that_was_ended_is_told_from_a_refusal(engine: Engine) -> None:
    with session(engine.server()) as asked, session(engine.server()) as other:
        kill = "SELECT pg_terminate_backend(%s)" if isinstance(engine, Postgres) else "KILL %s"
        other.do(kill, [asked.number])
        with pytest.raises(Unreachable, match="broke"):
            asked.rows("SELECT 1")


def test_a_frozen_server_does_not_hold_us(engine: Engine) -> None:
    with session(engine.server()) as asked:
        sleep = "SELECT pg_sleep(20)" if isinstance(engine, Postgres) else "SELECT SLEEP(20)"
        with pytest.raises(DeadlineExceeded):
            asked.rows(sleep, answer_s=1)
    assert engine.process is not None
    engine.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Unreachable), session(engine.server(), connect_s=1):
            pass
    finally:
        engine.process.send_signal(signal.SIGCONT)
