# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of many hosts, as power states and as readings that a gate or a verify judges."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.schedule import (
    OFF,
    ON,
    SILENT,
    UNKNOWN,
)

Reading = dict[str, Any]
#: What a person read of a UPS holds for so long, in seconds: a shutdown meanwhile would have emptied it.
CHARGE_HOLDS_S = 900
#: By how much his clock may be ahead.
_CLOCKS_S = 60


def power_states(
    hosts: Iterable[str],
    bmc: Mapping[str, Any] | None,
    reach: Iterable[Mapping[str, Any]] | None,
    carried: Mapping[str, str] | None = None,
    attested: Collection[str] = (),
    carriers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The power state of each host, from the answers of its BMC or, without one, of its SSH port.

    Who is silent stays ``silent``, which is not off, unless somebody knows better.

    :param bmc: ``targets`` of a fleet's call for ``power``, by name.
    :param reach: ``targets`` of a question who answers. A host that refuses the connection is on as well.
    :param carried: what servers say of the cloud hosts that they carry, ``on`` or ``off``.
    :param attested: hosts that a person answers for to have no power; it counts where there is silence.
    :param carriers: which server carries a cloud host. With it off, the cloud host is.
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
    for name in [one for one, state in found.items() if state == SILENT]:
        said = str((carried or {}).get(name, "")).strip().lower()
        carrier_off = found.get((carriers or {}).get(name, "")) == OFF
        if said in (ON, OFF):
            found[name] = said
        elif carrier_off or name in attested:
            found[name] = OFF
    return found


def restore_readings(bmc: Mapping[str, Any]) -> list[Reading]:
    """Whether servers stay off when their power comes back; the rest would start all at once."""
    policies = {
        name: (answer.get("power") or {}).get("restore_policy", UNKNOWN) for name, answer in bmc.items()
    }
    wrong = {name: policy for name, policy in policies.items() if policy not in ("always-off", "previous")}
    said = ", ".join(f"{name} {policy}" for name, policy in sorted(wrong.items()))
    on = any(policy == "always-on" for policy in wrong.values())
    return [
        {
            "ok": (False if on else None) if wrong else True,
            "reading": f"the restore policy: {said}" if wrong else "all stay off when their power comes back",
            "refuse": f"they start by themselves when their power comes back, or may do so ({said})",
            "way_on": "set it to previous or always-off with bmc_restore_policy",
            "approval": "restores_itself",
            "risk": f"{', '.join(sorted(wrong))} may start by themselves when power comes back, out of order",
            "this_risk": True,
        }
    ]


def left_readings(left: Sequence[str], going: Sequence[str]) -> list[Reading]:
    """Whether anything is left on that needs what goes down."""
    return [
        {
            "ok": not left,
            "reading": f"{len(left)} hosts stay on and need what goes down",
            "refuse": "; ".join(left),
            "way_on": "add them to the hosts (power_hosts)",
            "approval": "leave_behind",
            "risk": f"{', '.join(sorted(going))} go down, and {len(left)} hosts lose what they need: "
            + "; ".join(left),
            "this_risk": True,
        }
    ]


def missing_readings(missing: Sequence[str], coming: Sequence[str]) -> list[Reading]:
    """Whether everything is on that is needed by what is to be switched on."""
    return [
        {
            "ok": not missing,
            "reading": f"{len(missing) or 'no'} reasons to think that something is off that they need",
            "refuse": "; ".join(missing),
            "approval": "start_without",
            "risk": f"{', '.join(sorted(coming))} start without what they need: " + "; ".join(missing),
            "this_risk": True,
        }
    ]


def services_of(services: Mapping[str, Any], hosts: Iterable[str]) -> list[str]:
    """The services that one of these hosts serves."""
    wanted = set(hosts)
    return sorted(
        name
        for name, service in services.items()
        if any(wanted & set(tiers.values()) for tiers in service["centres"].values())
    )


def serving_readings(
    services: Mapping[str, Any], roles: Mapping[str, str], hosts: Collection[str]
) -> list[Reading]:
    """Whether a centre that serves loses hosts of the service.

    :param roles: ``role`` of each database as it says itself; who was not read is not known.
    """
    found = []
    for name in services_of(services, hosts):
        centres = services[name]["centres"]
        held = {centre: roles.get(tiers.get("database", ""), UNKNOWN) for centre, tiers in centres.items()}
        going = {c: sorted(set(hosts) & set(tiers.values())) for c, tiers in centres.items()}
        for centre in sorted(centre for centre, members in going.items() if members):
            elsewhere = any(role == "primary" for other, role in held.items() if other != centre)
            serving = held[centre] == "primary"
            known = serving or elsewhere or held[centre] in ("standby", "stopped", "absent")
            told = f"the database of {name} in {centre} is {held[centre]}"
            found.append(
                {
                    "ok": not serving if known else None,
                    "reading": told,
                    "refuse": f"{told}, and {', '.join(going[centre])} would go down: {name} stops there",
                    "way_on": "move the service first (dr_switchover.yml)",
                    "approval": "serving_goes",
                    "risk": f"{name} stops: {', '.join(going[centre])} go down in {centre}, which serves it "
                    "or may do so",
                    "this_risk": True,
                }
            )
    return found


def waiting_readings(
    services: Mapping[str, Any], databases: Mapping[str, Mapping[str, Any]], hosts: Collection[str]
) -> list[Reading]:
    """Whether a primary that stays waits at each commit for a standby that goes: all its clients would hang.

    :param databases: what each database that answers says of itself (``role``, ``settings``).
    """
    found = []
    for name in services_of(services, hosts):
        held = [tiers["database"] for tiers in services[name]["centres"].values() if tiers.get("database")]
        going = [host for host in held if host in hosts]
        for stays in (host for host in held if going and host not in going):
            said = databases.get(stays) or {}
            waits = None
            if said.get("role") == "primary":
                waits = (said.get("settings") or {}).get("synchronous_standby_names")
            elif said.get("role", UNKNOWN) != UNKNOWN or services[name].get("replication") != "sync":
                continue
            whom = "nobody knows whom" if waits is None else waits or "nobody"
            told = f"commits on {stays} wait for {whom}"
            found.append(
                {
                    "ok": None if waits is None else not waits,
                    "reading": told,
                    "refuse": f"{told}, and {', '.join(going)} would go down: {name} would hang",
                    "way_on": f"make {stays} asynchronous first (pg_synchronous)",
                    "approval": "standby_goes",
                    "risk": f"{name} hangs: commits on {stays} wait, or may wait, for {', '.join(going)}",
                    "this_risk": True,
                }
            )
    return found


def primary_readings(services: Mapping[str, Any], roles: Mapping[str, str]) -> list[Reading]:
    """Whether a service has two databases that take writes: never let pass.

    :param roles: of the databases that answer, ``unknown`` for one that runs and does not say.
    """
    found = []
    for name, service in services.items():
        databases = [tiers["database"] for tiers in service["centres"].values() if tiers.get("database")]
        known = {host: roles[host] for host in databases if host in roles}
        if len(known) < 2:
            continue
        primaries = [host for host, role in known.items() if role == "primary"]
        unsure = [host for host, role in known.items() if role == UNKNOWN]
        found.append(
            {
                "ok": False if len(primaries) > 1 else None if unsure and primaries else True,
                "reading": f"{name}: " + ", ".join(f"{host} is {role}" for host, role in known.items()),
                "expected": "one primary at most",
                "way_on": "stop the one whose centre does not serve, and let it follow with dr_failback.yml",
            }
        )
    return found


def insisted(
    hosts: Iterable[str], told: Iterable[Mapping[str, Any]], asked: Mapping[str, Any], loop: str = "host"
) -> dict[str, dict[str, str]]:
    """Of servers that are on all the same: who was told to shut down, and who never was, with what happened.

    :param told: results of telling the operating systems, in a loop.
    :param asked: ``targets`` of asking the BMCs (``soft``). A result says that it was commanded when it has
        ``changed``; the server did not obey then.
    :param loop: the loop's variable.
    """
    by_host = {one[loop]: one for one in told if loop in one}
    found: dict[str, dict[str, str]] = {"told": {}, "untold": {}}
    for name in hosts:
        one, answer = by_host.get(name), asked.get(name) or {}
        system = one is not None and one.get("rc") == 0
        bmc = bool(answer.get("changed"))
        cause = one.get("msg") or one.get("stderr") or "it failed" if one else "it did not answer on SSH"
        said = "its operating system was told" if system else f"its operating system was not told ({cause})"
        why = answer.get("msg") or answer.get("cause") or "no answer"
        said += "; its BMC asked it" if bmc else f"; its BMC did not ask it ({why})"
        found["told" if system or bmc else "untold"][name] = " ".join(said.split())
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


def charge_readings(
    ups: Iterable[Mapping[str, Any]],
    charges: Mapping[str, Any],
    by_person: bool = False,
    now: float | None = None,
) -> list[Reading]:
    """Whether each UPS has the charge for another orderly shutdown, as a person or a command says.

    :param by_person: each is ``{percent, at}``, and nothing is known from what was read too long ago.
    """
    moment = time.time() if now is None else now
    found = []
    for one in ups:
        name, needed = one["name"], one["charge_percent"]
        value = charges.get(name)
        charge = _told(value, moment) if by_person else _number(value)
        said = (
            f"the charge of {name} is {'not known' if charge is None else f'{charge:g} %'}; "
            f"{needed} % last for another orderly shutdown"
        )
        found.append(
            {
                "ok": None if charge is None else charge >= needed,
                "reading": said,
                "refuse": said,
                "way_on": "wait until it has charged, and say what it has, and when that was read, at most "
                f"{CHARGE_HOLDS_S // 60} min ago: "
                f'-e \'{{"power_sequence_ups_charge": {{"{name}": {{"percent": <percent>, '
                '"at": "<date>T<time>"}}}\'',
            }
        )
    return found


def _told(value: Any, now: float) -> float | None:
    """What a person read a while ago: the charge, when he says when, and that is not long ago."""
    if not isinstance(value, Mapping):
        return None
    try:
        at = float(value.get("at", ""))
    except (TypeError, ValueError):
        try:
            # Without a zone it is the control node's own time.
            at = datetime.fromisoformat(str(value.get("at"))).timestamp()
        except ValueError:
            return None
    return _number(value.get("percent")) if -_CLOCKS_S <= now - at <= CHARGE_HOLDS_S else None


def _number(value: Any) -> float | None:
    """A charge in percent; what is no number, or none that a charge can be, is not known."""
    try:
        number = float(str(value).strip().rstrip("%"))
    except ValueError:
        return None
    return number if 0 <= number <= 100 else None


def draw_readings(bmc: Mapping[str, Any], planned: Mapping[str, int]) -> list[Reading]:
    """Whether a server draws more than the plan's greatest watts.

    A BMC that has no such reading is left out; one that failed is not known.
    """
    found: list[Reading] = []
    for name, answer in bmc.items():
        watts = (answer.get("power_reading") or {}).get("watts")
        if not planned.get(name):
            continue
        if watts is None and "power_reading" not in (answer.get("unsupported") or {}):
            said = f"what {name} draws cannot be read: {answer.get('msg') or 'its BMC gives no watts'}"
            found.append(
                {
                    "ok": None,
                    "reading": said,
                    "refuse": said,
                    "way_on": "mend its BMC, and run this again",
                    "approval": "more_watts",
                    "risk": f"what {name} draws is not known; a feed may be overloaded",
                    "this_risk": True,
                }
            )
        elif watts is not None:
            found.append(
                {
                    "ok": watts <= planned[name],
                    "reading": f"{name} draws {watts} W, the plan says {planned[name]} W at most",
                    "refuse": f"{name} draws {watts} W and the plan counts with {planned[name]} W: "
                    "the budgets are wrong",
                    "way_on": "state its real watts in the plan, and see whether all can still be started",
                    "approval": "more_watts",
                    "risk": f"{name} draws more than the plan counts with; a feed may be overloaded",
                    "this_risk": True,
                }
            )
    return found
