#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: net_config
short_description: Changes a network device so that a mistake takes itself back
version_added: 0.1.0
description:
  - Enters a change with a rollback that is armed on the device and fires by itself after O(confirm_s)
    seconds,
    whoever can still reach it. The change is confirmed when the device answers over a new session, its
    running
    configuration is what was intended, and all O(checks) pass.
  - Otherwise nothing is confirmed. The module waits until the device has taken the change back, reads that
    its
    configuration is what it was, and fails with the cause.
  - A second change is refused while one waits. A candidate that the device does not take is discarded.
  - A difference that would take routing sessions down is refused and named, unless O(allow_session_reset)
    allows it. The driver V(frr) tells from the lines of the difference; other drivers do not tell.
extends_documentation_fragment: anjianyun.datacenter.netdevice
attributes:
  check_mode:
    support: full
    description:
      - Loads the candidate, shows the difference, and discards it. Warns when the run would be refused.
  diff_mode:
    support: full
    description: Shows the device's own difference, without passwords.
  idempotent:
    support: full
    description: Commits nothing when the difference is empty.
options:
  state:
    description:
      - V(present) enters O(config) or O(src).
      - V(restored) makes the configuration what an archive says. The file is O(src), by default the newest of
        the device in O(archive_directory); one that does not match the digest in its name is refused.
      - V(confirmed) and V(rolled_back) decide on a change that waits, of whoever made it.
    type: str
    choices: [present, restored, confirmed, rolled_back]
    default: present
  config:
    description:
      - The configuration, or its lines.
    type: str
  src:
    description:
      - A file of the control node with it.
    type: path
  mode:
    description:
      - V(merge) enters the lines beside the others.
      - V(replace) makes the whole configuration the text.
    type: str
    choices: [merge, replace]
    default: merge
  confirm_s:
    description:
      - Seconds until the device takes the change back, counted by the device. Long enough for the slowest of
        O(checks). IOS and Junos count whole minutes.
      - V(0) arms nothing. The checks are made all the same, and a change that fails them is taken back by
        this
        module, if it still reaches the device. It is the only way with drivers that cannot arm a rollback
        (C(nxos), C(nxos_ssh), C(iosxr), C(iosxr_netconf)).
    type: int
    default: 120
  checks:
    description:
      - What has to hold before the change is confirmed; each is tried until it does or the time is over.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description:
          - V(ping), O(checks[].target) answers.
          - V(route_present), a route in use leads to it; the default route does not count.
          - V(neighbor_up), it is a neighbour, and up.
        type: str
        required: true
        choices: [ping, route_present, neighbor_up]
      target:
        description:
          - An address; a prefix with V(route_present). A neighbour of OSPF may be named by its router id.
        type: str
        required: true
      via:
        description:
          - The device that is asked, another than the changed one where it matters. By default the control
            node pings, and the changed device tells routes and neighbours.
        type: dict
        suboptions:
          driver:
            description: As O(driver).
            type: str
            required: true
          host:
            description: As O(host).
            type: str
            required: true
          name:
            description: As O(name).
            type: str
          user:
            description: As O(user).
            type: str
            required: true
          password:
            description: As O(password).
            type: str
          key_file:
            description: As O(key_file).
            type: path
          port:
            description: As O(port).
            type: int
          timeout:
            description: As O(timeout).
            type: float
            default: 30
          optional_args:
            description: As O(optional_args).
            type: dict
            default: {}
      protocol:
        description:
          - Of the route, or of the neighbour (by default OSPF). Neighbours of BFD are read with the drivers
            C(frr) and C(eos); any other is refused before the commit.
        type: str
        choices: [ospf, bgp, bfd, static, connected, isis]
      next_hop:
        description:
          - Of the route.
        type: str
      source:
        description:
          - The address that the ping comes from.
        type: str
  allow_session_reset:
    description:
      - Enter also what takes routing sessions down.
    type: bool
    default: false
  archive_directory:
    description:
      - Folder of the control node where the configuration is kept that is replaced, one file a change. The
        files hold the device's passwords and are readable by their owner alone.
    type: path
  comment:
    description:
      - A comment on the commit, for devices that have one.
    type: str
    default: ""
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: A further network behind the router of a city, seen from the other centre before it stands
  anjianyun.datacenter.net_config:
    driver: frr
    host: "{{ ansible_host }}"
    name: "{{ inventory_hostname }}"
    user: root
    key_file: ~/.ssh/id_ed25519
    config: |
      interface branch
       ip address 10.20.30.1/24
       ip ospf area 0
    confirm_s: 60
    archive_directory: /var/lib/anjianyun/network
    checks:
      - {kind: ping, target: 10.1.30.1}
      - kind: route_present
        target: 10.20.30.0/24
        protocol: ospf
        via: {driver: frr, host: 10.2.30.1, name: dr-rt-01, user: root, key_file: ~/.ssh/id_ed25519}

- name: What the last change replaced, again
  anjianyun.datacenter.net_config:
    driver: eos
    host: 10.1.30.9
    user: admin
    password: "{{ vault_eos_password }}"
    state: restored
    archive_directory: /var/lib/anjianyun/network
"""

RETURN = r"""
confirmed:
  description: Whether the change stands; null when nothing was committed.
  returned: once the difference was computed
  type: bool
rolled_back:
  description: Whether the device was seen to be what it was before; null when that is not known.
  returned: when a change was not confirmed
  type: bool
rolled_back_by:
  description: C(device), or C(this run) where nothing was armed.
  returned: when a change was taken back
  type: str
checks:
  description: The last try of each check.
  returned: once the difference was computed
  type: list
  elements: dict
  sample: [{"check": "10.1.30.1 answers a ping, seen from here", "passed": true, "seen": "0.3 ms"}]
resets:
  description: Lines of the difference that take routing sessions down.
  returned: once the difference was computed
  type: list
  elements: str
archive:
  description: What was replaced (path, sha256); null without O(archive_directory).
  returned: once the difference was computed
  type: dict
session_lost:
  description: How the session ended, when it did so during the commit.
  returned: when it did
  type: str
seconds:
  description: Seconds from the commit to the confirmation, or to the last look.
  returned: when something was committed
  type: float
"""

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.discreet import DiscreetModule
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import arguments


def main() -> None:
    module = DiscreetModule(
        argument_spec={**arguments.device_argument_spec(), **arguments.change_argument_spec()},
        mutually_exclusive=[("config", "src")],
        required_if=[("state", "present", ["config", "src"], True)],
        supports_check_mode=True,
    )
    module.no_log_values.update(arguments.secrets(module.params))
    try:
        requires("napalm", "paramiko")
        result = arguments.serve(module.params, dry_run=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    for text in result.pop("warnings", []):
        module.warn(text)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
