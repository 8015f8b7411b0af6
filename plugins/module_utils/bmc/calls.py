# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module asks of a BMC, from its options to its result: on one, or on a fleet."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import failure
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import (
    arguments,
    chassis,
    eventlog,
    firmware,
    identify,
    sensors,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence, recorder
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fleet import (
    Outcome,
    Progress,
    ask,
    bound_s,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.info import DEFAULT, SUBSETS, gather
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    BOOT_DEVICES,
    POLICIES,
    SEVERITIES,
    Bmc,
    Boot,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import (
    VERBS,
    Confirmation,
    set_power,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.second_path import answer
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

#: What modules import before any work, so that its absence is said properly.
LIBRARY = "pyghmi.ipmi.command"
#: Names of failed BMCs that a message lists.
_NAMED = 5


@dataclass(frozen=True)
class Each:
    """The targets of a call, and by their names the options as they are for each."""

    targets: list[Target]
    params: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One module's work.

    :param work: BMC, options and check mode in; the result of one BMC out, ``diff`` included.
    :param options: the module's own, as an argument spec.
    :param misfits: what is wrong with its own options, each in a few words; asked before any BMC is.
    :param own: those of them that each target of a fleet may state for itself.
    :param around: what the whole call needs, open while it runs. May give the targets other ways in, and put
        what the work needs into the options of each.
    :param longer_s: seconds that the work takes by its nature, beyond ``deadline_s``.
    """

    work: Callable[[Bmc, Mapping[str, Any], bool], dict[str, Any]]
    options: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    misfits: Callable[[Mapping[str, Any]], list[str]] | None = None
    own: tuple[str, ...] = ()
    around: Callable[[Each, bool], AbstractContextManager[list[Target]]] | None = None
    longer_s: Callable[[Mapping[str, Any]], float] = lambda _params: 0.0

    def spec(self) -> dict[str, dict[str, Any]]:
        """All options of the module."""
        also = {name: self.options[name] for name in self.own}
        return {**arguments.connection_argument_spec(also), **self.options}


def _power(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    result = set_power(bmc, params["state"], _confirmation(params), check=check)
    return {**result, **_diff({"power": result["before"]}, {"power": result["after"]})}


def _boot(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    wanted = Boot(params["device"], params["persistent"], params["uefi"])
    result = chassis.set_boot(bmc, wanted, check=check)
    return {**result, **_diff(result["before"], result["after"])}


def _restore_policy(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    policy = params["policy"] or chassis.known_status(bmc).restore_policy
    result = chassis.set_restore_policy(bmc, policy, check=check)
    return {
        **result,
        **_diff({"restore_policy": result["before"]}, {"restore_policy": result["after"]}),
    }


def _info(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    return {"changed": False, **gather(bmc, params["gather"])}


def _sel(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    since = params["since"]
    choice = eventlog.Choice(
        params["severity"],
        eventlog.instant(since) if since else None,
        params["sensors"],
        _folder(params["cache"]),
    )
    if params["state"] == "read":
        return eventlog.read(bmc, choice)
    act = eventlog.archive if params["state"] == "archived" else eventlog.clear
    result = act(bmc, choice, Path(params["archive"]), check=check)
    kept = result["archive"]
    before = {"archived": kept["records"] - kept["added"], "in_the_log": result["log"]["entries"]}
    entries = len(result["left"]) if params["state"] == "cleared" else before["in_the_log"]
    return {**result, **_diff(before, {"archived": kept["records"], "in_the_log": entries})}


def _sel_misfits(params: Mapping[str, Any]) -> list[str]:
    wrong = []
    if params["state"] != "read" and not params["archive"]:
        wrong.append(f"state: {params['state']} needs archive, the folder to keep the records in")
    try:
        eventlog.instant(params["since"] or "2000-01-01")
    except ValueError:
        wrong.append("since is no moment such as 2026-11-01T08:00:00Z")
    return wrong


def _sensor(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    how = sensors.Sweep(
        params["names"],
        params["types"],
        [sensors.Limit(**limit) for limit in params["limits"]],
        params["fail_at"],
        params["fail_unknown"],
        params["live_thresholds"],
        _folder(params["cache"]),
    )
    return sensors.sweep(bmc, how)


def _sensor_misfits(params: Mapping[str, Any]) -> list[str]:
    return [
        f"the limit of {limit['sensor']} has neither min nor max"
        for limit in params["limits"]
        if limit["min"] is None and limit["max"] is None
    ]


def _identify(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    seconds = params["seconds"] if params["state"] == "on" else 0
    result = identify.set_identify(bmc, seconds, check=check)
    return {**result, **_diff({"identify": result["before"]}, {"identify": result["after"]})}


def _identify_misfits(params: Mapping[str, Any]) -> list[str]:
    seconds = params["seconds"]
    if seconds is None:
        return []
    if params["state"] == "off":
        return ["seconds are for state: on"]
    return [] if 0 < seconds <= identify.MOST_S else [f"seconds is not from 1 to {identify.MOST_S}"]


def _firmware_info(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    return firmware.info(
        bmc, {name: least for name, least in params["expected"].items() if least is not None}
    )


def _fence(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    second = params["second_path"]
    result = fence(
        bmc,
        _confirmation(params),
        check=check,
        require_policy=params["require_restore_policy"],
        before_change=recorder(params["record_path"], bmc.name),
        second_path=partial(answer, **second) if second else None,
    )
    before = {"power": result["power_before"], "restore_policy": result["policy_before"]}
    return {**result, **_diff(before, {"power": "off", "restore_policy": result["policy_after"]})}


def _confirmation(params: Mapping[str, Any]) -> Confirmation:
    return Confirmation(params["readings"], params["interval_s"], params["deadline_s"])


def _folder(path: str | None) -> Path | None:
    return Path(path) if path else None


def _diff(before: Any, after: Any) -> dict[str, Any]:
    return {"diff": {"before": before, "after": after}}


_SECOND_PATH = {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 22}}

POWER = Call(
    _power,
    {
        **arguments.confirmation_argument_spec(),
        "state": {"type": "str", "required": True, "choices": list(VERBS)},
    },
)
BOOT = Call(
    _boot,
    {
        "device": {"type": "str", "required": True, "choices": list(BOOT_DEVICES)},
        "persistent": {"type": "bool", "default": False},
        "uefi": {"type": "bool", "default": False},
    },
)
RESTORE_POLICY = Call(_restore_policy, {"policy": {"type": "str", "choices": sorted(POLICIES)}})
INFO = Call(
    _info,
    {"gather": {"type": "list", "elements": "str", "default": list(DEFAULT), "choices": list(SUBSETS)}},
)
SEL = Call(
    _sel,
    {
        "state": {"type": "str", "default": "read", "choices": list(eventlog.STATES)},
        "severity": {"type": "str", "default": "ok", "choices": list(SEVERITIES)},
        "since": {"type": "str"},
        "sensors": {"type": "list", "elements": "str", "default": []},
        "archive": {"type": "path"},
        "cache": {"type": "path"},
    },
    _sel_misfits,
)
_LIMIT = {
    "sensor": {"type": "str", "required": True},
    "min": {"type": "float"},
    "max": {"type": "float"},
    "verdict": {"type": "str", "default": "critical", "choices": list(SEVERITIES[1:])},
}
SENSOR = Call(
    _sensor,
    {
        "names": {"type": "list", "elements": "str", "default": []},
        "types": {"type": "list", "elements": "str", "default": []},
        "limits": {"type": "list", "elements": "dict", "default": [], "options": _LIMIT},
        "fail_at": {"type": "str", "choices": list(SEVERITIES[1:])},
        "fail_unknown": {"type": "bool", "default": False},
        "live_thresholds": {"type": "bool", "default": False},
        "cache": {"type": "path"},
    },
    _sensor_misfits,
)
IDENTIFY = Call(
    _identify,
    {
        "state": {"type": "str", "default": "on", "choices": ["on", "off"]},
        "seconds": {"type": "int"},
    },
    _identify_misfits,
)
_VERSIONS = {"bmc": {"type": "str"}, "bios": {"type": "str"}}
FIRMWARE_INFO = Call(_firmware_info, {"expected": {"type": "dict", "default": {}, "options": _VERSIONS}})
FENCE = Call(
    _fence,
    {
        **arguments.confirmation_argument_spec(),
        "readings": {"type": "int", "default": 3},
        "require_restore_policy": {"type": "bool", "default": True},
        "record_path": {"type": "path"},
        "second_path": {"type": "dict", "options": _SECOND_PATH},
    },
)


def run(
    call: Call,
    params: Mapping[str, Any],
    *,
    check: bool,
    say: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Do it on the BMC, or on the BMCs, that the options name.

    :param say: told how far a fleet is, every few seconds.
    :returns: the result of the one; for ``targets`` each one's under its name, and the sums.
    :raises DatacenterError: why it failed; with ``targets`` unless failures are handed over.
    """
    started = time.time()
    targets = arguments.targets_from(params, call.misfits(params) if call.misfits else [])
    pace = arguments.pace_from(params)
    deadline_s = params["deadline_s"] + call.longer_s(params)
    each = Each(targets, arguments.params_of_each(params, targets, call.own))
    with call.around(each, check) if call.around else nullcontext(targets) as targets:
        outcomes = ask(
            targets,
            lambda bmc: _named(bmc, params, call.work(bmc, each.params[bmc.name], check)),
            deadline_s=deadline_s,
            pace=pace,
            say=say if params["targets"] is not None else None,
        )
    times = {"started": started, "ended": time.time()}
    if params["targets"] is None:
        (alone,) = outcomes
        if alone.error is not None:
            raise alone.error
        return {**(alone.result or {}), "times": times}
    bound = bound_s(len(targets), pace, deadline_s)
    return _fleet_result(outcomes, params["on_failure"], {"times": times, "bound_s": bound})


def _named(bmc: Bmc, params: Mapping[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """With the protocol that was spoken, where it was not told or not the usual one."""
    stated = {params["protocol"], *(one.get("protocol") for one in params["targets"] or [])}
    return result if stated <= {"ipmi", None} else {**result, "protocol": bmc.protocol}


def _fleet_result(outcomes: list[Outcome], on_failure: str, more: Mapping[str, Any]) -> dict[str, Any]:
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    shares = {outcome.target.name: _share(outcome) for outcome in outcomes}
    result = {
        "changed": any(share["changed"] for share in shares.values()),
        "targets": shares,
        "succeeded": len(outcomes) - len(failed),
        "failed_targets": [outcome.target.name for outcome in failed],
        **more,
    }
    if not failed:
        return result
    error = DatacenterError(
        f"{len(failed)} of {len(outcomes)} BMCs failed",
        cause=_causes(failed),
        next_step="see each one's own message under 'targets'; the others are done",
        result=result,
    )
    if on_failure == "fail":
        raise error
    return {**result, "warnings": [str(error)]}


def _share(outcome: Outcome) -> dict[str, Any]:
    """A target's own result, as its host's task would give it."""
    spent = {"seconds": round(outcome.seconds, 3), "attempts": outcome.attempts}
    if outcome.error is None:
        return {"changed": False, **(outcome.result or {}), **spent}
    away = {"unreachable": True} if isinstance(outcome.error, Unreachable) else {"failed": True}
    return {**failure(outcome.error), **away, **spent}


def _causes(failed: list[Outcome]) -> str:
    """How many failed of which cause, and some of their names."""
    kinds = Counter(type(outcome.error).__name__ for outcome in failed)
    parts = []
    for kind, count in kinds.most_common():
        names = [outcome.target.name for outcome in failed if type(outcome.error).__name__ == kind]
        more = f" and {count - _NAMED} more" if count > _NAMED else ""
        parts.append(f"{kind}: {', '.join(names[:_NAMED])}{more}")
    return "; ".join(parts)
