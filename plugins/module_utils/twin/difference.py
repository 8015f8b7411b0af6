# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do so that a twin becomes what its specification says. Pure: decisions only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import network, scripts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.network import Change, Namespace
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.reality import NodeState, Reality
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import MACHINE, Spec

GROUND, SWEEP, NETWORK, DISKS, BMCS, BOOT = "ground", "sweep", "network", "disks", "bmcs", "boot"
#: In the order in which they are done.
PHASES = (GROUND, SWEEP, NETWORK, DISKS, BMCS, BOOT)


@dataclass(frozen=True)
class Action:
    """One thing to do. ``verb`` names what ``reconcile`` does, ``subject`` to what."""

    phase: str
    verb: str
    subject: str
    change: Change | None = None

    def __str__(self) -> str:
        return f"{self.phase}: {self.change}" if self.change else f"{self.phase}: {self.verb} {self.subject}"


@dataclass(frozen=True)
class Hierarchies:
    """Absolute paths of the twin's control group in every hierarchy, the unified one first."""

    roots: tuple[str, ...]

    def of(self, group: str) -> list[str]:
        """The paths of one group."""
        return [f"{root}/{group}" for root in self.roots]


def wanted_scripts(spec: Spec, names: Names, hierarchies: Hierarchies) -> dict[str, tuple[str, str]]:
    """The power switch and the launcher of every node that has a file system."""
    namespaces = network.desired(spec, names)
    launchers = hierarchies.of(names.launchers)
    found = {}
    for node in spec.rooted():
        namespace: Namespace = namespaces[names.namespace(node.name)]
        groups = hierarchies.of(names.node_group(node.name))
        found[node.name] = (
            scripts.power_script(names, node, namespace, groups),
            scripts.launch_script(names, node, namespace, groups, launchers),
        )
    return found


def difference(
    spec: Spec,
    names: Names,
    actual: Reality,
    images: Mapping[str, str],
    hierarchies: Hierarchies,
) -> list[Action]:
    """Everything to do, in order.

    :param images: the directory of each base image by its name.
    """
    actions: list[Action] = []
    if not actual.runtime:
        actions.append(Action(GROUND, "mount_runtime", names.twin_id))
    actions += _sweep(spec, names, actual, images)
    swept = {a.subject for a in actions if a.verb in ("remove_node", "release_node")}
    actions += [
        Action(NETWORK, change.verb, change.namespace, change)
        for change in network.difference(
            network.desired(spec, names),
            actual.namespaces,
            live=actual.live - swept,
            cut=actual.targets("line_cut"),
            filled=actual.targets("line_filled"),
        )
    ]
    scripts_wanted = wanted_scripts(spec, names, hierarchies)
    for node in spec.rooted():
        state = actual.nodes.get(node.name, NodeState())
        fresh = node.name in swept or not (state.disk and state.lower == images[node.image])
        if fresh:
            actions.append(Action(DISKS, "mount_disk", node.name))
        if fresh or not state.furnished:
            actions.append(Action(DISKS, "furnish", node.name))
        if state.scripts != scripts_wanted[node.name]:
            actions.append(Action(DISKS, "write_switch", node.name))
    actions += _power(spec, actual, swept)
    return actions


def _sweep(spec: Spec, names: Names, actual: Reality, images: Mapping[str, str]) -> list[Action]:
    """What is of this twin and not, or no longer so, in its specification."""
    actions = []
    for name, state in sorted(actual.nodes.items()):
        node = spec.nodes.get(name)
        if node is None or not node.image:
            actions.append(Action(SWEEP, "remove_node", name))
        elif state.lower and state.lower != images[node.image]:
            actions.append(Action(SWEEP, "release_node", name))
        elif node.bmc is None and state.bmc_on:
            actions.append(Action(SWEEP, "stop_bmc", name))
    keep = {
        names.disk_file(n.name, images[n.image].rsplit("/", 1)[-1]).name
        for n in spec.rooted()
        if n.kind == MACHINE
    }
    actions += [Action(SWEEP, "remove_disk_file", f) for f in actual.disk_files if f not in keep]
    with_bmc = {n.name for n in spec.nodes.values() if n.bmc}
    actions += [Action(SWEEP, "remove_bmc_dir", d) for d in actual.bmc_dirs if d not in with_bmc]
    return actions


def _power(spec: Spec, actual: Reality, swept: set[str]) -> list[Action]:
    """BMCs and machines to start: all that nobody, and no fault, keeps off."""
    dark = actual.targets("centre_lost")
    actions = []
    for node in spec.nodes.values():
        state = actual.nodes.get(node.name, NodeState())
        kept_down = node.centre in dark or node.name in actual.targets("bmc_dead")
        if node.bmc and not state.bmc_on and not kept_down:
            actions.append(Action(BMCS, "start_bmc", node.name))
    for node in spec.rooted():
        if node.name in starts(spec, actual, swept):
            actions.append(Action(BOOT, "switch_on", node.name))
    return actions


def starts(spec: Spec, actual: Reality, swept: set[str]) -> set[str]:
    """The nodes to switch on."""
    dark = actual.targets("centre_lost")
    killed = actual.targets("machine_killed") | actual.targets("power_cut")
    found = set()
    for node in spec.rooted():
        state = NodeState() if node.name in swept else actual.nodes.get(node.name, NodeState())
        if not state.on and not state.kept_off and node.centre not in dark and node.name not in killed:
            found.add(node.name)
    return found


def left_off(spec: Spec, actual: Reality) -> list[str]:
    """The nodes that are off and are left so, because somebody or a fault wants them off."""
    waiting = starts(spec, actual, set())
    return [n.name for n in spec.rooted() if n.name not in waiting and n.name not in actual.live]


def summary(actions: list[Action]) -> dict[str, Any]:
    """The actions as data for a result: a list a person reads."""
    return {"actions": [str(action) for action in actions]}
