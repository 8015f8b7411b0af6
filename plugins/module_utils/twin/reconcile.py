# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a twin what its specification says, and taking it away again.

Every run looks at what there is, works out the difference (``difference``) and does it,
phase by phase, and in parallel inside a phase. Nothing is remembered between runs, so a
run that was killed is finished by the next one.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import (
    access,
    bmcs,
    cgroups,
    difference,
    disks,
    identity,
    images,
    mounts,
    netlink,
    preflight,
    readiness,
    reality,
    switch,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.difference import Action, Hierarchies
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.lock import alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Node, Spec, as_data

#: What the runtime directory may hold, in MiB: scripts, keys, logs of consoles.
RUNTIME_MIB = 64
_WORKERS = 8
#: Images that are built at once: each keeps a processor and the network busy.
_BUILDERS = 3
Say = Callable[[str], None]


@dataclass
class Outcome:
    """What a run did. ``seconds`` by phase."""

    changed: bool = False
    actions: list[str] = field(default_factory=list)
    left_off: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_result(self) -> dict[str, Any]:
        """For a module's result."""
        return {
            "changed": self.changed,
            "actions": self.actions,
            "left_off": self.left_off,
            "faults": self.faults,
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()},
        }


def hierarchies() -> Hierarchies:
    """Where control groups are on this host."""
    return Hierarchies(tuple(str(root) for root in cgroups.roots()))


