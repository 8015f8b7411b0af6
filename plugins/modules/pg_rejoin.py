#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_rejoin
short_description: Brings a stopped former PostgreSQL primary back as a standby
version_added: 0.1.0
description:
  - A node that wrote nothing beyond the fork simply follows. A node that did is rewound, or copied
    anew, when that is allowed; the part of its log that nobody else has is first copied beside the data
    directory.
  - Makes the replication slot on the new primary, starts the server and waits until it streams.
  - A node that was away until the primary removed the log which it needs next can follow no more, nor be
    rewound. It is refused before anything is changed, or copied anew when O(allow_rebuild) says so. When the
    log goes while the node is waited for, that is seen within seconds.
  - Refuses where it cannot say which node is right. A run that was killed is run again.
options:
  upstream:
    description:
      - The new primary.
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
      - Replication slot on the upstream. Default is what the configuration names.
    type: str
  allow_rewind:
    description:
      - Rewind a node that wrote beyond the fork.
    type: bool
    default: true
  allow_rebuild:
    description:
      - Copy the whole database anew where a rewind is not possible or not allowed, or where the log to follow
        with is gone. The disk has to hold both copies until the new one is whole.
    type: bool
    default: false
  keep_old:
    description:
      - Keep the old data directory beside the new one after a rebuild.
    type: bool
    default: true
  timeout:
    description:
      - Seconds each of rewind, copy, start and catching up may take.
    type: float
    default: 300
extends_documentation_fragment:
  - anjianyun.datacenter.pg_cluster
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Decides, changes nothing.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Act | the old primary follows the new one
  anjianyun.datacenter.pg_rejoin:
    upstream:
      host: 10.2.10.11
  delegate_to: nn-db-01
"""

RETURN = r"""
action:
  description: C(none), C(follow), C(rewind), C(rebuild) or C(refuse).
  returned: always
  type: str
reason:
  description: Why, as a sentence.
  returned: always
  type: str
diverged:
  description: This node wrote what the new primary does not have.
  returned: always
  type: bool
kept_directory:
  description: Where the diverged part of its log is kept.
  returned: always
  type: str
lost:
  description: What stands there, C(commits), C(first_commit_at), C(last_commit_at), C(files).
  returned: always
  type: dict
streaming:
  description: It streams from the new primary.
  returned: always
  type: bool
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
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.rejoin import (
    Peer,
    rejoin,
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
            "slot": {"type": "str"},
            "allow_rewind": {"type": "bool", "default": True},
            "allow_rebuild": {"type": "bool", "default": False},
            "keep_old": {"type": "bool", "default": True},
            "timeout": {"type": "float", "default": 300},
        },
        supports_check_mode=True,
    )
    try:
        cluster = find_cluster(module.params)
        with alone(cluster, module.params["timeout"]):
            result = rejoin(
                cluster,
                Peer(**module.params["upstream"]),
                slot=module.params["slot"],
                allow_rewind=module.params["allow_rewind"],
                allow_rebuild=module.params["allow_rebuild"],
                keep_old=module.params["keep_old"],
                timeout_s=module.params["timeout"],
                dry_run=module.check_mode,
            )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
