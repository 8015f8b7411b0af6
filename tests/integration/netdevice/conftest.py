# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated switch for each test, on the loopback: it is no part of any twin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eos_emulator import Emulator


@pytest.fixture
def eos() -> Iterator[Emulator]:
    """A switch as it starts: nothing pending, everything saved."""
    with Emulator() as emulator:
        yield emulator
