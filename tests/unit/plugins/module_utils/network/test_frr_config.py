# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference between two configurations, read, and what of it is dangerous."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network import frr_config, frr_kept
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import Frr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_config import (
    apply_configuration,
    kept_routes,
    parse_delta,
    significant,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_delta import (
    parse_replace,
    session_resets,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_kept import with_routes
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_text import complaints

OUTPUT = """\
2026-11-25 22:17:18,267  INFO: "frr version 8.4.4" cannot be removed

Lines To Delete
===============
interface dr-core
 no ip ospf cost 11
interface dr-core
 no ip ospf area 0
router ospf
 no redistribute static route-map service-addresses
no ip forwarding

Lines To Add
============
interface dr-core
 ip ospf cost 10
exit
interface dr-core
 ip ospf dead-interval 12
exit
no ip route 192.0.2.0/24 10.2.10.21
"""


def test_each_line_stands_behind_its_context() -> None:
    assert parse_delta(OUTPUT).lines == [
        "- interface dr-core / no ip ospf cost 11",
        "- interface dr-core / no ip ospf area 0",
        "- router ospf / no redistribute static route-map service-addresses",
        "- no ip forwarding",
        "+ interface dr-core / ip ospf cost 10",
        "+ interface dr-core / ip ospf dead-interval 12",
        "- no ip route 192.0.2.0/24 10.2.10.21",
    ]


def test_what_takes_a_session_down_is_told_from_what_does_not() -> None:
    assert session_resets(parse_replace(OUTPUT, "")) == [
        "- interface dr-core / ip ospf area 0",
        "+ interface dr-core / ip ospf dead-interval 12",
    ]


def test_to_remove_ospf_altogether_resets() -> None:
    lines = parse_replace("Lines To Delete\n====\nno router ospf\n", "")
    assert session_resets(lines) == ["- router ospf"]


class Recorded(Frr):
    """A router with a neighbour that is up."""

    def read(self, documents: Sequence[str], **_words: Any) -> tuple[list[Any], str]:
        up = {"ifaceName": "dr-core:10.2.30.1", "ifaceAddress": "10.2.30.2", "nbrState": "Full/DR"}
        return [{"neighbors": {"10.255.2.2": [up]}}], "hostname a\n"

    def saved_lines(self) -> set[str]:
        return {"hostname a"}


def test_check_mode_warns_of_what_the_run_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    output = "Lines To Add\n====\ninterface dr-core\n ip ospf passive\n"
    monkeypatch.setattr(frr_config, "_run", lambda *_given: output)

    def apply(reset_sessions: bool) -> dict[str, Any]:
        return apply_configuration(
            Recorded(), "x", service_prefixes=[], reset_sessions=reset_sessions, dry_run=True
        )

    assert apply(False)["warnings"] == ["this will be refused: it takes OSPF sessions down"]
    assert apply(True)["warnings"] == []
    monkeypatch.setattr(frr_kept, "waiting", lambda: True)
    assert "waits for its confirmation" in apply(True)["warnings"][0]
    with pytest.raises(Refused, match="waits for its confirmation"):
        apply_configuration(Recorded(), "x", service_prefixes=[], reset_sessions=True, dry_run=False)


def test_what_a_description_says_is_no_trouble() -> None:
    said = [
        "interface lo",
        " description 80% of 1G, no ERROR",
        "2026-11-25 22:17:18,267  INFO: a line with ERROR and % in it",
    ]
    wrong = [
        "line 5: % Unknown command:  ip ospf cst 3",
        "% Unknown command",
        "2026-11-25 22:17:18,267 \x1b[91m  ERROR\x1b[0m: vtysh failed to process new configuration",
        "2026-11-25 22:17:18,267 ERROR: Filename x does not exist",
    ]
    assert complaints(said + wrong) == wrong


def test_nothing_to_do_is_no_line() -> None:
    assert parse_delta('INFO: "frr version 8.4.4" cannot be removed\n').lines == []


def test_routes_of_services_are_kept_and_no_others() -> None:
    running = "ip route 10.100.0.1/32 10.2.10.21 tag 3\nip route 192.0.2.0/24 10.2.10.9\n"
    kept = kept_routes(running, ["10.100.0.1/32", "10.100.0.2/32"])
    assert kept == ["ip route 10.100.0.1/32 10.2.10.21 tag 3"]
    assert with_routes("hostname a\n!\ninterface x\nexit\n", kept) == (
        "hostname a\n!\nip route 10.100.0.1/32 10.2.10.21 tag 3\n!\ninterface x\nexit\n"
    )
    assert with_routes("hostname a\n", []) == "hostname a\n"


def test_two_texts_of_one_configuration_are_equal() -> None:
    running = "Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nhostname a\nend\n"
    saved = "! made by hand\nhostname a\n!\n"
    assert significant(running.splitlines()) == significant(saved.splitlines()) == {"hostname a"}
