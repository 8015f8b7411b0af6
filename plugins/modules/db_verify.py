#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_verify
short_description: Proves that two databases hold the same, or names what differs
version_added: 0.2.0
description:
  - Compares what two databases are made of (tables, columns, keys, indexes, constraints, views, triggers,
    routines, sequences and their values, events, extensions, owners) and what is in them, down to the row.
  - Each table is digested by the servers themselves, in parts, in several sessions at once; only digests
    cross the network. A part that differs is halved until the rows have names.
  - Values are compared as stored. Settings of servers and sessions (time zone, output of dates, numbers and
    bytes, collation, encoding) make no difference.
  - PostgreSQL 13 to 17, one database a call; MariaDB 10.5 to 11.8, all its databases or those named.
  - Reads only. The account has to read all tables; on PostgreSQL with large objects it has to be a superuser
    or own them.
  - A table that one session holds locked for over a minute, or that may not be read, is named in
    RV(not_compared), and the databases then do not count as identical.
options:
  schemas:
    description:
      - Schemas of PostgreSQL's database, or databases of MariaDB. Default is all but the server's own.
    type: list
    elements: str
    default: []
    aliases: [databases]
  exclude:
    description:
      - Shell patterns of C(schema.name); tables and other objects of these names are left out.
    type: list
    elements: str
    default: []
  jobs:
    description: [Sessions on each side that read at once.]
    type: int
    default: 2
  chunk_rows:
    description: [About so many rows are read by one statement.]
    type: int
    default: 100000
  name_rows:
    description: [So many differing rows of a table are named, at least; beyond that, parts that differ.]
    type: int
    default: 1000
  sequences:
    description:
      - What the values of the target's sequences and AUTO_INCREMENT counters have to be. Logical replication
        does not carry those of PostgreSQL, so they are V(ignored) until they have been set.
    type: str
    choices: [equal, not_behind, ignored]
    default: not_behind
  settle_s:
    description:
      - V(0) when nobody writes on either side. Each side is then read as of one moment.
      - Otherwise changes flow from the source to the target meanwhile. What differs is read again until it is
        equal, or has stood still on both sides for so many seconds, which have to be more than the lag, and
        differs still.
    type: float
    default: 0
  give_up_s:
    description: [Rows that do not stand still for so many seconds are named in RV(unsettled).]
    type: float
    default: 300
  max_lag_s:
    description: [Rest while the replication is behind by more seconds.]
    type: float
  max_running:
    description: [Rest while more statements of others run on one of the servers.]
    type: int
  rest_s:
    description: [Seconds of rest before each part, in each session.]
    type: float
    default: 0
  patience_s:
    description: [Give up when it had to rest for so many seconds at a stretch.]
    type: float
    default: 3600
  report:
    description: [File on the host of the task for the whole result as JSON, with every difference.]
    type: path
  progress:
    description: [File to which a JSON line is added every five seconds, which says how far it is.]
    type: path
  resume:
    description:
      - File that keeps what was found equal. A run that broke is gone on with when it is run again with the
        same file; it is removed at the end of a run.
      - Between quiet sides a table that the servers count writes to since is read again.
    type: path
  fail_on_difference:
    description: [Fail when they are not identical.]
    type: bool
    default: true
extends_documentation_fragment:
  - anjianyun.datacenter.db_servers
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
- name: Verify | the copy is whole, while changes flow
  anjianyun.datacenter.db_verify:
    engine: postgresql
    source: {host: 10.20.0.5, user: mover, password: "{{ source_password }}", database: reports}
    target: {host: /var/run/postgresql, user: postgres, database: reports}
    settle_s: 20
    max_lag_s: 30
    sequences: ignored
    progress: /var/log/anjianyun/verify.jsonl
    resume: /var/lib/anjianyun/verify.done
    report: /var/lib/anjianyun/verify.json

- name: Verify | nothing is missing, writes are stopped
  anjianyun.datacenter.db_verify:
    engine: mariadb
    source: {host: 10.20.0.6, user: mover, password: "{{ source_password }}"}
    target: {host: /run/mysqld/mysqld.sock, user: root}
    databases: [inspection]
    jobs: 4
"""

RETURN = r"""
identical:
  description: Nothing differs, nothing is unsettled, and everything that was asked for was compared.
  returned: success
  type: bool
tables:
  description: Each table that both sides have.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: C(schema.name); C(pg_catalog.pg_largeobject) stands for the pages of large objects.
      type: str
    state:
      description: C(identical), C(different), C(unsettled) or C(not_compared).
      type: str
    rows:
      description: On the source.
      type: int
    target_rows:
      description: On the target.
      type: int
    digest:
      description: Of the source's rows; the same for the same content, whatever the order.
      type: str
    target_digest:
      description: Of the target's rows.
      type: str
    parts:
      description: Read now.
      type: int
    resumed:
      description: Parts that a former run had found equal.
      type: int
    by:
      description: C(key), in parts along the key; C(content), in one reading.
      type: str
differences:
  description:
    - The first hundred, each with C(kind) (C(schema), C(row), C(part)) and C(where) (C(source), C(target)
      when only that side has it, C(both) when it differs).
    - Of a row its C(table), C(key) and the C(columns) that differ; of a table without key the beginning of
      its columns, and how often each side has it.
  returned: success
  type: list
  elements: dict
difference_count:
  description: How many there are.
  returned: success
  type: int
unsettled:
  description: The first hundred rows that differed and went on changing; nothing is known of them.
  returned: success
  type: list
  elements: dict
unsettled_count:
  description: How many there are.
  returned: success
  type: int
not_compared:
  description: Tables that could not be read, each with its C(error).
  returned: success
  type: list
  elements: dict
forgiven:
  description: Properties of the schema that releases only spell differently, each with C(why).
  returned: success
  type: list
  elements: dict
changed_meanwhile:
  description: Tables that were written to while they were compared as quiet, as far as servers count that.
  returned: success
  type: list
  elements: str
quiet:
  description: Whether both sides were compared as quiet.
  returned: success
  type: bool
rows:
  description: Rows compared.
  returned: success
  type: int
seconds:
  description: How long it took.
  returned: success
  type: float
rows_per_s:
  description: Rows a second.
  returned: success
  type: int
waited_s:
  description: Seconds that its sessions rested, together.
  returned: success
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    MARIADB,
    POSTGRESQL,
    server_argument_spec,
    server_from,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.run import (
    demand_identical,
    verify,
    wanted_from,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "engine": {"type": "str", "choices": [POSTGRESQL, MARIADB], "required": True},
            "source": {**server_argument_spec(), "required": True},
            "target": {**server_argument_spec(), "required": True},
            "schemas": {"type": "list", "elements": "str", "default": [], "aliases": ["databases"]},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "jobs": {"type": "int", "default": 2},
            "chunk_rows": {"type": "int", "default": 100000},
            "name_rows": {"type": "int", "default": 1000},
            "sequences": {
                "type": "str",
                "choices": ["equal", "not_behind", "ignored"],
                "default": "not_behind",
            },
            "settle_s": {"type": "float", "default": 0},
            "give_up_s": {"type": "float", "default": 300},
            "max_lag_s": {"type": "float"},
            "max_running": {"type": "int"},
            "rest_s": {"type": "float", "default": 0},
            "patience_s": {"type": "float", "default": 3600},
            "report": {"type": "path"},
            "progress": {"type": "path"},
            "resume": {"type": "path"},
            "fail_on_difference": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        source, target = (server_from(given[side], given["engine"]) for side in ("source", "target"))
        result = verify(source, target, wanted_from(given))
        if given["fail_on_difference"]:
            demand_identical(result, target)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
