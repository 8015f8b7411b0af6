# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    format_lsn,
    parse_controldata,
    parse_history,
    parse_lsn,
    segment_name,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

CONTROL = """\
pg_control version number:            1300
Database system identifier:           7444219999999999999
Database cluster state:               shut down
Latest checkpoint location:           0/5000028
Latest checkpoint's REDO location:    0/5000028
Latest checkpoint's REDO WAL file:    000000020000000000000005
Latest checkpoint's TimeLineID:       2
Time of latest checkpoint:            Tue Nov 24 15:00:00 2026
Minimum recovery ending location:     0/0
Min recovery ending loc's timeline:   0
wal_log_hints setting:                off
Bytes per WAL segment:                16777216
Data page checksum version:           1
"""


def test_reads_what_pg_controldata_prints() -> None:
    control = parse_controldata(CONTROL)

    assert control.state == "shut down"
    assert control.clean
    assert control.system_identifier == "7444219999999999999"
    assert (control.timeline, control.highest_timeline) == (2, 2)
    assert (control.checksums, control.wal_log_hints) == (True, False)
    assert control.checkpoint_at == 1795532400.0


def test_says_which_line_is_missing() -> None:
    with pytest.raises(DatacenterError, match="Database cluster state"):
        parse_controldata(CONTROL.replace("Database cluster state", "Estado del clúster"))


@pytest.mark.parametrize(("text", "position"), [("0/3000148", 0x3000148), ("1A/FFFFFFFF", 0x1AFFFFFFFF)])
def test_positions_are_bytes(text: str, position: int) -> None:
    assert parse_lsn(text) == position
    assert format_lsn(position) == text


@pytest.mark.parametrize("text", ["", "0", "0/", "x/1", "0/123456789"])
def test_refuses_what_is_no_position(text: str) -> None:
    with pytest.raises(DatacenterError, match="cannot be read"):
        parse_lsn(text)


@pytest.mark.parametrize(
    ("timeline", "lsn", "size", "name"),
    [
        (1, "0/1000000", 1 << 24, "000000010000000000000001"),
        (2, "1/FF000028", 1 << 24, "0000000200000001000000FF"),
        (3, "1/FFC00000", 1 << 22, "0000000300000001000003FF"),
    ],
)
def test_names_the_file_of_a_position(timeline: int, lsn: str, size: int, name: str) -> None:
    assert segment_name(timeline, parse_lsn(lsn), size) == name


def test_reads_a_history() -> None:
    text = "1\t0/3000148\tno recovery target specified\n\n2\t0/4000000\tbefore 2026\n"
    assert parse_history(text) == [(1, "0/3000148"), (2, "0/4000000")]
