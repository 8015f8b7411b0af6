# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a twin can break on purpose: each fault is one call, listed, and lifted by one call.

A fault is marked by a file before it is injected and until it is lifted, so a run that was killed
in between leaves a fault that is seen. The twin's reconciliation leaves alone what a mark names.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import (
    access,
    bmc_records,
    bmc_sim,
    bmcs,
    cgroups,
    disks,
    images,
    netlink,
    network,
    switch,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.network import Change
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import MACHINE, Node, Spec, parse

#: What a full line still lets through, in Mbit/s.
TRICKLE_MBIT = 0.064
_DEFAULT_SLOW_S = 20
#: A BMC has one of these at a time: they stand in one word that it looks at before it answers.
_ONE_WORD = ("bmc_idle", "bmc_lying", "bmc_slow", "server_dead")
#: The word for a server that is on and whose system never comes; see bmc_sim.
_HOLLOW = "hollow"


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    :param target: what it needs: ``line``, ``centre``, ``node``, ``machine`` (no appliance), ``bmc`` or
        ``unit`` (``host/unit``).
    :param inject: called with the target and the value; :param lift: with the target.
    """

    name: str
    target: str
    inject: Callable[[Faults, str, str], object]
    lift: Callable[[Faults, str], object]


class Faults:
    """The faults of one twin."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.spec = _spec_of(names)
        if not (cgroups.unified_root() / names.group).exists():
            # `ip netns exec` mounts a /sys of its own, without the control groups: what is on, and what to
            # kill, cannot be seen there, and a fault would be marked and not injected.
            raise DatacenterError(
                "the twin's machines cannot be seen from here",
                device=names.twin_id,
                cause=f"no control group {names.group} below {cgroups.unified_root()}",
                next_step="enter the twin with tools/twin.sh run, or nsenter --net=/run/netns/NAMESPACE",
            )

    def listed(self) -> list[dict[str, str]]:
        """Every fault that is in force."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self.names.faults.iterdir()):
                fault, _at, target = path.name.partition("@")
                found.append({"fault": fault, "target": target.replace("%", "/"), "value": path.read_text()})
        return found

    def inject(self, name: str, target: str, value: str = "", dry_run: bool = False) -> bool:
        """Break it; returns whether it was whole.

        :raises DatacenterError: for a fault or target that this twin does not have.
        """
        fault = self._known(name, target)
        self._refuse_second(name, target)
        mark = self._mark(name, target)
        fresh = not mark.exists() or mark.read_text() != value
        if dry_run or not fresh:
            return fresh
        mark.parent.mkdir(exist_ok=True)
        mark.write_text(value)
        try:
            fault.inject(self, target, value)
        except DatacenterError:
            # Without its mark, the twin's next run mends what of it was done.
            mark.unlink(missing_ok=True)
            raise
        return True

    def lift(self, name: str, target: str, dry_run: bool = False) -> bool:
        """Mend it; returns whether it was broken."""
        fault = self._known(name, target)
        mark = self._mark(name, target)
        if dry_run or not mark.exists():
            return mark.exists()
        # A mark that stood while its fault is mended would keep the mended thing down.
        mark.unlink()
        fault.lift(self, target)
        return True

    def lift_all(self, dry_run: bool = False) -> bool:
        """Mend everything; returns whether anything was broken."""
        broken = self.listed()
        for each in broken:
            self.lift(each["fault"], each["target"], dry_run)
        return bool(broken)

    def _mark(self, name: str, target: str) -> Path:
        return self.names.faults / f"{name}@{target.replace('/', '%')}"

    def _refuse_second(self, name: str, target: str) -> None:
        others = [one for one in _ONE_WORD if one != name and self._mark(one, target).exists()]
        if name in _ONE_WORD and others:
            # It would end the first, which would go on being listed.
            raise DatacenterError(
                f"{name} cannot be injected beside {others[0]}",
                device=target,
                cause=f"a BMC has one of {', '.join(_ONE_WORD)} at a time",
                next_step=f"lift {others[0]} first",
            )

    def _known(self, name: str, target: str) -> Fault:
        fault = FAULTS.get(name)
        if fault is None:
            raise DatacenterError(
                "a twin has no such fault",
                device=name,
                cause=f"it has {', '.join(sorted(FAULTS))}",
                next_step="take one of these",
            )
        known = self._targets(fault.target)
        if target.partition("/")[0] not in known:
            raise DatacenterError(
                f"{name} cannot be injected there",
                device=target,
                cause=f"its target is a {fault.target}: {', '.join(sorted(known))}",
                next_step="take one of these" + (", followed by /UNIT" if fault.target == "unit" else ""),
            )
        return fault

    def _targets(self, kind: str) -> set[str]:
        nodes = self.spec.rooted()
        return {
            "line": set(self.spec.lines),
            "centre": {n.centre for n in nodes if n.centre},
            "node": {n.name for n in nodes},
            "machine": {n.name for n in nodes if n.kind == MACHINE},
            "unit": {n.name for n in nodes},
            "bmc": {n.name for n in nodes if n.bmc},
        }[kind]

    # What is done

    def line_ends(self, line: str) -> list[tuple[str, str]]:
        """Node and interface of both ends."""
        found = self.spec.lines[line]
        return [(found.a_host, found.a_interface), (found.b_host, found.b_interface)]

    def set_line(self, line: str, verb: str, *arguments: str) -> None:
        """One change at both ends; an end whose node is off stays dark."""
        netlink.apply(
            [
                Change(verb, self.names.namespace(node), interface, arguments)
                for node, interface in self.line_ends(line)
                if verb != "set_up" or cgroups.populated(self.names.node_group(node))
            ]
        )

    def start_bmc(self, node: str) -> None:
        """Start a BMC again, with the memory it had."""
        bmcs.start(self.names, self.spec.nodes[node], access.ensure_secrets(self.names))

    def in_centre(self, centre: str) -> list[Node]:
        """Everything in a centre that has power, appliances first."""
        return [node for node in self.spec.rooted() if node.centre == centre]

    def darken(self, centre: str) -> None:
        """The power is gone: servers and their BMCs at once, each BMC remembering what was on.

        Servers lose what no fsync has made their disks keep.
        """
        nodes = self.in_centre(centre)
        for node in nodes:
            if node.bmc:
                # A server whose system never came was on, too, and has no power now.
                hollow = self.names.bmc_dir(node.name) / "hollow_on"
                on = cgroups.populated(self.names.node_group(node.name)) or hollow.exists()
                hollow.unlink(missing_ok=True)
                bmcs.remember(self.names, node.name, "last_power", "on" if on else "off")
                bmcs.stop(self.names, node.name)
        self.cut_power(nodes)

    def cut_power(self, nodes: list[Node]) -> None:
        """Take the power from nodes at one moment, and put the disks back as their devices hold them.

        Their cables go dark first: a machine without power ends no connection and says no word, as the
        kernel would for the processes that it kills. Then nothing of theirs runs any more, and only then
        the disks stop, so no program was told of it.
        """
        names, wanted = self.names, network.desired(self.spec, self.names)
        cables = {node.name: wanted[names.namespace(node.name)] for node in nodes}
        with contextlib.ExitStack() as hands:
            for node in nodes:
                hands.enter_context(switch.held(names, node.name))
            on = [node for node in nodes if cgroups.populated(names.node_group(node.name))]
            netlink.apply(
                [
                    Change("set_down", cables[node.name].name, device)
                    for node in on
                    for device in cables[node.name].devices
                ]
            )
            for node in on:
                cgroups.strike(names.node_group(node.name))
            for node in on:
                if node.kind == MACHINE:
                    disks.cut(names, node.name)
            for node in on:
                cgroups.kill(names.node_group(node.name))
            for node in on:
                self.mend_disk(node)

    def mend_disk(self, node: Node) -> None:
        """Mount again what the device of a machine that is off holds; a whole disk is left alone."""
        if node.kind == MACHINE and not cgroups.populated(self.names.node_group(node.name)):
            disks.ensure(self.names, node, images.path_of(node.image))

    def light(self, centre: str) -> None:
        """The power is back: BMCs first, then what their restore policies say, and what has no BMC."""
        for node in self.in_centre(centre):
            if node.bmc:
                self.start_bmc(node.name)
                policy = bmcs.note(self.names, node.name, "restore_policy")
                last = bmcs.note(self.names, node.name, "last_power")
                if not bmcs.starts_when_power_returns(policy, last):
                    switch.keep_off(self.names, node.name)
                    continue
                if bmcs.note(self.names, node.name, "fault") == _HOLLOW:
                    # It is on, and its system does not come this time either.
                    switch.keep_off(self.names, node.name)
                    bmcs.remember(self.names, node.name, "hollow_on", "")
                    continue
            switch.use(self.names, node.name, "on")

    def set_bmc_fault(self, node: str, text: str) -> None:
        """What the BMC's own scripts look at before they answer."""
        bmcs.remember(self.names, node, "fault", text)

    def pull_dimm(self, node: str, out: bool) -> None:
        """Take the last memory module out of a server, or put it back."""
        absent = self.names.bmc_dir(node) / "absent"
        last = max(part.number for part in bmc_records.parts() if part.entity == bmc_records.ENTITY_MEMORY)
        if out:
            absent.mkdir(exist_ok=True)
            (absent / str(last)).touch()
        else:
            (absent / str(last)).unlink(missing_ok=True)

    def swap(self, node: str, serial: str) -> None:
        """Put another server in a server's place, as far as its BMC tells; an empty number: the old one."""
        bmcs.swap(self.names, self.spec.nodes[node], access.ensure_secrets(self.names), serial)

    def unit(self, target: str, *command: str) -> None:
        """Run systemctl on a unit inside a machine."""
        node, _slash, unit = target.partition("/")
        payload = cgroups.unified_root() / self.names.node_group(node) / "payload"
        init = (payload / "init.scope/cgroup.procs").read_text()
        done = subprocess.run(
            ["nsenter", "-a", "-t", init.split()[0], "--", "systemctl", *command, unit],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise DatacenterError(
                f"systemctl {' '.join(command)} failed",
                device=target,
                cause=done.stderr.strip(),
                next_step="see that the machine is on and has that unit",
            )

    def freeze(self, target: str, frozen: bool) -> None:
        """Stop, or let go on, every process of a unit, as SIGSTOP does, whatever it forks meanwhile."""
        node, _slash, unit = target.partition("/")
        top = cgroups.unified_root() / self.names.node_group(node)
        found = [path for path in top.rglob(f"{unit}*") if path.name in (unit, f"{unit}.service")]
        if not found:
            raise DatacenterError(
                "there is no such unit to freeze",
                device=target,
                cause="no control group of that name in the machine",
                next_step="start it, or name a unit that runs",
            )
        cgroups.freeze(str(found[0].relative_to(cgroups.unified_root())), frozen)


def _spec_of(names: Names) -> Spec:
    try:
        data: Mapping[str, Any] = json.loads(names.spec_file.read_text())
    except OSError as error:
        raise DatacenterError(
            "there is no twin of that name on this machine",
            device=names.twin_id,
            cause=f"{names.spec_file}: {error.strerror}",
            next_step="make it with playbooks/twin.yml (make twin-up)",
        ) from error
    return parse(data)


def _slow(faults: Faults, node: str, value: str) -> None:
    faults.set_bmc_fault(node, f"slow:{float(value or _DEFAULT_SLOW_S):g}")


def _lying(faults: Faults, node: str, value: str) -> None:
    faults.set_bmc_fault(node, f"lie:{value or 'off'}")


def _beyond(faults: Faults, node: str, value: str) -> None:
    name, _equals, reading = value.partition("=")
    try:
        number = float(reading)
    except ValueError as error:
        raise DatacenterError(
            "the sensor's reading cannot be understood",
            device=node,
            cause=f"the value is {value!r}",
            next_step="give SENSOR=READING, such as 'Inlet Temp=55'",
        ) from error
    bmc_sim.set_reading(faults.names.bmc_dir(node), name.strip(), number)


def _not_hollow(faults: Faults, node: str) -> None:
    """It says again whether it is on; the next order to switch on boots it."""
    (faults.names.bmc_dir(node) / "hollow_on").unlink(missing_ok=True)
    faults.set_bmc_fault(node, "")


def _dead(faults: Faults, node: str, _value: str) -> None:
    bmcs.stop(faults.names, node)


def _killed(faults: Faults, node: str, _value: str) -> None:
    cgroups.kill(faults.names.node_group(node))


def _mended(faults: Faults, node: str) -> None:
    """What a cut that was killed half-way left undone; the machine stays off."""
    with switch.held(faults.names, node):
        faults.mend_disk(faults.spec.nodes[node])


def _nothing(_faults: Faults, _target: str) -> None:
    """A machine that died stays off until somebody switches it on."""


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "line_cut", "line",
            lambda f, line, _value: f.set_line(line, "set_down"),
            lambda f, line: f.set_line(line, "set_up"),
        ),
        Fault(
            "line_filled", "line",
            lambda f, line, value: f.set_line(line, "shape", value or str(TRICKLE_MBIT)),
            lambda f, line: f.set_line(line, "shape", f"{f.spec.lines[line].rate_mbit:g}"),
        ),
        Fault(
            "centre_lost", "centre",
            lambda f, centre, _value: f.darken(centre),
            lambda f, centre: f.light(centre),
        ),
        Fault("machine_killed", "node", _killed, _nothing),
        Fault(
            "machine_frozen", "node",
            lambda f, node, _value: cgroups.freeze(f.names.node_group(node), True),
            lambda f, node: cgroups.freeze(f.names.node_group(node), False),
        ),
        Fault(
            "power_cut", "machine",
            lambda f, node, _value: f.cut_power([f.spec.nodes[node]]),
            _mended,
        ),
        Fault("bmc_dead", "bmc", _dead, lambda f, node: f.start_bmc(node)),
        Fault("bmc_slow", "bmc", _slow, lambda f, node: f.set_bmc_fault(node, "")),
        Fault("bmc_lying", "bmc", _lying, lambda f, node: f.set_bmc_fault(node, "")),
        Fault(
            "bmc_idle", "bmc",
            lambda f, node, _value: f.set_bmc_fault(node, "ignore"),
            lambda f, node: f.set_bmc_fault(node, ""),
        ),
        Fault("server_dead", "bmc", lambda f, node, _value: f.set_bmc_fault(node, _HOLLOW), _not_hollow),
        Fault(
            "sensor_beyond", "bmc", _beyond,
            lambda f, node: bmc_sim.mend_readings(f.names.bmc_dir(node)),
        ),
        Fault(
            "dimm_missing", "bmc",
            lambda f, node, _value: f.pull_dimm(node, True),
            lambda f, node: f.pull_dimm(node, False),
        ),
        Fault(
            "serial_swapped", "bmc",
            lambda f, node, value: f.swap(node, value or "AJY-SWAPPED"),
            lambda f, node: f.swap(node, ""),
        ),
        Fault(
            "disk_full", "node",
            lambda f, node, _value: disks.fill(f.names, node),
            lambda f, node: disks.unfill(f.names, node),
        ),
        Fault(
            "service_stopped", "unit",
            lambda f, target, _value: f.unit(target, "stop"),
            lambda f, target: f.unit(target, "start"),
        ),
        Fault(
            "service_frozen", "unit",
            lambda f, target, _value: f.freeze(target, True),
            lambda f, target: f.freeze(target, False),
        ),
    )
}  # fmt: skip
