# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand hosts: a site plan, cold and validated, against the same hosts as plain YAML.

Measures ``ansible-inventory --list`` in a fresh process each time, with the hosts stated one by
one and as series. The peer gets what the plan derives: the same hosts, groups and variables
written out as a YAML inventory. Writes build/bench/inventory_10000.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
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
"""


def write_plan(folder: Path, series: bool) -> None:
    """A plan of two centres with five thousand cloud hosts each, besides their two routers."""
    (folder / "plan").mkdir(parents=True)
    (folder / "site_plan.yml").write_text(SOURCE)
    (folder / "plan" / "plan.yml").write_text(HEADER)
    for number, (name, code) in enumerate((("nanning", "nn"), ("dr", "dr")), 1):
        text = CENTRE.format(name=name, number=number, code=code)
        text += f"    hosts:\n      {code}-rt-01: {{class: core, number: 1}}\n"
        if series:
            text += f"    series:\n      - name: {code}-vm-{{number:05}}\n        numbers: 11-{HALF + 10}\n"
            text += "        class: cloud\n        carried_by: gx-cloud\n        roles: [application]\n"
        else:
            for host in range(11, HALF + 11):
                text += f"      {code}-vm-{host:05}:\n        class: cloud\n        number: {host}\n"
                text += "        carried_by: gx-cloud\n        roles: [application]\n"
        (folder / "plan" / f"centre-{name}.yml").write_text(text)


def write_peer(source: Path, listed: dict[str, object]) -> None:
    """The listed inventory as a plain YAML inventory."""
    hostvars = listed["_meta"]["hostvars"]  # type: ignore[index]
    common = {key: value for key, value in next(iter(hostvars.values())).items() if key in COMMON}
    groups: dict[str, object] = {}
    for name, group in listed.items():
        if name not in ("_meta", "all"):
            groups[name] = {
                key: dict.fromkeys(members) for key, members in group.items()  # type: ignore[attr-defined]
            }
    hosts = {
        name: {key: value for key, value in values.items() if key not in COMMON} for name, values in hostvars.items()
    }
    inventory = {"all": {"hosts": hosts, "vars": common, "children": dict.fromkeys(groups)}, **groups}
    source.write_text(yaml.dump(inventory, Dumper=yaml.CSafeDumper, allow_unicode=True, width=1000))


COMMON = {"dc_plan", "dc_centres", "dc_networks", "dc_lines", "dc_services"}


def seconds(source: Path, ansible: str, out: Path) -> float:
    """Wall clock of one cold ``ansible-inventory --list``."""
    started = time.monotonic()
    with out.open("wb") as stream:
        subprocess.run(
            [ansible, "-i", str(source), "--list"], check=True, stdout=stream, cwd=ROOT, env={**os.environ}
        )
    return time.monotonic() - started


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of the plan, each form; the peer runs once in two")
    arguments = parser.parse_args()
    ansible = str(Path(sys.executable).parent / "ansible-inventory")
    with tempfile.TemporaryDirectory() as name:
        folder, listing = Path(name), Path(name, "list.json")
        write_plan(folder / "stated", series=False)
        write_plan(folder / "series", series=True)
        sources = {form: folder / form / "site_plan.yml" for form in ("stated", "series")}
        times: dict[str, list[float]] = {form: [] for form in (*sources, "peer")}
        seconds(sources["stated"], ansible, listing)  # bytecode is compiled once, not in every cold start
        listed = json.loads(listing.read_text())
        peer = folder / "peer.yml"
        write_peer(peer, listed)
        for run in range(arguments.runs):
            for form, source in sources.items():
                times[form].append(seconds(source, ansible, listing))
            if run % 2 == 0:
                times["peer"].append(seconds(peer, ansible, listing))
        theirs = json.loads(listing.read_text())
    if set(theirs["_meta"]["hostvars"]) != set(listed["_meta"]["hostvars"]):
        raise SystemExit("the peer's inventory has other hosts: the comparison would be worth nothing")
    version = subprocess.run([ansible, "--version"], check=True, capture_output=True, text=True).stdout
    core = version.split("[core ", 1)[1].split("]", 1)[0]
    ours, other = statistics.median(times["stated"]), statistics.median(times["peer"])
    figures = {
        "name": "inventory_10000",
        "unit": "s",
        "ours": round(ours, 2),
        "ours_series": round(statistics.median(times["series"]), 2),
        "worst": round(max(times["stated"] + times["series"]), 2),
        "hosts": len(listed["_meta"]["hostvars"]),
        "peer": {"name": "the same hosts as a plain YAML inventory", "version": f"ansible-core {core}", "value": round(other, 2)},
        "floor": None,
        "ratio": round(ours / other, 3),
        "better": "lower",
        "runs": arguments.runs,
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        },
    }
    target = ROOT / "build" / "bench" / "inventory_10000.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
