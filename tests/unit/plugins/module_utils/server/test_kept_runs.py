# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host keeps of a runbook: all of it, and what does not tell is not left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.kept_runs import kept, unpacked

ROOM = b'{"kind":"attestation"}\n{"kind":"run","runbook":"room upgrade"}\n{"kind":"run","state":"ended"}\n'


def keep(folder: Path, **texts: bytes) -> None:
    for name, text in texts.items():
        (folder / name).mkdir()
        (folder / name / "journal.jsonl").write_bytes(text)


def test_all_of_that_runbook_are_handed_over_byte_by_byte_and_no_others(tmp_path: Path) -> None:
    keep(tmp_path, room=ROOM, move=b'{"kind":"run","runbook":"switchover"}\n', torn=b'{"kind":"ru')
    (tmp_path / "empty").mkdir()

    assert [(one["run"], unpacked(one["content"])) for one in kept(tmp_path, "room upgrade")] == [
        ("room", ROOM)
    ]


@pytest.mark.parametrize("text", [b"nothing\n", b'{"kind":"run"}\n', b"[]\n"])
def test_one_that_does_not_tell_what_it_is_of_is_handed_over(tmp_path: Path, text: bytes) -> None:
    keep(tmp_path, some=text)

    assert [one["run"] for one in kept(tmp_path, "room upgrade")] == ["some"]


def test_no_directory_is_none_and_an_unreadable_journal_is_not_none(tmp_path: Path) -> None:
    assert kept(tmp_path / "none", "room upgrade") == []
    (tmp_path / "some" / "journal.jsonl").mkdir(parents=True)
    with pytest.raises(DatacenterError, match="cannot be read"):
        kept(tmp_path, "room upgrade")


def test_what_was_cut_on_its_way_is_no_journal(tmp_path: Path) -> None:
    keep(tmp_path, room=ROOM)
    (one,) = kept(tmp_path, "room upgrade")

    for content in (one["content"][:-8], "", "?"):
        with pytest.raises(ValueError, match="."):
            unpacked(content)
