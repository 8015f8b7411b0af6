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


@dataclass(frozen=True)
class Durations:
    """Medians in seconds.

    :param runs: of how many runs.
    :param world: where they ran: ``twin``, ``estate``, or both.
    """

    runs: int = 0
    world: str = ""
    _acts: Mapping[tuple[str, str, str, str], float] = field(default_factory=dict)
    _anywhere: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    _phases: Mapping[str, float] = field(default_factory=dict)

    def act(self, phase: str, step: str, act: str, device: str) -> float | None:
        """Of one act: on this device, or else of the same act on whichever device it was; None when there was none."""
        here = self._acts.get((phase, step, plain(act, device), device))
        return here if here is not None else self._anywhere.get((phase, step, plain(act, device)))

    def phase(self, phase: str) -> float | None:
        """Of all steps of a phase together, from its first line in the journal to its last."""
        return self._phases.get(phase)


def plain(act: str, device: str) -> str:
    """An act's name without the device's: there and back are the same act on two devices."""
    return act.replace(device, "*") if device else act


def durations(records: Sequence[Record], most: int = BESIDE) -> Durations:
    """The medians of the last runs that were passed; of a run that failed, the acts tell little."""
    passed = [one for one in records if one["verdict"] == "pass"][-most:]
    acts: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    anywhere: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    phases: dict[str, list[float]] = defaultdict(list)
    for one in passed:
        for act in one["acts"]:
            name = plain(act["act"], act["device"])
            acts[(act["phase"], act["step"], name, act["device"])].append(act["seconds"])
            anywhere[(act["phase"], act["step"], name)].append(act["seconds"])
        for phase in one["phases"]:
            phases[phase["kind"]].append(sum(step["seconds"] for step in phase["steps"]))
    return Durations(
        len(passed),
        " and ".join(sorted({str(one["world"]) for one in passed})),
        {key: median(values) for key, values in acts.items()},
        {key: median(values) for key, values in anywhere.items()},
        {key: median(values) for key, values in phases.items()},
    )
