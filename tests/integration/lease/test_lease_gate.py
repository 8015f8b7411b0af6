# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's own part of the lease: what nft is told late is not put into force.

In a network namespace of its own, which ends with the process that owns it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).resolve().parents[3] / "roles/lease/files"

BEGIN = """
import socket, subprocess, time
from anjianyun_lease import gate

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.create_server(("127.0.0.1", 5432))

def lets_in():
    try:
        socket.create_connection(("127.0.0.1", 5432), 1).close()
    except OSError:
        return False
    return True

"""


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(
            "gate.close(5432); assert not lets_in()\n"
            "gate.set_open(5432, 5, gate.take_ticket(5432)); assert lets_in()\n"
            "gate.close(5432); assert not lets_in()",
            id="opens-and-closes",
        ),
        pytest.param(
            "gate.set_open(5432, 0.3, gate.take_ticket(5432)); assert lets_in()\n"
            "time.sleep(0.4); assert not lets_in()",
            id="closes-by-itself",
        ),
        pytest.param(
            "gate.close(5432)\n"
            "ticket = gate.take_ticket(5432)\n"
            "time.sleep(gate.TICKET_S + 0.05)\n"
            "try: gate.set_open(5432, 5, ticket)\n"
            "except gate.Late: pass\n"
            "else: raise SystemExit('a late opening was put into force')\n"
            "assert not lets_in()\n"
            "gate.take_ticket(5432)\n"
            "try: gate.set_open(5432, 5, ticket)\n"
            "except gate.Late: pass\n"
            "else: raise SystemExit('it used the ticket of another')\n"
            "assert not lets_in()",
            id="a-late-opening-is-refused",
        ),
        pytest.param(
            "gate.set_open(5432, 5, gate.take_ticket(5432))\n"
            "ticket = gate.take_ticket(5432); assert lets_in()\n"
            "time.sleep(gate.TICKET_S + 0.05)\n"
            "try: gate.set_open(5432, 60, ticket)\n"
            "except gate.Late: pass\n"
            "assert lets_in() and gate.remaining_s(5432) < 5",
            id="a-late-renewal-leaves-it-as-it-was",
        ),
    ],
)
def test_the_gate(scene: str) -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", BEGIN + scene],
        cwd=PROGRAMS, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
