# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run decides to do, from what there is: nothing twice, and nothing against a person's hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import difference, network
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.reality import NodeState, Reality
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Spec, parse
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.twin.kernel import Kernel
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.twin.small import small

NAMES = Names("tw1")
SPEC = parse(small())
IMAGES = {"debian-12": "/images/debian-12-a", "network": "/images/network-a"}
HIERARCHIES = difference.Hierarchies(("/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"))
DISK = "nn-db-01@debian-12-a.img"


def whole(spec: Spec = SPEC) -> Reality:
    """A twin as it is when all is done."""
    scripts = difference.wanted_scripts(spec, NAMES, HIERARCHIES)
    kernel = Kernel()
    wanted = network.desired(spec, NAMES)
    kernel.apply(network.difference(wanted, {}, frozenset(node.name for node in spec.rooted())))
    return Reality(
        runtime=True,
        namespaces=kernel.state(),
        nodes={
            node.name: NodeState(
                disk=True, lower=IMAGES[node.image], furnished=True, on=True,
                scripts=scripts[node.name], bmc_on=node.bmc is not None,
            )
            for node in spec.rooted()
        },
        disk_files=(DISK,),
        bmc_dirs=("nn-db-01",),
    )  # fmt: skip


def with_node(actual: Reality, name: str, **changes: object) -> Reality:
    state = replace(actual.nodes[name], **changes)  # type: ignore[arg-type]
    return replace(actual, nodes={**actual.nodes, name: state})


def todo(actual: Reality, spec: Spec = SPEC, images: dict[str, str] | None = None) -> list[str]:
    """What is decided, the network's own changes aside."""
    actions = difference.difference(spec, NAMES, actual, IMAGES if images is None else images, HIERARCHIES)
    return [str(action) for action in actions if action.change is None]


def test_a_whole_twin_is_left_alone() -> None:
    assert difference.difference(SPEC, NAMES, whole(), IMAGES, HIERARCHIES) == []
    assert difference.left_off(SPEC, whole()) == []


def test_from_nothing_everything_is_done_in_the_order_of_the_phases() -> None:
    actions = difference.difference(SPEC, NAMES, Reality(), IMAGES, HIERARCHIES)
    phases = [difference.PHASES.index(action.phase) for action in actions]
    assert phases == sorted(phases)
    assert {action.phase for action in actions} == set(difference.PHASES) - {difference.SWEEP}
    assert [a.subject for a in actions if a.verb == "switch_on"] == ["dr-rt-01", "nn-rt-01", "nn-db-01"]


def test_a_machine_that_died_is_switched_on_again() -> None:
    assert todo(with_node(whole(), "nn-db-01", on=False)) == ["boot: switch_on nn-db-01"]


def test_what_somebody_switched_off_stays_off() -> None:
    actual = with_node(whole(), "nn-db-01", on=False, kept_off=True)
    assert todo(actual) == []
    assert difference.left_off(SPEC, actual) == ["nn-db-01"]


@pytest.mark.parametrize("fault", ["machine_killed", "power_cut"])
def test_a_killed_machine_stays_off_while_the_fault_is_in_force(fault: str) -> None:
    actual = replace(with_node(whole(), "nn-db-01", on=False), faults=frozenset((f"{fault}@nn-db-01",)))
    assert todo(actual) == []
    assert difference.left_off(SPEC, actual) == ["nn-db-01"]


def test_a_dead_bmc_stays_dead_while_the_fault_is_in_force() -> None:
    actual = with_node(whole(), "nn-db-01", bmc_on=False)
    assert todo(actual) == ["bmcs: start_bmc nn-db-01"]
    assert todo(replace(actual, faults=frozenset(("bmc_dead@nn-db-01",)))) == []


def test_a_centre_without_power_stays_dark_and_the_other_does_not() -> None:
    actual = replace(whole(), faults=frozenset(("centre_lost@nanning",)))
    for name in ("nn-db-01", "nn-rt-01", "dr-rt-01"):
        actual = with_node(actual, name, on=False, bmc_on=False)
    assert todo(actual) == ["boot: switch_on dr-rt-01"]


def test_a_node_on_another_image_is_stopped_and_made_anew() -> None:
    assert todo(whole(), images={**IMAGES, "debian-12": "/images/debian-12-b"}) == [
        "sweep: release_node nn-db-01",
        f"sweep: remove_disk_file {DISK}",
        "disks: mount_disk nn-db-01",
        "disks: furnish nn-db-01",
        "boot: switch_on nn-db-01",
    ]


def test_what_left_the_plan_leaves_the_twin() -> None:
    data = small()
    del data["nodes"]["nn-db-01"]
    assert todo(whole(), parse(data)) == [
        "sweep: remove_node nn-db-01",
        f"sweep: remove_disk_file {DISK}",
        "sweep: remove_bmc_dir nn-db-01",
        # Its ports are on the router's bridges, which the router's switch puts up.
        "disks: write_switch nn-rt-01",
    ]


def test_a_server_that_lost_its_bmc_keeps_running() -> None:
    data = small()
    del data["nodes"]["nn-db-01"]["bmc"]
    assert todo(whole(), parse(data)) == [
        "sweep: stop_bmc nn-db-01",
        "sweep: remove_bmc_dir nn-db-01",
        "disks: write_switch nn-rt-01",
    ]


def test_a_half_made_disk_file_of_a_killed_run_is_removed() -> None:
    fresh = "nn-db-01@debian-12-a.new"
    actual = replace(with_node(whole(), "nn-db-01", disk=False, lower="", on=False), disk_files=(fresh,))
    assert todo(actual)[0] == f"sweep: remove_disk_file {fresh}"


def test_a_disk_without_its_day_zero_is_furnished() -> None:
    assert todo(with_node(whole(), "nn-db-01", furnished=False)) == ["disks: furnish nn-db-01"]


def test_an_older_power_switch_is_written_anew_without_a_power_cycle() -> None:
    assert todo(with_node(whole(), "nn-db-01", scripts=("old", "old"))) == ["disks: write_switch nn-db-01"]
