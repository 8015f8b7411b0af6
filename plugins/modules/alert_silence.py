#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alert_silence
short_description: Silences alerts in Prometheus Alertmanager while work was announced
version_added: 0.2.0
description:
  - Sets, extends and ends a silence over API v2, and reads it back.
  - Every silence has an end, at most 14 days ahead. One that has to last longer is extended when it is time.
  - Whether the silence is there already is told by its matchers and its comment.
  - Certificates are always verified, and no redirection is followed.
options:
  url:
    description: Address of Alertmanager, with the path that it may have been given, without C(/api).
    type: str
    required: true
  state:
    description:
      - V(present) sets the silence, or changes its end. V(absent) ends every silence with these matchers and
        this comment.
    type: str
    choices: [present, absent]
    default: present
  matchers:
    description: The labels of the alerts that are silenced; an alert has to fit all of them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the label.
        type: str
        required: true
      value:
        description: Its value.
        type: str
        required: true
      regex:
        description: Whether O(matchers[].value) is a regular expression, which has to fit the whole label.
        type: bool
        default: false
      equal:
        description: Whether the label has to fit. V(false) is for those that do not.
        type: bool
        default: true
  starts:
    description:
      - When it begins, in ISO 8601 with a zone; at once if left out. What has begun is not put off.
    type: str
  ends:
    description: When it ends, in ISO 8601 with a zone. Needed for V(present).
    type: str
  ticket:
    description: Number of the ticket under which the work was announced; one line of at most 64 characters.
    type: str
    required: true
  comment:
    description: What is done. The comment of the silence is O(ticket), a colon and this.
    type: str
    required: true
  author:
    description: Who sets it. Needed for V(present).
    type: str
  token:
    description: Bearer token. It is sent over HTTPS alone.
    type: str
  ca_file:
    description:
      - File with the certificates, in PEM, of the authority that signed Alertmanager's own; the authorities
        of this host if left out.
    type: path
  timeout_s:
    description: Seconds that each step of a connection may take.
    type: float
    default: 10
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Reads, and says what would be set or ended.
  diff_mode:
    support: full
    description: Shows the silence before and after.
"""

EXAMPLES = r"""
- name: Act | no alarm for what is switched off on purpose
  anjianyun.datacenter.alert_silence:
    url: "{{ dc_monitoring.alertmanager }}"
    ca_file: "{{ dc_monitoring.ca_file | default(omit) }}"
    token: "{{ alertmanager_token | default(omit) }}"
    matchers:
      - name: instance
        value: "({{ room_hosts | map('regex_escape') | join('|') }})(:[0-9]+)?"
        regex: true
    ends: 2026-12-02T06:00+08:00
    ticket: CHG-2026-0117
    comment: room main of nanning is rebuilt
    author: "{{ lookup('ansible.builtin.env', 'USER') }}"
"""

RETURN = r"""
id:
  description: Id of the silence. Alertmanager may give it a new one when it is changed.
  returned: success
  type: str
state:
  description: C(active), C(pending) or C(absent).
  returned: success
  type: str
starts:
  description: When it begins, in UTC.
  returned: when O(state=present)
  type: str
ends:
  description: When it ends, in UTC.
  returned: when O(state=present)
  type: str
comment:
  description: Its comment.
  returned: when O(state=present)
  type: str
matchers:
  description: Its matchers, as Alertmanager shows them.
  returned: when O(state=present)
  type: list
  elements: str
expired:
  description: Ids of the silences that were ended.
  returned: when O(state=absent)
  type: list
  elements: str
mistakes:
  description: What is wrong with the options, a sentence each.
  returned: when they are refused
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.monitoring.alertmanager import Alertmanager
from ansible_collections.anjianyun.datacenter.plugins.module_utils.monitoring.silence import (
    absent,
    present,
    wanted,
)


def main() -> None:
    matcher = {
        "name": {"type": "str", "required": True},
        "value": {"type": "str", "required": True},
        "regex": {"type": "bool", "default": False},
        "equal": {"type": "bool", "default": True},
    }
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "matchers": {"type": "list", "elements": "dict", "required": True, "options": matcher},
            "starts": {"type": "str"},
            "ends": {"type": "str"},
            "ticket": {"type": "str", "required": True},
            "comment": {"type": "str", "required": True},
            "author": {"type": "str"},
            "token": {"type": "str", "no_log": True},
            "ca_file": {"type": "path"},
            "timeout_s": {"type": "float", "default": 10},
        },
        required_if=[("state", "present", ["ends", "author"])],
        supports_check_mode=True,
    )
    given = module.params
    try:
        want = wanted(given)
        peer = Alertmanager(given["url"], given["token"], given["ca_file"], given["timeout_s"])
        if given["state"] == "present":
            result = present(peer, want, module.check_mode)
        else:
            result = absent(peer, want, module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
