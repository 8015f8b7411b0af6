# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of a move: both legacy systems serve a county, and their awkward things are there."""

from __future__ import annotations

import pytest
from moving_estate import REPORT, SITE, SYSTEMS, Moving

pytestmark = pytest.mark.slow

#: What each machine has, by the programs that a move needs there.
VERSIONS = {
    SITE: "10.5 13 3.9",
    REPORT: "10.5 13 3.9",
    "nn-db-01": "11.8 17 3.13",
    "nn-db-02": "11.8 17 3.13",
    "nn-app-01": "11.8 17 3.13",
}

FILES = {
    "hard_linked": 10,
    "symlinks": 3,
    "setuid_or_setgid": 2,
    "special": 2,
    "sparse": 1,
    "with_acl": 4,
    "with_xattr": 4,
    "capabilities": 1,
    "not_utf8_names": 1,
    "without_owner": 1,
}
MARIADB = {
    "colliding_names": 8,
    "rows_twice": 25,
    "impossible_dates": 15,
    "without_key": 1,
    "myisam": 2,
    "latin1": 1,
    "triggers": 2,
    "views": 2,
    "events": 3,
    "routines": 2,
    "definers_gone": 3,
    "old_passwords": 1,
}
POSTGRESQL = {
    "large_objects": 44,
    "large_objects_of_nobody": 4,
    "sequences": 5,
    "extensions": 6,
    "roles": 6,
    "md5_passwords": 4,
    "without_key": 4,
    "unlogged": 1,
    "not_valid": 1,
    "views": 2,
    "sorted_by_locale": 1,
    "postfix_operators": 1,
    "old_aggregates": 1,
    "gone_extensions": 1,
}


@pytest.mark.parametrize("host", VERSIONS)
def test_each_machine_has_its_release_and_no_database_that_nobody_asked_for(
    moving: Moving, host: str
) -> None:
    said = moving.ssh(
        host,
        "echo $(mariadbd --version | grep -oE '[0-9]+\\.[0-9]+' | head -1)"
        " $(ls /usr/lib/postgresql) $(python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])');"
        " systemctl is-system-running; systemctl is-active mariadb || true",
    )
    version, state, mariadb = said.splitlines()
    assert version == VERSIONS[host]
    assert state == "running"
    assert mariadb == ("active" if host == SITE else "inactive")


@pytest.mark.parametrize("host", SYSTEMS.values())
def test_its_files_are_awkward(moving: Moving, host: str) -> None:
    root = "/var/www/anjian" if host == SITE else "/opt/accident"
    found = moving.counted(host, f"python3 /root/.stage/make_server.py --count {root}")
    assert {name: found[name] for name in FILES} == FILES
    assert found["chinese_names"] > 200


def test_its_mariadb_is_awkward(moving: Moving) -> None:
    found = moving.counted(SITE, "python3 /root/.stage/site_data.py 0")
    assert {name: found[name] for name in MARIADB} == MARIADB
    assert min(found["zero_dates"], found["trailing_spaces"], found["three_byte"]) > 5


def test_its_postgresql_is_awkward(moving: Moving) -> None:
    found = moving.counted(REPORT, "cd /; runuser -u postgres -- python3 - 0 < /root/.stage/accident_data.py")
    assert {name: found[name] for name in POSTGRESQL} == POSTGRESQL
    assert found["nan_or_infinite"] >= 3


def test_the_site_asks_the_accident_reports_all_the_time(moving: Moving) -> None:
    other = moving.ssh("legacy-app-01", "getent hosts legacy-report-01").split()[0]
    assert f"{other}:5432" in moving.ssh(SITE, "ss -Htn state established dport = 5432")


def test_people_and_jobs_are_there(moving: Moving) -> None:
    for host, user in ((SITE, "anjian"), (REPORT, "accident")):
        said = moving.ssh(
            host, f"id -u {user} webadmin zhangwei; crontab -u {user} -l; cat /etc/cron.d/{user}"
        )
        assert said.split()[:3] == ["1001", "1002", "1002"]
        assert "-mtime +7" in said
        assert "outbound" in said


def test_a_county_is_served_by_both_and_what_was_acknowledged_is_there(moving: Moving) -> None:
    for system, log in moving.load(seconds=3).items():
        assert log.ended is not None
        assert log.damaged == 0
        assert len(log.acks) > 10, log
        ids = {ack.report_id for ack in log.acks}
        assert ids <= moving.stored(system)
        assert moving.uploads(system, ids, 4096) == ids
