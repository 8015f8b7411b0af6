#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_writes
short_description: Refuses or accepts the writes of applications at one side of a move
version_added: 0.3.0
description:
  - V(closed) has the server take no sessions of applications, ends those that are there, and proves that
    none is left. What stood before is kept in the database itself.
  - V(open) puts it back. Refused while the other side accepts writes, or does not answer.
options:
  side:
    description: [Which of the two servers.]
    type: str
    choices: [source, target]
    required: true
  state:
    description: [Whether it accepts writes.]
    type: str
    choices: [open, closed]
    required: true
extends_documentation_fragment:
  - anjianyun.datacenter.db_follow
  - anjianyun.datacenter.db_servers
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Says whether something would change.
  diff_mode:
    support: full
    description: Who accepts writes.
"""

EXAMPLES = r"""
- name: Act | nobody writes to the old database
  anjianyun.datacenter.db_writes:
    engine: postgresql
    migration: accidents
    source:
      host: 10.20.1.15
      user: mover
      password: "{{ source_password }}"
      database: accidents
      ca: /etc/ssl/legacy.pem
    target:
      host: /var/run/postgresql
      user: postgres
      database: accidents
    side: source
    state: closed
"""

RETURN = r"""
writes:
  description: Whether C(source) and C(target) accept writes of applications; null when that is not known.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.call import (
    follow_argument_spec,
    set_writes,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **follow_argument_spec(),
            "side": {"type": "str", "choices": ["source", "target"], "required": True},
            "state": {"type": "str", "choices": ["open", "closed"], "required": True},
        },
        supports_check_mode=True,
    )
    try:
        result = set_writes(module.params, module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
