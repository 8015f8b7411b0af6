# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection of one SSH session, held open by us: counts what goes over the line, and slows it down.

ssh starts it as its ProxyCommand (``python pump.py HOST PORT DIRECTORY``). It reads the limit, bytes a second
and 0 for none, from the file ``limit`` in the directory again and again, so that a limit changes while the
session lives; and it writes what it has received and sent to ``wire-PID`` there. It imports nothing of ours.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
import time

READ = 256 * 1024
#: Seconds between two looks at the limit and two reports.
LOOK = 0.5
#: Seconds of the limit that may go at once.
BURST = 0.1


class Bucket:
    """Tokens for bytes.

    :param rate: bytes a second; 0: no limit.
    """

    def __init__(self, rate: int, now: float) -> None:
        self.rate = rate
        self.tokens = 0.0
        self.at = now

    def refill(self, rate: int, now: float) -> None:
        """Add what the time since has earned; a new rate is in force at once."""
        self.rate = rate
        self.tokens = min(self.tokens + (now - self.at) * rate, max(rate * BURST, 16384.0))
        self.at = now

    def room(self) -> int:
        """Bytes that may be read now."""
        return READ if not self.rate else min(READ, int(self.tokens))


class Pump:
    """One connection."""

    def __init__(self, peer: socket.socket, directory: str) -> None:
        self.peer = peer
        self.directory = directory
        self.received = self.sent = 0
        self.looked = 0.0
        self.bucket = Bucket(self._limit(), time.monotonic())

    def _limit(self) -> int:
        try:
            with open(os.path.join(self.directory, "limit"), encoding="ascii") as file:
                return max(0, int(file.read() or 0))
        except (OSError, ValueError):
            return self.bucket.rate if hasattr(self, "bucket") else 0

    def report(self, state: str = "now") -> None:
        """Write what has gone over the line; a reader finds it whole, the line has one length."""
        path = os.path.join(self.directory, f"wire-{os.getpid()}")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(descriptor, f"{self.received:020d} {self.sent:020d} {state}\n".encode(), 0)
        os.close(descriptor)

    def upwards(self) -> None:
        """What ssh says goes to the peer."""
        try:
            while data := os.read(0, READ):
                self.peer.sendall(data)
                self.sent += len(data)
            self.peer.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def run(self) -> None:
        """What the peer says goes to ssh, as fast as it may."""
        threading.Thread(target=self.upwards, daemon=True).start()
        try:
            while self.step():
                pass
        except OSError:
            pass  # The one side or the other is gone.
        finally:
            self.report("end")

    def step(self) -> bool:
        """Move one piece, or wait a moment; whether there may be more."""
        now = time.monotonic()
        if now - self.looked >= LOOK:
            self.looked = now
            self.bucket.refill(self._limit(), now)
            self.report()
        elif self.bucket.rate:
            self.bucket.refill(self.bucket.rate, now)
        room = self.bucket.room()
        if room < min(4096, self.bucket.rate or 4096):
            time.sleep(0.01)
            return True
        if not select.select([self.peer], [], [], LOOK)[0]:
            return True
        data = self.peer.recv(room)
        self.received += len(data)
        self.bucket.tokens -= len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]
        return bool(data)


def main() -> None:
    host, port, directory = sys.argv[1:4]
    # ssh hangs up on its way out; what has come by then is counted first.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with socket.create_connection((host, int(port)), 30) as peer:
        peer.settimeout(None)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Pump(peer, directory).run()


if __name__ == "__main__":
    main()
