# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's network as far as the twin's changes touch it: what a list of changes comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.network import (
    Change,
    LinkState,
    NamespaceState,
)


class Kernel:
    """Namespaces and links; refuses what the real one would."""

    def __init__(self) -> None:
        self.links: dict[str, dict[str, LinkState]] = {}
        self.gateways: dict[str, str] = {}
        self.sysctls: dict[str, dict[str, str]] = {}
        self.pairs: dict[tuple[str, str], tuple[str, str]] = {}

    def state(self) -> Mapping[str, NamespaceState]:
        return {
            name: NamespaceState(dict(links), self.gateways.get(name, ""), dict(self.sysctls[name]))
            for name, links in self.links.items()
        }

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            getattr(self, change.verb)(change)

    def add_namespace(self, change: Change) -> None:
        assert change.namespace not in self.links
        self.links[change.namespace] = {"lo": LinkState("lo", "", up=False)}
        self.sysctls[change.namespace] = {}

    def delete_namespace(self, change: Change) -> None:
        for name in list(self.links[change.namespace]):
            self.drop(change.namespace, name)
        del self.links[change.namespace], self.sysctls[change.namespace]
        self.gateways.pop(change.namespace, None)

    def drop(self, namespace: str, name: str) -> None:
        """A link goes, and the other end of its pair with it."""
        self.links.get(namespace, {}).pop(name, None)
        far = self.pairs.pop((namespace, name), None)
        if far:
            self.pairs.pop(far, None)
            self.links.get(far[0], {}).pop(far[1], None)

    def delete_link(self, change: Change) -> None:
        # One that is gone already is fine: both ends of a pair go together.
        self.drop(change.namespace, change.device)

    def _new(self, namespace: str, name: str, kind: str) -> None:
        assert name not in self.links[namespace], f"{name} exists"
        self.links[namespace][name] = LinkState(name, kind, up=False, mac="random")

    def add_bridge(self, change: Change) -> None:
        self._new(change.namespace, change.device, "bridge")

    def add_pair(self, change: Change) -> None:
        near, far = (change.namespace, change.device), (change.arguments[0], change.arguments[1])
        self._new(*near, "veth")
        self._new(*far, "veth")
        self.pairs |= {near: far, far: near}

    def _set(self, change: Change, **values: object) -> None:
        links = self.links[change.namespace]
        links[change.device] = replace(links[change.device], **values)  # type: ignore[arg-type]

    def add_address(self, change: Change) -> None:
        there = self.links[change.namespace][change.device].addresses
        self._set(change, addresses=there | {change.arguments[0]})

    def set_mac(self, change: Change) -> None:
        self._set(change, mac=change.arguments[0])

    def set_master(self, change: Change) -> None:
        assert self.links[change.namespace][change.arguments[0]].kind == "bridge"
        self._set(change, master=change.arguments[0])

    def shape(self, change: Change) -> None:
        self._set(change, rate_mbit=float(change.arguments[0]))

    def set_up(self, change: Change) -> None:
        self._set(change, up=True)

    def set_sysctl(self, change: Change) -> None:
        self.sysctls[change.namespace][change.arguments[0]] = change.arguments[1]

    def set_gateway(self, change: Change) -> None:
        assert any(link.up and link.addresses for link in self.links[change.namespace].values())
        self.gateways[change.namespace] = change.arguments[0]