class Run:
    """One run of ``present``."""

    def __init__(
        self, spec: Spec, say: Say = lambda text: None, mirror: str = "", allow_overlap: bool = False
    ) -> None:
        self.spec = spec
        self.names = Names(spec.twin_id)
        self.say = say
        self.mirror = mirror
        self.allow_overlap = allow_overlap
        self.images = {name: images.path_of(name) for name in {n.image for n in spec.rooted()}}
        self.outcome = Outcome()
        self.public_key = ""
        self.secrets: dict[str, Any] = {}

    def plan(self) -> list[Action]:
        """The difference between the specification and what there is."""
        actual = reality.read(self.names)
        self.outcome.left_off = difference.left_off(self.spec, actual)
        self.outcome.faults = sorted(actual.faults)
        return difference.difference(
            self.spec, self.names, actual, {k: str(v) for k, v in self.images.items()}, hierarchies()
        )

    def missing_images(self) -> list[str]:
        """Base images that are not in the cache."""
        return sorted(name for name, path in self.images.items() if not path.is_dir())

    def foresee(self, until: str = "ready") -> Outcome:
        """What :meth:`present` would do, up to and including that phase; nothing is touched."""
        self._preflight()
        self.outcome.actions = [f"images: build {name}" for name in self.missing_images()]
        order = ("images", *difference.PHASES, "ready")
        seen = order[: order.index(until) + 1]
        self.outcome.actions += [str(action) for action in self.plan() if action.phase in seen]
        self.outcome.changed = bool(self.outcome.actions)
        return self.outcome

    def present(self, until: str = "ready", deadline_s: float = 120) -> Outcome:
        """Do the difference, up to and including the phase ``until``.

        :param deadline_s: how long machines may take until their sshd answers.
        """
        self._preflight()
        with self._phase("images"):
            missing = self.missing_images()
            self.outcome.changed |= bool(missing)
            self.outcome.actions += [f"images: build {name}" for name in missing]
            with ThreadPoolExecutor(_BUILDERS) as pool:
                for done in [pool.submit(images.ensure, name, self.say, self.mirror) for name in missing]:
                    done.result()
        if until == "images":
            return self.outcome
        with alone(self.names):
            actions = self.plan()
            self.outcome.actions += [str(action) for action in actions]
            self.outcome.changed |= bool(actions)
            for phase in difference.PHASES:
                with self._phase(phase):
                    if phase == difference.GROUND:
                        self._ground()
                    self._do([action for action in actions if action.phase == phase])
                    if phase == difference.DISKS:
                        self._keep_true()
                if phase == until:
                    return self.outcome
            with self._phase("ready"):
                readiness.wait(self.spec, self.names, set(self.outcome.left_off), deadline_s)
        return self.outcome

    def _preflight(self) -> None:
        if self.names.spec_file.exists():
            preflight.check_plan(self.spec, self.names)
        elif not self.names.runtime.exists():
            preflight.check(self.spec, self.allow_overlap)

    @contextlib.contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self.say(f"phase {name}")
        started = time.monotonic()
        yield
        self.outcome.seconds[name] = time.monotonic() - started

    def _ground(self) -> None:
        """The directories, the control groups and the keys that everything else stands on."""
        names = self.names
        names.runtime.mkdir(parents=True, exist_ok=True)
        mount_runtime(names)
        names.state.mkdir(parents=True, exist_ok=True)
        names.state.chmod(0o700)
        names.faults.mkdir(exist_ok=True)
        cgroups.ensure(names.launchers)
        self.public_key = access.ensure_key(names)
        self.secrets = access.ensure_secrets(names)

    def _do(self, actions: list[Action]) -> None:
        """The actions of one phase: those on one subject in their order, subjects at once."""
        changes = [action.change for action in actions if action.change is not None]
        if changes:
            netlink.apply(changes)
        by_subject: dict[str, list[Action]] = {}
        for action in actions:
            if action.change is None:
                by_subject.setdefault(action.subject, []).append(action)

        def work(group: list[Action]) -> None:
            for action in group:
                getattr(self, f"_{action.verb}")(action.subject)

        with ThreadPoolExecutor(_WORKERS) as pool:
            for done in [pool.submit(work, group) for group in by_subject.values()]:
                done.result()

    def _keep_true(self) -> None:
        """Files that must be true at every run; spec and variables for those who ask the twin."""
        for node in self.spec.rooted():
            wanted = identity.kept_true(self.spec, node, self.public_key)
            if identity.differing(self.names.root(node.name), wanted):
                self.outcome.changed = True
                self.outcome.actions.append(f"disks: furnish {node.name}")
                self._furnish(node.name)
        hosts = self.names.ssh / "known_hosts"
        text = identity.known_hosts(self.spec, self.names)
        if not hosts.exists() or hosts.read_text() != text:
            identity.write(hosts, text)
        identity.write(self.names.ssh / "config", access.ssh_config(self.spec, self.names))
        access.write_variables(self.names, self.secrets)
        asked = json.dumps(as_data(self.spec), sort_keys=True) + "\n"
        if not self.names.spec_file.exists() or self.names.spec_file.read_text() != asked:
            identity.write(self.names.spec_file, asked, 0o600)

    # One method a verb of ``difference``.

    def _mount_runtime(self, _subject: str) -> None:
        """Done by the ground, which is laid at every run."""

    def _remove_node(self, name: str) -> None:
        self._release_node(name)
        bmcs.stop(self.names, name)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.names.node_dir(name))
        cgroups.remove(self.names.node_group(name))

    def _release_node(self, name: str) -> None:
        cgroups.kill(self.names.node_group(name))
        disks.release(self.names, name)

    def _stop_bmc(self, name: str) -> None:
        bmcs.stop(self.names, name)

    def _remove_disk_file(self, name: str) -> None:
        # A node on another image was released in this phase too, perhaps by another thread.
        node = name.partition("@")[0]
        cgroups.kill(self.names.node_group(node))
        disks.release(self.names, node)
        (self.names.state / "disks" / name).unlink(missing_ok=True)

    def _remove_bmc_dir(self, name: str) -> None:
        bmcs.stop(self.names, name)
        bmcs.forget(self.names, name)

    def _mount_disk(self, name: str) -> None:
        node = self._node(name)
        disks.ensure(self.names, node, self.images[node.image])

    def _furnish(self, name: str) -> None:
        identity.furnish(self.spec, self.names, self._node(name), self.public_key)
        # A server was delivered long ago: a power cut in its first minute must not take its identity.
        disks.sync(self.names, name)

    def _write_switch(self, name: str) -> None:
        power, launch = difference.wanted_scripts(self.spec, self.names, hierarchies())[name]
        directory = self.names.node_dir(name)
        for root in cgroups.roots():
            (root / self.names.node_group(name)).mkdir(parents=True, exist_ok=True)
        identity.write(directory / "launch", launch, 0o700)
        identity.write(directory / "power", power, 0o700)

    def _start_bmc(self, name: str) -> None:
        bmcs.start(self.names, self._node(name), self.secrets)

    def _switch_on(self, name: str) -> None:
        switch.use(self.names, name, "on")

    def _node(self, name: str) -> Node:
        return self.spec.nodes[name]


def mount_runtime(names: Names) -> None:
    """A file system in memory for what lives as long as the twin's processes. Safe to repeat."""
    there = {m.point: m for m in mounts.table()}.get(str(names.runtime))
    if there is None:
        mounts.mount("anjianyun", names.runtime, "tmpfs", options=f"size={RUNTIME_MIB}m,mode=0700")
    if there is None or not there.shared:
        # Shared, so that unmounting a node's disk also reaches the machines that were started
        # meanwhile and carry a copy of this host's mounts under their own root.
        mounts.mount("none", names.runtime, flags=mounts.MS_SHARED)
