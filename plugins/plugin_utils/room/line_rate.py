# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate between two centres, as iperf3 measured it, against the plan's lines between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Reading = dict[str, Any]


def lines_between(
    lines: Mapping[str, Mapping[str, Any]], here: str, there: str, hostvars: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The lines that lead from one centre to the other, the one that OSPF takes first in front.

    :param lines: ``dc_lines``.
    :param here: the centre at the end that each line's ``router`` and ``interface`` are told of.
    :returns: ``name``, ``rate_mbit``, ``ospf_cost``, ``router`` and ``interface``.
    """
    found = []
    for name, line in lines.items():
        for near, far in (("a", "b"), ("b", "a")):
            if near not in line or far not in line:
                continue
            centres = [hostvars[line[end]["host"]].get("dc_centre") for end in (near, far)]
            if centres == [here, there]:
                found.append(
                    {
                        "name": name,
                        "rate_mbit": line["rate_mbit"],
                        "ospf_cost": line.get("ospf_cost"),
                        "router": line[near]["host"],
                        "interface": line[near]["interface"],
                    }
                )
    return sorted(found, key=lambda line: (line["ospf_cost"] or 0, line["name"]))


def judged(
    measured: Iterable[Mapping[str, Any]],
    lines: Iterable[Mapping[str, Any]],
    routes: Iterable[Mapping[str, Any]],
    *,
    share: float,
) -> dict[str, Any]:
    """What was measured, a reading a direction.

    :param measured: what iperf3 printed in a loop over ``line_rate_way``: ``from``, ``to``, ``reverse``.
    :param lines: of :func:`lines_between`.
    :param routes: what route_info says on the lines' routers; from them comes which line is taken.
    :param share: of the plan's rate that has to be reached.
    :returns: ``readings``, and ``result`` for a note.
    """
    lines = list(lines)
    taken, known = _taken(lines, routes)
    # A connection takes one line of several; the slowest is what can be asked for.
    rate = min((line["rate_mbit"] for line in taken), default=None)
    names = " or ".join(line["name"] for line in taken) or "no line of the plan"
    readings, ways = [], []
    for one in measured:
        way = one["line_rate_way"]
        mbit, retransmits, why = _mbit(one)
        needed = None if rate is None else rate * share
        ways.append(
            {"from": way["from"], "to": way["to"], "mbit": mbit, "retransmits": retransmits, "why": why}
        )
        said = f"{mbit:g} Mbit/s" if mbit is not None else f"not known: {why}"
        readings.append(
            {
                "ok": None if mbit is None or needed is None else mbit >= needed,
                "reading": f"from {way['from']} to {way['to']}: {said}, by {names}"
                + ("" if known else " (which line the route takes is not known)"),
                "expected": "what the plan says is not known"
                if needed is None
                else f"{needed:g} Mbit/s, {share:g} of {rate} Mbit/s",
                "way_on": "ask its provider; look at its ends for errors, and for what else uses it",
            }
        )
    result = {
        "lines": [line["name"] for line in taken],
        "line_known": known,
        "rate_mbit": rate,
        "share": share,
        "ways": ways,
    }
    return {"readings": readings, "result": result}


def _taken(
    lines: list[Mapping[str, Any]], routes: Iterable[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], bool]:
    """The lines that the route takes, and whether a router said so; else those the plan makes cheapest."""
    for told in routes:
        hops = {hop.get("interface") for hop in (told.get("route") or {}).get("next_hops") or ()}
        found = [
            line for line in lines if line["interface"] in hops and line["router"] == told["line_rate_router"]
        ]
        if found:
            return found, True
    if not lines:
        return [], False
    least = min(line["ospf_cost"] or 0 for line in lines)
    return [line for line in lines if (line["ospf_cost"] or 0) == least], False


def _mbit(one: Mapping[str, Any]) -> tuple[float | None, int | None, str]:
    """Megabit a second that arrived, segments sent again, and why nothing is known."""
    try:
        told = json.loads(one.get("stdout") or "")
    except ValueError:
        return None, None, (one.get("stderr") or one.get("msg") or "iperf3 said nothing").strip()
    if told.get("error"):
        return None, None, str(told["error"])
    sums = told.get("end") or {}
    bits = (sums.get("sum_received") or {}).get("bits_per_second")
    if not isinstance(bits, int | float) or bits <= 0:
        return None, None, "iperf3 counted nothing"
    return round(bits / 1e6, 1), (sums.get("sum_sent") or {}).get("retransmits"), ""
