# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a wire that loses every ninth packet a rotation comes to its end. Consoles: test_bmc_console."""

from __future__ import annotations

import json
from pathlib import Path

from bmc_bench import Simulated
from lossy import ANSWER_S, NTH, RELAY, every_nth_lost

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.rotation import (
    Rotation,
    open_ledger,
    rotate,
)


def test_a_rotation(sim: Simulated, tmp_path: Path) -> None:
    target = sim.target(port=RELAY, privilege="administrator", answer_s=ANSWER_S)
    with (
        every_nth_lost(NTH, RELAY, sim.port) as counts,
        connect(target) as bmc,
        open_ledger(tmp_path / "ledger") as ledger,
    ):
        assert rotate(bmc, Rotation(sim.target().user), ledger)["after"] == "done"
    assert counts["lost"] > 5
    new = json.loads((tmp_path / "ledger").read_text().splitlines()[-1])["new"]
    with connect(sim.target(password=new)) as bmc:
        assert bmc.read_status().power == "on"
