# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests on simulated BMCs. They need root: each run has a namespace of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bmc_bench import Simulated, own_namespace
from redfish_bench import SERVICE_PORT, Authority, our_service, target_of
from redfish_service import Service

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.bmc_sim import ensure_plugin


@pytest.fixture(scope="package")
def namespace() -> Iterator[str]:
    assert os.geteuid() == 0, "root is needed to make a network namespace"
    for program in ("ipmi_sim", "ipmitool", "gcc"):
        assert shutil.which(program), f"{program} is needed; see bindep.txt"
    with own_namespace() as name:
        yield name


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whose signature the certificates of Redfish services carry."""
    for program in ("openssl", "curl"):
        assert shutil.which(program), f"{program} is needed; see bindep.txt"
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def service(namespace: str, authority: Authority, tmp_path: Path) -> Iterator[Service]:
    """A Redfish service whose server is on; every session has to be given back to it."""
    with our_service(tmp_path / "service", authority, SERVICE_PORT) as made:
        yield made
        assert made.sessions == {}, "a session was not given back"


@pytest.fixture
def target(authority: Authority) -> Callable[..., Target]:
    """The way to :func:`service`, with what is given in place."""
    return lambda **options: target_of(authority, SERVICE_PORT, **options)


@pytest.fixture
def sim(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[Simulated]:
    """A BMC whose server is on, with the restore policy always-on."""
    simulated = Simulated(tmp_path / "sim", plugin)
    try:
        simulated.start()
        yield simulated
    finally:
        simulated.stop()


@pytest.fixture
def elsewhere(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[Simulated]:
    """The same at another port: freeipmi's tools take a plain 127.0.0.1 for this machine's own BMC."""
    simulated = Simulated(tmp_path / "elsewhere", plugin, port=6230)
    try:
        simulated.start()
        yield simulated
    finally:
        simulated.stop()
