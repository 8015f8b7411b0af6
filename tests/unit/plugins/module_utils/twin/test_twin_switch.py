# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power switch of a node, run by the real shell on a directory that stands for the control group."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import network, scripts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import parse
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.twin.small import small

NAMES = Names("tw1")
SPEC = parse(small())
NAMESPACES = network.desired(SPEC, NAMES)


def power(node: str, group: Path) -> str:
    return scripts.power_script(NAMES, SPEC.nodes[node], NAMESPACES[NAMES.namespace(node)], [str(group)])


def launch(node: str, group: Path) -> str:
    namespace = NAMESPACES[NAMES.namespace(node)]
    return scripts.launch_script(NAMES, SPEC.nodes[node], namespace, [str(group)], ["/launchers"])


def run(text: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", text, "power", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("node", ["nn-rt-01", "nn-db-01"])
@pytest.mark.parametrize("make", [power, launch])
def test_the_shell_can_read_it(node: str, make: object, tmp_path: Path) -> None:
    assert callable(make)
    done = subprocess.run(
        ["sh", "-n"], input=make(node, tmp_path), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ("populated 1\nfrozen 0\n", "on"),
        ("populated 0\nfrozen 0\n", "off"),
        ("frozen 1\n", "off"),
        (None, "off"),
    ],
)
def test_a_node_is_on_when_a_process_of_its_lives(events: str | None, state: str, tmp_path: Path) -> None:
    if events is not None:
        (tmp_path / "cgroup.events").write_text(events)
    assert run(power("nn-db-01", tmp_path), "status").stdout == f"{state}\n"


def test_a_machine_that_is_off_need_not_be_shut_down(tmp_path: Path) -> None:
    assert run(power("nn-db-01", tmp_path), "shutdown").returncode == 0


def test_a_word_that_the_switch_does_not_know_is_refused(tmp_path: Path) -> None:
    done = run(power("nn-db-01", tmp_path), "explode")
    assert (done.returncode, done.stderr) == (2, "usage: power on|off|shutdown|status\n")


def test_a_line_that_a_fault_has_cut_stays_dark_through_a_power_cycle(tmp_path: Path) -> None:
    text = power("nn-rt-01", tmp_path)
    assert f"[ -e {NAMES.faults}/line_cut@nn-dr-1 ] || echo 'link set dev l-dr up'" in text
    assert "'link set dev br-app up'" in text


def test_addresses_start_from_nothing_at_each_power_on() -> None:
    before, _ends, after = network.switch_on_batch(NAMESPACES["ajy-tw1-nn-db-01"])
    assert before.index("address flush dev eth0") < before.index("address add 10.1.10.11/24 dev eth0")
    assert after == ["route replace default via 10.1.10.1"]


def test_a_machine_boots_and_an_appliance_runs_its_one_program() -> None:
    machine = scripts.nspawn_command(NAMES, SPEC.nodes["nn-db-01"], "ns")
    appliance = scripts.nspawn_command(NAMES, SPEC.nodes["nn-rt-01"], "ns")
    assert "--boot" in machine
    assert appliance[-1] == "/usr/local/sbin/appliance-init"
    # Both see their own network only.
    assert {"--network-namespace-path=/run/netns/ns"} <= set(machine) & set(appliance)
