# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules read back from nft as sentences, and what of a fence may be missing."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.network_fence import make_fence
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.nft import parse_table, prefixes
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.nft_table import without_includes


def address(field: str, right: str, op: str = "==") -> dict[str, Any]:
    left = {"payload": {"protocol": "ip", "field": field}}
    return {"match": {"op": op, "left": left, "right": right}}


def listing(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"nftables": [{"metainfo": {"version": "1.0.6"}}, *entries]}


def test_rules_become_sentences() -> None:
    table = parse_table(
        listing(
            {"chain": {"name": "forward", "hook": "forward", "prio": -10}},
            {"rule": {"chain": "forward", "expr": [{"jump": {"target": "to_them"}}]}},
            {"chain": {"name": "to_them"}},
            {"rule": {"chain": "to_them", "expr": [
                address("daddr", "@fenced"), {"counter": "to_fenced"}, {"reject": {"type": "tcp reset"}},
            ]}},
            {"rule": {"chain": "to_them", "expr": [address("saddr", "10.0.0.1", "!="), {"drop": None}]}},
            {"counter": {"name": "to_fenced", "packets": 3, "bytes": 180}},
        )
    )  # fmt: skip
    assert table.hooks == {"forward": ("forward", -10)}
    assert table.rules == {
        "forward": ["jump to_them"],
        "to_them": ["ip daddr @fenced counter to_fenced reject tcp reset", "ip saddr != 10.0.0.1 drop"],
    }
    assert table.counters == {"to_fenced": {"packets": 3, "bytes": 180}}


def test_what_is_not_understood_is_shown_and_equals_nothing_that_was_meant() -> None:
    table = parse_table(listing({"rule": {"chain": "c", "expr": [{"mangle": {"key": 1}}, {"accept": None}]}}))
    assert table.rules["c"] == ['{"mangle": {"key": 1}} accept']


def test_addresses_prefixes_and_ranges_of_a_set_are_one_list() -> None:
    elements = ["10.0.0.9", {"prefix": {"addr": "10.0.1.0", "len": 24}}, {"range": ["10.0.2.1", "10.0.2.3"]}]
    table = parse_table(
        listing(
            {"set": {"name": "fenced", "type": "ipv4_addr", "elem": elements}},
            {"set": {"name": "ports", "type": ["ipv4_addr", "inet_service"], "elem": [{"concat": ["a", 1]}]}},
        )
    )
    assert table.sets == {"fenced": ["10.0.0.9", "10.0.1.0/24", "10.0.2.1", "10.0.2.2/31"]}


def test_neighbouring_addresses_become_prefixes() -> None:
    assert prefixes(map(ipaddress.IPv4Network, ["10.0.0.3", "10.0.0.2", "10.0.0.2"])) == ["10.0.0.2/31"]


@pytest.mark.parametrize("action", ["reject", "drop"])
def test_a_fence_answers_only_where_it_should(action: str) -> None:
    text = make_fence("old", ["10.1.10.11"], ["10.2.30.11"], action).text()
    to_them = text.partition("chain to_them {")[2].partition("}")[0]
    assert ("reject with tcp reset" in to_them) == (action == "reject")
    assert (to_them.count("drop") == 1) == (action == "drop")
    # A refusal leaves in the fenced address's name: the output hook must let it go.
    assert "from_them" not in text.partition("chain output {")[2]


def test_a_fence_replaces_itself_in_one_transaction() -> None:
    lines = [
        line for line in make_fence("old", ["10.1.10.11"]).text().splitlines() if not line.startswith("#")
    ]
    assert lines[:2] == ["table inet ajy_fence_old", "delete table inet ajy_fence_old"]


def test_there_is_no_fence_without_its_table() -> None:
    assert make_fence("old", ["10.1.10.11"]).missing_in(None) == "there is no table inet ajy_fence_old"


@pytest.mark.parametrize("name", ["", "Old", "1st", "a-b", "a;b", "a" * 41])
def test_names_that_would_be_no_table(name: str) -> None:
    with pytest.raises(DatacenterError, match="cannot be called"):
        make_fence(name, ["10.1.10.11"])


def test_a_manager_inside_of_a_fenced_prefix_is_refused() -> None:
    with pytest.raises(DatacenterError, match="10.1.10.50 is fenced off and a manager at once"):
        make_fence("old", ["10.1.10.0/24"], ["10.1.10.50"])


def test_only_a_boot_includes_other_files() -> None:
    text = 'table inet a {\n}\ninclude "/etc/nftables.d/*.nft"\n'
    assert without_includes(text) == "table inet a {\n}\n"
