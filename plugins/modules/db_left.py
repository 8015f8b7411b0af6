#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_left
short_description: Removes what the move of a database has made on both servers
version_added: 0.3.0
description:
  - Slots, publications, subscriptions, accounts, tables and settings; rows stay. After it there is no way
    back.
  - A side that refuses writes keeps refusing them.
  - Refused before the cutover unless O(give_up), and while neither side accepts writes.
options:
  give_up:
    description:
      - Remove it also while the target does not accept writes. The move is given up then. The target stays
        closed, with a copy that is of no use; a later move of the same name replaces it, and opens at its
        cutover what is closed there.
      - A source of MariaDB that a broken cutover has closed takes writes again.
    type: bool
    default: false
extends_documentation_fragment:
  - anjianyun.datacenter.db_follow
  - anjianyun.datacenter.db_servers
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Lists in RV(left_behind) what is on the source.
  diff_mode:
    support: none
    description: Nothing that a diff would show better than the result.
"""

EXAMPLES = r"""
- name: Act | nothing is left on the old server
  anjianyun.datacenter.db_left:
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
"""

RETURN = r"""
removed:
  description: What was removed, by name.
  returned: success
  type: list
  elements: str
left_behind:
  description: What is there still on the source.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.call import (
    follow_argument_spec,
    remove,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **follow_argument_spec(),
            "give_up": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        result = remove(module.params, module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
