# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chassis as its BMC tells it: power, restore policy, boot device. Every write is read back."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    UNKNOWN,
    Bmc,
    Boot,
    Status,
)


def known_status(bmc: Bmc) -> Status:
    """Read the status.

    :raises errors.StateUnknown: when it is not known.
    """
    status = bmc.read_status()
    if status.power == UNKNOWN:
        raise unknown_power(bmc.name, [status])
    return status


def unknown_power(device: str, statuses: list[Status]) -> errors.StateUnknown:
    """The refusal to act on a server whose power state is not known."""
    causes = sorted({status.cause for status in statuses if status.cause})
    seen = sorted({status.power for status in statuses})
    return errors.StateUnknown(
        "the power state is not known, so nothing was done",
        device=device,
        cause="; ".join(causes) or f"the readings contradict each other: {', '.join(seen)}",
        next_step="look at the server itself, or fence it by another path",
        result={"changed": False, "readings": [status.reading() for status in statuses]},
    )


def set_restore_policy(bmc: Bmc, policy: str, *, check: bool = False) -> dict[str, Any]:
    """Make sure of the restore policy.

    :param check: only say what would be done.
    :returns: ``changed``, ``before``, ``after``, ``commands``.
    :raises errors.NotConfirmed: the BMC said yes and still reports another one.
    """
    before = known_status(bmc).restore_policy
    changed = before != policy
    commands = [f"set power restore policy {policy}"] if changed else []
    if changed and not check:
        bmc.write_restore_policy(policy)
        after = bmc.read_status().restore_policy
        if after != policy:
            raise errors.NotConfirmed(
                f"the power-restore policy is still {after} after it was set to {policy}",
                device=bmc.name,
                cause="the BMC accepted the command without effect",
                next_step="set it in the BMC's own interface, and look for newer firmware",
                result={"changed": after != before, "before": before, "after": after, "commands": commands},
            )
    return {"changed": changed, "before": before, "after": policy, "commands": commands}


def set_boot(bmc: Bmc, wanted: Boot, *, check: bool = False) -> dict[str, Any]:
    """Make sure of the boot device.

    :returns: ``changed``, ``before``, ``after``, ``commands``.
    :raises errors.NotConfirmed: the BMC said yes and still reports another one.
    """
    if wanted.device == "none":
        wanted = Boot()
    before = bmc.read_boot()
    changed = before != wanted
    commands = [bmc.describe_boot(wanted)] if changed else []
    if changed and not check:
        bmc.write_boot(wanted)
        after = bmc.read_boot()
        if after != wanted:
            raise errors.NotConfirmed(
                f"the boot device reads {after.as_dict()} after it was set to {wanted.as_dict()}",
                device=bmc.name,
                cause="the BMC took it without, or with another, effect",
                next_step="try another of persistent and uefi; some firmware knows only one",
                result={"changed": after != before, "before": before.as_dict(), "after": after.as_dict()},
            )
    return {"changed": changed, "before": before.as_dict(), "after": wanted.as_dict(), "commands": commands}
