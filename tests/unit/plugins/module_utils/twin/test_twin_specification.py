# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A specification is read as a whole, and refused as a whole, before anything is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import as_data, parse
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.twin.small import small

Data = dict[str, Any]


def test_what_was_read_is_written_as_it_was() -> None:
    spec = parse(small())
    assert parse(as_data(spec)) == spec


def test_appliances_start_before_machines_and_control_nodes_never() -> None:
    assert [node.name for node in parse(small()).rooted()] == ["dr-rt-01", "nn-rt-01", "nn-db-01"]


@pytest.mark.parametrize("twin_id", ["", "Tw1", "1tw", "a-b", "a_b", "elevenchars", "tw1\n", "../x"])
def test_an_id_that_cannot_be_a_part_of_names_is_refused(twin_id: str) -> None:
    with pytest.raises(DatacenterError, match="cannot be the id of a twin"):
        parse({**small(), "twin_id": twin_id})


def _drop_line(data: Data) -> None:
    del data["lines"]["nn-dr-1"]


def _same_name_twice(data: Data) -> None:
    data["nodes"]["nn-rt-01"]["interfaces"][2]["name"] = "br-app"


BREAKS: dict[str, Callable[[Data], Any]] = {
    "dr-rt-01, interface l-nn: line 'nn-dr-1' is not there": _drop_line,
    "nn-rt-01: interface br-app twice": _same_name_twice,
    "its gateway nowhere is not a node": lambda d: d["networks"]["nn-app"].update(gateway_host="nowhere"),
    "dr-rt-01, its gateway, is not in it": lambda d: d["networks"]["nn-app"].update(gateway_host="dr-rt-01"),
    "its end nowhere is not a node": lambda d: d["lines"]["nn-dr-1"].update(b_host="nowhere"),
    "dr-rt-01 has no interface x": lambda d: d["lines"]["nn-dr-1"].update(b_interface="x"),
    "a rate of 0 Mbit/s": lambda d: d["lines"]["nn-dr-1"].update(rate_mbit=0),
    "needs an image and a disk": lambda d: d["nodes"]["nn-db-01"].update(image=""),
    "kind 'cloud' is none of": lambda d: d["nodes"]["nn-db-01"].update(kind="cloud"),
    "'Nn_db' is not a host name": lambda d: d["nodes"].update({"Nn_db": d["nodes"]["nn-db-01"]}),
    "not a name Linux takes": lambda d: d["nodes"]["nn-db-01"]["interfaces"][0].update(name="e" * 16),
    "'10.1.10' is not an address": lambda d: d["nodes"]["nn-db-01"]["interfaces"][0].update(
        address="10.1.10"
    ),
    "the network 'oob' of its BMC is not there": lambda d: d["nodes"]["nn-db-01"]["bmc"].update(
        network="oob"
    ),
}


@pytest.mark.parametrize("words", BREAKS)
def test_what_does_not_fit_together_is_named(words: str) -> None:
    data = small()
    BREAKS[words](data)
    with pytest.raises(DatacenterError) as caught:
        parse(data)
    assert words in str(caught.value)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    data = small()
    data["lines"]["nn-dr-1"]["rate_mbit"] = -1
    data["nodes"]["nn-db-01"]["image"] = ""
    with pytest.raises(DatacenterError, match="a disk.*; .*Mbit/s"):
        parse(data)


@pytest.mark.parametrize("part", ["nodes", "networks", "lines"])
def test_a_missing_part_is_an_error_of_ours(part: str) -> None:
    data = small()
    del data[part]
    with pytest.raises(DatacenterError, match="cannot be read"):
        parse(data)


def test_an_unknown_field_is_an_error_of_ours() -> None:
    data = small()
    data["nodes"]["nn-db-01"]["colour"] = "green"
    with pytest.raises(DatacenterError, match="colour"):
        parse(data)
