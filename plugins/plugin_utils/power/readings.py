# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of many hosts, as power states and as readings that a gate or a verify judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.schedule import (
    OFF,
    ON,
    SILENT,
    UNKNOWN,
)

Reading = dict[str, Any]


def power_states(
    hosts: Iterable[str], bmc: Mapping[str, Any] | None, reach: Iterable[Mapping[str, Any]] | None
) -> dict[str, str]:
    """The power state of each host, from the answers of its BMC or, without one, of its SSH port.

    :param bmc: ``targets`` of a fleet's call for ``power``, by name.
    :param reach: ``targets`` of a question who answers. A host that refuses the connection is on as well.
    """
    answers = {one["name"]: one["state"] for one in reach or ()}
    found = {}
    for name in hosts:
        if bmc is not None and name in bmc:
            power = (bmc[name].get("power") or {}).get("power")
            found[name] = power if power in (ON, OFF) else UNKNOWN
        elif name in answers:
            found[name] = SILENT if answers[name] == "silent" else ON
        else:
            found[name] = UNKNOWN
    return found


def readings(
    states: Mapping[str, str], wanted: Sequence[str], what: str = "is", way_on: str = ""
) -> list[Reading]:
    """One reading a host; what is unknown is neither good nor bad."""
    return [
        {
            "ok": None if state == UNKNOWN else state in wanted,
            "reading": f"{name} {what} {state}",
            "expected": " or ".join(wanted),
            **({"way_on": way_on} if way_on else {}),
        }
        for name, state in states.items()
    ]


def unit_states(results: Iterable[Mapping[str, Any]], host: str, ignored: Sequence[str]) -> dict[str, str]:
    """The units of each host that failed or are still starting, ``none`` when there are none.

    :param results: of ``systemctl list-units --plain --no-legend`` in a loop.
    :param host: the loop's variable.
    """
    found = {}
    for one in results:
        lines = one.get("stdout_lines")
        if lines is None or one.get("rc") != 0:
            found[one[host]] = UNKNOWN
            continue
        units = [line.split()[0] for line in lines if line.split()]
        found[one[host]] = ", ".join(unit for unit in units if unit not in ignored) or "none"
    return found


def charge_readings(ups: Iterable[Mapping[str, Any]], charges: Mapping[str, Any]) -> list[Reading]:
    """Whether each UPS has the charge for another orderly shutdown, as a person or a command says."""
    found = []
    for one in ups:
        name, needed = one["name"], one["charge_percent"]
        charge = _number(charges.get(name))
        said = (
            f"the charge of {name} is {'not known' if charge is None else f'{charge:g} %'}; "
            f"{needed} % last for another orderly shutdown"
        )
        found.append(
            {
                "ok": None if charge is None else charge >= needed,
                "reading": said,
                "refuse": said,
                "way_on": "wait until it has charged, and say what it has: "
                f'-e \'{{"power_sequence_ups_charge": {{"{name}": <percent>}}}}\'',
            }
        )
    return found


def _number(value: Any) -> float | None:
    """A charge in percent; what is no number, or none that a charge can be, is not known."""
    try:
        number = float(str(value).strip().rstrip("%"))
    except ValueError:
        return None
    return number if 0 <= number <= 100 else None


def draw_readings(bmc: Mapping[str, Any], planned: Mapping[str, int]) -> list[Reading]:
    """Whether a server draws more than the plan's greatest watts; BMCs that cannot tell are left out."""
    found = []
    for name, answer in bmc.items():
        watts = (answer.get("power_reading") or {}).get("watts")
        if watts is not None and planned.get(name):
            found.append(
                {
                    "ok": watts <= planned[name],
                    "reading": f"{name} draws {watts} W, the plan says {planned[name]} W at most",
                    "refuse": f"{name} draws {watts} W and the plan counts with {planned[name]} W: "
                    "the budgets are wrong",
                    "way_on": "state its real watts in the plan, and see whether all can still be started",
                    "approval": "more_watts",
                    "risk": "servers draw more than the plan counts with; a feed may be overloaded",
                }
            )
    return found
