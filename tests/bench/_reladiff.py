# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peer of db_verify, in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess

from ansible_collections.anjianyun.datacenter.tests.bench._figures import ROOT

_HOME = ROOT / "build" / "reladiff"
_PROGRAM = _HOME / "bin" / "reladiff"
_UV = ROOT / "build" / "bootstrap" / "bin" / "uv"
_PACKAGES = ("reladiff[postgresql,mysql]==0.6.0", "psycopg2-binary")
#: What the newest of them brought: an older environment is made anew.
_DRIVERS = "import psycopg2, mysql.connector"


def have_reladiff() -> str | None:
    """Its version, or nothing where it cannot be had."""
    python = _HOME / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", _DRIVERS], check=False).returncode:
        shutil.rmtree(_HOME, ignore_errors=True)
        made = subprocess.run([_UV, "venv", "-q", _HOME], check=False).returncode == 0
        install = [str(_UV), "pip", "install", "-q", "--python", str(_HOME), *_PACKAGES]
        if not made or subprocess.run(install, check=False).returncode:
            return None
    done = subprocess.run([_PROGRAM, "--version"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def reladiff(places: tuple[str, str], table: str, jobs: int, lines: int) -> None:
    """All columns, as we do. It prints two lines for a row that differs.

    :param lines: so many have to be told.
    """
    done = subprocess.run(
        [_PROGRAM, places[0], table, places[1], table, "-k", "id", "-c", "%",
         "-j", str(jobs), "--assume-unique-key"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    told = sum(line.startswith(("+ ", "- ")) for line in done.stdout.splitlines())
    assert told == lines, done.stdout[:2000] + done.stderr[:2000]
