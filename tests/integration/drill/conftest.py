# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One twin with the service deployed, for all runbooks here; each test leaves the service at home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from estate import HOME, Estate


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    found = Estate("itdrill", Path(tmp_path_factory.mktemp("operator")))
    try:
        # A twin that an interrupted run left may serve from anywhere.
        found.twin("down")
        found.twin("up")
        found.must("service.yml")
        yield found
    finally:
        found.twin("down")


@pytest.fixture
def estate(deployed: Estate) -> Iterator[Estate]:
    assert deployed.writers() == [HOME]
    yield deployed
    assert deployed.writers() == [HOME], "a test left the service somewhere else"
