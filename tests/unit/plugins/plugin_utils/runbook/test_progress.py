# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator reads while a long work runs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.progress import told


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        ({}, "it works"),
        (
            {"doing": "copying", "bytes_done": 1 << 30, "bytes_total": 4 << 30, "seconds": 100},
            "copying, 1.0 GiB of 4.0 GiB, 25%, 85.9 Mbit/s, 5:00 left",
        ),
        ({"bytes_done": 900, "seconds": 1}, "900 B, 0.0 Mbit/s"),
        ({"tables_done": 3, "tables_total": 7, "lag_s": 0.25}, "tables 3/7, 0.2 s behind"),
        ({"bytes_done": 0, "bytes_total": 10, "seconds": 3}, "0 B of 10 B, 0%, 0.0 Mbit/s"),
        ({"doing": "indexes", "left_s": 7325}, "indexes, 2:02:05 left"),
        # More than was estimated is no more than all.
        ({"bytes_done": 12, "bytes_total": 10, "seconds": 1}, "12 B of 10 B, 100%, 0.0 Mbit/s"),
    ],
)
def test_a_line_says_how_much_how_fast_and_how_long_yet(progress: dict[str, Any], line: str) -> None:
    assert told(progress) == line
