# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sshd for all tests of this folder, and for each test a source with every awkward thing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import awkward
import pytest
from sshd import Sshd


@pytest.fixture(scope="session")
def server() -> Iterator[Sshd]:
    """The source's way in."""
    root = Path(tempfile.mkdtemp(prefix="ajycopy-", dir="/tmp"))
    sshd = Sshd(root)
    try:
        yield sshd
    finally:
        sshd.stop()
        shutil.rmtree(root)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory with room for ``src`` and ``dest``, on a file system that knows ACLs and attributes."""
    root = Path(tempfile.mkdtemp(prefix="ajycopy-", dir="/var/tmp"))
    try:
        yield root
    finally:
        shutil.rmtree(root)


@pytest.fixture
def awkward_source(place: Path) -> Path:
    """A tree with every awkward thing, in ``src``."""
    awkward.build(place / "src")
    return place / "src"
