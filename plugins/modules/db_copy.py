#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_copy
short_description: Copies a database to a new server, and has changes follow
version_added: 0.3.0
description:
  - Copies roles, schema, rows, large objects and rights from a consistent snapshot while the source is in
    use; from there on changes flow.
  - Refuses, by name and before anything is done, what could not be moved so. The target's database is made
    where it is missing, must be empty, and takes no sessions of applications until the cutover.
  - Run again after a break, an unfinished copy is begun anew; a finished one is left as it is.
  - With O(path=offline) it is a rehearsal. The copy is compared, and how long that took is kept for the
    window; nothing follows, and nothing is made at the source.
  - Runs on the new server, with its programs. Nothing is installed on the source.
options:
  jobs:
    description: [How many tables, or parts of large ones, are copied at a time.]
    type: int
    default: 4
  progress:
    description:
      - File to which JSON lines with what it does are added, for whoever watches. At least each ten seconds,
        with C(doing), C(bytes_done), C(bytes_total), C(tables_done), C(tables_total), C(seconds).
    type: path
extends_documentation_fragment:
  - anjianyun.datacenter.db_follow
  - anjianyun.datacenter.db_servers
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Lists the objections, and does nothing.
  diff_mode:
    support: none
    description: Nothing that a diff would show better than the result.
"""

EXAMPLES = r"""
- name: Read | what stands against the move
  anjianyun.datacenter.db_copy: &accidents
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
  check_mode: true
  register: move

- name: Act | copy, and have changes follow
  anjianyun.datacenter.db_copy:
    <<: *accidents
    jobs: 8
    progress: /run/anjianyun/accidents.jsonl
"""

RETURN = r"""
objections:
  description: Why it cannot begin, each with what to do about it. Empty when it can.
  returned: success
  type: list
  elements: str
warnings_told:
  description:
    - What does not hinder the move, and whoever decides about it should know, by name and with what to do
      about it; what is carried in another way, or not at all. Each is a warning of Ansible as well.
    - Read before the copy, together with the objections. Empty when the copy was whole already.
  returned: success
  type: list
  elements: str
progress:
  description: The last that was told of the progress.
  returned: success
  type: dict
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
    copy,
    follow_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **follow_argument_spec(),
            "jobs": {"type": "int", "default": 4},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    try:
        result = copy(module.params, module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    for told in result["warnings_told"]:
        module.warn(told)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
