# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand hosts: a site plan, cold and validated, against the same hosts as plain YAML.

Measures ``ansible-inventory --list`` in a fresh process each time, with the hosts stated one by
one and as series. The peer is what the plan derives, written out as a YAML inventory; it has to
list the very same hosts, groups and variables.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_plan
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Cost, cost, leave

ANSIBLE_INVENTORY = str(Path(sys.executable).with_name("ansible-inventory"))
HOSTS = 10_000
#: Hosts that stand in each of the two centres' server networks.
HALF = HOSTS // 2
SOURCE = "plugin: anjianyun.datacenter.site_plan\nplan: plan/\n"

HEADER = """\
plan: {format: 1, name: bench, title: {en: Ten thousand hosts, zh: 一万台主机}}
naming: {functions: {rt: [router], vm: [cloud_host]}}
classes:
  cloud: {kind: cloud_host, os: debian-12, cores: 8, memory_gib: 32}
  core: {kind: router, os: frr}
providers:
  gx-cloud: {title: {en: Provider, zh: 服务商}}
lines:
  nn-dr-1: {number: 1, a: nn-rt-01, b: dr-rt-01, rate_mbit: 500}
"""

CENTRE = """\
centres:
  {name}:
    number: {number}
    code: {code}
    title: {{en: {name}, zh: {name}}}
    networks:
      servers: {{number: 64, prefix_length: 18, purpose: servers, gateway: {code}-rt-01}}
    hosts:
      {code}-rt-01: {{class: core, number: 1}}
"""

ONE = """\
      {code}-vm-{number:05}:
        class: cloud
        number: {number}
        carried_by: gx-cloud
        roles: [application]
"""

SERIES = """\
    series:
      - name: {code}-vm-{{number:05}}
        numbers: 11-{last}
        class: cloud
        carried_by: gx-cloud
        roles: [application]
"""


def write_plan(folder: Path, series: bool) -> Path:
    """A plan of two centres with five thousand cloud hosts each, besides their two routers."""
    (folder / "plan").mkdir(parents=True)
    (folder / "plan" / "plan.yml").write_text(HEADER)
    for number, (name, code) in enumerate((("nanning", "nn"), ("dr", "dr")), 1):
        text = CENTRE.format(name=name, number=number, code=code)
        if series:
            text += SERIES.format(code=code, last=HALF + 10)
        else:
            text += "".join(ONE.format(code=code, number=host) for host in range(11, HALF + 11))
        (folder / "plan" / f"centre-{name}.yml").write_text(text)
    source = folder / "site_plan.yml"
    source.write_text(SOURCE)
    return source


def write_peer(source: Path, plan: Path) -> Path:
    """What the plan derives as a plain YAML inventory."""
    data = load_plan(plan).inventory()
    groups: dict[str, Any] = {group: {"hosts": dict.fromkeys(data.groups[group])} for group in data.groups}
    for parent, children in data.children.items():
        groups.setdefault(parent, {})["children"] = dict.fromkeys(children)
    for group, values in data.variables.items():
        groups.setdefault(group, {})["vars"] = values
    groups.setdefault("all", {})["hosts"] = data.hosts
    source.write_text(yaml.dump(groups, Dumper=yaml.CSafeDumper, allow_unicode=True, width=1000))
    return source


def run(source: Path, listing: Path) -> Cost:
    """One cold ``ansible-inventory --list``."""
    with listing.open("wb") as stream:
        return cost([ANSIBLE_INVENTORY, "-i", str(source), "--list"], stream)


def shown(listing: Path) -> dict[str, Any]:
    """What was listed, with the order of hosts left out of account."""
    found = json.loads(listing.read_text())
    groups = {
        name: {key: sorted(members) for key, members in group.items()}
        for name, group in found.items()
        if name != "_meta"
    }
    return {"hostvars": found["_meta"]["hostvars"], "groups": groups}


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of the plan, in each form")
    parser.add_argument("--peer-runs", type=int, default=1, help="of the peer, which takes its time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, listing = Path(name), Path(name, "list.json")
        sources = {form: write_plan(folder / form, series=form == "series") for form in ("stated", "series")}
        peer = write_peer(folder / "peer.yml", folder / "stated" / "plan")
        run(sources["stated"], listing)  # bytecode is compiled once, not in every cold start
        ours = shown(listing)
        costs = {
            form: [run(source, listing) for _run in range(arguments.runs)] for form, source in sources.items()
        }
        costs["peer"] = [run(peer, listing) for _run in range(arguments.peer_runs)]
        if shown(listing) != ours:
            raise SystemExit("the peer lists something else: the comparison would be worth nothing")
    version = subprocess.run(
        [ANSIBLE_INVENTORY, "--version"], check=True, capture_output=True, text=True
    ).stdout
    wall = {form: statistics.median(one.wall for one in of) for form, of in costs.items()}
    cpu = {form: round(statistics.median(one.cpu for one in of), 2) for form, of in costs.items()}
    leave(
        "inventory_10000",
        unit="s",
        ours=wall["stated"],
        peer={
            "name": "the same hosts as a plain YAML inventory",
            "version": f"ansible-core {version.split('[core ', 1)[1].split(']', 1)[0]}",
            "value": wall["peer"],
        },
        better="lower",
        runs=arguments.runs,
        hosts=len(ours["hostvars"]),
        series=round(wall["series"], 2),
        worst=round(max(one.wall for one in costs["stated"]), 2),
        cpu=cpu,
    )


if __name__ == "__main__":
    main()
