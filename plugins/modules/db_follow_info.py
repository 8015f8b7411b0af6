#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_follow_info
short_description: Says where the move of a database stands
version_added: 0.3.0
description:
  - Reads both servers. Nothing is remembered between runs, and nothing is changed.
  - A server that does not answer leaves what only it could tell unknown.
extends_documentation_fragment:
  - anjianyun.datacenter.db_follow
  - anjianyun.datacenter.db_servers
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Nothing that a diff would show better than the result.
"""

EXAMPLES = r"""
- name: Read | how far behind the new database is
  anjianyun.datacenter.db_follow_info:
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
copied:
  description: Whether the first copy is whole. Null while the target does not say.
  returned: success
  type: bool
ways:
  description:
    - The ways of rows that are there, C(forward) and C(back), each with C(exists), C(running), C(armed)
      (rows of applications take it), C(lag_bytes), C(lag_s), C(error).
  returned: success
  type: dict
writes:
  description: Whether C(source) and C(target) accept writes of applications; null when that is not known.
  returned: success
  type: dict
estimate_s:
  description:
    - Of an O(path=offline) move for how many seconds writes are going to be refused, by the rehearsal and by
      what the source has grown since. Null while that is not known.
  returned: success
  type: float
left_behind:
  description: What the migration has made on the source and is there still.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.call import (
    follow_argument_spec,
    info,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec=follow_argument_spec(),
        supports_check_mode=True,
    )
    try:
        result = info(module.params)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
