# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BMC knows of itself and of its server: read only."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.eventlog import summary
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc, Status

#: What can be gathered; the names are the methods of a BMC, but for those composed below.
DEFAULT = ("chassis", "firmware", "lan", "fru", "sensors", "sel")
SUBSETS = ("power", *DEFAULT, "power_reading")


def power(bmc: Bmc) -> dict[str, Any]:
    """Power and restore policy, in one question: what a fleet is asked most.

    A server on the way from on to off is neither, which is no failure of reading it: its power is unknown,
    and ``cause`` says what the BMC told.
    """
    return _power(_status(bmc))


def _power(status: Status) -> dict[str, Any]:
    told: dict[str, Any] = {"at": status.at, "power": status.power, "restore_policy": status.restore_policy}
    return told if status.cause is None else {**told, "cause": status.cause}


def _status(bmc: Bmc) -> Status:
    """:raises errors.StateUnknown: the BMC told nothing."""
    status = bmc.read_status()
    if not status.answered:
        raise errors.StateUnknown(
            "read the chassis status",
            device=bmc.name,
            cause=status.cause,
            next_step="ask again in a moment; if it stays so, look at the server itself",
        )
    return status


def chassis(bmc: Bmc) -> dict[str, Any]:
    """Power, restore policy, faults, boot device (``None`` when the BMC does not tell)."""
    status = _status(bmc)
    facts: dict[str, Any] = {
        **_power(status),
        "faults": list(status.faults),
        "last_event": list(status.last_event),
    }
    try:
        facts["boot"] = bmc.read_boot().as_dict()
    except (errors.CommandUnsupported, errors.PrivilegeTooLow):
        # An account that may only look is not told.
        facts["boot"] = None
    return facts


def sel(bmc: Bmc) -> dict[str, Any]:
    """How full the event log is, and its newest entries."""
    return summary(bmc.read_log())


def sensors(bmc: Bmc) -> list[dict[str, Any]]:
    """All sensors with their readings."""
    return [sensor.as_dict() for sensor in bmc.read_sensors()]


_COMPOSED = {"power": power, "chassis": chassis, "sel": sel, "sensors": sensors}


def gather(bmc: Bmc, subsets: list[str]) -> dict[str, Any]:
    """Read the subsets asked for.

    A subset that this BMC does not support is ``None`` and its reason stands in
    ``unsupported``: one missing command does not hide the rest. So is the draw for an account that
    may not ask for it. Any other error ends it.
    """
    facts: dict[str, Any] = {}
    unsupported: dict[str, str] = {}
    for subset in subsets:
        try:
            facts[subset] = _COMPOSED[subset](bmc) if subset in _COMPOSED else getattr(bmc, subset)()
        except (errors.CommandUnsupported, errors.PrivilegeTooLow) as error:
            # What a server draws is for administrators in some BMCs; whoever is not is told so, and the rest.
            if isinstance(error, errors.PrivilegeTooLow) and subset != "power_reading":
                raise
            facts[subset] = None
            unsupported[subset] = str(error)
    return {**facts, "unsupported": unsupported}
