# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hold against the disk and the log of the database that is left alone: what is not known never passes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.filter.room_bears import room_bears
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.hold import (
    backups_more,
    growth,
    hold_readings,
)

MIB, HOUR = 1 << 20, 3600
GROWS = {"mib_h": 10.0, "source": "measured"}


def lsn(mib: float) -> str:
    return f"{int(mib * MIB) >> 32:X}/{int(mib * MIB) & 0xFFFFFFFF:X}"


def position(hours: float, mib: float) -> dict[str, Any]:
    return {"name": "x", "started_at": 1e9 + hours * HOUR, "lsn": lsn(mib)}


def now(hours: float, mib: float) -> dict[str, Any]:
    return {"read_at": 1e9 + hours * HOUR, "lsn": {"current": lsn(mib)}}


def info(
    free_mib: float | None = 10_000, slot: str | None = "512MB", anyway: str = "128MB"
) -> dict[str, Any]:
    return {
        "disk": {} if free_mib is None else {"free_bytes": free_mib * MIB},
        "settings": {} if slot is None else {"max_slot_wal_keep_size": slot, "wal_keep_size": anyway},
    }


def test_the_busiest_time_between_backups_counts() -> None:
    found = growth(now(48, 5000), [position(24, 4760), position(0, 200)])

    # 190 MiB an hour in the first day, 10 in the second.
    assert found == {"mib_h": 190.0, "source": "measured over 24 h, the busiest of 2 times between backups"}


def test_the_time_since_the_last_backup_counts_as_well() -> None:
    assert growth(now(12, 1200), [position(0, 0)])["mib_h"] == 100.0


def test_positions_close_together_are_taken_as_one() -> None:
    # A backup that was taken twice in ten minutes writes a checkpoint each time.
    found = growth(now(10.2, 1300), [position(10, 1260), position(0, 0)])

    assert found["mib_h"] == 126.0


@pytest.mark.parametrize(
    ("primary", "positions"),
    [
        (now(0.5, 900), [position(0, 0)]),
        (now(10, 900), []),
        ({}, [position(0, 0)]),
        ({"read_at": 1e9, "lsn": {"current": None}}, [position(0, 0)]),
        (now(10, 900), [{"name": "x", "started_at": 1e9, "lsn": None}]),
        # Restored from elsewhere: another log.
        (now(10, 900), [position(0, 4000)]),
    ],
)
def test_without_two_positions_an_hour_apart_nothing_is_known(
    primary: dict[str, Any], positions: list[dict[str, Any]]
) -> None:
    assert growth(primary, positions)["mib_h"] is None


@pytest.mark.parametrize(
    ("stated", "expected"), [("250", 250.0), (0, 0.0), ("much", None), (-1, None), ("nan", None)]
)
def test_what_is_stated_wins_and_has_to_be_a_number(stated: Any, expected: float | None) -> None:
    assert growth(now(48, 5000), [position(0, 0)], stated)["mib_h"] == expected


def test_a_hold_that_log_and_disk_outlast_passes() -> None:
    log, disk = hold_readings(info(), "dr-db", "24", GROWS, away="nn-db", reserve_mib=256)

    assert (log["ok"], disk["ok"]) == (True, True)
    assert (
        log["reading"]
        == "dr-db keeps 512 MiB of log for nn-db; in 24 h it writes 240 MiB, 10.0 MiB/h (measured)"
    )


@pytest.mark.parametrize(
    ("slot", "anyway", "hours", "ok"),
    [
        ("512MB", "128MB", 51.2, True),
        ("512MB", "128MB", 51.3, False),
        ("1GB", "0", 102.4, True),
        ("1GB", "0", 103, False),
        # What is kept for everybody is kept for a standby without its slot, too.
        ("64MB", "1024MB", 100, True),
        ("-1", "0", 10_000, True),
        (None, "0", 1, None),
        ("what", "0", 1, None),
    ],
)
def test_the_log_that_is_kept_is_held_against_the_hours(
    slot: str | None, anyway: str, hours: float, ok: bool | None
) -> None:
    log, _disk = hold_readings(info(1e9, slot, anyway), "dr-db", hours, GROWS, away="nn-db")

    assert log["ok"] is ok


