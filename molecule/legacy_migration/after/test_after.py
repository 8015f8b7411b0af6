# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move that was given up: the old servers work as before, and nobody gets to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

At = Callable[[str], Any]


def test_what_was_held_goes_on_at_the_old_server_alone(at: At, system: dict[str, Any]) -> None:
    old, new = at(system["source"]), at(system["target"])
    for job in system["jobs"]:
        assert old.file(job).exists
        assert not old.file(f"{job}.anjianyun-held").exists
        assert not new.file(job).exists
    for unit in system["outbound"]:
        assert old.service(unit).is_running
        assert old.service(unit).is_enabled
        assert not new.service(unit).is_running


def test_the_way_to_the_old_server_is_gone(at: At, system: dict[str, Any]) -> None:
    mark = f"anjianyun-migration-{system['name']}"
    keys = at(system["source"]).file("/root/.ssh/authorized_keys").content_string
    assert keys.strip()
    assert mark not in keys
    assert at(system["target"]).run("ls /root/.ssh/anjianyun_migration_%s*", system["name"]).rc != 0
