#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_clone
short_description: Makes a PostgreSQL standby where there is no database yet
version_added: 0.1.0
description:
  - Copies the primary by base backup, through a replication slot that it makes there, and leaves the
    server stopped.
  - A directory that is a copy already is left alone, one that initdb made and nobody used is replaced,
    and any other is refused. So is a copy that needs log which the primary no longer has;
    M(anjianyun.datacenter.pg_rejoin) makes that one anew.
options:
  upstream:
    description:
      - The primary.
    type: dict
    required: true
    suboptions:
      host:
        description:
          - Its address.
        type: str
        required: true
      port:
        description:
          - Its port.
        type: int
        default: 5432
      rewind_user:
        description:
          - A role there that may read the data directory's files.
        type: str
        default: dc_rewind
      replication_user:
        description:
          - A role there that may replicate.
        type: str
        default: dc_replication
      sslmode:
        description:
          - libpq's C(sslmode).
        type: str
        default: verify-ca
      sslrootcert:
        description:
          - Certificates of the authority that signed the server's certificate.
        type: path
        default: /etc/anjianyun/postgresql/ca.crt
  slot:
    description:
      - Replication slot on the upstream.
    type: str
    required: true
  timeout:
    description:
      - Seconds the copy may take.
    type: float
    default: 3600
extends_documentation_fragment:
  - anjianyun.datacenter.pg_cluster
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Compares, copies nothing.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Act | the other centre's copy
  anjianyun.datacenter.pg_clone:
    upstream:
      host: 10.1.10.11
    slot: dr_db_01
"""

RETURN = r"""
timeline:
  description: The primary's timeline.
  returned: success
  type: int
upstream:
  description: Where it was copied from.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.alone import alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.arguments import (
    pg_cluster_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.clone import clone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    find_cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.rejoin import (
    Peer,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    upstream_spec = {
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "default": 5432},
        "rewind_user": {"type": "str", "default": "dc_rewind"},
        "replication_user": {"type": "str", "default": "dc_replication"},
        "sslmode": {"type": "str", "default": "verify-ca"},
        "sslrootcert": {"type": "path", "default": "/etc/anjianyun/postgresql/ca.crt"},
    }
    module = AnsibleModule(
        argument_spec={
            **pg_cluster_argument_spec(),
            "upstream": {"type": "dict", "required": True, "options": upstream_spec},
            "slot": {"type": "str", "required": True},
            "timeout": {"type": "float", "default": 3600},
        },
        supports_check_mode=True,
    )
    try:
        cluster = find_cluster(module.params)
        with alone(cluster, module.params["timeout"]):
            result = clone(
                cluster,
                Peer(**module.params["upstream"]),
                slot=module.params["slot"],
                timeout_s=module.params["timeout"],
                dry_run=module.check_mode,
            )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