def test_a_standby_that_would_be_lost_is_told_with_what_to_do_and_by_a_yes_to_this_hold() -> None:
    log, _disk = hold_readings(info(), "dr-db", 96, GROWS, away="nn-db")

    assert "which lasts 51 of 96 h" in log["refuse"]
    assert "copies it anew only with dr_copy_anew" in log["refuse"]
    assert "postgresql_ha_slot_keep_mb to 960" in log["way_on"]
    assert "-e dr_copy_anew=true" in log["way_on"]
    assert (log["approval"], log["this_risk"]) == ("copied_anew", True)
    # The next look has other figures, and the yes still means this.
    later, _disk = hold_readings(info(), "dr-db", 96, {"mib_h": 11.0, "source": "later"}, away="nn-db")
    assert later["risk"] == log["risk"]


def test_a_standby_that_stays_on_keeps_no_log() -> None:
    (disk,) = hold_readings(info(free_mib=240), "dr-db", 24, GROWS)

    assert disk["ok"] is True
    assert "0 log that is kept" in disk["reading"]


@pytest.mark.parametrize(
    ("free_mib", "slot", "ok"),
    [
        # 960 of data, 512 of log, two backups of 50, 256 that stay free.
        (1828, "512MB", True),
        (1827, "512MB", False),
        # Without a limit all of the log is kept.
        (1828, "-1", False),
        (2276, "-1", True),
        (None, "512MB", None),
    ],
)
def test_the_disk_bears_data_log_and_backups(free_mib: float | None, slot: str, ok: bool | None) -> None:
    _log, disk = hold_readings(
        info(free_mib, slot), "dr-db", 96, GROWS, away="nn-db", backup_bytes=50 * MIB, backups_more=2,
        reserve_mib=256,
    )  # fmt: skip

    assert disk["ok"] is ok


def test_a_disk_that_may_be_full_passes_only_by_a_yes_to_this_hold() -> None:
    _log, disk = hold_readings(info(free_mib=100), "dr-db", 96, GROWS, away="nn-db")

    assert (disk["ok"], disk["approval"], disk["this_risk"]) == (False, "disk_short", True)
    assert "100" not in disk["risk"]


@pytest.mark.parametrize(
    ("hours", "said"), [("", "room_hold_hours"), (0, "room_hold_hours"), ("soon", "soon")]
)
def test_hours_that_nobody_stated_do_not_pass(hours: Any, said: str) -> None:
    (found,) = hold_readings(info(), "dr-db", hours, GROWS, away="nn-db")

    assert found["ok"] is None
    assert said in found["reading"]


def test_a_growth_that_is_not_known_does_not_pass_and_says_how_to_state_it() -> None:
    (found,) = hold_readings(info(), "dr-db", 24, {"mib_h": None, "source": "no backup"}, away="nn-db")

    assert found["ok"] is None
    assert "room_growth_mib_h" in found["way_on"]


@pytest.mark.parametrize(
    ("hours", "keep", "have", "more"),
    [(24, 7, 1, 2), (25, 7, 1, 3), (240, 7, 1, 7), (240, 7, 7, 1), (240, "7", 9, 1), (0, 7, 1, 0)],
)
def test_backups_come_each_night_until_as_many_are_kept_as_may_be(
    hours: float, keep: Any, have: int, more: int
) -> None:
    assert backups_more(hours, keep, have) == more


def test_backups_count_only_where_they_lie() -> None:
    proof = {"bytes": 400 * MIB, "positions": [position(0, 0)]}

    def disk(backup: dict[str, Any]) -> Any:
        return room_bears(info(free_mib=1000), "dr-db", 24, GROWS, backup=backup, keep=7)[0]

    assert disk({})["ok"] is True
    # 240 MiB of data and two more backups.
    assert disk(proof)["ok"] is False
    # One that could not be read has no size.
    assert disk({"msg": "it is corrupted", "positions": []})["ok"] is None
