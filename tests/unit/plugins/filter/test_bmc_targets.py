# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as targets: named after the host, and none without a BMC."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.anjianyun.datacenter.plugins.filter.bmc_targets import bmc_targets
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.arguments import (
    connection_argument_spec,
)

HOSTVARS: dict[str, dict[str, Any]] = {
    "nn-db-01": {"dc_bmc": {"address": "10.1.20.11", "prefix_length": 24, "network": "nn-bmc"}},
    "nn-db-02": {"dc_bmc": {"address": "10.1.20.12", "port": 6230, "cipher_suite": 3}},
    "nn-db-03": {
        "dc_bmc": {
            "address": "10.1.20.13",
            "protocol": "redfish",
            "https_port": 8443,
            "ca_file": "/etc/bmc-ca.pem",
            "system": "2",
        }
    },
    "nn-vm-01": {},
    "nn-wit-01": {"dc_bmc": False},
}


def test_a_target_has_its_hosts_name_and_its_bmcs_options() -> None:
    assert bmc_targets(["nn-db-02", "nn-db-01"], HOSTVARS) == [
        {"name": "nn-db-02", "address": "10.1.20.12", "port": 6230, "cipher_suite": 3},
        {"name": "nn-db-01", "address": "10.1.20.11"},
    ]
    assert bmc_targets(["nn-db-03"], HOSTVARS) == [{"name": "nn-db-03", **HOSTVARS["nn-db-03"]["dc_bmc"]}]


def test_a_target_has_nothing_that_its_module_does_not_take() -> None:
    spec = connection_argument_spec()["targets"]["options"]
    stated = {**dict.fromkeys(spec, "x"), "prefix_length": 24, "network": "nn-bmc", "gateway": "10.1.20.1"}
    (target,) = bmc_targets(["nn-db-09"], {"nn-db-09": {"dc_bmc": stated}})
    assert set(target) == set(spec)
    assert target["name"] == "nn-db-09"


def test_all_hosts_without_a_bmc_are_named() -> None:
    with pytest.raises(AnsibleFilterError, match="nn-vm-01, nn-wit-01: 2 hosts have no BMC"):
        bmc_targets(HOSTVARS, HOSTVARS)
