# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others get is the archive: it is built, installed into an empty place, and used from there."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
LIMIT_BYTES = 5_000_000
#: Folders and files of a checkout that nobody who installs a collection wants.
FOREIGN = (".git", ".venv", ".ci", "build", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def run(*command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A program of this environment with nothing but an empty home and the installed collections."""
    environment = {
        "PATH": f"{PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(home / "collections"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
    }
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git would commit, as a release is built from a clean checkout."""
    folder = tmp_path_factory.mktemp("archive")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout  # fmt: skip
    copy = ["rsync", "--archive", "--from0", "--files-from=-", "--ignore-missing-args", f"{ROOT}/", "source/"]
    subprocess.run(copy, input=listed, cwd=folder, check=True)
    (folder / "source" / "build").mkdir()
    (folder / "source" / "build" / "left.txt").write_text("of an earlier run")
    run("ansible-galaxy", "collection", "build", "source", home=folder)
    (built,) = folder.glob("anjianyun-datacenter-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("installed")
    command = ["ansible-galaxy", "collection", "install", "--offline", "--no-deps", str(archive)]
    run(*command, "-p", str(home / "collections"), home=home)
    return home


def test_the_archive_is_small_and_has_no_leavings(archive: Path) -> None:
    assert archive.stat().st_size < LIMIT_BYTES
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert "galaxy.yml" not in names
    assert {"MANIFEST.json", "README.md", "LICENSE", "meta/runtime.yml"} <= set(names)
    assert not [name for name in names if set(Path(name).parts) & set(FOREIGN)]


def test_a_module_runs_from_the_installed_archive(installed: Path) -> None:
    done = run(
        "ansible", "localhost", "-m", "anjianyun.datacenter.world_info", "-c", "local",
        "-e", f"ansible_python_interpreter={sys.executable}", "-o", "-vv", home=installed,
    )  # fmt: skip
    result = json.loads(done.stdout.partition("=> ")[2])
    assert result["world"] in ("estate", "twin")
    assert not result["changed"]


def test_every_module_and_plugin_has_its_documentation_there(installed: Path) -> None:
    for kind in ("module", "inventory", "callback", "filter"):
        done = run("ansible-doc", "--json", "-t", kind, "--list", "anjianyun.datacenter", home=installed)
        names = {name.rpartition(".")[2] for name in json.loads(done.stdout)}
        folder = ROOT / "plugins" / (f"{kind}s" if kind == "module" else kind)
        # One filter file may hold several filters, so only files that must be named are compared.
        if kind != "filter" and folder.is_dir():
            assert {path.stem for path in folder.glob("[!_]*.py")} == names


def test_the_rehearsal_estate_is_read_by_the_installed_plugin(installed: Path) -> None:
    inventory = installed / "collections/ansible_collections/anjianyun/datacenter/inventory/rehearsal"
    done = run("ansible-inventory", "-i", f"{inventory}/site_plan.yml", "--list", home=installed)
    assert "nn-db-01" in json.loads(done.stdout)["_meta"]["hostvars"]
