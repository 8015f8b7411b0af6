# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server that is lost on the way stops no other, and is named in the end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.progress import (
    pxe_managed,
    pxe_progress,
)

ONCE = {"chassis": {"boot": {"device": "pxe", "persistent": False}}}
ON, OFF = {"power": {"power": "on"}}, {"power": {"power": "off"}}
DEAD = {"error": "unreachable", "msg": "no answer"}


def seen(**well: bool) -> dict[str, Any]:
    return {
        "hosts": dict.fromkeys(well),
        "readings": [{"ok": ok, "reading": f"{name} was seen"} for name, ok in well.items()],
    }


@pytest.mark.parametrize(
    ("boots", "dark", "power", "noted", "reading", "ok"),
    [
        (DEAD, None, None, None, "b starts next from unknown (no answer)", None),
        ({"chassis": {"boot": {"device": "disk", "persistent": False}}}, None, None, None,
         "b starts next from disk, once", False),
        ({"chassis": {"boot": {"device": "pxe", "persistent": True}}}, None, None, None,
         "b starts next from pxe, for ever", False),
        (ONCE, {"b": ON}, {"a": ON, "b": ON}, None, "b is on", False),
        (ONCE, {"b": OFF}, {"a": ON, "b": OFF}, None, "b is off", False),
        (ONCE, None, {"a": ON, "b": DEAD}, None, "b is unknown (no answer)", None),
        (ONCE, None, {"a": ON}, None, "b is unknown", None),
        (ONCE, None, {"a": ON, "b": ON}, seen(a=True, b=False), "b was seen", False),
    ],
)  # fmt: skip
def test_who_is_lost_stops_no_other(
    boots: Any, dark: Any, power: Any, noted: Any, reading: str, ok: bool | None
) -> None:
    found = pxe_progress(["a", "b"], {"a": ONCE, "b": boots}, dark, power, noted)
    assert found["going"] == ["a"]
    assert (found["lost"]["b"]["reading"], found["lost"]["b"]["ok"]) == (reading, ok)
    assert [one["ok"] for one in found["readings"]] == [True]


def test_a_verify_fails_when_nobody_is_left() -> None:
    found = pxe_progress(["a", "b"], {"a": DEAD, "b": DEAD})
    assert [one["ok"] for one in found["readings"]] == [None, None]
    assert found["going"] == []


def test_the_lost_and_those_with_another_name_fail_the_end_and_no_one_else_does() -> None:
    lost = pxe_progress(["b"], {"b": DEAD})["lost"]
    found = pxe_managed(["a", "b", "c", "d"], {"a": "a", "c": ""}, lost)
    assert [(one["ok"], one["reading"]) for one in found] == [
        (True, "a says a"),
        (None, "b starts next from unknown (no answer)"),
        (False, "c says nothing"),
        (None, "nothing was seen of d"),
    ]
