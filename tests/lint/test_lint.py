# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each linter is one test, so a report counts it and ``-k mypy`` runs one alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: This tree under the name it is imported by; `make setup` links it.
PACKAGE = "build/typing/ansible_collections/anjianyun/datacenter"
SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for path in [
        *ROOT.glob("tools/*.sh"),
        *ROOT.glob("tests/bench/floor/*.*sh"),
        *ROOT.glob("plugins/plugin_utils/assess/on_source/*.sh"),
        ROOT / ".ci" / "run",
    ]
)

LINTERS: dict[str, list[str]] = {
    "ruff-check": ["ruff", "check", "--output-format", "concise", "."],
    "ruff-format": ["ruff", "format", "--check", "--output-format", "concise", "."],
    "mypy": ["mypy", *(f"{PACKAGE}/{part}" for part in ("plugins", "tests", "tools", "roles"))],
    "yamllint": ["yamllint", "--strict", "."],
    # Its exit code is 0 when only warnings are left.
    "ansible-lint": ["ansible-lint", "--offline", "-q", "--nocolor"],
    "antsibull-changelog": ["antsibull-changelog", "lint"],
    "antsibull-docs": ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", "."],
    "shellcheck": ["shellcheck", "-x", "-P", "SCRIPTDIR", *SCRIPTS],
}


@pytest.mark.parametrize("name", LINTERS)
def test_lint(name: str) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        LINTERS[name], cwd=ROOT, env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.fail(f"{' '.join(LINTERS[name])}\n\n{done.stdout}", pytrace=False)
