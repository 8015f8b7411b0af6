# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every BMC module has (documented in ``doc_fragments/bmc.py``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fleet import Pace
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import (
    PRIVILEGES,
    PROTOCOLS,
    Target,
    over_ipmi_limits,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: Log-ins tried when nothing is said: a fleet has always one BMC that is just busy.
_ATTEMPTS_ALONE, _ATTEMPTS_FLEET = 1, 2
#: Misfits that one message names.
_TOLD = 10


def target_options() -> dict[str, dict[str, Any]]:
    """What may differ between the BMCs of a fleet."""
    return {
        "address": {"type": "str"},
        "port": {"type": "int", "default": 623},
        "user": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "name": {"type": "str"},
        "cipher_suite": {"type": "int", "default": 17, "choices": [17, 3]},
        "privilege": {"type": "str", "default": "operator", "choices": list(PRIVILEGES)},
        "protocol": {"type": "str", "default": "ipmi", "choices": list(PROTOCOLS)},
        "https_port": {"type": "int", "default": 443},
        "ca_file": {"type": "path"},
        "system": {"type": "str"},
    }


def connection_argument_spec(
    also: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, dict[str, Any]]:
    """How to reach and to talk to a BMC, or to many.

    :param also: options of the module itself that each of many may state for itself.
    """
    own = {name: dict(option) for name, option in {**target_options(), **(also or {})}.items()}
    for option in own.values():
        option.pop("default", None)
        option.pop("required", None)
    own["address"]["required"] = True
    return {
        **target_options(),
        "answer_s": {"type": "float", "default": 5.0},
        "deadline_s": {"type": "float", "default": 60.0},
        "attempts": {"type": "int"},
        "targets": {"type": "list", "elements": "dict", "options": own},
        "at_once": {"type": "int", "default": Pace.at_once},
        "on_failure": {"type": "str", "default": "fail", "choices": ["fail", "hand_over"]},
    }


def confirmation_argument_spec() -> dict[str, dict[str, Any]]:
    """How often a power state is read before it counts."""
    return {
        "readings": {"type": "int", "default": 1},
        "interval_s": {"type": "float", "default": 0.2},
    }


def pace_from(params: Mapping[str, Any]) -> Pace:
    """How hard the BMCs are asked."""
    usual = _ATTEMPTS_ALONE if params["targets"] is None else _ATTEMPTS_FLEET
    return Pace(at_once=params["at_once"], attempts=params["attempts"] or usual)


def targets_from(params: Mapping[str, Any], misfits: Sequence[str] = ()) -> list[Target]:
    """The BMCs meant: those of ``targets``, or the one of ``address``.

    :param misfits: what is wrong with the other options, to be said with the rest.
    :raises DatacenterError: a value that no BMC could take, or two BMCs of one name.
    """
    stated = params["targets"]
    wrong = list(misfits)
    wrong += [
        f"{name} is not above 0"
        for name in ("answer_s", "deadline_s", "readings", "interval_s", "at_once", "attempts")
        if params.get(name) is not None and params[name] <= 0
    ]
    if stated is None and params["address"] is None or stated == []:
        wrong.append("neither address nor targets say which BMC")
    each = [_stated(one, params) for one in ([params] if stated is None else stated)]
    for one in each:
        of_which = "" if stated is None else f" of {one['name']}"
        wrong += [f"{cause}{of_which}" for cause in _misfits(one)]
    wrong += [
        f"more than one target is called {name}"
        for name, count in Counter(one["name"] for one in each).items()
        if count > 1
    ]
    if wrong:
        device = each[0]["name"] if stated is None else None
        more = f"; and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        cause = "; ".join(wrong[:_TOLD]) + more
        raise DatacenterError("the options do not fit", device=device, cause=cause, next_step="correct them")
    return [Target(**one, answer_s=params["answer_s"]) for one in each]


def params_of_each(
    params: Mapping[str, Any], targets: Sequence[Target], own: Collection[str]
) -> dict[str, dict[str, Any]]:
    """The options as they are for each target, by its name.

    :param own: the module's options that a target may state for itself.
    """
    stated = params["targets"] if params["targets"] is not None else [{}]
    return {
        target.name: {**params, **{name: one[name] for name in own if one.get(name) is not None}}
        for target, one in zip(targets, stated)
    }


def secrets_of(spec: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any]) -> set[str]:
    """Every value of an option that is not to be shown."""
    names = [name for name, option in spec.items() if option.get("no_log")]
    stated = [params, *(params["targets"] or [])]
    return {str(one[name]) for one in stated for name in names if one.get(name)}


def _stated(one: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """:param one: what is stated for this BMC; the rest is what is stated for all."""
    stated = {name: params[name] if one.get(name) is None else one[name] for name in target_options()}
    return {**stated, "name": one["name"] or one["address"]}


def _misfits(stated: Mapping[str, Any]) -> list[str]:
    missing = [f"{name} is not given" for name in ("user", "password") if stated[name] is None]
    if stated["protocol"] != "ipmi":
        # Redfish has no limits of its own; the service says what it does not take.
        return missing
    return missing + over_ipmi_limits(stated["user"], stated["password"])
