# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two control nodes of one host name are two, and neither tells its machine's id."""

from __future__ import annotations

import platform
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import control_node


def test_two_machines_of_one_name_are_told_apart(tmp_path: Path) -> None:
    nodes = []
    for machine in ("a" * 32, "b" * 32):
        (tmp_path / "machine-id").write_text(machine + "\n")
        nodes.append(control_node("", tmp_path / "machine-id"))

    assert {node.name for node in nodes} == {platform.node()}
    assert nodes[0] != nodes[1]
    assert "a" * 8 not in nodes[0].machine


def test_one_without_an_id_or_with_a_given_name_goes_by_its_name(tmp_path: Path) -> None:
    assert control_node("", tmp_path / "none").machine == ""
    assert (control_node("ctl-a").name, control_node("ctl-a").machine) == ("ctl-a", "")
