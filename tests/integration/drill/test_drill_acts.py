# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each act of a runbook matters: left out, its step fails, and the same runbook run again finishes.

The runbooks are copied and one act of the copy is made to do nothing. So this shows both that a step
reads the effect from the devices, and not the act's own word, and that a run that broke half way is
simply run again.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from estate import AWAY, HOME, PLAN, Estate, effects
from left_out import without

APPROVED = {"dr_approvals": ["switchover", "failover", "failback"]}
ATTESTED = {"dr_approvals": ["failover", "rpo"], "dr_attestations": ["old_primary_cannot_write"]}


#: What a granter counts for a lease of ten seconds.
LONGEST_LEASE_S = 11.1


def refused_for_s(estate: Estate) -> float:
    """For how long the standby's granter has refused the old primary since it was last told to."""
    return float(json.loads(estate.ssh("dr-db-01", "anjianyun-lease status nn-db-01"))["told_s_ago"])


def proved_after_refusal_s(estate: Estate) -> float:
    """How long after the last refusal the proof was written down; a twin has one clock."""
    journal = estate.directory / ".anjianyun/runs/failover-hidden_danger-to-dr/journal.jsonl"
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    at = [float(entry["at"]) for entry in entries if entry["kind"] == "proof"][-1]
    return at - (time.time() - refused_for_s(estate))


def refusing(estate: Estate, granter: str) -> bool:
    return bool(json.loads(estate.ssh(granter, "anjianyun-lease status nn-db-01"))["refusing"])


def fails_at(estate: Estate, tmp_path: Path, act: str, playbook: str, step: str, **variables: Any) -> str:
    done = estate.play(without(act, tmp_path) / playbook, **variables)

    assert done.returncode != 0, f"{playbook} without {act!r} passed:\n{done.stdout[-3000:]}"
    last = [line for line in done.stdout.splitlines() if " step " in line][-1]
    assert step in last, done.stdout[-3000:]
    return done.stdout + done.stderr


# Announcing and promoting are left out of the failovers below: one act a step and run, because what a run
# that broke has done stays done. An even number, so that the service ends at home.
SWITCHOVER_ACTS = [
    ("outbound jobs {{", "Stop the outbound jobs in the old centre"),
    ("the address is withdrawn", "Move the service's address"),
    ("a clean stop of", "Move the database"),
    ("the old primary follows", "Let the old primary follow"),
]


@pytest.mark.slow
def test_acts_of_the_switchover_matter(estate: Estate, tmp_path: Path) -> None:
    to = AWAY
    for act, step in SWITCHOVER_ACTS:
        variables = {"dr_to": to, **APPROVED}
        fails_at(estate, tmp_path, act, "dr_switchover.yml", step, **variables)
        estate.must("dr_switchover.yml", **variables)
        assert estate.writers() == [to]
        to = HOME if to == AWAY else AWAY


