#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_backup_proof
short_description: Proves that the newest backup of a PostgreSQL database can be restored
version_added: 0.1.0
description:
  - Finds the newest complete backup that the role P(anjianyun.datacenter.postgresql_backup#role) took on
    this host and says its age. Whether that age is good enough is for the caller to judge.
  - Compares it with its manifest (pg_verifybackup), starts a copy of it apart from the living database,
    asks it, stops it and removes it. The copy has no address, no archive and nobody to follow, and never
    accepts writes.
  - Runs at the lowest priority. What a killed run left is removed by the next one.
options:
  directory:
    description:
      - Directory of one service's backups.
    type: path
    required: true
  database:
    description:
      - Database to ask.
    type: str
    required: true
  query:
    description:
      - A query besides, of which the restored copy shall give the answer. It cannot write.
    type: str
  bin_directory:
    description:
      - Directory of PostgreSQL's programs. Default is Debian's for the version of the backup.
    type: path
  timeout:
    description:
      - Seconds that each part may take, waiting for a backup under way included.
    type: float
    default: 3600
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Compares the backup with its manifest and looks for room, starts nothing; RV(proved) is null.
  diff_mode:
    support: none
    description: It changes nothing that stays.
"""

EXAMPLES = r"""
- name: Read | can the newest backup be restored
  anjianyun.datacenter.pg_backup_proof:
    directory: /var/backups/anjianyun/hidden_danger
    database: hidden_danger
    query: SELECT count(*) FROM reports
  register: proof
"""

RETURN = r"""
proved:
  description:
    - Whether a copy of the backup was started and gave its answers. Null in check mode. When it is refuted
      the module fails, and says why.
  returned: when there is a backup
  type: bool
name:
  description: The backup, by the time (UTC) at which it was begun.
  returned: when there is a backup
  type: str
age_s:
  description: Seconds since it was begun. Negative when a clock was wrong.
  returned: when there is a backup
  type: float
last_commit_at:
  description: Time of the newest commit that was replayed from its log, in epoch seconds. Null without any.
  returned: success
  type: float
source:
  description: What it was taken of, V(primary) or V(standby).
  returned: when there is a backup
  type: str
incomplete:
  description: Names of backups that are not complete and were passed over.
  returned: when there is a backup
  type: list
  elements: str
positions:
  description:
    - Where the database's log was when each complete backup was begun, the newest first; from it comes how
      fast the log grows. C(name), C(started_at) in epoch seconds, and C(lsn), null where it is not told.
  returned: when there is a backup
  type: list
  elements: dict
  version_added: 0.2.0
bytes:
  description: Size of the backup.
  returned: success
  type: int
tables:
  description: How many tables of users the database has.
  returned: success
  type: int
rows:
  description:
    - How many rows the server estimates in them, by the last ANALYZE. What must be exact, ask by O(query).
  returned: success
  type: int
answer:
  description: What the query answered, as text.
  returned: success
  type: str
seconds:
  description: How long it took.
  returned: when there is a backup
  type: float
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.backup_proof import (
    prove,
    step_back,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "database": {"type": "str", "required": True},
            "query": {"type": "str"},
            "bin_directory": {"type": "path"},
            "timeout": {"type": "float", "default": 3600},
        },
        supports_check_mode=True,
    )
    try:
        step_back()
        result = prove(
            Path(module.params["directory"]),
            database=module.params["database"],
            query=module.params["query"],
            bin_directory=module.params["bin_directory"],
            timeout_s=module.params["timeout"],
            dry_run=module.check_mode,
        )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
