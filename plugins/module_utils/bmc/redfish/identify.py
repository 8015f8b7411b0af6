# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The light that shows a person which server it is, in Redfish."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import OFF, ON, UNKNOWN
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

#: The newer property, and the older one with what means on and off in it.
_NEWER, _OLDER = "LocationIndicatorActive", "IndicatorLED"
_LIT = frozenset({"Lit", "Blinking"})


def read(service: Service) -> str:
    """``on``, ``off``, or ``unknown`` when the service says that it does not know."""
    _path, resource = _place(service, "read the identify light")
    if resource.get(_NEWER) is not None:
        return ON if resource[_NEWER] else OFF
    state = resource.get(_OLDER)
    return ON if state in _LIT else OFF if state == "Off" else UNKNOWN


def write(service: Service, seconds: int | None) -> None:
    """Put it out (0), or light it until told otherwise (``None``).

    :raises errors.CommandUnsupported: a time is asked for. Redfish knows none after which it goes out.
    """
    on = seconds is None
    what = f"switch the identify light {'off' if seconds == 0 else 'on'}"
    if seconds:
        error = unsupported(service.session, what, "Redfish knows no time after which it goes out by itself")
        error.next_step = "light it without a time and put it out afterwards, or ask over IPMI"
        raise error
    path, resource = _place(service, what)
    if _NEWER in resource:
        body: dict[str, Any] = {_NEWER: on}
    else:
        body = {_OLDER: "Blinking" if on else "Off"}
    service.session.patch(path, body, what)


def _place(service: Service, what: str) -> tuple[str, dict[str, Any]]:
    """The server's own light, else its chassis'; the newer property first."""
    resources = [service.system(what), *service.chassis(what)]
    for name in (_NEWER, _OLDER):
        for one in resources:
            if name in one and path_of(one):
                return str(path_of(one)), one
    raise unsupported(service.session, what, "it tells none")
