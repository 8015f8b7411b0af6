# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: surveys beside the site plan, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.against_plan import against_plan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.scope import of_inventory

DOCUMENTATION = r"""
name: room_against_plan
short_description: What differs between servers and their site plan
version_added: 0.2.0
description:
  - Compares what P(anjianyun.datacenter.room_survey#filter) made of servers of one centre with serial number,
    vendor, model, memory, cores, disks and BMC address that a site plan states for them, and with its lines.
  - C(stops) weighs another serial number (with the name of the server that it belongs to), less than the
    plan states, another BMC address, a line that is plugged in elsewhere, and what is ill already; a drive
    that fails SMART or an array that is degraded may not come back after its power was off.
  - What the plan does not state is not compared.
positional: hostvars, groups, centre
options:
  _input:
    description: Surveys by host.
    type: dict
    required: true
  hostvars:
    description: Ansible's C(hostvars).
    type: dict
    required: true
  groups:
    description: Ansible's C(groups).
    type: dict
    required: true
  centre:
    description: Name of the centre.
    type: str
    required: true
  expected:
    description: What a person announced, as for P(anjianyun.datacenter.room_against_survey#filter).
    type: list
    elements: raw
    default: []
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
differences: "{{ surveys | anjianyun.datacenter.room_against_plan(hostvars, groups, 'nanning') }}"
"""

RETURN = r"""
_value:
  description: As of P(anjianyun.datacenter.room_against_survey#filter). C(was) is what the plan says.
  type: dict
"""


def room_against_plan(
    surveys: Mapping[str, Any],
    hostvars: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
    centre: str,
    expected: Iterable[Any] = (),
) -> dict[str, Any]:
    """See the documentation above."""
    try:
        house = of_inventory(hostvars, groups, centre)
    except DatacenterError as error:
        raise AnsibleFilterError(str(error)) from error
    planned = {name: {key: hostvars[name].get(key) for key in ("dc_hardware", "dc_bmc")} for name in surveys}
    return against_plan(surveys, planned, house, expected)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_against_plan": room_against_plan}
