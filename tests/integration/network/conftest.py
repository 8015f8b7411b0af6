# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One network for all tests of this folder; each test finds it without announcement and fence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netlab import NODES, Lab
from traffic import DATABASE_PORT, SERVICE_PORT, listen, wait_answer

ANNOUNCERS = ("nn-fw-01", "dr-fw-01")


@pytest.fixture(scope="session")
def network() -> Iterator[Lab]:
    """The network with its routes known everywhere, and with what answers in it."""
    lab = Lab()
    try:
        lab.build()
        for centre in ("nn", "dr"):
            listen(lab, f"{centre}-app-01", SERVICE_PORT)
            listen(lab, f"{centre}-db-01", DATABASE_PORT, 22)
        for centre, address in (("nn", "10.1.10.21"), ("dr", "10.2.10.21")):
            wait_answer(lab, "liujiang-pc-01", address, SERVICE_PORT, f"{centre}-app-01")
        yield lab
    finally:
        lab.destroy()


@pytest.fixture
def lab(network: Lab) -> Iterator[Lab]:
    """The network as it was built, whatever the test before did."""
    yield network
    for name in ANNOUNCERS:
        network.announce(name, None)
    for name in NODES:
        if network.is_network_device(name):
            network.unfence(name)
