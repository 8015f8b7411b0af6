#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: a twin of an estate on this host. The logic is in module_utils/twin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: twin
short_description: Makes a twin of an estate on one Linux host, or takes it away
version_added: 0.1.0
description:
  - Compares what the specification asks for with what the kernel has (processes, mounts, namespaces, links,
    control groups), and does the difference. Nothing is remembered between runs, so a run that was killed is
    finished by the next one.
  - A twin carries the estate's own addresses and is sealed. Whatever talks to it runs in the namespace of one
    of its control nodes, C(ajy-<twin>-<control node>), with the extra variables of RV(vars_file).
  - Refuses, before anything is made, on a host that cannot carry it, and says everything that is missing.
requirements:
  - root
  - pyroute2 >= 0.9
  - systemd-container, mmdebstrap, openipmi, libopenipmi-dev, gcc, iproute2, e2fsprogs
options:
  state:
    description: Whether it is there.
    type: str
    choices: [present, absent]
    default: present
  spec:
    description:
      - What the filter P(anjianyun.datacenter.twin_spec#filter) makes. Required when O(state=present).
    type: dict
  twin_id:
    description: The twin's name. Required when O(state=absent).
    type: str
  until:
    description:
      - Stop after this phase, so that a playbook can show each as a task of its own.
    type: str
    choices: [images, ground, sweep, network, disks, bmcs, boot, ready]
    default: ready
  mirror:
    description:
      - A Debian mirror for the base images, as mmdebstrap takes it. The one this host uses itself when empty.
    type: str
    default: ""
  deadline_s:
    description: Seconds until every machine must answer on its SSH port.
    type: float
    default: 180
  allow_overlap:
    description: Build it although this host itself has or routes addresses of the plan.
    type: bool
    default: false
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Says what would be done.
  diff_mode:
    support: none
    description: The list of actions tells it.
"""

EXAMPLES = r"""
- name: Make the twin of the databases and of what joins them
  anjianyun.datacenter.twin:
    spec: "{{ hostvars | anjianyun.datacenter.twin_spec(groups, 'rehearsal', only=['databases']) }}"

- name: Take it away
  anjianyun.datacenter.twin:
    twin_id: rehearsal
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be, in order.
  returned: success
  type: list
  elements: str
left_off:
  description: Nodes that are off, because somebody or a fault wants them off.
  returned: when O(state=present)
  type: list
  elements: str
faults:
  description: Faults that are in force.
  returned: when O(state=present)
  type: list
  elements: str
seconds:
  description: Seconds by phase.
  returned: when O(state=present)
  type: dict
vars_file:
  description: Extra variables for runs against the twin.
  returned: when O(state=present)
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import reconcile, teardown
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.difference import PHASES
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import check_twin_id, parse


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "spec": {"type": "dict"},
            "twin_id": {"type": "str"},
            "until": {"type": "str", "choices": ["images", *PHASES, "ready"], "default": "ready"},
            "mirror": {"type": "str", "default": ""},
            "deadline_s": {"type": "float", "default": 180},
            "allow_overlap": {"type": "bool", "default": False},
        },
        required_if=[("state", "present", ["spec"]), ("state", "absent", ["twin_id"])],
        supports_check_mode=True,
    )
    params = module.params
    try:
        requires("pyroute2")
        if params["state"] == "absent":
            names = Names(check_twin_id(params["twin_id"]))
            found = teardown.traces(names) if module.check_mode else teardown.remove(names)
            result = {"changed": bool(found), "actions": [f"remove {trace}" for trace in found]}
        else:
            run = reconcile.Run(
                parse(params["spec"]), mirror=params["mirror"], allow_overlap=params["allow_overlap"]
            )
            outcome = (
                run.foresee(params["until"])
                if module.check_mode
                else run.present(params["until"], params["deadline_s"])
            )
            result = {**outcome.as_result(), "vars_file": str(run.names.vars_file)}
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
