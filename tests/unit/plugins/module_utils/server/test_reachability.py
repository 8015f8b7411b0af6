# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers: an open port that says nothing is silent, and the dead cost one time-out together."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.reachability import ask_all


@pytest.fixture
def greeting() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            peer, _address = server.accept()
            peer.sendall(b"SSH-2.0-test\r\n")
            peer.close()

        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def mute() -> Iterator[int]:
    # The kernel opens the connection for it, as it does for a host whose processes are frozen.
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_each_state_is_told_apart_and_all_are_asked_at_once(greeting: int, mute: int, closed: int) -> None:
    targets = [
        {"name": "well", "address": "127.0.0.1", "port": greeting},
        *({"name": f"frozen{n}", "address": "127.0.0.1", "port": mute} for n in range(8)),
        {"name": "closed", "address": "127.0.0.1", "port": closed},
    ]
    began = time.monotonic()
    found = {each["name"]: each["state"] for each in ask_all(targets, 0.2)}

    assert found == {"well": "alive", **{f"frozen{n}": "silent" for n in range(8)}, "closed": "refused"}
    # Eight of them one after the other would take 1.6 s.
    assert time.monotonic() - began < 1.2


def test_nobody_asked_is_nobody_answered() -> None:
    assert ask_all([], 1.0) == []
