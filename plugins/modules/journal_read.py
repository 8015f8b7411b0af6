#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_read
short_description: Reads a host's copy of a run's journal
version_added: 0.2.0
description:
  - Hands over what M(anjianyun.datacenter.journal_copy) left on a host, for
    M(anjianyun.datacenter.journal_fetch) to judge. It judges nothing itself.
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
options:
  path:
    description: The directory with the copies of the run.
    type: path
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Read | the copies of the journal
  anjianyun.datacenter.journal_read:
    path: "/var/lib/anjianyun/runs/{{ dr_run_id }}"
  delegate_to: "{{ item }}"
  loop: [nn-app-01, dr-app-01]
  register: copies
  ignore_unreachable: true
  check_mode: false
"""

RETURN = r"""
found:
  description: Whether there is a copy of the journal.
  returned: success
  type: bool
content:
  description: The copy in base64; empty when there is none.
  returned: success
  type: str
evidence:
  description: Files of evidence that are there, and are what their names say.
  returned: success
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.run_copy import read


def main() -> None:
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}}, supports_check_mode=True
    )
    try:
        result = read(Path(module.params["path"]))
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
