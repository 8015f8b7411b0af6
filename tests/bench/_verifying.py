# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a proof that two databases hold the same rows is measured, for either engine."""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import Server
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import Wanted, verify
from ansible_collections.anjianyun.datacenter.tests.bench._databases import seconds
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Goal, leave
from ansible_collections.anjianyun.datacenter.tests.bench._reladiff import have_reladiff, reladiff

TABLE = "reports"


@dataclass(frozen=True)
class Case:
    """Two servers with the same table of so many rows.

    :param schema: where the table is.
    :param select: one plain SELECT of the same digest, of the source alone.
    :param md5sum: both sides at once, as a person would do it; ``plainly`` says in what words.
    :param places: both sides, as reladiff is told them.
    """

    name: str
    source: Server
    target: Server
    schema: str
    select: Callable[[], None]
    md5sum: Callable[[], None]
    plainly: str
    places: tuple[str, str]


def options(about: str | None) -> argparse.Namespace:
    """What each of these benches is told."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--rows", type=int, default=int(os.environ.get("DB_ROWS", "2000000")))
    parser.add_argument("--runs", type=int, default=int(os.environ.get("RUNS", "5")))
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def measure(case: Case, arguments: argparse.Namespace) -> None:
    """All ways in turn; then one character is changed, and both have to name the row. Write the figures."""
    peer = have_reladiff()
    wanted = Wanted(schemas=[case.schema], jobs=arguments.jobs)

    def ours() -> None:
        assert verify(case.source, case.target, wanted)["identical"]

    def theirs(lines: int) -> None:
        reladiff(case.places, TABLE, arguments.jobs, lines)

    ways: dict[str, Callable[[], None]] = {
        "db_verify": ours,
        "SELECT": case.select,
        case.plainly: case.md5sum,
    }
    if peer:
        ways["reladiff"] = lambda: theirs(0)
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(arguments.runs + 1):
        for name, way in ways.items():
            took = seconds(way)
            # The first turn fills caches.
            if number:
                spent[name].append(took)
                print(f"{number} of {arguments.runs}: {name} {took:.2f} s", flush=True)
    key = str(arguments.rows // 3)
    with session(case.target) as asked:
        asked.do(f"UPDATE {TABLE} SET title = replace(title, '事', '亊') WHERE id = {key}")

    def named() -> None:
        found = verify(case.source, case.target, wanted)["differences"]
        # A key has the type that its engine's driver gives it.
        told = [(one["where"], str(one["key"]["id"]), one["columns"]) for one in found]
        assert told == [("both", key, ["title"])], found

    differing = {"db_verify": round(seconds(named), 2)}
    if peer:
        differing["reladiff"] = round(seconds(lambda: theirs(2)), 2)
    _leave(case, arguments, spent, differing, peer)


def _leave(
    case: Case,
    arguments: argparse.Namespace,
    spent: dict[str, list[float]],
    differing: dict[str, float],
    peer: str | None,
) -> None:
    median = {name: statistics.median(values) for name, values in spent.items()}
    goals = [Goal("times the same digest as one plain SELECT", median["db_verify"] / median["SELECT"], 2.0)]
    if peer:
        goals.append(Goal("times reladiff", median["db_verify"] / median["reladiff"], 1.0))
    leave(
        case.name,
        unit="s",
        ours=median["db_verify"],
        peer={"name": "reladiff", "version": peer or "not to be had here", "value": median.get("reladiff")},
        floor={"name": "SELECT of the digest, one side", "value": round(median["SELECT"], 2)},
        better="lower",
        runs=arguments.runs,
        goals=goals,
        rows=arguments.rows,
        jobs=arguments.jobs,
        plainly={"name": case.plainly, "value": round(median[case.plainly], 2)},
        one_row_differs=differing,
        # All read each row once, so that twenty million take so many times as long.
        twenty_million_s={name: round(value * 20e6 / arguments.rows, 1) for name, value in median.items()},
        spread={name: [round(min(values), 2), round(max(values), 2)] for name, values in spent.items()},
        load=round(os.getloadavg()[0], 1),
    )
