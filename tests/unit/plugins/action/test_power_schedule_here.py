# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a sequence is run from, and how long the inrush of what it started before a break still lasts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.action.power_schedule import (
    here,
    own_addresses,
    still_inrush_s,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import (
    Device,
    House,
    Room,
    Starts,
)

HOUSE = House(
    devices={
        "ctl-a": Device("ctl-a", "control_node", "a"),
        "ctl-b": Device("ctl-b", "control_node", "b"),
        "s": Device("s", "physical_server", "a", room="main"),
    },
    rooms={("a", "main"): Room(starts=Starts(inrush_s=10))},
)
HOSTVARS = {"ctl-a": {"ansible_host": "192.0.2.1"}, "ctl-b": {"ansible_host": "192.0.2.2"}, "s": {}}


def test_this_is_the_control_node_whose_address_the_kernel_lists() -> None:
    assert here(HOUSE, HOSTVARS, ["127.0.0.1", "192.0.2.2"]) == "ctl-b"
    assert here(HOUSE, HOSTVARS, ["127.0.0.1"]) is None
    with pytest.raises(DatacenterError, match=r"ctl-a, ctl-b.*name the one"):
        here(HOUSE, HOSTVARS, ["192.0.2.1", "192.0.2.2"])


def test_the_kernels_list_is_that_of_ip() -> None:
    shown = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    listed = {line.split()[3].partition("/")[0] for line in shown.splitlines() if "inet" in line.split()[2]}

    assert own_addresses() == listed
    assert "127.0.0.1" in listed
    # The kernel lets anybody bind to this one, though it is nobody's.
    assert "127.0.0.9" not in own_addresses()


def test_no_list_is_no_address(tmp_path: Path) -> None:
    assert own_addresses(tmp_path) == set()


def note(name: str, at: float) -> dict[str, Any]:
    return {"kind": "note", "name": name, "at": at}


@pytest.mark.parametrize(
    ("entries", "seconds"),
    [
        ([], 0),
        ([note("power_start_1", 90.0), note("power_start_1_done", 96.5)], 7),
        ([note("power_start_1", 80.0), note("power_start_1_done", 85.0)], 0),
        # It broke inside of a start.
        ([note("power_start_1", 1.0)], 10),
        ([note("other", 99.0)], 0),
    ],
)
def test_a_run_that_goes_on_waits_for_the_inrush_of_its_last_start(
    entries: list[dict[str, Any]], seconds: int
) -> None:
    assert still_inrush_s(HOUSE, ["s"], entries, now=100.0) == seconds
