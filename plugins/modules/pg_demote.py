#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_demote
short_description: Stops a PostgreSQL primary so that its standby can take over without loss
version_added: 0.1.0
description:
  - Checkpoint, clean fast stop, and the proof of it, read from the control file.
  - The directory is left with C(standby.signal), so it never opens read-write again by itself.
  - Refuses, before anything is done, when the named standby is not streaming or too far behind.
  - A primary that is cleanly stopped already gives the same proof once more.
options:
  standby:
    description:
      - The C(application_name) of the standby that takes over.
    type: str
    required: true
  max_lag_bytes:
    description:
      - How far, in bytes of WAL, the standby may be behind when the stop begins. The stop sends the rest.
    type: int
    default: 16777216
  timeout:
    description:
      - Seconds the stop may take.
    type: float
    default: 30
extends_documentation_fragment:
  - anjianyun.datacenter.pg_cluster
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Judges the standby, stops nothing.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Act | stop the old primary
  anjianyun.datacenter.pg_demote:
    standby: dr-db-01
  delegate_to: nn-db-01
  register: demoted
"""

RETURN = r"""
role_before:
  description: C(primary), C(stopped) or C(standby); a standby has nothing to give up and RV(proof) is null.
  returned: success
  type: str
shutdown_lsn:
  description: Where the shutdown record begins.
  returned: success
  type: str
proof:
  description: What M(anjianyun.datacenter.pg_promote) takes as proof.
  returned: success
  type: dict
stop_s:
  description: Seconds from the stop signal to the end of the server.
  returned: changed
  type: float
times:
  description: When (epoch seconds) it C(started), was C(checkpointed), C(stop_sent), C(stopped).
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.alone import alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.arguments import (
    pg_cluster_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    find_cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.demote import demote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **pg_cluster_argument_spec(),
            "standby": {"type": "str", "required": True},
            "max_lag_bytes": {"type": "int", "default": 16777216},
            "timeout": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    try:
        cluster = find_cluster(module.params)
        with alone(cluster, module.params["timeout"]):
            result = demote(
                cluster,
                standby=module.params["standby"],
                max_lag_bytes=module.params["max_lag_bytes"],
                timeout_s=module.params["timeout"],
                dry_run=module.check_mode,
            )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
