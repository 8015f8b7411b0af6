# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each act and each step took in the last drills. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.history import BESIDE

Record = Mapping[str, Any]
Gathered = defaultdict[Any, list[Any]]


@dataclass(frozen=True)
class Durations:
    """Medians in seconds.

    :param runs: of how many runs.
    :param world: where they ran: ``twin``, ``estate``, or both.
    :param last: when the last of them began, epoch seconds.
    """

    runs: int = 0
    world: str = ""
    last: float = 0.0
    _acts: Mapping[tuple[str, str, str, str], float] = field(default_factory=dict)
    _anywhere: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    _phases: Mapping[str, float] = field(default_factory=dict)
    _waited: Mapping[str, float] = field(default_factory=dict)

    def act(self, phase: str, step: str, act: str, device: str) -> float | None:
        """Of one act: on this device, or else on whichever device it was; None when there was none."""
        here = self._acts.get((phase, step, plain(act, device), device))
        return here if here is not None else self._anywhere.get((phase, step, plain(act, device)))

    def phase(self, phase: str) -> float | None:
        """Of all steps of a phase together, from its first line in the journal to its last."""
        return self._phases.get(phase)

    def waited(self, phase: str) -> float | None:
        """The longest that a client waited in such a phase; in a failover, from its approval on."""
        return self._waited.get(phase)


def plain(act: str, device: str) -> str:
    """An act's name without the device's: there and back are the same act on two devices."""
    name = device.partition(" ")[0]
    return act.replace(name, "*") if name else act


def durations(records: Sequence[Record], most: int = BESIDE) -> Durations:
    """The medians of the last runs that were passed; of a run that failed, the acts tell little."""
    passed = [one for one in records if one["verdict"] == "pass"][-most:]
    acts: Gathered = defaultdict(list)
    anywhere: Gathered = defaultdict(list)
    phases: Gathered = defaultdict(list)
    waited: Gathered = defaultdict(list)
    for one in passed:
        for act in one["acts"]:
            name = plain(act["act"], act["device"])
            acts[(act["phase"], act["step"], name, act["device"])].append(act)
            anywhere[(act["phase"], act["step"], name)].append(act)
        for phase in one["phases"]:
            phases[phase["kind"]].append(sum(step["seconds"] for step in phase["steps"]))
            wait = phase["rto_s" if phase["kind"] == "failover" else "outage_s"]
            if wait is not None:
                waited[phase["kind"]].append(wait)
    return Durations(
        len(passed),
        " and ".join(sorted({str(one["world"]) for one in passed})),
        float(passed[-1]["started"]) if passed else 0.0,
        {key: _of_acts(found) for key, found in acts.items()},
        {key: _of_acts(found) for key, found in anywhere.items()},
        {key: median(found) for key, found in phases.items()},
        {key: median(found) for key, found in waited.items()},
    )


def _of_acts(found: Sequence[Record]) -> float:
    """Of those that changed something, where there are such: one that finds nothing to do is quick."""
    changed = [act["seconds"] for act in found if act["changed"]]
    return float(median(changed or [act["seconds"] for act in found]))
