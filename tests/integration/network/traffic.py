# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers: listeners that say their node's name, and clients that say what became of a question."""

from __future__ import annotations

import subprocess

from netlab import Lab

SERVICE_PORT = 8080
DATABASE_PORT = 5432

# Without site-packages: it starts several times faster.
_PYTHON = ("/usr/bin/python3", "-I", "-S", "-c")

# Says its name to whoever connects, then echoes line by line until the client goes.
_LISTEN = """
import socketserver, sys, platform
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(platform.node().encode() + b"\\n")
        for line in self.rfile:
            self.wfile.write(line)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64
server = Server(("0.0.0.0", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""

_ASK = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])) as connection:
        answer = connection.makefile().readline().strip()
except ConnectionRefusedError:
    answer = "refused"
except ConnectionResetError:
    answer = "reset"
except (TimeoutError, socket.timeout):
    answer = "silence"
except OSError as error:
    answer = error.strerror
print(answer)
"""

# One connection that stays: each line on its input is sent, and what came back is said.
_TALK = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
stream = connection.makefile("rw")
stream.readline()
for line in sys.stdin:
    try:
        stream.write(line); stream.flush()
        print(stream.readline().strip() or "closed", flush=True)
    except OSError as error:
        print("broken", flush=True)
        break
"""


def listen(lab: Lab, node: str, *ports: int) -> None:
    """Let a node answer on ports; it does so until the node ends."""
    for port in ports:
        listener = lab[node].start([*_PYTHON, _LISTEN, str(port)], stdout=subprocess.PIPE)
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"


def ask(lab: Lab, node: str, address: str, port: int, timeout_s: float = 1.0) -> str:
    """The name of the node that answers, or what came instead."""
    return lab[node].run(*_PYTHON, _ASK, address, str(port), str(timeout_s)).strip()


def wait_answer(lab: Lab, node: str, address: str, port: int, expected: str, tries: int = 40) -> None:
    """Ask until the expected node answers."""
    answers = []
    for _try in range(tries):
        answers.append(ask(lab, node, address, port, 0.5))
        if answers[-1] == expected:
            return
    raise AssertionError(f"{node} never reached {expected} at {address}:{port}: {answers}")


class Conversation:
    """One connection between two nodes that lasts over several questions."""

    def __init__(self, lab: Lab, node: str, address: str, port: int) -> None:
        self._process = lab[node].start(
            [*_PYTHON, _TALK, address, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def say(self, text: str) -> str:
        """What comes back, ``closed`` or ``broken``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
