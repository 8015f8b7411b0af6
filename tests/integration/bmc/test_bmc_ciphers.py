# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cipher suite 17, and a BMC that answers with less than it was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bmc_bench import PASSWORD, USER

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target

PORT = 6230
Start = Callable[[int], None]


@pytest.fixture
def start(namespace: str) -> Iterator[Start]:
    """Start the second kind of BMC with a cipher suite."""
    servers: list[subprocess.Popen[str]] = []

    def run(suite: int) -> None:
        script = Path(__file__).with_name("server_bmc.py")
        server = subprocess.Popen(
            [sys.executable, str(script), str(suite), str(PORT), USER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        servers.append(server)
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(PASSWORD + "\n")
        server.stdin.flush()
        assert server.stdout.readline() == "ready\n"

    yield run
    for server in servers:
        server.kill()
        server.communicate()


def target(suite: int) -> Target:
    return Target("db", "127.0.0.1", USER, PASSWORD, port=PORT, cipher_suite=suite, answer_s=3)


def witness(suite: int, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["ipmitool", "-I", "lanplus", "-C", str(suite), "-H", "127.0.0.1", "-p", str(PORT),
               "-R", "1", "-N", "1", "-U", USER, "-E", *words]  # fmt: skip
    environment = {**os.environ, "IPMI_PASSWORD": PASSWORD}
    return subprocess.run(command, capture_output=True, text=True, timeout=15, check=False, env=environment)


def test_suite_17_carries_a_session(start: Start) -> None:
    start(17)
    assert "Power is on" in witness(17, "power", "status").stdout
    with connect(target(17)) as bmc:
        done = set_power(bmc, "off", Confirmation(readings=2, interval_s=0.05, deadline_s=3))
        assert isinstance(bmc, IpmiBmc)
        assert bmc.session.wire.currhashlib().name == "sha256"
    assert done["confirmed"]
    assert "Power is off" in witness(17, "power", "status").stdout
    assert witness(3, "power", "status").returncode != 0


def test_a_bmc_that_answers_17_with_3_is_refused(start: Start) -> None:
    start(3)
    with pytest.raises(errors.CipherRefused, match="chose other algorithms"), connect(target(17)):
        pytest.fail("a session weaker than asked for")
    assert "Power is on" in witness(3, "power", "status").stdout


def test_suite_3_is_used_when_it_is_asked_for(start: Start) -> None:
    start(3)
    with connect(target(3)) as bmc:
        assert isinstance(bmc, IpmiBmc)
        assert bmc.session.wire.currhashlib().name == "sha1"
        with pytest.raises(errors.CommandUnsupported):
            bmc.session.command("set the restore policy", 0, 6, [0])
