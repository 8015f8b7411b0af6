# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAPALM's getters by name, in one session; and two that NAPALM has no name for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.checks import (
    Opener,
    neighbours,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import (
    Device,
    Unsupported,
    open_session,
    translated,
)

OURS = {"ospf_neighbors": "ospf", "bfd_neighbors": "bfd"}
#: A configuration is read without its passwords unless that is asked for.
DEFAULTS: dict[str, dict[str, Any]] = {"config": {"sanitized": True}}


def read_getters(
    device: Device,
    names: Sequence[str],
    arguments: Mapping[str, Mapping[str, Any]],
    *,
    opener: Opener = open_session,
) -> dict[str, Any]:
    """What a device says of itself.

    :param names: getters without ``get_``.
    :param arguments: of a getter, by its name.
    :returns: ``found`` by name, and ``unsupported`` names of this driver.
    :raises DatacenterError: when NAPALM has no getter of a name.
    """
    result: dict[str, Any] = {"found": {}, "unsupported": []}
    with opener(device) as session:
        for name in names:
            getter = getattr(session, f"get_{name}", None)
            if getter is None and name not in OURS:
                raise DatacenterError(
                    f"there is no getter {name!r}", device=device.name,
                    next_step=f"name one of NAPALM's without get_, or {' or '.join(OURS)}",
                )  # fmt: skip
            try:
                with translated(device, f"{name} cannot be read"):
                    result["found"][name] = (
                        neighbours(session, OURS[name])
                        if getter is None
                        else getter(**{**DEFAULTS.get(name, {}), **arguments.get(name, {})})
                    )
            except Unsupported:
                result["unsupported"].append(name)
    return result
