# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runbooks refuse, why, and how to go on; and that a refusal changed nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import HOME, Estate, effects


def nothing(_estate: Estate) -> None:
    """The estate as it is."""


def turn_fsync_off(estate: Estate) -> None:
    estate.sql("nn-db-01", "ALTER SYSTEM SET fsync = off")
    estate.sql("nn-db-01", "SELECT pg_reload_conf()")


def turn_fsync_on(estate: Estate) -> None:
    estate.sql("nn-db-01", "ALTER SYSTEM RESET fsync")
    estate.sql("nn-db-01", "SELECT pg_reload_conf()")


def stop_the_standby(estate: Estate) -> None:
    estate.ssh("dr-db-01", "systemctl stop postgresql@15-main")


def start_the_standby(estate: Estate) -> None:
    estate.ssh("dr-db-01", "systemctl start postgresql@15-main")
    estate.ssh_until("dr-db-01", "runuser -u postgres -- psql -XAtqc 'SELECT 1'")


def stop_the_lease(estate: Estate) -> None:
    estate.ssh("dr-db-01", "systemctl stop anjianyun-lease")


def start_the_lease(estate: Estate) -> None:
    estate.ssh("dr-db-01", "systemctl start anjianyun-lease")


def fill_the_primary(estate: Estate) -> None:
    estate.fault("injected", "disk_full", "nn-db-01")


def empty_the_primary(estate: Estate) -> None:
    estate.fault("lifted", "disk_full", "nn-db-01")
    estate.ssh_until("nn-db-01", "runuser -u postgres -- psql -XAtqc 'SELECT 1'")


def fill_the_standby(estate: Estate) -> None:
    estate.fault("injected", "disk_full", "dr-db-01")


def empty_the_standby(estate: Estate) -> None:
    estate.fault("lifted", "disk_full", "dr-db-01")
    # A standby that cannot keep what it receives ends itself.
    start_the_standby(estate)


SWITCHOVER = {"dr_to": "dr", "dr_approvals": ["switchover"]}
CASES: list[tuple[str, str, dict[str, Any], str, str, Callable[[Estate], None], Callable[[Estate], None]]] = [
    (
        "no centre of that name", "dr_switchover.yml", {"dr_to": "beijing"},
        "dr_to (beijing) is no centre of hidden_danger", "one of nanning, dr", nothing, nothing,
    ),
    (
        "nobody approved", "dr_switchover.yml", {"dr_to": "dr"},
        "not approved, nothing was changed", "-e dr_approvals=switchover", nothing, nothing,
    ),
    (
        "another world is meant", "dr_switchover.yml", {**SWITCHOVER, "dr_world": "estate"},
        "meant for the estate, the control node stands in the twin", "run against a twin inside",
        nothing, nothing,
    ),
    (
        "a failover of a healthy primary", "dr_failover.yml", {"dr_to": "dr", "dr_approvals": ["failover"]},
        "nn-db-01 is a healthy primary", "dr_switchover.yml -e dr_to=dr", nothing, nothing,
    ),
    (
        "a failback while it is at home", "dr_failback.yml", {"dr_approvals": ["failback"]},
        "dr-db-01 holds no service", "there is nothing to do", nothing, nothing,
    ),
    (
        "writes that may not be on the disk", "dr_switchover.yml", SWITCHOVER,
        "an acknowledged write may not be on the disk: fsync off", "set fsync on nn-db-01", turn_fsync_off,
        turn_fsync_on,
    ),
    (
        "no place for a clean stop", "dr_switchover.yml", SWITCHOVER,
        "the disk of nn-db-01 is full", "dr_failover.yml", fill_the_primary, empty_the_primary,
    ),
    (
        "no place for a new primary", "dr_switchover.yml", SWITCHOVER,
        "as a primary it would take no commit", "make room there", fill_the_standby, empty_the_standby,
    ),
    (
        "nobody would renew its lease", "dr_switchover.yml", SWITCHOVER,
        "the lease service of dr-db-01 does not answer", "start anjianyun-lease there", stop_the_lease,
        start_the_lease,
    ),
    (
        "replication is broken", "dr_switchover.yml", SWITCHOVER,
        "replication to dr-db-01 is broken", "a move now would lose what it lacks", stop_the_standby,
        start_the_standby,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("playbook", "variables", "why", "way_on", "before", "after"), [
    pytest.param(*case[1:], id=case[0]) for case in CASES
])  # fmt: skip
def test_a_runbook_refuses_and_says_how_to_go_on(
    estate: Estate,
    playbook: str,
    variables: dict[str, Any],
    why: str,
    way_on: str,
    before: Callable[[Estate], None],
    after: Callable[[Estate], None],
) -> None:
    before(estate)
    try:
        done = estate.play(playbook, **variables)
        said = " ".join((done.stdout + done.stderr).split())

        assert done.returncode != 0
        assert why in said, said[-3000:]
        assert way_on in said, said[-3000:]
        # Of one healthy primary nobody may be told to fence it.
        assert "two writers" not in said
        assert "changed localhost: Act" not in done.stdout
        assert estate.writers() == [HOME]
        assert estate.ssh("nn-app-01", "systemctl is-active anjianyun-outbound.timer") == "active"
    finally:
        after(estate)


def test_a_check_says_what_would_be_done_and_does_nothing(estate: Estate, tmp_path: Path) -> None:
    done = estate.play("dr_switchover.yml", "--check", dr_to="dr", dr_run_directory=str(tmp_path / "run"))

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert effects(done.stdout) == [
        "dr-db-01 the promotion waits for",
        "nn-app-01 outbound jobs stop",
        "dr-fw-01 the address is announced",
        "nn-fw-01 the address is withdrawn",
        "nn-db-01 a clean stop of",
        "dr-db-01 on the old one's",
        "nn-db-01 the old primary follows",
        "dr-db-01 commits wait, or not,",
        "dr-app-01 outbound jobs start",
    ]
    assert "-e dr_approvals=switchover" in done.stdout
    assert "to run it  TWIN=itdrill tools/twin.sh run dr-ctl-01 ansible-playbook" in done.stdout
    assert estate.ssh("nn-app-01", "systemctl is-active anjianyun-outbound.timer") == "active"
    assert estate.writers() == [HOME]
    assert not (tmp_path / "run").exists()
