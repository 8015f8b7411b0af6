# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One twin with both legacy systems for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moving_estate import Moving


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moving]:
    found = Moving("itmoving", Path(tmp_path_factory.mktemp("operator")))
    try:
        found.twin("down")
        found.twin("up")
        found.must("tests/stage/legacy.yml")
        yield found
    finally:
        found.twin("down")
