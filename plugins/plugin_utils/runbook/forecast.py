# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says at its end: what would be done, to which device, in which order, how long. Pure."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.durations import Durations
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.acts import NOTHING, UNSEEN, Act

#: Options of ansible-playbook that make a check of a run; each stands alone or among other short ones.
_CHECKS = ("--check", "--diff")


@dataclass
class Asked:
    """A question that the run will put to a person."""

    name: str
    risk: str
    #: The extra variable by which it is answered beforehand.
    variable: str


@dataclass
class Forecast:
    """What a check has heard.

    :param readings: of all gates, in their order.
    """

    readings: list[Mapping[str, Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def lines(self, runbook: str, acts: Sequence[Act], known: Durations, again: str) -> list[str]:
        """The whole, to be read from top to bottom.

        :param runbook: what is checked, such as ``failover``.
        :param again: what to type so that it is done.
        """
        return [
            "",
            f"Nothing was changed. {runbook} would do this, in this order:",
            "",
            *_effects(acts, known),
            "",
            *self._gates(),
            *self._questions(),
            *_whole(runbook, acts, known),
            f"  to run it  {again}",
        ]

    def _gates(self) -> list[str]:
        good = sum(reading.get("ok") is True for reading in self.readings)
        found = [
            f"  gates      {good} of {len(self.readings)} readings are good now; the run takes them again"
        ]
        for reading in self.readings:
            if reading.get("ok") is not True:
                by = f" (approved: {reading['approval']})" if reading.get("approval") else ""
                found.append(f"             let pass: {reading.get('reading', '')}{by}")
        return found

    def _questions(self) -> list[str]:
        # One yes holds for the whole phase, so whoever asks for it a second time has his answer.
        asked = list({question.name: question for question in reversed(self.asked)}.values())[::-1]
        if not asked:
            return ["  asks you   nothing"]
        found = [f"  asks you   {question.name!r}: {question.risk}" for question in asked]
        by: dict[str, list[str]] = {}
        for question in asked:
            by.setdefault(question.variable, []).append(question.name)
        for reading in self.readings:
            # Given already: of two -e of one name the last wins, so it has to stand in this one, too.
            name = str(reading.get("approval") or "")
            if name and reading.get("ok") is not True and name not in by.get("dr_approvals", []):
                by.setdefault("dr_approvals", []).append(name)
        given = " ".join(f"-e {variable}={','.join(names)}" for variable, names in by.items())
        return [*found, f"             to say yes beforehand: {given}"]


def _effects(acts: Sequence[Act], known: Durations) -> list[str]:
    width = max([len(act.device) for act in acts] + [6])
    rows = []
    number = 0
    for act in acts:
        mark = ""
        took: float | None = None
        if act.state == NOTHING:
            mark = "is so already"
        else:
            number += 1
            took = known.act(act.phase, act.step, act.act, act.device)
            mark = "no drill yet" if took is None else f"{took:.1f} s"
            if act.state == UNSEEN:
                mark += ", seen only once it runs"
        what = act.act.removesuffix(f" on {act.device}")
        rows.append((str(number) if act.state != NOTHING else "-", act.device, what, mark))
        rows += [("", "", f"  {command}", "") for command in act.commands]
    longest = max([len(row[2]) for row in rows if row[3]] + [10])
    return [
        f"  {n:>3}  {device:<{width}}  {what:<{longest}}  {mark}".rstrip() for n, device, what, mark in rows
    ] or ["       nothing: everything is so already"]


def _whole(runbook: str, acts: Sequence[Act], known: Durations) -> list[str]:
    phases = list(dict.fromkeys(act.phase for act in acts)) or [runbook]
    times = [known.phase(phase) for phase in phases]
    if not known.runs or None in times:
        return [
            "  takes      not known: no drill of this estate has passed on this control node yet (make drill)"
        ]
    whole = sum(value for value in times if value is not None)
    drills = "1 drill" if known.runs == 1 else f"the last {known.runs} drills"
    found = [
        f"  takes      about {whole:.0f} s in all, every reading included (median of {drills}, {known.world})"
    ]
    waited = [known.waited(phase) for phase in phases]
    if None not in waited:
        since = "after the approval" if "failover" in phases else "at the longest"
        found.append(
            f"  clients    waited {max(v for v in waited if v is not None):.1f} s {since} in those drills"
        )
    if known.last:
        found[0] = found[0][:-1] + f", the last on {time.strftime('%Y-%m-%d', time.localtime(known.last))})"
    return found


def again(argv: Sequence[str], inside: str = "") -> str:
    """The command line that was typed, without what made a check of it.

    :param inside: the control namespace of a twin, ``ajy-<twin>-<control node>``; empty in the estate.
    """
    kept = []
    for place, word in enumerate(argv):
        if place == 0:
            word = word.rpartition("/")[2]
        elif word in _CHECKS or (
            word.startswith("-") and not word.startswith("--") and not word.strip("-CD")
        ):
            continue
        kept.append(word)
    line = shlex.join(kept)
    if inside.startswith("ajy-"):
        twin, _dash, node = inside[4:].partition("-")
        line = f"TWIN={twin} tools/twin.sh run {node} {line}"
    return line
