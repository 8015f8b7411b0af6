# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests on a server that is installed over the network. They need root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from bmc_bench import own_namespace
from metal import Metal, lan
from served import Served, standing

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.bmc_sim import ensure_plugin


# Left with each module: the tests of the next folder stand in this process, too.
@pytest.fixture(scope="module")
def client() -> Iterator[str]:
    """The tests' own namespace with the servers' network, and one in which other machines are played."""
    assert os.geteuid() == 0, "root is needed to make a network namespace"
    for program in ("ipmi_sim", "ipmitool", "gcc", "dnsmasq", "nginx", "qemu-system-x86_64", "curl"):
        assert shutil.which(program), f"{program} is needed; see bindep.txt"
    name = f"pxeclient-{os.getpid()}"
    with own_namespace(), lan(name):
        yield name


@pytest.fixture
def served(client: str) -> Iterator[Served]:
    with standing() as found:
        yield found


@pytest.fixture
def metal(client: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metal]:
    """A server that is off."""
    folder = tmp_path_factory.mktemp("metal")
    found = Metal(folder / "sim", ensure_plugin(folder / "plugin"))
    found.directory.mkdir()
    found.make_disk()
    try:
        found.start(serial=found.serial)
        yield found
    finally:
        found.stop()
