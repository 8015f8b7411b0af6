# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real machine must never look like a rehearsal, nor a twin like the estate."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.world import read_world


def test_no_mark_means_the_estate(tmp_path: Path) -> None:
    (tmp_path / "netns").mkdir()
    own = tmp_path / "own"
    own.touch()
    world = read_world(tmp_path / "absent", tmp_path / "netns", own)
    assert (world["world"], world["twin_id"]) == ("estate", None)


def test_the_mark_in_a_machine_is_believed(tmp_path: Path) -> None:
    mark = tmp_path / "world"
    mark.write_text('{"world": "twin", "twin_id": "rehearsal"}')
    assert read_world(mark)["twin_id"] == "rehearsal"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"twin_id": "x"}'])
def test_a_mark_that_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    mark = tmp_path / "world"
    mark.write_text(text)
    with pytest.raises(DatacenterError) as error:
        read_world(mark)
    assert str(mark) in str(error.value)


def test_the_control_node_of_a_twin_is_known_by_its_namespace(tmp_path: Path) -> None:
    namespaces = tmp_path / "netns"
    namespaces.mkdir()
    (namespaces / "ajy-other-nn-ctl-01").touch()
    (namespaces / "ajy-small-dr-ctl-01").touch()
    own = tmp_path / "own"
    own.hardlink_to(namespaces / "ajy-small-dr-ctl-01")
    world = read_world(tmp_path / "absent", namespaces, own)
    assert (world["world"], world["twin_id"]) == ("twin", "small")
    assert "ajy-small-dr-ctl-01" in world["evidence"]
