# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number that an operator gives with -e is text: whoever reckons with it makes a number of it first.

Else a comparison ends the run in the middle, and a product repeats the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from jinja2 import nodes

ROOT = Path(__file__).resolve().parents[3]
VARIABLES = [
    *sorted((ROOT / "playbooks" / "group_vars" / "all").glob("*.yml")),
    *(ROOT / "roles" / role / "defaults" / "main.yml" for role in ("burn_in", "line_rate")),
]
FILES = [
    *VARIABLES,
    *sorted((ROOT / "playbooks").glob("*.yml")),
    *sorted((ROOT / "playbooks" / "tasks").glob("*.yml")),
    *sorted(
        path for role in ("burn_in", "line_rate") for path in (ROOT / "roles" / role / "tasks").glob("*")
    ),
]
CONDITIONS = ("when", "until", "failed_when", "changed_when", "that")
NUMBERS = {
    name
    for path in VARIABLES
    for name, value in yaml.safe_load(path.read_text()).items()
    if isinstance(value, (int, float)) and not isinstance(value, bool)
}


def expressions(value: Any, condition: bool = False) -> Iterator[str]:
    """Every text that Ansible makes a template of."""
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield value
        elif condition:
            yield "{{ " + value + " }}"
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from expressions(item, key in CONDITIONS)
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item, condition)


def reckoned(text: str) -> Iterator[str]:
    """The variables of operators that a template compares or reckons with as they come."""
    tree = jinja2.Environment(autoescape=False).parse(text)
    for found in tree.find_all((nodes.Compare, nodes.BinExpr)):
        if isinstance(found, (nodes.And, nodes.Or)):
            continue
        for part in found.iter_child_nodes():
            name = part.expr if isinstance(part, nodes.Operand) else part
            if isinstance(name, nodes.Name) and name.name in NUMBERS:
                yield name.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_number_of_an_operator_is_made_one_where_it_is_reckoned_with(path: Path) -> None:
    found = {name for text in expressions(yaml.safe_load(path.read_text())) for name in reckoned(text)}

    assert found == set()


def test_there_are_numbers_and_the_rule_finds_them() -> None:
    assert {"room_backup_hours", "dr_switchover_lag_bytes", "burn_in_poll_s"} <= NUMBERS
    for text in ("{{ 1 <= burn_in_poll_s }}", "{{ 2 * burn_in_poll_s }}", "{{ [1 + burn_in_poll_s] | min }}"):
        assert list(reckoned(text)) == ["burn_in_poll_s"]
    assert list(reckoned("{{ 2 * burn_in_poll_s | int if burn_in_poll_s else 1 }}")) == []
