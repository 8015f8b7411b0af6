# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service answers, whatever becomes of its disk; who asks it learns the cause."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anjianyun_lease import wire
from anjianyun_lease.service import Service

KEY = b"a key of the estate"
QUESTION = {
    "op": "ask", "service": "hidden_danger", "holder": "nn-db-01", "lease_s": 10.0, "nonce": "1",
    "system": "7", "timeline": 2, "serving": True, "gated": True, "asks": ["dr-db-01", "liuzhou-wit-01"],
}  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A witness."""
    config = {
        "name": "liuzhou-wit-01", "services": ["hidden_danger"], "lease_s": 10,
        "state_directory": str(tmp_path),
    }  # fmt: skip
    return Service(config, KEY, str(tmp_path / "control"))


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A disk that takes no new file."""
    (tmp_path / ".granter.json.new").mkdir()
    return tmp_path


@pytest.fixture
def wired() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The granter's socket and a holder's."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as granter,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder,
    ):
        granter.bind(("127.0.0.1", 0))
        holder.connect(granter.getsockname())
        holder.settimeout(5)
        yield granter, holder


def told(service: Service, command: dict[str, Any]) -> dict[str, Any]:
    """What root is answered over the socket."""
    with service._control_socket() as control, socket.socket(socket.AF_UNIX) as root:
        root.connect(str(service.control))
        root.sendall(json.dumps(command).encode() + b"\n")
        service._command(control)
        return dict(json.loads(root.makefile().readline()))


def test_a_granter_whose_disk_is_full_lives_and_tells_the_holder(
    service: Service, full: Path, wired: tuple[socket.socket, socket.socket]
) -> None:
    granter, holder = wired
    for _question in range(2):
        holder.send(wire.seal(KEY, QUESTION))
        service._answer(granter)
        answer = wire.unseal(KEY, holder.recv(4096))
        assert answer["granted"] is False
        assert "cannot write down" in answer["reason"]


@pytest.mark.parametrize("text", ["the old centre burnt down ", "旧中心已烧毁", "🔥"])
def test_a_refusal_for_a_long_reason_is_answered_too(
    service: Service, wired: tuple[socket.socket, socket.socket], text: str
) -> None:
    granter, holder = wired
    service.granter.refuse("nn-db-01", text * 200, "li.wei", now=0.0)
    holder.send(wire.seal(KEY, QUESTION))
    service._answer(granter)
    answer = wire.unseal(KEY, holder.recv(4096))
    assert answer["granted"] is False
    assert text in answer["reason"]


def test_whoever_lets_a_full_granter_refuse_a_holder_learns_that_it_does_not(
    service: Service, full: Path
) -> None:
    answer = told(service, {"op": "refuse", "holder": "nn-db-01", "reason": "failover", "by": "li.wei"})
    assert "granter.json" in answer["error"]
    status = told(service, {"op": "status", "holder": "nn-db-01"})
    assert status["refusing"] is False
    assert status["writable"] is False


def test_the_status_is_what_the_granter_knows(
    service: Service, wired: tuple[socket.socket, socket.socket]
) -> None:
    granter, holder = wired
    holder.send(wire.seal(KEY, QUESTION))
    service._answer(granter)
    status = told(service, {"op": "status", "holder": "nn-db-01"})
    assert status["asks"] == QUESTION["asks"]
    assert status["writable"] is True
