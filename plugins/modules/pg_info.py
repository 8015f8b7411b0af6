#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_info
short_description: Says what a PostgreSQL cluster is, running or stopped
version_added: 0.1.0
description:
  - One call that reads role, timeline, WAL positions, replication, slots, archive, the settings that decide
    whether an acknowledged write survives, and the control file.
  - Works on a stopped cluster, from its control file. A server that runs and does not answer is
    RV(running) and not RV(ready).
  - Runs as root or as the owner of the data directory.
options:
  timeout:
    description:
      - Seconds the server has to answer.
    type: float
    default: 3
  asked_at:
    description:
      - What the clock of the one who asks says now, in epoch seconds; gives RV(clock_s).
    type: float
  allow_missing:
    description:
      - Answer RV(role=absent) where there is no such cluster, instead of failing.
    type: bool
    default: false
extends_documentation_fragment:
  - anjianyun.datacenter.pg_cluster
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
"""

EXAMPLES = r"""
- name: Read | what the database says of itself
  anjianyun.datacenter.pg_info:
  register: database
"""

RETURN = r"""
running:
  description: A server process exists.
  returned: success
  type: bool
ready:
  description: It answers questions.
  returned: success
  type: bool
role:
  description: C(primary), C(standby), C(stopped), C(unknown) when it runs and does not answer, or C(absent).
  returned: success
  type: str
in_recovery:
  description: Null when it does not answer.
  returned: success
  type: bool
timeline:
  description: The newest timeline it knows.
  returned: success
  type: int
system_identifier:
  description: Which database this is; the same on all copies of one.
  returned: success
  type: str
lsn:
  description: WAL positions C(current) (primary), C(received), C(replayed) (standby).
  returned: success
  type: dict
control:
  description: The control file (state, checkpoint_lsn, timeline, checksums, wal_log_hints and others).
  returned: success
  type: dict
replication:
  description: The standbys that read from here, with C(lag_bytes) and C(lag_s).
  returned: success
  type: list
  elements: dict
receiver:
  description:
    - What this standby reads from, with C(status), C(pid), C(written_lsn); null when it receives nothing.
  returned: success
  type: dict
slots:
  description: Replication slots with C(active), C(wal_status), C(retained_bytes).
  returned: success
  type: list
  elements: dict
archive:
  description: Archiving, with C(failing).
  returned: success
  type: dict
settings:
  description: Settings that decide whether an acknowledged write survives.
  returned: success
  type: dict
lag_s:
  description: Writes older than this many seconds are surely here; null when that is not known.
  returned: success
  type: float
lag_basis:
  description: What RV(lag_s) was measured by, as a sentence.
  returned: success
  type: str
last_replayed_commit_at:
  description: Time (epoch seconds) of the newest replayed commit.
  returned: success
  type: float
fence:
  description: The fence marker, C(fenced), C(reason), C(at).
  returned: success
  type: dict
holds_data:
  description: There is more than what initdb makes.
  returned: success
  type: bool
clock_s:
  description: How far the clock of this host is ahead of O(asked_at); the way of the question is in it.
  returned: success
  type: float
disk:
  description: What the server may still write, where its log is.
  returned: success
  type: dict
  contains:
    free_bytes:
      description: Free for users other than root.
      type: int
    segment_bytes:
      description: Size of one file of its log (WAL).
      type: int
    full:
      description: Less is free than one more of them takes; a primary may end itself at the next commit.
      type: bool
standby_signal:
  description: The directory can only open as a standby.
  returned: success
  type: bool
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.arguments import (
    pg_cluster_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    find_cluster,
    has_cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.info import (
    absent_info,
    read_info,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    now = time.time()
    module = AnsibleModule(
        argument_spec={
            **pg_cluster_argument_spec(),
            "timeout": {"type": "float", "default": 3},
            "asked_at": {"type": "float"},
            "allow_missing": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        if module.params["allow_missing"] and not has_cluster(module.params):
            result = absent_info()
        else:
            result = read_info(find_cluster(module.params), module.params["timeout"])
    except DatacenterError as error:
        fail_from_error(module, error)
    asked_at = module.params["asked_at"]
    clock_s = None if asked_at is None else round(now - asked_at, 3)
    module.exit_json(changed=False, clock_s=clock_s, **result)


if __name__ == "__main__":
    main()
