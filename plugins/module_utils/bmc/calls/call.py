# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's options to its result, on one BMC or on a fleet: what all modules have in common."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import failure
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import arguments
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fleet import (
    Outcome,
    Progress,
    ask,
    bound_s,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc
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
    :param changes: whether it can change anything.
    :param longer_s: seconds that the work takes by its nature, beyond ``deadline_s``.
    """

    work: Callable[[Bmc, Mapping[str, Any], bool], dict[str, Any]]
    options: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    misfits: Callable[[Mapping[str, Any]], list[str]] | None = None
    own: tuple[str, ...] = ()
    around: Callable[[Each, bool], AbstractContextManager[list[Target]]] | None = None
    longer_s: Callable[[Mapping[str, Any]], float] = lambda _params: 0.0
    changes: bool = True

    def spec(self) -> dict[str, dict[str, Any]]:
        """All options of the module."""
        also = {name: self.options[name] for name in self.own}
        return {**arguments.connection_argument_spec(also), **self.options}


def folder(path: str | None) -> Path | None:
    """An option that may be left out, as a path."""
    return Path(path) if path else None


def cache_of(params: Mapping[str, Any], check: bool) -> Path | None:
    """The folder for what hardly changes. Check mode, which writes nothing, does without."""
    return None if check else folder(params["cache"])


def difference(before: Any, after: Any) -> dict[str, Any]:
    """For a result: what ``--diff`` shows."""
    return {"diff": {"before": before, "after": after}}


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
            changes=call.changes and not check,
        )
    times = {"started": started, "ended": time.time()}
    if params["targets"] is None:
        (alone,) = outcomes
        if alone.error is not None:
            raise alone.error
        return {**(alone.result or {}), "times": times}
    at_one_place = max(Counter(target.place for target in targets).values())
    bound = bound_s(len(targets), pace, deadline_s, at_one_place)
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
        next_step="see each one's own message under 'targets'; the others are done" + _first_words(failed),
        result=result,
    )
    if on_failure == "fail":
        raise error
    return {**result, "warnings": [str(error)]}


def _first_words(failed: list[Outcome]) -> str:
    """What the first of them said, for who sees the message and not the result."""
    return "".join(f"\n  - {outcome.error}" for outcome in failed[:_NAMED])


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
