#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route_info
short_description: Tells where an address leads, seen from a router, and who announces it
version_added: 0.1.0
description:
  - Runs on a router and reads the route in use, every announcement of the address that OSPF knows, the OSPF
    neighbours and the BFD sessions. Changes nothing.
  - Seen from a county's or city's router it shows what a packet from there would do.
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  address:
    description:
      - The address, also as a prefix of one address.
    type: str
    required: true
  wait_origin:
    description:
      - Read again until this router (by its OSPF router id) is the origin, for at most O(timeout) seconds.
      - It does not fail when that does not come. What was read last is returned, for a verify to judge.
    type: str
  timeout:
    description:
      - Seconds to wait for O(wait_origin), and seconds that one question to the router may take.
    type: float
    default: 5
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Read | where the address leads, seen from a city
  anjianyun.datacenter.route_info:
    address: 10.100.0.1
    wait_origin: "{{ hostvars['dr-fw-01'].dc_loopback }}"
  delegate_to: liuzhou-rt-01
  register: route
"""

RETURN = r"""
address:
  description: The address that was asked for.
  returned: success
  type: str
router_id:
  description: The OSPF router id of the router that was asked.
  returned: success
  type: str
origin:
  description:
    - OSPF router id of the one router whose announcement the route in use follows; the router's own when it
      is the announcer.
    - Null when there is no route, when two announcements win equally, or when the address lies in a network
      that OSPF knows from inside.
  returned: success
  type: str
route:
  description: The route in use, null when there is none.
  returned: success
  type: dict
  contains:
    prefix:
      description: What the route is for.
      type: str
    protocol:
      description: Who made it.
      type: str
      sample: ospf
    distance:
      description: Its administrative distance.
      type: int
    metric:
      description: Its metric.
      type: int
    tag:
      description: Its tag; of a service's address, the precedence of the announcement.
      type: int
    next_hops:
      description: Where packets go, each with RV(ignore:address) and RV(ignore:interface).
      type: list
      elements: dict
announcements:
  description: Every announcement in the OSPF area that is not being withdrawn.
  returned: success
  type: list
  elements: dict
  contains:
    router:
      description: OSPF router id of the announcer.
      type: str
    metric:
      description: Its metric; the lowest wins.
      type: int
    precedence:
      description: Its precedence as M(anjianyun.datacenter.service_address) gave it.
      type: int
    forward_address:
      description: The server that packets are for, null when they go to the announcer itself.
      type: str
    cost:
      description: Cost of the way there; null when there is none, as for a router that is lost.
      type: int
    best:
      description: Whether it wins.
      type: bool
ospf_neighbors:
  description: The router's OSPF neighbours, each with router_id, address, interface, state and full.
  returned: success
  type: list
  elements: dict
bfd_peers:
  description: The router's BFD sessions, each with peer, interface and up; null when BFD does not run.
  returned: success
  type: list
  elements: dict
duration_s:
  description: Seconds that reading took, waiting included.
  returned: success
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import Frr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.routes import read_routes


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "wait_origin": {"type": "str"},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    try:
        result = read_routes(
            Frr(module.params["timeout"]),
            module.params["address"],
            origin=module.params["wait_origin"],
            timeout_s=module.params["timeout"],
        )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
