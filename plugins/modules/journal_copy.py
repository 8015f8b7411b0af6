#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_copy
short_description: Keeps a copy of a run's journal on a host, through a power cut too
version_added: 0.1.0
description:
  - Writes the journal as a whole. When it returns, text and name are on the host's disk (fsync of the file
    and of its directories), which M(ansible.builtin.copy) does not promise.
attributes:
  check_mode:
    support: full
    description: Says whether the copy would be changed.
  diff_mode:
    support: none
    description: The journal itself shows what came to it.
options:
  path:
    description: Where the copy stands. Missing directories are made, for its owner alone.
    type: path
    required: true
  content:
    description: The journal in base64.
    type: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Note | the journal stands in the other centre
  anjianyun.datacenter.journal_copy:
    path: "/var/lib/anjianyun/runs/{{ dr_run_id }}/journal.jsonl"
    content: "{{ lookup('ansible.builtin.file', journal, rstrip=false) | b64encode }}"
  delegate_to: dr-app-01
  vars:
    journal: "{{ dr_run_directory }}/journal.jsonl"
"""

RETURN = r"""
bytes:
  description: The size of the journal.
  returned: success
  type: int
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.durable import keep_copy
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            # Not a secret, but of no use in every log of a run.
            "content": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    try:
        result = keep_copy(Path(module.params["path"]), module.params["content"], module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
