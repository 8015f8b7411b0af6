# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the templates of a playbook's tasks say, with the collection's own filters and variables of a test."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

FILTERS = "ansible_collections.anjianyun.datacenter.plugins.filter"
PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"


def tasks(file: str) -> list[dict[str, Any]]:
    """Those of a file of tasks, blocks opened."""
    found: list[dict[str, Any]] = []
    rest = yaml.safe_load((PLAYBOOKS / "tasks" / file).read_text())
    while rest:
        task = rest.pop(0)
        found.append(task)
        rest = [*task.get("block", ()), *rest]
    return found


def task(file: str, name: str) -> dict[str, Any]:
    """The one whose name begins so."""
    (found,) = [one for one in tasks(file) if one["name"].startswith(name)]
    return found


def trusted(value: Any) -> Any:
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return [trusted(item) for item in value] if isinstance(value, list) else value


def shared(file: str) -> dict[str, Any]:
    """The variables that all playbooks share, of one file."""
    found: dict[str, Any] = trusted(yaml.safe_load((PLAYBOOKS / "group_vars" / "all" / file).read_text()))
    return found


def said(value: Any, own: dict[str, Any] | None = None, **variables: Any) -> Any:
    """A task's value with all templates worked out; ``own`` are the task's own variables."""
    templar = Templar(loader=DataLoader(), variables={**variables, **trusted(own or {})})
    # Pytest has imported the collection before Ansible could find it by itself.
    for name, function in filters().items():
        templar._engine.environment.filters[name] = function
    return templar.template(trusted(value))


@cache
def filters() -> dict[str, Any]:
    """The collection's own, as templates call them."""
    found = {}
    for path in sorted((PLAYBOOKS.parent / "plugins" / "filter").glob("*.py")):
        if path.stem == "__init__":
            continue
        module = importlib.import_module(f"{FILTERS}.{path.stem}")
        for name, function in module.FilterModule().filters().items():
            found[f"anjianyun.datacenter.{name}"] = function
    return found
