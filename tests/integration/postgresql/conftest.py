# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests on real PostgreSQL clusters."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pg_pair import Pair

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    Cluster,
    find_cluster,
)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A pair built once and stopped; each test gets a copy, since sockets want short paths."""
    root = Path(tempfile.mkdtemp(prefix="ajypg-", dir="/tmp"))
    pair = Pair(root)
    try:
        pair.build()
        pair.b.stop_fast(20)
        pair.a.stop_fast(20)
        yield root
    finally:
        pair.destroy()
        shutil.rmtree(root)


@pytest.fixture
def pair(template: Path) -> Iterator[Pair]:
    """A running pair, ``b`` streaming from ``a``."""
    root = Path(tempfile.mkdtemp(prefix="ajypg-", dir="/tmp"))
    made = Pair(root)
    try:
        for name in ("a", "b"):
            subprocess.run(["cp", "-a", str(template / name / "data"), str(root / name / "data")], check=True)
        made.a.start(20)
        made.b.start(20)
        made.wait_streaming(made.a)
        yield made
    finally:
        made.destroy()
        shutil.rmtree(root)


@pytest.fixture
def found(pair: Pair) -> Cluster:
    """Node ``a`` as the modules find it, from their options."""
    return find_cluster(pair.options(pair.a))
