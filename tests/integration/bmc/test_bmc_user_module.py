# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bmc_user through ansible-playbook: check mode, diff, a fleet, and no password anywhere it could be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER, Simulated
from test_bmc_modules import Runner, task

NEW = "Quiet-Harbour-77"


@pytest.fixture
def run(sim: Simulated, tmp_path: Path) -> Runner:
    return Runner(tmp_path, sim)


def user(of: str, **options: Any) -> dict[str, Any]:
    made = task(of, "bmc_user")
    made["anjianyun.datacenter.bmc_user"] = options
    return made


def test_an_account_comes_stays_and_goes(run: Runner) -> None:
    monitor = {"account": "monitor", "account_privilege": "user", "new_password": NEW, "lock_defaults": True}
    foretold = run(user("check", **monitor), arguments=("--check", "--diff"))
    assert foretold.results["check"]["changed"] is True, foretold.output
    assert foretold.results["check"]["diff"]["after"]["account"]["name"] == "monitor"
    assert "monitor" not in run.sim.ipmitool("user", "list", "1")
    done = run(
        user("made", **monitor),
        user("again", **monitor),
        user("unsaid", account="monitor", new_password=NEW),
        user("read"),
        # A process of its own is a module: both must say the same.
        {**user("apart", **monitor), "environment": {"APART": "1"}},
        user("weak", account="other", new_password="calvin-calvin"),
        user("gone", account="monitor", state="absent"),
        user("gone_again", account="monitor", state="absent"),
        arguments=("-vvv",),
    )
    changed = {name: result.get("changed") for name, result in done.results.items()}
    made_and_gone = {"made", "gone"}
    expected = {name: name in made_and_gone for name in changed}
    assert (changed, len(changed)) == (expected, 8), done.output
    assert done.results["made"]["proved"] == "log-in"
    assert done.results["weak"]["error"]["kind"] == "Refused"
    assert [one["name"] for one in done.results["read"]["accounts"]] == [USER, "viewer", "monitor"]
    assert "monitor" not in run.sim.ipmitool("user", "list", "1")
    shown = done.output + json.dumps(done.results)
    assert NEW not in shown
    assert PASSWORD not in shown
    assert "calvin-calvin" not in shown
    assert done.seen_in_processes == []


def test_a_rotation_is_done_once_and_shows_no_password(run: Runner) -> None:
    ledger = run.folder / "rotation.jsonl"
    target = {"name": "nn-db-01", "address": "127.0.0.1", "password": "{{ bmc_password }}"}
    rotated = {"state": "rotated", "ledger": str(ledger), "targets": [target]}
    # The group's defaults name one BMC, and its password; a fleet names its own.
    alone = {"address": None, "password": None, "name": None}
    foretold = run(user("check", **rotated, **alone), arguments=("--check",))
    assert foretold.results["check"]["changed"] is True, foretold.output
    assert not ledger.exists()
    done = run(user("rotated", **rotated, **alone), user("again", **rotated, **alone), arguments=("-vvv",))
    assert [done.results[name]["changed"] for name in ("rotated", "again")] == [True, False], done.output
    new = json.loads(ledger.read_text().splitlines()[-1])["new"]
    shown = done.output + json.dumps(done.results)
    assert new not in shown
    assert PASSWORD not in shown
    missing = run(
        user("no_file", state="rotated"), user("both", account="x", enabled=False, new_password=NEW)
    )
    assert "needs a ledger" in missing.results["no_file"]["msg"]
    assert "cannot be proved" in missing.results["both"]["msg"]
