# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serial console, which Redfish has only by name."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)


def refusal(service: Service) -> errors.BmcError:
    """Why the console cannot be had over Redfish, with the ways that this service tells of."""
    what = "read the serial console"
    ways: list[str] = []
    for resource in (service.system(what), service.manager(what)):
        console = resource.get("SerialConsole") or {}
        ways += [str(way) for way in console.get("ConnectTypesSupported") or []]
        ways += [way for way in ("IPMI", "SSH", "Telnet") if (console.get(way) or {}).get("ServiceEnabled")]
    told = ", ".join(dict.fromkeys(ways)) or "no way to it"
    error = unsupported(service.session, what, f"Redfish carries no console; this service tells of {told}")
    error.next_step = "ask over IPMI (protocol: ipmi), which carries it"
    return error
