# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would go back, from two manifests, and when nothing may."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import manifest, returning
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.manifest import Manifest
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.survey import (
    Survey,
    survey,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.trees import Job, Tree

JOB = Job((Tree("/srv/www", "/data/www"),))


def entry(path: str, *, kind: str = "file", mode: int = 0o644, mtime: int = 1, size: int = 10) -> list[Any]:
    return [0, path, kind, mode, 0, 0, mtime, size, None, 0, 0, 4096, 1, 1]


def told(*rows: list[Any]) -> Manifest:
    lines = [["M", 1, {}], *rows, ["E", {"entries": 1}]]
    return Manifest([json.dumps(line).encode() + b"\n" for line in lines], "host")


def seen(monkeypatch: pytest.MonkeyPatch, here: Manifest, there: Manifest) -> tuple[Survey, list[Any]]:
    monkeypatch.setattr(manifest, "here", lambda order: here)
    monkeypatch.setattr(manifest, "at_source", lambda source, order: there)
    lines = io.StringIO()
    found = survey(Source("old"), JOB, False, lines)
    return found, [json.loads(line) for line in lines.getvalue().splitlines()]


def test_paths_count_once_and_directories_by_more_than_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    here = told(
        entry("", kind="directory", mtime=9), entry("altered", mode=0o600, mtime=5, size=7), entry("made"),
        entry("same"), entry("shut", kind="directory", mode=0o700, mtime=9),
    )  # fmt: skip
    there = told(
        entry("", kind="directory"), entry("altered"), entry("gone"), entry("same"),
        entry("shut", kind="directory"),
    )  # fmt: skip
    found, lines = seen(monkeypatch, here, there)
    assert found.told() == {
        "made": 1, "altered": 2, "removed": 1, "path_count": 4,
        "paths": [
            {"path": "/srv/www/altered", "what": "altered"}, {"path": "/srv/www/gone", "what": "removed"},
            {"path": "/srv/www/made", "what": "made"}, {"path": "/srv/www/shut", "what": "altered"},
        ],
    }  # fmt: skip
    # What it was stands in the list, the time of a directory too.
    assert {"path": "/srv/www/altered", "attribute": "mode", "was": "0644", "becomes": "0600"} in lines
    assert {"path": "/srv/www", "attribute": "mtime", "was": 1, "becomes": 9} in lines
    assert (found.brings[0], found.keeps[0]) == (3 * 4096, 3 * 4096)


def test_a_directory_that_cannot_be_read_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    top = entry("", kind="directory")
    here = told(top, entry("a", kind="directory"), ["U", 0, "a", "Input/output error"])
    there = told(top, entry("a", kind="directory"), entry("a/b"))
    found, _lines = seen(monkeypatch, here, there)
    with pytest.raises(Refused, match=r"/data/www/a \(Input/output error\)"):
        returning._gate_empty(Source("old"), JOB, found)
