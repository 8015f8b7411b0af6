# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin under the real ansible-inventory, in a process of its own each time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
REHEARSAL = ROOT / "inventory" / "rehearsal"


def ansible(
    command: str, *arguments: object, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of Ansible's; its output is not coloured and nothing is asked."""
    return subprocess.run(
        [str(Path(sys.executable).with_name(command)), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "10000", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def listed(source: Path, **environment: Any) -> dict[str, Any]:
    """The inventory as ``ansible-inventory --list`` shows it."""
    done = ansible("ansible-inventory", "-i", source, "--list", **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def source(folder: Path, **options: Any) -> Path:
    """A source of its own in a folder that has a copy of the rehearsal plan."""
    if not (folder / "plan").exists():
        shutil.copytree(REHEARSAL / "plan", folder / "plan")
    file = folder / "site_plan.yml"
    file.write_text(yaml.safe_dump({"plugin": "anjianyun.datacenter.site_plan", **options}))
    return file


def no_settings(folder: Path) -> Path:
    """An ansible.cfg that says nothing, as where the collection is merely installed."""
    file = folder / "ansible.cfg"
    file.write_text("")
    return file


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def test_the_graph_of_guangxi_shows_what_the_document_counts() -> None:
    done = ansible("ansible-inventory", "-i", ROOT / "inventory" / "guangxi" / "site_plan.yml", "--graph")
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    counts = {prefix: sum(f"@{prefix}_" in line for line in shown) for prefix in ("city", "county", "line")}
    assert counts == {"city": 14, "county": 110, "line": 127}
    servers = ansible(
        "ansible-inventory", "-i", ROOT / "inventory" / "guangxi" / "site_plan.yml", "--graph", "servers"
    )
    hosts = [line for line in servers.stdout.splitlines() if "@" not in line]
    assert len(hosts) == 140


def test_the_list_shows_addresses_and_the_connection_beside_the_plan() -> None:
    host = listed(REHEARSAL / "site_plan.yml")["_meta"]["hostvars"]["nn-db-01"]
    assert (host["ansible_host"], host["ansible_user"]) == ("10.1.10.11", "root")
    assert host["dc_bmc"]["address"] == "10.1.20.11"


def test_groups_and_variables_of_ones_own(tmp_path: Path) -> None:
    own = source(
        tmp_path,
        keyed_groups=[{"key": "dc_os", "prefix": "os"}, {"key": "dc_power.rack", "prefix": "rack"}],
        groups={"with_bmc": "dc_bmc is defined"},
        compose={"gateway_of_servers": "dc_networks['nn-servers'].gateway", "plan": "dc_plan.name"},
    )
    found = listed(own)
    assert found["os_debian_11"]["hosts"] == ["nn-old-01", "nn-old-02"]
    assert set(found["with_bmc"]["hosts"]) == set(found["bmc"]["hosts"])
    assert "nn-old-01" in found["rack_r02"]["hosts"]
    host = found["_meta"]["hostvars"]["nn-db-01"]
    assert (host["gateway_of_servers"], host["plan"]) == ("10.1.10.1", "rehearsal")


def test_strict_tells_what_a_host_lacks(tmp_path: Path) -> None:
    own = source(tmp_path, compose={"nothing": "dc_there_is_no_such_variable"}, strict=True)
    done = ansible("ansible-inventory", "-i", own, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
    assert done.returncode != 0
    assert "dc_there_is_no_such_variable" in done.stderr


def test_the_cache_holds_until_the_plan_is_edited(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    own = source(tmp_path, cache=True, cache_plugin="jsonfile", cache_connection=str(cache))
    first = listed(own)
    kept = next(file for file in cache.iterdir() if file.is_file())
    replace(kept, "AJY-NN-0011", "from-the-cache")
    serial = listed(own)["_meta"]["hostvars"]["nn-db-01"]["dc_hardware"]["serial"]
    assert serial == "from-the-cache"
    replace(tmp_path / "plan" / "centre-nanning.yml", "AJY-NN-0011", "AJY-NN-0099")
    third = listed(own)
    assert third["_meta"]["hostvars"]["nn-db-01"]["dc_hardware"]["serial"] == "AJY-NN-0099"
    assert set(third["_meta"]["hostvars"]) == set(first["_meta"]["hostvars"])


def test_what_the_plan_accepts_knowingly_is_said_from_the_cache_too(tmp_path: Path) -> None:
    own = source(tmp_path, cache=True, cache_plugin="jsonfile", cache_connection=str(tmp_path / "cache"))
    region = tmp_path / "plan" / "region.yml"
    replace(region, "uplink: {to: gx-edge-01", "accepts_loss_with: nanning\n    uplink: {to: nn-rt-01")
    replace(region, "  county:\n", "  county:\n    accepts_loss_with: nanning\n")
    for _cold_then_cached in range(2):
        done = ansible("ansible-inventory", "-i", own, "--graph")
        assert done.returncode == 0, done.stderr
        assert "liuzhou is lost with centre nanning" in " ".join(done.stderr.split())


def test_a_plan_with_errors_gives_no_inventory_and_says_them_all(tmp_path: Path) -> None:
    own = source(tmp_path)
    replace(tmp_path / "plan" / "region.yml", "nn-dr-2:\n    {number: 2", "nn-dr-2:\n    {number: 1")
    replace(tmp_path / "plan" / "services.yml", "dr: {database: dr-db-01, ", "dr: {")
    done = ansible("ansible-inventory", "-i", own, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert "2 errors in the site plan" in said
    assert "plan/region.yml:13: lines.nn-dr-2.number: the line number 1 is taken already" in said
    assert "the database tier of hidden_danger has no server in the DR centre dr" in said
    assert "nn-db-01" not in done.stdout


def test_a_folder_whose_plan_was_read_as_inventories_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    source(folder)
    done = ansible(
        "ansible-inventory", "-i", folder, "--list", cwd=tmp_path,
        ANSIBLE_CONFIG=str(no_settings(tmp_path)), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1",
    )  # fmt: skip
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert "the plan's own files were read as inventories" in said
    assert "ignore_patterns = ^plan$" in said


def test_a_folder_is_fine_once_the_plan_is_ignored(tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    source(folder)
    done = ansible(
        "ansible-inventory", "-i", folder, "--list", cwd=tmp_path,
        ANSIBLE_CONFIG=str(no_settings(tmp_path)), ANSIBLE_INVENTORY_IGNORE_REGEX="^plan$",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "nn-db-01" in json.loads(done.stdout)["_meta"]["hostvars"]


@pytest.mark.parametrize("name", ["plan.yml", "hosts.yml"])
def test_other_files_are_left_to_other_plugins(tmp_path: Path, name: str) -> None:
    own = source(tmp_path).rename(tmp_path / name)
    done = ansible("ansible-inventory", "-i", own, "--graph")
    assert "nn-db-01" not in done.stdout


def test_nothing_in_a_plan_is_a_template(tmp_path: Path) -> None:
    own = source(tmp_path)
    replace(tmp_path / "plan" / "centre-dr.yml", "en: Main room", 'en: "{{ 6 * 7 }}"')
    done = ansible(
        "ansible",
        "-i",
        own,
        "nn-ctl-01",
        "-c",
        "local",
        "-m",
        "debug",
        "-a",
        "var=dc_centres.dr.rooms.main.title.en",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "{{ 6 * 7 }}" in done.stdout
    assert "42" not in done.stdout


def test_without_pydantic_it_says_what_to_install_and_still_documents_itself(tmp_path: Path) -> None:
    own = source(tmp_path)
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "pydantic.py").write_text("raise ImportError('pydantic is not here')\n")
    path = str(tmp_path / "path")
    done = ansible(
        "ansible-inventory",
        "-i",
        own,
        "--list",
        PYTHONPATH=path,
        ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1",
    )
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert "pydantic is not here" in said
    assert "install pydantic (2.11 or newer) for the Python that runs Ansible" in said
    documented = ansible("ansible-doc", "-t", "inventory", "anjianyun.datacenter.site_plan", PYTHONPATH=path)
    assert documented.returncode == 0, documented.stderr
