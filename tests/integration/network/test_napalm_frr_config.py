# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAPALM's own tests of candidate, commit and rollback, against FRR in namespaces, over SSH.

Duration: some 15 s. What a device does that nobody confirms is in test_net_config.py.
"""

from __future__ import annotations

import ctypes
import socket
import unittest
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from napalm.base.exceptions import CommitError
from napalm.base.test import base as napalm_tests
from netlab import Lab

from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.frr import FRRDriver
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.ssh import Shell

FRR = Path(__file__).resolve().parent / "frr"
INITIAL = str(FRR / "initial.conf")
NAME = "napalm-frr"
_CLONE_NEWNET = 0x40000000


class ShellInNode(Shell):
    """The same connection, made inside a node's network."""

    pid = 0

    def _socket(self, settings: Mapping[str, Any], timeout_s: float) -> socket.socket:
        def connect() -> socket.socket:
            # A thread of its own changes its network alone, and ends.
            with open(f"/proc/{self.pid}/ns/net") as network:
                if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return socket.create_connection(("127.0.0.1", 22), timeout_s)

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(connect).result()


class DriverInNode(FRRDriver):
    """The driver over that connection."""

    def _connect(self) -> Shell:
        return ShellInNode(
            self.hostname, self.username, self.password, float(self.timeout), self.optional_args
        )


@dataclass(frozen=True)
class Router:
    """FRR in a node, and a session with it."""

    lab: Lab
    driver: DriverInNode

    def running(self) -> str:
        return self.lab[NAME].run("vtysh", "-c", "show running-config no-header")

    def boot(self) -> str:
        return self.lab[NAME].run("cat", "/etc/frr/frr.conf")


@pytest.fixture(scope="module")
def living() -> Iterator[Router]:
    lab = Lab()
    try:
        node = lab.hold(NAME)
        node.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        node.write("/etc/frr/frr.conf", Path(INITIAL).read_text())
        node.write("/etc/frr/vtysh.conf", "")
        node.run("chown", "-R", "frr:frr", "/etc/frr")
        lab.start_frr(NAME)
        ShellInNode.pid = node.pid
        options = {"key_file": str(lab.start_sshd(NAME)), "alt_key_file": str(lab.known_hosts("127.0.0.1"))}
        driver = DriverInNode("127.0.0.1", "root", "", 30, options)
        driver.open()
        yield Router(lab, driver)
        driver.close()
    finally:
        lab.destroy()


@pytest.fixture
def router(living: Router) -> Router:
    """The router as it was at the beginning."""
    _reset(living.driver)
    return living


def _reset(driver: FRRDriver) -> None:
    if driver.has_pending_commit():
        driver.rollback()
    driver.load_replace_candidate(filename=INITIAL)
    if driver.compare_config():
        driver.commit_config()


@pytest.fixture(scope="class")
def device(living: Router, request: pytest.FixtureRequest) -> None:
    _reset(living.driver)
    request.cls.device = living.driver


@pytest.mark.usefixtures("device")
class TestNapalm(unittest.TestCase, napalm_tests.TestConfigNetworkDriver):
    """What every driver of NAPALM's is measured with."""

    vendor = str(FRR)


def test_a_second_commit_is_refused_while_one_waits_and_the_first_can_be_taken_back(router: Router) -> None:
    before, boot = router.running(), router.boot()
    router.driver.load_merge_candidate(config="ip route 203.0.113.0/24 blackhole\n")
    router.driver.commit_config(revert_in=60)
    assert router.driver.has_pending_commit()
    assert "203.0.113.0" in router.running()
    router.driver.load_merge_candidate(config="ip route 203.0.114.0/24 blackhole\n")
    with pytest.raises(CommitError, match="pending"):
        router.driver.commit_config()
    # What is not confirmed is not what a restart brings.
    assert router.boot() == boot
    router.driver.rollback()
    assert not router.driver.has_pending_commit()
    assert router.running() == before


def test_a_commit_whose_guard_was_killed_is_shown_and_can_be_taken_back(router: Router) -> None:
    before = router.running()
    router.driver.load_merge_candidate(config="ip route 203.0.113.0/24 blackhole\n")
    router.driver.commit_config(revert_in=60)
    router.lab[NAME].run("pkill", "-KILL", "-f", "frr-commit/guard.py")
    assert router.driver.has_pending_commit()
    router.driver.rollback()
    assert router.running() == before


def test_a_boot_configuration_that_somebody_wrote_meanwhile_is_taken_back_as_well(router: Router) -> None:
    before = router.boot()
    router.driver.load_merge_candidate(config="ip route 203.0.113.0/24 blackhole\n")
    router.driver.commit_config(revert_in=2)
    router.lab[NAME].run("vtysh", "-c", "write memory")
    assert "203.0.113.0" in router.boot()
    outcome = "/run/anjianyun/frr-commit/done/outcome.json"
    router.lab.wait("it is taken back", "grep", "-q", "rolled_back", outcome, node=NAME, seconds=20)
    assert router.boot() == before


def test_of_two_who_commit_at_once_one_wins(router: Router) -> None:
    rivals = [DriverInNode("127.0.0.1", "root", "", 30, router.driver.optional_args) for _number in range(2)]
    for number, rival in enumerate(rivals):
        rival.open()
        rival.load_merge_candidate(config=f"ip route 203.0.{number}.0/24 blackhole\n")

    def commit(rival: DriverInNode) -> str:
        try:
            rival.commit_config(revert_in=60)
        except CommitError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(commit, rivals))
    try:
        assert sorted(bool(text) for text in said) == [False, True], said
        loser = next(number for number, text in enumerate(said) if text)
        assert "a change is pending" in said[loser]
        assert f"203.0.{loser}.0" not in router.running()
        # To whom it does not belong, it is not theirs to take back; nor to whom made another one before.
        for other in (rivals[loser], router.driver):
            other.config_session = other.config_session or "of-the-loser"
            with pytest.raises(CommitError, match="somebody else's"):
                other.rollback()
        rivals[1 - loser].rollback()
        assert f"203.0.{1 - loser}.0" not in router.running()
    finally:
        for rival in rivals:
            rival.close()
