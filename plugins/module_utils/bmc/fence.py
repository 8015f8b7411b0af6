# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fencing by the BMC: off, seen to be off, and not coming back by itself.

One session for all of it, because it stands on the critical path of a failover.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.chassis import known_status
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import OFF, Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import (
    Confirmation,
    Watch,
    control,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.second_path import Beside
from ansible_collections.anjianyun.datacenter.plugins.module_utils.durable import sync_directory
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_POLICY = "always-off"


def fence(
    bmc: Bmc,
    how: Confirmation,
    *,
    check: bool = False,
    require_policy: bool = True,
    before_change: Callable[[dict[str, Any]], None] | None = None,
    second_path: Callable[[], str | None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Make sure that the server is off and stays off when power returns.

    The order matters: first the restore policy, so that a room whose power flickers while
    this runs does not bring the server back; then power off, hard; then ``how.readings``
    consecutive readings that say both 'off' and 'always-off'.

    :param require_policy: refuse when the restore policy cannot be set. Without it the
        server is switched off all the same, and ``policy_after`` says that it may return.
    :param before_change: called with ``policy_before``, ``power_before`` and ``at`` before
        anything is changed: the moment to write the original down for the way back.
    :param second_path: asked from the first reading that says off on, beside the others; what it heard of the
        server disproves the BMC.
    :returns: ``changed``, ``fenced``, ``policy_before``, ``policy_after``,
        ``power_before``, ``readings``, ``commands``. ``fenced`` is false in check mode
        unless the server already is.
    :raises errors.StateUnknown: it is not known whether the server is on; nothing was done.
    :raises errors.NotConfirmed: the BMC says off, and policy or second path say otherwise.
    :raises DeadlineExceeded: not seen off in time; the result says what was done.
    """
    beside = Beside(second_path)
    watch = _watch(bmc, how, beside, sleep)
    first = known_status(bmc)
    observed = {"policy_before": first.restore_policy, "power_before": first.power}
    commands = []
    if first.restore_policy != _POLICY:
        commands.append(f"set power restore policy {_POLICY}")
    if first.power != OFF:
        commands.append("chassis power off")
    if check and commands:
        return _result(watch, observed, _POLICY, commands, fenced=False)
    if before_change is not None:
        before_change({**observed, "at": first.at})
    done: list[str] = []
    policy_set = True
    try:
        if first.restore_policy != _POLICY:
            policy_set = _set_policy(bmc, require_policy)
            if policy_set:
                done.append(commands[0])
        if first.power != OFF:
            control(bmc, "off", watch)
            done.append("chassis power off")
        after = _until_off(watch, policy_set, sleep)
        if policy_set and after != _POLICY:
            raise errors.NotConfirmed(
                f"the server is off, but its power-restore policy reads {after} instead of {_POLICY}",
                device=bmc.name,
                cause="the BMC accepted the policy without effect; the server may return with the power",
                next_step="set the policy in the BMC's own interface, or take the power cord",
            )
        if (heard := beside.heard()) is not None:
            raise errors.NotConfirmed(
                "the BMC says off, and the server answers",
                device=bmc.name,
                cause=heard,
                next_step="do not trust this BMC; fence by another path, or take the power cord",
            )
    except DatacenterError as error:
        error.result.update(_result(watch, observed, watch_policy(watch), done, fenced=False))
        raise
    return _result(watch, observed, after, done, fenced=True)


def _until_off(watch: Watch, policy_set: bool, sleep: Callable[[float], None]) -> str:
    """Read until the readings that count all say 'off' and, where the BMC took it, the policy.

    A policy that comes a moment late is waited for; one that is another in the last reading is not.

    :returns: the policy of these readings, the first that is another one if there is one.
    """
    watch.until(OFF, "fence")
    while True:
        policies = [status.restore_policy for status in watch.statuses[-watch.how.readings :]]
        others = [policy for policy in policies if policy != _POLICY]
        if not policy_set or not others or policies[-1] != _POLICY:
            return policies[-1]
        if watch.deadline.remaining() < watch.how.interval_s:
            return others[0]
        sleep(watch.how.interval_s)
        watch.until(OFF, "fence")


def _watch(bmc: Bmc, how: Confirmation, beside: Beside, sleep: Callable[[float], None]) -> Watch:
    """While we wait for the next reading of a BMC that says off, its server is asked itself."""

    def pause(seconds: float) -> None:
        if watch.statuses and watch.statuses[-1].power == OFF:
            beside.begin()
        sleep(seconds)

    watch = Watch(bmc, how, pause)
    return watch


def _set_policy(bmc: Bmc, require: bool) -> bool:
    """:returns: whether the BMC took it."""
    try:
        bmc.write_restore_policy(_POLICY)
    except errors.CommandUnsupported as error:
        if not require:
            return False
        raise errors.CommandUnsupported(
            "the server was not fenced: it could come back when power returns",
            device=bmc.name,
            cause=f"its restore policy cannot be set ({error.cause})",
            next_step="fence it without (require_restore_policy: false) and see to it that it stays off",
        ) from error
    return True


def watch_policy(watch: Watch) -> str | None:
    """The restore policy of the last reading, if there is one."""
    return watch.statuses[-1].restore_policy if watch.statuses else None


def _result(
    watch: Watch, observed: dict[str, str], policy_after: str | None, commands: list[str], *, fenced: bool
) -> dict[str, Any]:
    return {
        **observed,
        "changed": bool(commands),
        "fenced": fenced,
        "policy_after": policy_after,
        "readings": watch.readings,
        "commands": commands,
    }


def recorder(path: str | None, device: str) -> Callable[[dict[str, Any]], None] | None:
    """A ``before_change`` that appends what was found to a file, on disk when it returns.

    :raises DatacenterError: from the call, when it cannot; nothing is changed then.
    """
    if path is None:
        return None

    def record(observed: dict[str, Any]) -> None:
        line = json.dumps({"device": device, **observed}, sort_keys=True) + "\n"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            # The file's name, if this made it.
            sync_directory(Path(path).absolute().parent)
        except OSError as error:
            raise DatacenterError(
                "what the fence found cannot be written down, so nothing was changed",
                device=device,
                cause=str(error),
                next_step="give another record_path",
            ) from error

    return record
