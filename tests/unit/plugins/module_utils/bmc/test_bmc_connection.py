# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other ways in to a BMC are tried only where the one before is known to be closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import connection, errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

FIRST = Target("db", "10.0.0.1", "ops", "one")


class Door:
    """Opens for one address and password; a BMC without the address is silent."""

    def __init__(self, address: str, password: str) -> None:
        self.address, self.password = address, password
        self.tried: list[tuple[str, str]] = []
        self.error: Exception | None = None

    @contextmanager
    def open(self, way: Target, _deadline: Any) -> Iterator[Any]:
        self.tried.append((way.address, way.password))
        if self.error is not None:
            raise self.error
        if way.address != self.address:
            raise errors.silent("db", f"no answer from {way.address}", "silence")
        if way.password != self.password:
            raise errors.wrong_password("db")
        yield SimpleNamespace(target=way, name=way.name, deadline=None)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    made = Door("10.0.0.1", "one")
    monkeypatch.setattr(connection, "open_session", made.open)
    return made


def ways(*places: tuple[str, str]) -> Target:
    made = [replace(FIRST, address=address, password=password) for address, password in places]
    return replace(made[0], else_=tuple(made[1:]))


def test_the_session_tells_which_way_it_took(door: Door) -> None:
    with connection.connect(ways(("10.0.0.1", "new"), ("10.0.0.1", "one"))) as bmc:
        assert bmc.target.password == "one"
    assert door.tried == [("10.0.0.1", "new"), ("10.0.0.1", "one")]


def test_a_door_that_opens_is_the_last_that_is_tried(door: Door) -> None:
    with connection.connect(ways(("10.0.0.1", "one"), ("10.0.0.1", "new"))):
        assert door.tried == [("10.0.0.1", "one")]


def test_no_password_is_offered_twice_and_no_silence_is_waited_for_again(door: Door) -> None:
    door.password = "another"
    target = ways(("10.0.0.1", "new"), ("10.0.0.1", "new"), ("10.0.0.9", "old"), ("10.0.0.9", "new"))
    with pytest.raises(errors.WrongPassword), connection.connect(target):
        pytest.fail("it opened")
    assert door.tried == [("10.0.0.1", "new"), ("10.0.0.9", "old")]


def test_a_bmc_that_has_moved_is_found_and_else_the_first_silence_is_told(door: Door) -> None:
    door.address = "10.0.0.9"
    with connection.connect(ways(("10.0.0.1", "one"), ("10.0.0.9", "one"))) as bmc:
        assert bmc.target.address == "10.0.0.9"
    with (
        pytest.raises(Unreachable, match=r"no answer from 10\.0\.0\.1"),
        connection.connect(ways(("10.0.0.1", "one"), ("10.0.0.2", "one"))),
    ):
        pytest.fail("it opened")


def test_another_refusal_is_not_tried_around(door: Door) -> None:
    door.error = errors.NoSessionLeft("no session", device="db")
    target = ways(("10.0.0.1", "new"), ("10.0.0.1", "one"))
    with pytest.raises(errors.NoSessionLeft), connection.connect(target):
        pytest.fail("it opened")
    assert len(door.tried) == 1


@pytest.mark.parametrize(
    ("answer", "goes_round"),
    [
        (errors.certificate_refused("db", "self-signed"), False),
        (errors.tls_refused("db", "SSLV3_ALERT_HANDSHAKE_FAILURE", 443), False),
        (errors.refused("db", "read", errors.NotNow, "busy"), False),
        (errors.refused("db", "read", errors.CommandUnsupported, "not Redfish"), True),
        (errors.silent("db", "read", "connection refused"), True),
    ],
)
def test_only_what_is_not_there_is_gone_round(
    door: Door, monkeypatch: pytest.MonkeyPatch, answer: DatacenterError, goes_round: bool
) -> None:
    def reach(_target: Target, _deadline: Any) -> Any:
        raise answer

    monkeypatch.setattr(connection.redfish, "reach", reach)
    outcome: Any = nullcontext() if goes_round else pytest.raises(answer.__class__)
    with outcome, connection.connect(replace(FIRST, protocol="auto")):
        pass
    assert bool(door.tried) is goes_round
