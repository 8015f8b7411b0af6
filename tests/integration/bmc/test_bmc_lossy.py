# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a wire that loses every ninth packet accounts are kept, passwords rotated, and consoles captured
whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bmc_bench import Simulated
from lossy import every_nth_lost
from test_bmc_console import Printer, console, opened, printer, sim  # noqa: F401 (fixtures)

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.capture import Capture, capture
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.rotation import (
    Rotation,
    open_ledger,
    rotate,
)

RELAY = 6623
#: A log-in has eight packets and begins anew when one is lost: the first count at which it comes through.
NTH = 9
#: As in earnest: a lost packet costs half of it.
ANSWER_S = 3.0


def test_a_rotation(sim: Simulated, tmp_path: Path) -> None:  # noqa: F811
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


def test_a_console_to_its_last_character(
    sim: Simulated,  # noqa: F811
    printer: Printer,  # noqa: F811
    opened: Callable[[], bool],  # noqa: F811
    tmp_path: Path,
) -> None:
    lines = [f"[{number:5}] a line of a boot that nobody sees" for number in range(100)]
    printer.print("\r\n".join([*lines, "the end"]), opened=opened)
    target = sim.target(port=RELAY, answer_s=ANSWER_S)
    with every_nth_lost(NTH, RELAY, sim.port) as counts, connect(target) as bmc:
        wanted = Capture(tmp_path / "log", 60, until="the end", stamps=False)
        assert capture(bmc, wanted)["ended_by"] == "pattern"
    assert counts["lost"] > 5
    assert (tmp_path / "log").read_text().splitlines() == [*lines, "the end"]
