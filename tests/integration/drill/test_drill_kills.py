# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed inside an act, with SIGKILL: the same command run again finishes, and what must happen once did.

Two acts here, those that would hurt most; `make faults` does it with every act of every runbook.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign.acts import Act, acts_of
from campaign.run import Run
from estate import AWAY, DATABASES, HOME, ROOT, Estate

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain

KILLED_S = 120
TIMELINE = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"


def act_called(name: str) -> Act:
    return next(act for act in acts_of("switchover") if name in act.name)


# An even number, so that the service ends at home. Where only the control process dies, what it began on the
# host goes on beside the second run. The third figure is when, in seconds: so soon after it began the act is
# under way, and on no machine over; handing a proof over takes some hundredths.
KILLS = [("a clean stop of", "main", 0.15, HOME, AWAY), ("promote {{", "tree", 0.0, AWAY, HOME)]


# The campaign of faults kills within every act, and all of it once.
@pytest.mark.slow
def test_a_switchover_killed_inside_an_act_is_run_again(estate: Estate, tmp_path: Path) -> None:
    for name, victim, after_s, old, new in KILLS:
        before = int(estate.sql(DATABASES[old], TIMELINE))
        journal = tmp_path / new / "journal.jsonl"
        variables = {
            "dr_to": new,
            "dr_approvals": ["switchover"],
            "dr_run_directory": str(journal.parent),
        }

        argv = estate.playing("dr_switchover.yml", **variables)
        run = Run(argv, ROOT, estate.environment, tmp_path / f"killed-{new}")
        inside = run.wait_inside(act_called(name), 1.0, after_s, KILLED_S)
        run.kill(victim)
        assert inside, run.text
        kept, _end, _torn = journal.read_text().rpartition("\n")
        estate.must("dr_switchover.yml", **variables)

        assert estate.writers() == [new]
        assert int(estate.sql(DATABASES[new], TIMELINE)) == before + 1, "promoted more than once"
        assert estate.sql(DATABASES[new], "SELECT state FROM pg_stat_replication") == "streaming"
        assert chain.judge(journal.read_text()).whole
        assert journal.read_text().startswith(kept), "a line from before the kill stands there no more"
