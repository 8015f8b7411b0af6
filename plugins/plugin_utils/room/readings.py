# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of a room's servers, as readings that a gate or a verify judges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

Reading = dict[str, Any]
#: What a server does that stays off when its power returns.
_STAYS_OFF = "always-off"


def difference_readings(
    differences: Iterable[Mapping[str, Any]], against: str, approval: str, risk: str
) -> list[Reading]:
    """Differences as readings, one a server; those that are only told pass.

    :param differences: ``host``, ``item``, ``was``, ``is``, ``weight`` (``stops`` or ``told``), ``way_on``.
    :param against: what they differ from, in words.
    :param approval: the yes that lets them pass; it counts for these very differences.
    """
    hosts: dict[str, list[Mapping[str, Any]]] = {}
    for difference in differences:
        hosts.setdefault(str(difference["host"]), []).append(difference)
    if not hosts:
        return [{"ok": True, "reading": f"no difference from {against}"}]
    return [_differs(host, found, against, approval, risk) for host, found in sorted(hosts.items())]


def _differs(
    host: str, found: Sequence[Mapping[str, Any]], against: str, approval: str, risk: str
) -> Reading:
    stops = [one for one in found if one["weight"] != "told"]
    shown = f"{host} differs from {against}: {'; '.join(map(_said, found))}"
    if not stops:
        return {"ok": True, "reading": shown}
    ways = dict.fromkeys(str(one.get("way_on") or "") for one in stops)
    refuse = f"{host} is not what {against} says: {'; '.join(map(_said, stops))}"
    return {
        "ok": False,
        "reading": shown,
        "refuse": refuse,
        "way_on": "; ".join(way for way in ways if way),
        "approval": approval,
        "risk": f"{refuse}; {risk}",
        "this_risk": True,
    }


def _said(difference: Mapping[str, Any]) -> str:
    was, now = (_value(difference.get(key)) for key in ("was", "is"))
    return f"{difference['item']} {was} -> {now}"


def _value(value: Any) -> str:
    return "nothing" if value in (None, "", [], {}) else str(value)


def health_readings(surveys: Mapping[str, Mapping[str, Any]], with_bmc: Iterable[str]) -> list[Reading]:
    """Whether the servers are well as far as their BMCs tell: no critical event, no sensor critical.

    What a BMC does not tell is not known, and passes for nobody.
    """
    return [
        reading
        for host in with_bmc
        for reading in (_events(host, surveys.get(host) or {}), _sensors(host, surveys.get(host) or {}))
    ]


def _events(host: str, survey: Mapping[str, Any]) -> Reading:
    events = survey.get("events")
    critical = [_event(one) for one in events["critical"]] if events is not None else []
    why = _not_told(survey, "events")
    return {
        "ok": None if events is None else not critical,
        "reading": f"the event log of {host}: "
        + (why if events is None else f"{len(critical)} critical of {events.get('entries', '?')} events"),
        "refuse": f"the event log of {host}: {'; '.join(critical) or why}",
        "way_on": "find the cause and mend it; archive and clear the log with bmc_sel, then run this again",
        "approval": "known_events",
        "risk": f"{host} may not come back: {'; '.join(critical) or 'its event log was not read'}",
        "this_risk": True,
    }


def _event(event: Any) -> str:
    if not isinstance(event, Mapping):
        return str(event)
    words = (event.get(key) for key in ("at", "sensor", "event", "detail"))
    return " ".join(str(word) for word in words if word)


def _sensors(host: str, survey: Mapping[str, Any]) -> Reading:
    sensors = survey.get("sensors")
    beyond = list(sensors.get("beyond") or []) if sensors is not None else []
    bad = [one for one in beyond if one.get("verdict") in ("critical", "failed")]
    said = ", ".join(
        f"{one.get('name')} {_value(one.get('reading'))} {one.get('unit') or ''}".strip()
        + f" is {one.get('verdict')}"
        for one in beyond
    )
    why = _not_told(survey, "sensors")
    return {
        "ok": None if sensors is None else not bad,
        "reading": f"the sensors of {host}: "
        + (why if sensors is None else said or "all within their thresholds"),
        "refuse": f"the sensors of {host}: {said or why}",
        "way_on": "mend what they tell of; bmc_sensor shows all of them",
        "approval": "known_sensors",
        "risk": f"{host} may fail: {said or 'its sensors were not read'}",
        "this_risk": True,
    }


