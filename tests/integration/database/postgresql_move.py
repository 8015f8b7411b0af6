# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of a moving PostgreSQL database share: the database, its writer, and a run that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

from servers import Postgres
from writer import Writer

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Progress
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session

#: A program of its own, which dies by -9 where it is told to.
_PROGRAM = """
import importlib, os, signal, sys
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import Names, Terms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
package, kind, name, source, source_port, target, target_port, what, at = sys.argv[1:]
def tell(act):
    if act == at:
        os.kill(os.getpid(), signal.SIGKILL)
moved = getattr(importlib.import_module(package), kind)(
    Server("postgresql", "old", source, int(source_port), "postgres", name),
    Server("postgresql", "new", target, int(target_port), "postgres", name), Names(name), tell=tell)
moved.copy(2, lambda progress: None) if what == "copy" else moved.cut_over(Terms(lag_s=5, stop_s=120), what)
"""


class Move:
    """A database of the account ``app``, on the old cluster of two, that is to move to the other.

    :param kind: the class that moves it.
    """

    def __init__(self, pair: tuple[Postgres, Postgres], name: str, tables: str, kind: type) -> None:
        self.old, self.new = pair
        self.name = name
        self._kind = kind
        with session(self.old.server()) as root:
            root.do(f"CREATE DATABASE {name} OWNER app CONNECTION LIMIT 25")
        with session(self.source) as root:
            root.do(tables)

    @property
    def source(self) -> Server:
        return self.old.server(self.name)

    @property
    def target(self) -> Server:
        return self.new.server(self.name)

    def writer(self) -> Writer:
        return Writer(replace(self.source, user="app"), replace(self.target, user="app"))

    def killed(self, what: str, at: str) -> None:
        """The copy, or the move in a direction, by a program that dies as soon as it tells an act."""
        command = [sys.executable, "-c", _PROGRAM, self._kind.__module__, self._kind.__name__, self.name,
                   str(self.old.root), str(self.old.port), str(self.new.root), str(self.new.port),
                   what, at]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True,
            text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, (at, done.stderr)

    def same_rows(self, writer: Writer) -> None:
        """Both sides have what was acknowledged, once, and nothing that nobody wrote."""
        writer.judge(self.source)
        writer.judge(self.target)


def quiet(progress: Progress) -> None:
    """Nobody asks."""
