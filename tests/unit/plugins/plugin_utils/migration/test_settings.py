# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a moved file says otherwise at the new place."""

from __future__ import annotations

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.migration.settings import moved_settings

FILE = "[site]\nport = 80\n[database]\nhost = 127.0.0.1\nport = 3306\n"


def rule(find: str, put: str) -> dict[str, str]:
    return {"file": "/etc/site.ini", "find": find, "put": put}


def test_the_one_line_is_another_and_the_rest_stays_to_the_byte() -> None:
    assert moved_settings(FILE, [rule("^host *=", "host = 10.1.10.11")]) == FILE.replace(
        "127.0.0.1", "10.1.10.11"
    )
    assert moved_settings(FILE, []) == FILE


@pytest.mark.parametrize(("find", "count"), [("^hosts", 0), ("^port", 2)])
def test_a_file_that_the_plan_was_not_written_for_is_refused(find: str, count: int) -> None:
    with pytest.raises(Refused, match=f"{count} lines match"):
        moved_settings(FILE, [rule(find, "x")])


@pytest.mark.parametrize("find", ["^host *=", r"^host = 127\."])
def test_done_twice_it_is_the_same(find: str) -> None:
    once = moved_settings(FILE, [rule(find, "host = b")])
    assert once != FILE
    assert moved_settings(once, [rule(find, "host = b")]) == once
