# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin: a site plan as hosts, groups and variables. The plan's logic is in plugin_utils/plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: site_plan
short_description: Hosts, groups and variables from a site plan
version_added: 0.1.0
author: the anjianyun.datacenter authors (@anjianyun)
description:
  - Reads a site plan (a YAML file, or a folder of them), checks it, and derives hosts, groups and variables.
  - Addresses follow from unique ids that are never reused, so adding or removing a site, host or line
    renumbers no other.
  - A plan with errors gives no inventory; all errors are reported at once, each with file, line, path,
    what was found, what is allowed, and the next step.
  - What the plan accepts knowingly, such as a site that is lost with one centre, is shown as a warning.
  - Every host knows C(dc_plan) and C(dc_services). C(dc_lines), C(dc_networks), C(dc_centres) and
    C(dc_infrastructure) are variables of the group C(estate_wide), which holds all hosts but plain servers
    (physical servers and cloud hosts that carry no service and no infrastructure).
  - The source's file name ends in C(site_plan.yml) or C(site_plan.yaml).
notes:
  - Give Ansible the source file (C(-i inventory/rehearsal/site_plan.yml)); folders C(group_vars) and
    C(host_vars) beside it are read. When the whole folder is given, keep Ansible from reading the plan's
    own files as inventories with C(ignore_patterns = ^plan$) in section C([inventory]) of ansible.cfg.
requirements:
  - pydantic >= 2.11
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices:
      - anjianyun.datacenter.site_plan
  plan:
    description: The plan's file or folder, relative to the folder of the inventory source.
    type: str
    default: plan
"""

EXAMPLES = r"""
# inventory/rehearsal/site_plan.yml
plugin: anjianyun.datacenter.site_plan
plan: plan/

---
# Groups of one's own: by operating system, and every rack.
plugin: anjianyun.datacenter.site_plan
plan: plan/
keyed_groups:
  - key: dc_os
    prefix: os
  - key: dc_power.rack
    prefix: rack
compose:
  ntp_server: dc_networks[dc_interfaces[0].network].gateway
strict: false
"""

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.template import trust_as_template

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.derive import (
    ESTATE_WIDE,
    InventoryData,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import (
    files_digest,
    no_collection,
)

#: Keys of a plan that never are groups: as groups they mean that its files were read as inventories.
_NEVER_GROUPS = {"plan", "addressing", "naming", "site_defaults"}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Derives an inventory from a site plan."""

    NAME = "anjianyun.datacenter.site_plan"

    def verify_file(self, path: str) -> bool:
        """Only files whose name says that they are a source of this plugin."""
        return super().verify_file(path) and path.endswith(("site_plan.yml", "site_plan.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory, from the cache while the plan's files are unchanged."""
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        self._refuse_polluted(path)
        root = Path(os.path.dirname(path), self.get_option("plan"))
        try:
            data = self._data(root, path, cache)
        except DatacenterError as error:
            # The findings say it all; what caused them in the code would only be said a second time.
            raise AnsibleParserError(str(error)) from None
        with no_collection():
            self._fill(data)
        self._construct(data)

    def _data(self, root: Path, path: str, cache: bool) -> InventoryData:
        if not self.get_option("cache"):
            data, warnings = self._load(root)
        else:
            self.load_cache_plugin()
            key, digest = self.get_cache_key(path), files_digest(root)
            kept = self._cache.get(key) if cache else None
            if kept and kept.get("files") == digest:
                data, warnings = InventoryData(**kept["data"]), kept["warnings"]
            else:
                data, warnings = self._load(root)
                self._cache[key] = {"files": digest, "data": vars(data), "warnings": warnings}
        for warning in warnings:
            self.display.warning(f"site plan: {warning}")
        return data

    @staticmethod
    def _load(root: Path) -> tuple[InventoryData, list[str]]:
        loaded = load_plan(root)
        return loaded.inventory(), [str(warning) for warning in loaded.warnings]

    def _fill(self, data: InventoryData) -> None:
        trust = _Trust()
        for group in (*data.children, *data.groups):
            self.inventory.add_group(group)
        for parent, children in data.children.items():
            for child in children:
                self.inventory.add_child(parent, child)
        for name, values in data.hosts.items():
            self.inventory.add_host(name)
            # Host.set_variable validates and logs each name; ours are fixed and ten thousand hosts are many.
            self.inventory.hosts[name].vars.update(trust.mapping(values))
        for group, members in data.groups.items():
            for member in members:
                self.inventory.add_child(group, member)
        for group, values in data.variables.items():
            for key, value in values.items():
                self.inventory.set_variable(group, key, trust.value(value))

    def _construct(self, data: InventoryData) -> None:
        options = {name: self.get_option(name) for name in ("compose", "groups", "keyed_groups")}
        if not any(options.values()):
            return
        strict = self.get_option("strict")
        wide = set(data.groups.get(ESTATE_WIDE, ()))
        of_all, of_wide = (self.inventory.groups[group].vars for group in ("all", ESTATE_WIDE))
        for name in data.hosts:
            values = {**of_all, **(of_wide if name in wide else {}), **self.inventory.hosts[name].vars}
            self._set_composite_vars(options["compose"], values, name, strict=strict)
            self._add_host_to_composed_groups(options["groups"], values, name, strict=strict)
            self._add_host_to_keyed_groups(options["keyed_groups"], values, name, strict=strict)

    def _refuse_polluted(self, path: str) -> None:
        seen = sorted(_NEVER_GROUPS.intersection(self.inventory.groups))
        if seen:
            raise AnsibleParserError(
                f"{path}: the plan's own files were read as inventories (groups {', '.join(seen)}). Next: "
                f"give -i {path} instead of its folder, or set ignore_patterns = ^plan$ in section "
                "[inventory] of ansible.cfg"
            )


class _Trust:
    """Marks the plan's strings as the estate's own, as Ansible does for YAML inventories.

    Without it ansible-inventory would show each as untrusted. Text with braces stays untrusted:
    nothing in a plan is a template.
    """

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._shared: dict[int, tuple[Any, Any]] = {}

    def value(self, value: Any) -> Any:
        """The value with every string in it marked."""
        if value.__class__ is str:
            try:
                return self._known[value]
            except KeyError:
                return self._known.setdefault(value, value if "{" in value else trust_as_template(value))
        if value.__class__ is dict:
            return self.mapping(value)
        if value.__class__ is list:
            return [self.value(item) for item in value]
        return value

    def mapping(self, values: dict[str, Any]) -> dict[str, Any]:
        """A mapping with its values marked; one that hosts share stays shared."""
        known = self._shared.get(id(values))
        if known is None:
            known = (values, {key: self.value(value) for key, value in values.items()})
            self._shared[id(values)] = known
        return known[1]