@pytest.mark.slow
def test_a_move_that_goes_on_lifts_what_a_failover_left_refused(estate: Estate, tmp_path: Path) -> None:
    variables = {"dr_to": AWAY, **APPROVED}
    fails_at(
        estate,
        tmp_path,
        "the old primary follows",
        "dr_switchover.yml",
        "Let the old primary follow",
        **variables,
    )
    fence = {"name": HOME, "addresses": ["10.1.10.11"]}
    done = estate.inside(
        "ansible", "-i", str(PLAN), "-e", f"@{estate.variables}", "dr-fw-01",
        "-m", "anjianyun.datacenter.network_fence", "-a", json.dumps(fence),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ajy_fence_{HOME}" in estate.ssh("dr-fw-01", "nft list tables")

    estate.must("dr_switchover.yml", **variables)

    assert "ajy_fence" not in estate.ssh("dr-fw-01", "nft list tables")
    assert estate.writers() == [AWAY]
    estate.must("dr_switchover.yml", dr_to=HOME, **APPROVED)


def test_a_dark_centre_is_fenced_by_the_network_and_a_person_and_comes_back(
    estate: Estate, tmp_path: Path
) -> None:
    # The witness is silent as well, so that no lease can be proved to have run out.
    estate.fault("injected", "service_stopped", "liuzhou-wit-01/anjianyun-lease")
    estate.fault("injected", "centre_lost", HOME)

    unproven = estate.play("dr_failover.yml", dr_to=AWAY, dr_approvals=["failover", "rpo"])
    assert unproven.returncode != 0
    said = " ".join(unproven.stdout.split())
    assert "nobody answers for it" in said
    assert "liuzhou-wit-01 cannot be told to refuse it" in said
    # Who gives up here has to take that back, or the old primary finds nobody who lets it open.
    assert "stands already: dr-db-01 refuses nn-db-01 its lease" in said
    assert "on dr-db-01: anjianyun-lease allow nn-db-01" in said
    assert refused_for_s(estate) > 0
    assert estate.sql("dr-db-01", "SELECT pg_is_in_recovery()") == "t"

    failover = {"dr_to": AWAY, **ATTESTED}
    check = estate.must("dr_failover.yml", "--check", dr_to=AWAY, dr_approvals=["rpo"])
    listed = effects(check)
    refuses = listed.index("dr-fw-01 the surviving devices refuse")
    assert refuses < listed.index("dr-db-01 on that proof, promote")
    assert "-e dr_attestations=old_primary_cannot_write" in check
    assert "ajy_fence" not in estate.ssh("dr-fw-01", "nft list tables")

    fails_at(estate, tmp_path, "the surviving devices refuse", "dr_failover.yml", "Fence", **failover)
    fails_at(estate, tmp_path, "on that proof, promote", "dr_failover.yml", "Open", **failover)
    # A primary that is merely cut off serves its own centre for as long as the lease that it had.
    assert proved_after_refusal_s(estate) > LONGEST_LEASE_S
    estate.must("dr_failover.yml", **failover)
    assert estate.writers() == [AWAY]
    assert "ajy_fence_nanning" in estate.ssh("dr-fw-01", "nft list tables")

    estate.fault("lifted", "service_stopped", "liuzhou-wit-01/anjianyun-lease")
    # The power is back, and the old primary with it: it never heard of its fence, and stays shut.
    estate.fault("lifted", "centre_lost", HOME)
    estate.ssh_until("nn-db-01", "grep -a 'stays down' /var/log/anjianyun/guard.log")
    assert estate.writers() == [AWAY]

    back = effects(estate.must("dr_failback.yml", "--check"))
    assert "nn-db-01 the old primary follows" in back
    # The move home is in the same list.
    assert back.index("nn-db-01 on the old one's") == back.index("dr-db-01 a clean stop of") + 1
    assert estate.writers() == [AWAY]

    estate.must("dr_failback.yml", **APPROVED)
    assert estate.writers() == [HOME]
    assert "ajy_fence" not in estate.ssh("dr-fw-01", "nft list tables")
    assert estate.sql("nn-db-01", "SELECT state FROM pg_stat_replication") == "streaming"


# The scenario of the drill goes this way as well, without acts that are left out.
@pytest.mark.slow
def test_a_fenced_server_stays_off_until_the_failback_restores_its_policy(
    estate: Estate, tmp_path: Path
) -> None:
    estate.fault("injected", "machine_killed", "nn-db-01")
    variables = {
        "dr_to": AWAY,
        "dr_approvals": ["failover"],
        "dr_lost_at": time.strftime("%Y-%m-%dT%H:%M:%S"),
    }
    # The lease would be a proof as well; with a silent witness the BMC is the only one.
    estate.fault("injected", "service_stopped", "liuzhou-wit-01/anjianyun-lease")
    fails_at(estate, tmp_path, "its BMC switches it off", "dr_failover.yml", "Fence", **variables)
    estate.fault("lifted", "service_stopped", "liuzhou-wit-01/anjianyun-lease")
    fails_at(estate, tmp_path, "the address is announced", "dr_failover.yml", "Open", **variables)
    estate.must("dr_failover.yml", **variables)
    assert estate.bmc_policy("nn-db-01") == "always-off"
    # Whatever its BMC says: it may lie.
    assert refusing(estate, "dr-db-01")
    assert refusing(estate, "liuzhou-wit-01")

    estate.fault("lifted", "machine_killed", "nn-db-01")
    # A granter that cannot be told when the refusals are lifted goes on refusing, and the run says so.
    estate.fault("injected", "service_stopped", "liuzhou-wit-01/ssh")
    unasked = fails_at(
        estate, tmp_path, "its restore policy", "dr_failback.yml", "Restore the policies", **APPROVED
    )
    # A warning is wrapped, after hyphens as well.
    assert "liuzhou-wit-01couldnotbeaskedandmaygoonrefusingnn-db-01" in "".join(unasked.split())
    assert "onit:anjianyun-leaseallownn-db-01" in "".join(unasked.split())
    # Between the clean stop away and the promotion at home nobody serves: the same command goes on there.
    fails_at(
        estate, tmp_path, "on the old one's shutdown", "dr_failback.yml", "Move the database", **APPROVED
    )
    assert estate.writers() == []
    # And from where it is at home, and not all of it is done.
    fails_at(estate, tmp_path, "outbound jobs {{", "dr_failback.yml", "outbound jobs", **APPROVED)
    assert estate.writers() == [HOME]
    estate.must("dr_failback.yml", **APPROVED)

    assert estate.writers() == [HOME]
    assert estate.bmc_policy("nn-db-01") == "always-on"
    estate.fault("lifted", "service_stopped", "liuzhou-wit-01/ssh")
    assert refusing(estate, "liuzhou-wit-01")
    assert not refusing(estate, "dr-db-01")
    for to in (AWAY, HOME):
        estate.must("dr_switchover.yml", dr_to=to, **APPROVED)
        assert not refusing(estate, "liuzhou-wit-01")


@pytest.mark.parametrize("line", ["nn-dr-1"])
def test_a_cut_line_between_the_centres_does_not_stop_a_planned_move(estate: Estate, line: str) -> None:
    estate.fault("injected", "line_cut", line)
    try:
        estate.must("dr_switchover.yml", dr_to=AWAY, **APPROVED)
        assert estate.writers() == [AWAY]
    finally:
        estate.fault("lifted", "line_cut", line)
    estate.must("dr_switchover.yml", dr_to=HOME, **APPROVED)
