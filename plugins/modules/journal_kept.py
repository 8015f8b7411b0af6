#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_kept
short_description: Reads the journals of a runbook that a host keeps
version_added: 0.2.0
description:
  - Hands over what M(anjianyun.datacenter.journal_copy) left on a host of all runs of a runbook, for
    M(anjianyun.datacenter.room_holds) to judge. It judges nothing itself.
  - A journal that does not tell which runbook it is of is handed over as well.
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
options:
  path:
    description: The directory that holds one directory a run.
    type: path
    default: /var/lib/anjianyun/runs
  runbook:
    description: The runbook, as M(anjianyun.datacenter.run) was told its name.
    type: str
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Read | the room runs that they keep
  anjianyun.datacenter.journal_kept:
    runbook: room upgrade
  delegate_to: "{{ item }}"
  loop: [nn-app-01, dr-app-01]
  register: copies
  ignore_unreachable: true
  failed_when: false
  check_mode: false
"""

RETURN = r"""
runs:
  description: One each journal, C(run) the name of its directory and C(content) its text, base64 of zlib.
  returned: success
  type: list
  elements: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.kept_runs import kept


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/var/lib/anjianyun/runs"},
            "runbook": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        runs = kept(Path(module.params["path"]), module.params["runbook"])
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=False, runs=runs)


if __name__ == "__main__":
    main()
