# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that goes on where a killed one broke waits for what that one left at work on the host."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.alone import alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

#: Another process that has the folder for so long.
HOLDER = """
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def cluster(folder: Path) -> Cluster:
    data = folder / "main"
    data.mkdir()
    return Cluster("15", "main", data, data, Path("/usr/bin"), "/tmp", 5432, None, folder / "log")


def held(folder: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    with held(tmp_path, 0.3), alone(cluster(tmp_path), 10):
        pass


def test_one_that_lasts_is_told_and_nothing_is_done(tmp_path: Path) -> None:
    other = held(tmp_path, 60)
    try:
        with (
            pytest.raises(Refused, match="another change of this database is under way"),
            alone(cluster(tmp_path), 0.1),
        ):
            pytest.fail("entered beside another one")
    finally:
        other.kill()
        other.communicate()


def test_who_died_holds_nothing_and_nothing_is_left(tmp_path: Path) -> None:
    other = held(tmp_path, 60)
    other.kill()
    other.communicate()
    began = time.monotonic()
    with alone(cluster(tmp_path), 5):
        pass

    assert time.monotonic() - began < 5
    assert [path.name for path in tmp_path.iterdir()] == ["main"]