def _not_told(survey: Mapping[str, Any], part: str) -> str:
    told = survey.get("not_told") or {}
    return f"not read ({told.get(part) or told.get('bmc') or 'the BMC does not tell'})"


#: What a survey tells, and where it stands in it.
_TOLD = {
    "identity": ("identity", "serial"),
    "firmware": ("firmware",),
    "processors": ("processors",),
    "memory": ("memory",),
    "drives": ("drives",),
    "accounts of its BMC": ("bmc", "users"),
    "restore policy": ("bmc", "restore_policy"),
    "hardware from inside": ("inside",),
}


def still_told_readings(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> list[Reading]:
    """Whether all that was known of each server then is known now: what cannot be compared may be gone.

    :param before: surveys by server.
    """
    return [_still_told(host, survey, after.get(host) or {}) for host, survey in sorted(before.items())]


def _still_told(host: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Reading:
    if not before:
        return {
            "ok": None,
            "reading": f"{host} was not surveyed before",
            "refuse": f"{host} cannot be compared: it was not surveyed before it went dark",
            "way_on": "compare it with the plan and its papers by hand",
            "approval": "not_compared",
            "risk": f"{host} goes on, and nobody knows whether it still has what it had",
            "this_risk": True,
        }
    lost = [item for item, path in _TOLD.items() if _at(before, path) and not _known(_at(after, path))]
    why = _reasons(after, "its BMC tells them no more")
    shown = ", ".join(lost)
    return {
        "ok": None if lost else True,
        "reading": f"{host}: not read now and read before: {shown} ({why})"
        if lost
        else f"{host}: all that was read before was read again",
        "refuse": f"{host}: {shown} cannot be compared ({why})",
        "way_on": "look why its BMC does not tell them, then run this again",
        "approval": "not_compared",
        "risk": f"{host} goes on, and nobody knows whether it still has the same {shown}",
        "this_risk": True,
    }


def _at(survey: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = survey
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _known(value: Any) -> bool:
    """An empty list of parts is known: there are none."""
    return value not in (None, "", {}, "unknown")


def told_readings(surveys: Mapping[str, Mapping[str, Any]], with_bmc: Iterable[str]) -> list[Reading]:
    """Whether enough is known of each server to know it again: a serial number, and parts of some kind."""
    found = []
    for host in with_bmc:
        survey = surveys.get(host) or {}
        lacks = [] if _at(survey, ("identity", "serial")) else ["serial number"]
        if all(survey.get(kind) is None for kind in ("processors", "memory", "drives")):
            lacks.append("parts")
        shown = " and ".join(lacks)
        why = _reasons(survey, "it gives no reason")
        found.append(
            {
                "ok": None if lacks else True,
                "reading": f"{host}: its BMC tells {'no ' + shown if lacks else 'who it is and what it has'}",
                "refuse": f"{host}: no {shown}, so that a swap would not be seen ({why})",
                "way_on": "look why its BMC does not tell them; or note them by hand, and say so",
                "approval": "not_surveyed",
                "risk": f"of {host} nobody knows afterwards whether it still has the same {shown}",
                "this_risk": True,
            }
        )
    return found


def _reasons(survey: Mapping[str, Any], without: str) -> str:
    """Why parts of it are not told; ``without`` a reason, that."""
    told = survey.get("not_told") or {}
    return "; ".join(f"{part}: {reason}" for part, reason in told.items()) or without


def dark_readings(targets: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> list[Reading]:
    """Whether each server is off and stays off when its power returns."""
    return [_as(host, targets.get(host) or {}, "off", _STAYS_OFF) for host in hosts]


def lit_readings(
    targets: Mapping[str, Mapping[str, Any]],
    hosts: Iterable[str],
    policies: Mapping[str, str],
    slept: Collection[str] = (),
) -> list[Reading]:
    """Whether each server is on, and does what it did before when its power returns.

    :param policies: the restore policy of each as it was; ``unknown`` where nobody knew.
    :param slept: those that were off before: they are as they were when they are off.
    """
    found = []
    for host in hosts:
        asleep = host in slept
        one = _as(host, targets.get(host) or {}, "off" if asleep else "on", policies.get(host, "unknown"))
        if asleep:
            one["expected"] = f"{one['expected']}; it was off before"
            one["way_on"] = f"switch it off again, or say that it is to be on (dr_approvals=wake_{host})"
        found.append(one)
    return found


def reached_readings(
    reach: Iterable[Mapping[str, Any]], hosts: Iterable[str], power: str, attested: Collection[str] = ()
) -> list[Reading]:
    """Whether servers without a BMC are on or off, as far as they answer now.

    Silence proves nothing: that a silent server has no power is what a person answers for.

    :param reach: ``targets`` of a question who answers.
    :param power: ``on`` or ``off``.
    :param attested: those of whom a person says that they have no power.
    """
    states = {one["name"]: one["state"] for one in reach}
    found = []
    for host in hosts:
        state = states.get(host)
        ok: bool | None
        if state is None:
            ok, text = None, f"{host} has no BMC, and nobody asked whether it answers"
        elif state != "silent":
            ok, text = power == "on", f"{host} has no BMC, and answers ({state})"
        elif power == "on":
            ok, text = False, f"{host} has no BMC, and is silent"
        else:
            ok = True if host in attested else None
            text = f"{host} has no BMC and is silent; " + (
                "a person answers for it that it has no power" if ok else "whether it has power is not known"
            )
        found.append(
            {
                "ok": ok,
                "reading": text,
                "expected": "it answers" if power == "on" else "it is silent, and a person has seen it off",
                "way_on": "look at the server itself",
            }
        )
    return found


def located(
    targets: Mapping[str, Mapping[str, Any]], hosts: Iterable[str], state: str
) -> dict[str, dict[str, str]]:
    """Whose locators are lit, or out, as their BMCs say, and of whom that was not seen, with the reason.

    :param targets: of a fleet's call of bmc_identify in check mode, which reads only. A BMC need not tell the
        state (IPMI 2.0, table 28-3, byte 4, bit 6); that is ``unknown``, and neither lit nor out.
    :param state: ``on`` or ``off``.
    :returns: ``seen`` and ``not_seen``, each a text by server.
    """
    found: dict[str, dict[str, str]] = {"seen": {}, "not_seen": {}}
    for host in hosts:
        answer = targets.get(host) or {}
        now = answer.get("before")
        if now == state or (state == "on" and now == "timed"):
            found["seen"][host] = f"the locator of {host} is {'lit' if state == 'on' else 'out'}"
        elif now in ("on", "timed", "off"):
            found["not_seen"][host] = f"the locator of {host} is {'out' if now == 'off' else 'still lit'}"
        else:
            why = "its BMC does not tell it" if now == "unknown" else answer.get("msg") or "it did not answer"
            found["not_seen"][host] = f"the locator of {host}: not known whether it is lit ({why})"
    return found


def slept_readings(surveys: Mapping[str, Mapping[str, Any]], with_bmc: Iterable[str]) -> list[Reading]:
    """Whether each server is on before it all begins, or off: then it stays so.

    One of which neither is known may be off for a reason, and would get power in the end.
    """
    found = []
    for host in with_bmc:
        power = (surveys.get(host) or {}).get("power")
        text = f"{host} is {power}" if power in ("on", "off") else f"{host} is seen neither on nor off"
        if power == "off":
            text += f", and stays so when the power returns, unless dr_approvals=wake_{host} is given then"
        found.append(
            {
                "ok": True if power in ("on", "off") else None,
                "reading": text,
                "way_on": "look at the server itself and mend its BMC, or leave the server out",
            }
        )
    return found


def _as(host: str, target: Mapping[str, Any], power: str, policy: str) -> Reading:
    told = target.get("power") or {}
    found, after = told.get("power"), told.get("restore_policy")
    known = found in ("on", "off") and after not in (None, "unknown")
    expected = power if policy == "unknown" else f"{power}, and {policy} when power returns"
    good = found == power and (policy in ("unknown", after))
    now = found or target.get("msg") or "silent"
    return {
        "ok": good if known or policy == "unknown" and found in ("on", "off") else None,
        "reading": f"{host} is {now}, when power returns {after or 'unknown'}",
        "expected": expected,
    }


def smaller(pairs: Iterable[Sequence[str]], hostvars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Which stand-ins have fewer cores or less memory than the server that they stand in for, by the plan.

    :param pairs: stand-in and server.
    """
    found = []
    for stand_in, server in pairs:
        there, here = (hostvars[name].get("dc_hardware") or {} for name in (stand_in, server))
        less = [
            f"{there.get(key, '?')} {unit} for {here[key]}"
            for key, unit in (("cores", "cores"), ("memory_gib", "GiB of memory"))
            if here.get(key) is not None and (there.get(key) is None or there[key] < here[key])
        ]
        if less:
            found.append(f"{stand_in} ({', '.join(less)} of {server})")
    return found
