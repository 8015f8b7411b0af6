# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host keeps of a run: nothing is told from unreadable, and altered evidence is not offered."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import run_copy


def test_no_copy_is_none(tmp_path: Path) -> None:
    assert run_copy.read(tmp_path / "none") == {"found": False, "content": "", "evidence": []}


def test_the_copy_is_handed_over_byte_by_byte(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b'{"torn \xe4')
    found = run_copy.read(tmp_path)
    assert (found["found"], base64.b64decode(found["content"])) == (True, b'{"torn \xe4')


def test_a_copy_that_cannot_be_read_is_not_none(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(DatacenterError, match="cannot be read"):
        run_copy.read(tmp_path)


def test_evidence_that_is_not_what_its_name_says_is_not_offered(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    names = [hashlib.sha256(text).hexdigest() for text in (b"a door", b"a wall")]
    (folder / f"{names[0]}.jpg").write_bytes(b"a door")
    (folder / names[1]).write_bytes(b"something else")
    (folder / f"{names[0]}.jpg.part").write_bytes(b"a door")
    (folder / "notes.txt").write_bytes(b"a door")

    assert run_copy.read(tmp_path)["evidence"] == [f"{names[0]}.jpg"]
