# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the servers of a room, of a rack or of a feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import scope

DOCUMENTATION = r"""
name: room_hosts
short_description: The servers of a room, of a rack or of a feed
version_added: 0.2.0
description:
  - Says who loses his power (C(dark)) and who loses one of two feeds only (C(thin)), by the positions that a
    site plan states.
  - Network devices and control nodes, by which a runbook reaches the others, are left out and told, unless
    they are named.
  - Rooms, racks, feeds and hosts that do not exist are refused, with those that do.
positional: groups, centre, room
options:
  _input:
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
  room:
    description: Name of the room.
    type: str
    required: true
  rack:
    description: A rack alone. With O(feed), that feed in that rack.
    type: str
  feed:
    description: What hangs on this feed alone.
    type: str
  hosts:
    description: These hosts of the room, as a list or as a text with commas.
    type: raw
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
servers: "{{ hostvars | anjianyun.datacenter.room_hosts(groups, 'nanning', 'main', rack='r01') }}"
feed: "{{ hostvars | anjianyun.datacenter.room_hosts(groups, 'nanning', 'main', feed='A') }}"
"""

RETURN = r"""
_value:
  description:
    - C(dark) and C(thin), lists of names, rack by rack and from the bottom up.
    - C(left_out), a list of C(name), C(reason), and C(goes), whether it goes dark with the power.
    - C(carried), the cloud hosts that go with the dark ones.
  type: dict
"""


def room_hosts(
    hostvars: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
    centre: str,
    room: str,
    rack: str | None = None,
    feed: str | None = None,
    hosts: Any = None,
) -> dict[str, Any]:
    """See the documentation above."""
    try:
        asked = scope.wanted(centre, room, rack, feed, hosts)
        house = scope.of_inventory(hostvars, groups, asked.centre)
        return scope.scope(house, asked, groups).as_dict()
    except DatacenterError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_hosts": room_hosts}
