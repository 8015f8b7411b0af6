# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is written in a plan, its reader gets an inventory or findings, never a traceback."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import PlanError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.load import load_source
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import Addressing, Limits
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import Source, read_source

BASE = read_source(Path(__file__).resolve().parents[5] / "tests" / "plans" / "base").data
#: With what is mostly left to its defaults written out, so that it can be wrong, too.
SOUND = {
    **BASE,
    "addressing": Addressing().model_dump(),
    "limits": Limits().model_dump(),
}
#: What people write by mistake, and what fits somewhere else.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 70000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "nn-db-01", "nn-rt-01", "hidden_danger", "vault", "nanning", "0.0.0.0/8", "10.1.10.0/24"]
        + ["10.254.0.0/99", "450200", "999999", "9-1", "1-999999999", "core", "pool", "liuzhou", "{number}"]
    ),
    st.lists(st.sampled_from(["vault", "name-service", "hidden_danger", "A", "databases"]), max_size=2),
    st.dictionaries(st.sampled_from(["number", "class", "host", "loop"]), st.integers(0, 300), max_size=2),
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of the plan."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [path] if path else []
    return found + [place for key, value in children for place in places(value, (*path, key))]


PLACES = places(SOUND)


def put(plan: Any, path: tuple[Any, ...], value: Any) -> None:
    """Change one place, unless what was put before took it away."""
    try:
        for key in path[:-1]:
            plan = plan[key]
        if value == "remove":
            del plan[path[-1]]
        else:
            plan[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return


CHANGES = st.lists(st.tuples(st.sampled_from(PLACES), st.just("remove") | VALUES), min_size=1, max_size=3)


@settings(max_examples=200)
@given(changes=CHANGES)
def test_a_plan_with_anything_anywhere_gives_an_inventory_or_findings(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    plan = copy.deepcopy(SOUND)
    for path, value in changes:
        put(plan, path, value)
    try:
        load_source(Source(Path("plan"), data=plan)).inventory()
        findings = None
    except PlanError as error:
        findings = error.findings
    assert findings is None or (
        findings and all(one.found and one.allowed and one.next_step for one in findings)
    )


@pytest.mark.parametrize("pool", ["estate", "lines", "loopbacks", "services"])
@pytest.mark.parametrize("prefix", ["10.254.0.0/99", "10.254.0.1/16", "999.0.0.0/8"])
def test_a_pool_that_is_no_prefix_is_told_once_and_nothing_is_built_on_it(pool: str, prefix: str) -> None:
    plan = {**SOUND, "addressing": {pool: prefix}}
    with pytest.raises(PlanError) as error:
        load_source(Source(Path("plan"), data=plan))
    assert [(one.rule, one.path) for one in error.value.findings] == [("bad-prefix", ("addressing", pool))]


@pytest.mark.parametrize("prefix", ["10.9.0.0/99", "10.9.20.1/24", "999.0.0.0/24"])
def test_networks_that_are_no_prefixes_are_told_once_each(prefix: str) -> None:
    plan = copy.deepcopy(SOUND)
    networks = plan["centres"]["nanning"]["networks"]
    for name in networks:
        networks[name]["prefix"] = prefix
    with pytest.raises(PlanError) as error:
        load_source(Source(Path("plan"), data=plan))
    places = [(one.rule, one.path) for one in error.value.findings]
    assert places == [("bad-prefix", ("centres", "nanning", "networks", name)) for name in networks]
