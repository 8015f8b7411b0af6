# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of the twin, as testinfra reads them, and what the plan says of the systems that move."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import testinfra
import yaml

TWIN = Path("/run/anjianyun/twin", os.environ.get("TWIN", "molmove"))
PLAN = Path(__file__).resolve().parents[2] / "inventory/moving/plan"


@pytest.fixture(scope="session")
def at() -> Callable[[str], Any]:
    """A server, by its name."""

    @cache
    def found(name: str) -> Any:
        return testinfra.get_host(f"ssh://{name}", ssh_config=str(TWIN / "ssh/config"))

    return found


@pytest.fixture(scope="session")
def secret() -> str:
    """The password of the modules' account."""
    return str(json.loads((TWIN / "vars.yml").read_text())["dc_secrets"]["migration"])


@pytest.fixture(params=["accident_report", "enterprise_site"])
def system(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of each system its name, and its server part."""
    plan = yaml.safe_load((PLAN / "migration.yml").read_text(encoding="utf-8"))
    return {"name": request.param, **plan["migration"]["systems"][request.param]["application"]}
