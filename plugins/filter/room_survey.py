# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what was read of servers, as one survey each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.survey import surveys

DOCUMENTATION = r"""
name: room_survey
short_description: What was read of servers, as one survey each
version_added: 0.2.0
description:
  - Puts together what the calls on all BMCs and M(anjianyun.datacenter.server_hardware) told of each host.
  - What nobody told is null, and its reason stands in C(not_told). A host whose BMC failed is there as well.
positional: at
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  at:
    description: The moment of the survey, in ISO 8601.
    type: str
    required: true
  info:
    description: Result of M(anjianyun.datacenter.bmc_info) with C(power), C(fru) and C(lan), with C(targets).
    type: dict
  firmware:
    description: Result of M(anjianyun.datacenter.bmc_firmware_info).
    type: dict
  sensors:
    description: Result of M(anjianyun.datacenter.bmc_sensor).
    type: dict
  log:
    description: Result of M(anjianyun.datacenter.bmc_sel).
    type: dict
  accounts:
    description: Result of M(anjianyun.datacenter.bmc_user) that reads the accounts only.
    type: dict
  hardware:
    description: Results of M(anjianyun.datacenter.server_hardware) in a loop over hosts.
    type: list
    elements: dict
  loop_var:
    description: Name of that loop's variable.
    type: str
    default: item
  reach:
    description: C(targets) of M(anjianyun.datacenter.reachability).
    type: list
    elements: dict
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
surveys: "{{ servers | anjianyun.datacenter.room_survey('2026-12-01T22:00:00Z', info=told, log=events) }}"
"""

RETURN = r"""
_value:
  description:
    - By host, C(name), C(at), C(identity), C(firmware), C(memory), C(drives), C(processors), C(bmc),
      C(power), C(sensors), C(events), C(inside) and C(not_told).
  type: dict
"""


def room_survey(
    hosts: Iterable[str],
    at: str,
    info: Mapping[str, Any] | None = None,
    firmware: Mapping[str, Any] | None = None,
    sensors: Mapping[str, Any] | None = None,
    log: Mapping[str, Any] | None = None,
    accounts: Mapping[str, Any] | None = None,
    hardware: Iterable[Mapping[str, Any]] | None = None,
    loop_var: str = "item",
    reach: Iterable[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """See the documentation above."""
    fleet = {"info": info, "firmware": firmware, "sensors": sensors, "log": log, "accounts": accounts}
    inside = {str(one[loop_var]): one for one in hardware or () if loop_var in one}
    return surveys(hosts, at, fleet, inside, reach or ())


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_survey": room_survey}
