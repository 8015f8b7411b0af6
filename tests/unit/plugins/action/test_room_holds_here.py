# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a server is asked here and on hosts; who does not tell is not taken for nobody."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.action import room_holds
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.room.test_room_holds import (
    ID,
    OPENED,
    WAITS,
)

HOSTVARS = {name: {"dc_centre": name[:2]} for name in ("nn-app", "dr-app", "a")} | {"a": {"dc_centre": "nn"}}


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(room_holds, "read_world", lambda: {"world": "estate", "twin_id": None})
    plugin = room_holds.ActionModule.__new__(room_holds.ActionModule)
    plugin.variables = {"dr_run_directory": str(tmp_path / "elsewhere/power-up"), "hostvars": HOSTVARS}
    plugin._templar = SimpleNamespace(template=lambda value: value)

    def asked(*copies: dict[str, Any], **more: Any) -> dict[str, Any]:
        return plugin.work(
            {
                "hosts": ["a"],
                "keepers": ["nn-app", "dr-app"],
                "copies": list(copies),
                "but": "",
                "approvable": True,
                "silence_passes": False,
                **more,
            }
        )

    return asked


def copy(host: str, *texts: bytes) -> dict[str, Any]:
    runs = [{"run": ID, "content": base64.b64encode(zlib.compress(text)).decode()} for text in texts]
    return {"ansible_loop_var": "room_host", "room_host": host, "runs": runs}


def oks(found: dict[str, Any]) -> list[bool | None]:
    return [reading["ok"] for reading in found["that"]]


def test_the_journal_of_another_control_node_is_read_from_a_host(ask: Any) -> None:
    found = ask(copy("dr-app", OPENED, WAITS))

    assert oks(found) == [False]
    assert [hold["run"] for hold in found["holds"]] == [ID]
    # The room is dark, so its own keeper cannot tell, and need not.
    assert found["silent"] == ["nn-app"]
    assert oks(ask(copy("dr-app", WAITS), but=ID)) == [True]


@pytest.mark.parametrize("place", [".anjianyun/runs", "elsewhere"])
def test_the_journals_here_are_read_as_well(ask: Any, tmp_path: Path, place: str) -> None:
    folder = tmp_path / place / ID
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(WAITS)

    assert oks(ask(copy("dr-app"), copy("nn-app"))) == [False]
    (folder / "journal.jsonl").write_bytes(b"no journal\n")
    assert oks(ask(copy("dr-app"), copy("nn-app"))) == [None]


def test_who_keeps_runs_elsewhere_and_does_not_tell_is_told(ask: Any) -> None:
    failed = {"ansible_loop_var": "room_host", "room_host": "dr-app", "failed": True, "msg": "permission"}

    assert oks(ask(copy("dr-app"))) == [True]
    assert oks(ask(copy("nn-app"))) == [None]
    assert "permission" in ask(copy("nn-app"), failed)["that"][0]["refuse"]
    cut = copy("dr-app", WAITS)
    cut["runs"][0]["content"] = cut["runs"][0]["content"][:40]
    assert oks(ask(copy("nn-app"), cut)) == [None]
