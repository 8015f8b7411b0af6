# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server that still runs answers, whatever its BMC says. Real sockets on loopback."""

from __future__ import annotations

import socket
import threading

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.second_path import Beside, answer


def test_a_kernel_that_runs_answers_although_its_processes_do_not() -> None:
    """A frozen server never accepts; the handshake is its kernel's."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        port = frozen.getsockname()[1]
        assert answer("127.0.0.1", port) == f"127.0.0.1 accepts a connection to port {port}"


def test_a_refusal_is_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    heard = answer("127.0.0.1", port)
    assert heard is not None
    assert "refuses" in heard


def test_silence_is_no_answer() -> None:
    """A full queue drops further handshakes, as a machine without power does."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _attempt in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        assert answer("127.0.0.1", port, try_s=0.05) is None
        for one in waiting:
            one.close()


def test_it_is_asked_beside_the_readings() -> None:
    may_end = threading.Event()
    beside = Beside(lambda: None if may_end.wait(5) else "never let go")
    beside.begin()
    beside.begin()
    may_end.set()

    assert beside.heard() is None


def test_an_answer_counts_when_it_comes_again() -> None:
    """The first one may have been on its way when the server lost its power."""
    answers = ["accepts", None]
    dying = Beside(lambda: answers.pop(0))
    dying.begin()

    assert dying.heard() is None
    assert Beside(lambda: "accepts").heard() == "accepts"


def test_a_question_that_fails_is_no_silence() -> None:
    def fail() -> str | None:
        raise ValueError("no such address")

    beside = Beside(fail)
    beside.begin()

    with pytest.raises(ValueError, match="no such address"):
        beside.heard()


def test_nobody_is_asked_where_there_is_no_second_path() -> None:
    beside = Beside(None)
    beside.begin()

    assert beside.heard() is None
