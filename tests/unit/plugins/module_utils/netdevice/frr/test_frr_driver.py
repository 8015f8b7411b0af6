# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAPALM's own tests of a driver's getters, over what a real FRR 8.4.4 answered.

``mocked_data/<test>/<case>/`` holds an answer for each command, and expected_result.json. Recorded on
router dr-rt-01 of the rehearsal estate with OSPF, BFD and two BGP neighbours. The tests of
candidate, commit and rollback run against a living router (tests/integration/network).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from napalm.base.test import conftest as parent_conftest
from napalm.base.test.double import BaseTestDouble
from napalm.base.test.getters import BaseTestGetters

from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.frr import FRRDriver


class RecordedShell(BaseTestDouble):
    """Answers as the router did."""

    alive = True

    def run(self, command: str, *, stdin: str = "", timeout_s: float | None = None) -> str:
        return str(self.read_txt_file(self.find_file(f"{self.sanitize_text(command)}.txt")))

    def close(self) -> None:
        self.alive = False


class RecordedDriver(FRRDriver):
    """The driver, over recorded answers."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        self.patched_attrs = ["device"]

    def _connect(self) -> Any:
        return RecordedShell()


@pytest.fixture(scope="class")
def set_device_parameters(request: pytest.FixtureRequest) -> Iterator[None]:
    request.cls.driver = FRRDriver
    request.cls.patched_driver = RecordedDriver
    request.cls.vendor = "frr"
    parent_conftest.set_device_parameters(request)
    yield
    request.cls.device.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parent_conftest.pytest_generate_tests(metafunc, __file__)


#: FRR has no such thing, or no runbook asks for it; the driver says so, as NAPALM wants it.
NOT_THERE = (
    "arp_table_with_vrf", "bgp_config", "bgp_neighbors_detail", "environment", "firewall_policies",
    "ipv6_neighbors_table", "lldp_neighbors", "lldp_neighbors_detail", "mac_address_table",
    "network_instances", "ntp_peers", "ntp_servers", "ntp_stats", "optics", "probes_config",
    "probes_results", "snmp_information", "users", "vlans",
)  # fmt: skip


@pytest.mark.usefixtures("set_device_parameters")
class TestGetters(BaseTestGetters):
    """What NAPALM asks of a driver; without the tests that it would skip."""

    test_traceroute = None


for _name in NOT_THERE:
    setattr(TestGetters, f"test_get_{_name}", None)


@pytest.mark.parametrize("name", [*(f"get_{name}" for name in NOT_THERE), "traceroute"])
def test_what_is_not_there_is_said_in_napalms_way(name: str) -> None:
    driver = FRRDriver("router", "root", "")
    asked = {
        "get_arp_table_with_vrf": lambda: driver.get_arp_table(vrf="blue"),
        "traceroute": lambda: driver.traceroute("192.0.2.1"),
    }
    with pytest.raises(NotImplementedError):
        (asked[name] if name in asked else getattr(driver, name))()
