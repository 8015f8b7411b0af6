#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_synchronous
short_description: Sets whether a PostgreSQL primary waits for its standby at each commit
version_added: 0.1.0
description:
  - Sets C(synchronous_standby_names) on the primary, and reads back that the standby is synchronous.
  - Refuses to become synchronous with a standby that does not stream, since each commit would hang.
options:
  standby:
    description:
      - The C(application_name) of the standby.
    type: str
    required: true
  state:
    description:
      - Whether commits wait for it.
    type: str
    choices: [sync, async]
    required: true
  timeout:
    description:
      - Seconds until the server must show it.
    type: float
    default: 10
extends_documentation_fragment:
  - anjianyun.datacenter.pg_cluster
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Compares, changes nothing.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Act | no acknowledged report without a copy in the other centre
  anjianyun.datacenter.pg_synchronous:
    standby: dr-db-01
    state: sync
"""

RETURN = r"""
synchronous_standby_names:
  description: The setting as it is wanted.
  returned: success
  type: str
sync_state:
  description: What the server says of the standby; null when it does not stream.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.arguments import (
    pg_cluster_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    find_cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.synchronous import (
    set_synchronous,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **pg_cluster_argument_spec(),
            "standby": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["sync", "async"]},
            "timeout": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    try:
        result = set_synchronous(
            find_cluster(module.params),
            standby=module.params["standby"],
            synchronous=module.params["state"] == "sync",
            wait_s=module.params["timeout"],
            dry_run=module.check_mode,
        )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
