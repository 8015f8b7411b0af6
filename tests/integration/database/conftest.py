# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two MariaDB servers for the tests of a file; other files make servers of their own, by the same names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mariadb_move import Pair, empty, two_servers


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with two_servers() as made:
        yield made


@pytest.fixture
def pair(servers: Pair) -> Iterator[Pair]:
    """The same two servers, as empty as at first."""
    yield servers
    empty(servers)
