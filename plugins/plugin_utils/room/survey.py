# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The survey of a server: what its BMC and its operating system told at one moment, in one shape.

What nobody told is None, and its reason stands in ``not_told``. It is never taken for none, or for fine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Lists of parts, as a BMC's FRU data has them.
PARTS = ("memory", "drives", "processors")
#: What only a BMC tells.
OF_THE_BMC = ("identity", "firmware", *PARTS, "bmc", "power", "sensors", "events")
NO_BMC = "it has no BMC in the plan. Next: look at the machine itself"
_UNKNOWN = "unknown"

Share = Mapping[str, Any]


def surveys(
    hosts: Iterable[str],
    at: str,
    fleet: Mapping[str, Mapping[str, Any] | None],
    hardware: Mapping[str, Mapping[str, Any]],
    reach: Iterable[Mapping[str, Any]] = (),
) -> dict[str, dict[str, Any]]:
    """The survey of each host.

    :param at: the moment, as an ISO 8601 text.
    :param fleet: results of the calls on all BMCs, by what was asked: ``info`` (power, fru, lan),
        ``firmware``, ``sensors``, ``log``, ``accounts``.
    :param hardware: results of server_hardware by host.
    :param reach: ``targets`` of a question who answers.
    """
    answers = {str(one["name"]): one for one in reach}
    calls = {what: (result or {}).get("targets") or {} for what, result in fleet.items()}
    found = {}
    for name in hosts:
        shares = {what: targets[name] for what, targets in calls.items() if name in targets}
        found[name] = survey(name, at, shares, hardware.get(name), answers.get(name))
    return found


def survey(
    name: str,
    at: str,
    shares: Mapping[str, Share],
    hardware: Mapping[str, Any] | None,
    answer: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """One server's.

    :param shares: the BMC's answers, by what was asked; without ``info`` there is no BMC.
    """
    not_told: dict[str, str] = {}
    info = _told(shares, "info", not_told, OF_THE_BMC)
    found: dict[str, Any] = {
        "name": name,
        "at": at,
        **_of_info(info, not_told),
        "firmware": {},
        "sensors": None,
        "events": None,
        "inside": None,
    }
    if info is not None:
        _more(found, shares, not_told)
    found["inside"] = _inside(hardware, answer, not_told)
    found["not_told"] = not_told
    return found


def _told(
    shares: Mapping[str, Share], what: str, not_told: dict[str, str], parts: Iterable[str]
) -> Share | None:
    """An answer; None when there is none, with the reason under each of the parts that it would have told."""
    share = shares.get(what)
    if share is None:
        not_told.update(dict.fromkeys(parts, NO_BMC if what == "info" else "it was not asked"))
    elif share.get("failed") or share.get("unreachable"):
        not_told.update(dict.fromkeys(parts, str(share.get("msg") or "its BMC failed")))
    else:
        return share
    return None


def _of_info(info: Share | None, not_told: dict[str, str]) -> dict[str, Any]:
    """Identity, parts, power and network."""
    told = info or {}
    for subset, reason in (told.get("unsupported") or {}).items():
        # What stood in the FRU data, in the survey's own words.
        for part in {"fru": ("identity", *PARTS), "lan": ("bmc address",)}.get(subset, (subset,)):
            not_told[part] = str(reason)
    fru, lan, power = (told.get(subset) or {} for subset in ("fru", "lan", "power"))
    if info is not None:
        for part in PARTS:
            if fru.get(part) is None:
                why = (fru.get("not_told") or {}).get(part)
                not_told.setdefault(part, why or "its BMC tells no parts of this kind")
        if power.get("cause"):
            not_told["power"] = str(power["cause"])
    return {
        "identity": {
            "serial": fru.get("serial_number"),
            "product": fru.get("product_name") or fru.get("model"),
            "manufacturer": fru.get("manufacturer"),
            "asset_tag": fru.get("asset_number"),
        },
        **{part: fru.get(part) for part in PARTS},
        "bmc": {
            "address": lan.get("address"),
            "mac": lan.get("mac"),
            "restore_policy": power.get("restore_policy", _UNKNOWN),
            "users": None,
        },
        "power": power.get("power", _UNKNOWN),
    }


def _more(found: dict[str, Any], shares: Mapping[str, Share], not_told: dict[str, str]) -> None:
    """What further calls told of a BMC that answers."""
    firmware = _told(shares, "firmware", not_told, ("firmware",))
    if firmware is not None:
        versions = firmware.get("components") or {}
        found["firmware"] = {name: version for name, version in versions.items() if version}
        for name, reason in (firmware.get("unsupported") or {}).items():
            not_told[f"firmware {name}"] = str(reason)
    sensors = _told(shares, "sensors", not_told, ("sensors",))
    if sensors is not None:
        found["sensors"] = {
            "verdict": sensors.get("verdict", _UNKNOWN),
            "beyond": [
                {
                    "name": one["sensor"],
                    "reading": one.get("reading"),
                    "unit": one.get("unit"),
                    "verdict": one["verdict"],
                }
                for one in sensors.get("alarms") or ()
            ],
        }
    log = _told(shares, "log", not_told, ("events",))
    if log is not None:
        found["events"] = _events(log)
    accounts = _told(shares, "accounts", not_told, ("bmc users",))
    if accounts is not None:
        found["bmc"]["users"] = [
            {key: one.get(key) for key in ("name", "enabled", "privilege")}
            for one in accounts.get("accounts") or ()
        ]


def _events(log: Share) -> dict[str, Any]:
    """How many there are, and the bad ones of which nothing has said since that they are over."""
    keys = ("id", "raw", "at", "sensor", "event", "detail", "severity")
    return {
        "entries": (log.get("log") or {}).get("entries"),
        "critical": [{key: one.get(key) for key in keys} for one in log.get("open") or []],
    }


def _inside(
    hardware: Mapping[str, Any] | None, answer: Mapping[str, Any] | None, not_told: dict[str, str]
) -> dict[str, Any] | None:
    """What its operating system told, and the reasons for what it did not."""
    if hardware is not None and hardware.get("kind") and not hardware.get("failed"):
        found = {key: value for key, value in hardware.items() if key in _INSIDE}
        for part, reason in (found.get("not_told") or {}).items():
            not_told[f"inside {part}"] = str(reason)
        return found
    if hardware is not None:
        not_told["inside"] = str(hardware.get("msg") or "its operating system did not say")
    elif answer is not None and answer.get("state") != "alive":
        why = f" ({answer['cause']})" if answer.get("cause") else ""
        does = "refuses the connection" if answer.get("state") == "refused" else "does not answer"
        not_told["inside"] = f"its operating system {does}{why}"
    else:
        not_told["inside"] = "it has no operating system that could be asked"
    return None


#: What server_hardware returns, without Ansible's own words.
_INSIDE = (
    "kind", "technology", "evidence", "identity", "processors", "memory", "disks", "software_raid",
    "raid_controllers", "nics", "neighbours", "not_told",
)  # fmt: skip
