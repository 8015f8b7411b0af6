#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-test sanity`` on this tree, without containers and without Ansible's own servers.

``ansible-test`` wants the collection at .../ansible_collections/<namespace>/<name> and takes no
link for it, so the files that git would commit are copied. It makes an environment of its own for
each test and fetches a script that puts pip there; the script below does the same from what
Python brings, so that only a package index is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "sanity"
COPY = BUILD / "ansible_collections" / "anjianyun" / "datacenter"
JUNIT = COPY / "tests" / "output" / "junit"
#: Debian 11's Python, which managed hosts may have, and the newest of control nodes.
OTHER_PYTHONS = ("3.9", "3.13")
PYTHONS = (*OTHER_PYTHONS, f"{sys.version_info.major}.{sys.version_info.minor}")

#: ansible-test runs it as `get-pip.py [--no-setuptools] [--no-wheel] pip==VERSION`.
GET_PIP = """\
import subprocess
import sys

packages = [word for word in sys.argv[1:] if not word.startswith("-")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *packages], check=True)
"""


def main() -> int:
    copy_tree()
    offer_pip()
    environment = {
        **os.environ,
        "HOME": str(BUILD / "home"),
        "PATH": f"{Path(sys.executable).parent}:{offer_pythons()}:/usr/sbin:/usr/bin:/sbin:/bin",
        "PIP_QUIET": "1",
    }
    shutil.rmtree(JUNIT, ignore_errors=True)
    command = ["ansible-test", "sanity", "--junit", "--color", "no", *sys.argv[1:]]
    return subprocess.run(command, cwd=COPY, env=environment, check=False).returncode


def copy_tree() -> None:
    """What is committed or would be, so that a file forgotten by git is tested as well."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout  # fmt: skip
    wanted = {Path(os.fsdecode(name)) for name in listed.split(b"\0") if name}
    COPY.mkdir(parents=True, exist_ok=True)
    for path in [path for path in COPY.rglob("*") if path.is_file() and ".git" not in path.parts]:
        if path.relative_to(COPY) not in wanted:
            path.unlink()
    for name in wanted:
        if (ROOT / name).exists():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    # A repository of its own: ansible-test would find the outer one, which ignores this folder.
    subprocess.run(["git", "init", "--quiet"], cwd=COPY, check=True)


def offer_pip() -> None:
    """Lay the script that installs pip where ansible-test looks before it fetches one."""
    versions = {get_venv_packages(SimpleNamespace(version=python))["pip"] for python in PYTHONS}
    cache = BUILD / "home" / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in versions:
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP)


def offer_pythons() -> Path:
    """A folder of links to other interpreters, for the tests that compile and import with each."""
    folder = BUILD / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for link in folder.iterdir():
        link.unlink()
    for version in OTHER_PYTHONS:
        installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        if installed:
            (folder / f"python{version}").symlink_to(installed[-1])
    return folder


if __name__ == "__main__":
    sys.exit(main())
