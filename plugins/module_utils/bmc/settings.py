# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a BMC: what is stated is read, written where it differs, and read back.

What cannot be set is told, all of it by name, before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import SETTINGS, Bmc


def apply(bmc: Bmc, wanted: Mapping[str, Any], *, check: bool = False) -> dict[str, Any]:
    """Make sure of the settings.

    :param wanted: by the names of :data:`SETTINGS`; the clock as ``tolerance_s``.
    :returns: ``changed``, ``before``, ``after`` and ``commands`` (the settings that were written).
    :raises errors.CommandUnsupported: some cannot be set; ``refused`` has the reasons, nothing was written.
    :raises errors.NotConfirmed: the BMC said yes and still has another; those before it are done.
    """
    names = [name for name in SETTINGS if name in wanted]
    _refuse(bmc, names, wanted)
    before = {name: bmc.read_setting(name, wanted[name]) for name in names}
    differing = [name for name in names if not _fits(name, before[name], wanted[name])]
    after = {name: _expected(name, before[name], wanted[name]) for name in names}
    result = {
        "changed": bool(differing),
        "before": before,
        "after": after,
        "commands": [f"set {name}" for name in differing],
    }
    if check:
        return result
    done: list[str] = []
    for name in differing:
        try:
            bmc.write_setting(name, wanted[name])
            after[name] = bmc.read_setting(name, wanted[name])
        except errors.DatacenterError as error:
            error.result = {**result, **_so_far(done), **error.result}
            raise
        if not _fits(name, after[name], wanted[name]):
            changed = after[name] != before[name]
            raise errors.NotConfirmed(
                f"{name} reads {after[name]} after it was set to {wanted[name]}",
                device=bmc.name,
                cause="the BMC took it without, or with another, effect",
                next_step="set it in the BMC's own interface, and look for newer firmware",
                result={**result, **_so_far([*done, name] if changed else done)},
            )
        done.append(name)
    return result


def _so_far(done: list[str]) -> dict[str, Any]:
    return {"changed": bool(done), "commands": [f"set {name}" for name in done]}


def _refuse(bmc: Bmc, names: list[str], wanted: Mapping[str, Any]) -> None:
    reasons = {name: bmc.setting_refused(name, wanted[name]) for name in names}
    refused = {name: reason for name, reason in reasons.items() if reason is not None}
    if refused:
        raise errors.CommandUnsupported(
            f"{', '.join(refused)} cannot be set, so nothing was",
            device=bmc.name,
            cause="; ".join(f"{name}: {reason}" for name, reason in refused.items()),
            next_step="leave it out, or set it over another protocol or in the BMC's own interface",
            result={"changed": False, "refused": refused},
        )


def _fits(name: str, found: Any, wanted: Any) -> bool:
    if name == "clock":
        ahead = found["ahead_s"]
        return ahead is not None and abs(ahead) <= wanted["tolerance_s"]
    return bool(found == wanted)


def _expected(name: str, found: Any, wanted: Any) -> Any:
    """What it reads afterwards, in check mode."""
    if name == "clock":
        return found if _fits(name, found, wanted) else {"ahead_s": 0.0}
    return wanted
