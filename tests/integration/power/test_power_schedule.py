# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedule as a playbook gets it, from the shipped plans' own inventories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.tests.integration.power.power_bench import Bench

READ = "Read | what is to be done"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def schedule(**options: Any) -> dict[str, Any]:
    return {
        "name": READ,
        "anjianyun.datacenter.power_schedule": {"control_node": "dr-ctl-01", **options},
        "register": "found",
        "failed_when": False,
    }


def test_the_table_is_printed_and_what_is_off_already_is_left_out(bench: Bench) -> None:
    ran = bench.run(
        schedule(
            direction="down",
            hosts=["nn-db-01", "nn-app-01"],
            reality={"nn-db-01": "on", "nn-app-01": "off"},
            languages=["en", "zh"],
        ),
        bench.keep("found"),
        arguments=("--check",),
    )

    assert ran.rc == 0, ran.output
    found = ran.results["found"]
    assert [(step["action"], step["hosts"]) for step in found["steps"]] == [("shutdown", ["nn-db-01"])]
    assert [stage["hosts"] for stage in found["stages"]] == [["nn-app-01"], ["nn-db-01"]]
    assert found["already"] == ["nn-app-01"]
    assert "Power down, run from dr-ctl-01" in ran.output
    assert "有序下电" in ran.output
    assert "| 2-3 | nn-db-01 | AJY-NN-0011 |" in found["racks"]["nanning/main/r01"]["en"]


def test_every_reason_is_told_at_once_or_handed_over(bench: Bench) -> None:
    options = {
        "direction": "down",
        "hosts": ["nn-db-01", "dr-ctl-01", "nn-app-01"],
        "reality": {"nn-db-01": "on", "dr-ctl-01": "on"},
    }
    ran = bench.run(
        schedule(**options), {**schedule(**options, on_refusal="hand_over"), "register": "handed"},
        bench.keep("found", "handed"),
    )  # fmt: skip

    assert ran.rc == 0, ran.output
    message = ran.results["found"]["msg"]
    assert "dr-ctl-01: the sequence is run from it" in message
    assert "nn-app-01: not known whether on or off" in message
    assert len(ran.results["handed"]["refusals"]) == 2


def test_the_control_node_is_the_one_whose_address_this_machine_has(bench: Bench) -> None:
    around = dict.fromkeys(["nn-rt-01", "nn-fw-01", "nn-ctl-01", "dr-rt-01", "dr-fw-01"], "on")
    options = {"direction": "up", "hosts": ["nn-db-01"], "reality": {"nn-db-01": "off", **around}}
    elsewhere = {**schedule(**options), "register": "elsewhere"}
    del elsewhere["anjianyun.datacenter.power_schedule"]["control_node"]
    address = {
        "name": "Give a control node this machine's address",
        "ansible.builtin.set_fact": {"ansible_host": "127.0.0.1"},
        "delegate_to": "nn-ctl-01",
        "delegate_facts": True,
    }
    ran = bench.run(elsewhere, address, {**elsewhere, "register": "there"}, bench.keep("elsewhere", "there"))

    assert "not known from which control node" in ran.results["elsewhere"]["msg"]
    assert ran.results["there"]["control_node"] == "nn-ctl-01"
