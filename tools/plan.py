#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a site plan without Ansible, and says in a few lines what it gives.

    python tools/plan.py inventory/rehearsal/site_plan.yml
    python tools/plan.py --control-node inventory/rehearsal/site_plan.yml

Ends with 0 only when the plan has no mistake.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Mapping

import yaml

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import LoadedPlan, load_plan


def plan_folder(source: Path) -> Path:
    """Where the plan is that an inventory source of ours names.

    :raises DatacenterError: when the source cannot be read.
    """
    try:
        said = yaml.safe_load(source.read_text(encoding="utf-8"))
        return source.parent / str(said.get("plan", "plan"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
        raise DatacenterError(
            "the inventory source cannot be read",
            device=str(source),
            cause=str(error),
            next_step="two lines are enough: plugin: anjianyun.datacenter.site_plan, and plan: plan/",
        ) from error


def control_node(loaded: LoadedPlan) -> str:
    """The control node that a drill runs from: of the centre that it leaves alive.

    :raises DatacenterError: when there is no service to move, or no control node to move it from.
    """
    services = sorted(loaded.plan.services.values(), key=lambda service: service.priority)
    if not services:
        raise DatacenterError(
            "there is nothing to drill", device=loaded.plan.plan.name, cause="the plan has no services",
            next_step="state one under services",
        )  # fmt: skip
    away = next(centre for centre in services[0].centres if centre != services[0].primary)
    hosts = loaded.inventory().hosts
    found = sorted(
        name
        for name, values in hosts.items()
        if values["dc_kind"] == "control_node" and values.get("dc_centre") == away
    )
    if not found:
        raise DatacenterError(
            "nobody could run a failover", device=away, cause="this centre has no control node",
            next_step=f"state a host of kind control_node under centres.{away}.hosts",
        )  # fmt: skip
    return found[0]


def reached_from(loaded: LoadedPlan) -> str:
    """A control node that reaches the machines: the drill's, or without services the plan's first."""
    if loaded.plan.services:
        return control_node(loaded)
    hosts = loaded.inventory().hosts
    return min((name for name, values in hosts.items() if values["dc_kind"] == "control_node"), default="")


def said(loaded: LoadedPlan) -> str:
    """What the plan gives, for a person who has just written it."""
    hosts = loaded.inventory().hosts
    kinds = Counter(str(values["dc_kind"]).replace("_", " ") for values in hosts.values())
    plan = loaded.plan
    lines = [
        f"{plan.plan.name}: the plan has no mistakes",
        f"  centres   {', '.join(plan.centres)}",
        f"  hosts     {len(hosts)}: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}",
    ]
    lines += [f"  service   {_service(name, hosts, service)}" for name, service in plan.services.items()]
    lines += [f"  known     {warning}" for warning in loaded.warnings]
    return "\n".join(lines)


def _service(name: str, hosts: Mapping[str, Any], service: Any) -> str:
    places = [
        f"{centre} ({part.database} {hosts[part.database]['ansible_host']})"
        for centre, part in service.centres.items()
    ]
    promised = f"RPO {service.rpo_s:g} s, RTO {service.rto_s:g} s"
    return f"{name}: {' and '.join(places)}, primary {service.primary}, {promised}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="the estate's site_plan.yml")
    parser.add_argument("--control-node", action="store_true", help="print only where a drill runs from")
    parser.add_argument(
        "--reached-from", action="store_true", help="print only where machines are reached from"
    )
    arguments = parser.parse_args()
    try:
        loaded = load_plan(plan_folder(arguments.source))
        if arguments.reached_from:
            print(reached_from(loaded) or "CONTROL-NODE")
        else:
            print(control_node(loaded) if arguments.control_node else said(loaded))
    except DatacenterError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
