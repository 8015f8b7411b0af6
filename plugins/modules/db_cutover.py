#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: db_cutover
short_description: Moves the writes of a database to the other server, and back
version_added: 0.3.0
description:
  - Prepares all that takes time, then refuses writes where they are, proves that no session is left, waits
    until every row has arrived, sets sequences, has rows flow the other way, sees one come back, and lets
    applications write.
  - What fails before writes are opened opens them again where they were, within O(stop_s).
  - With O(path=offline) all of the database is copied and compared between the refusal and the opening, for
    which O(stop_s) has to be enough by the rehearsal. What was written at the target does not go back with
    V(back), which has to be accepted (O(accept)).
  - Both sides never accept writes. Run again after a break in any place, it goes on from what the servers
    show.
options:
  direction:
    description:
      - V(forward) moves writes from the source to the target, V(back) from the target to the source.
    type: str
    choices: [forward, back]
    default: forward
  lag_s:
    description: [It does not begin while a row takes longer than this to arrive.]
    type: float
    default: 1
  stop_s:
    description: [How long writes may be refused before they are opened again where they were.]
    type: float
    default: 30
  way_back:
    description:
      - Whether rows that are written on the other side flow back, so that going back loses nothing.
    type: bool
    default: true
  jobs:
    description: [How many tables of an O(path=offline) move are copied or compared at a time.]
    type: int
    default: 4
  progress:
    description:
      - File to which JSON lines with what it does are added, for whoever watches.
    type: path
extends_documentation_fragment:
  - anjianyun.datacenter.db_follow
  - anjianyun.datacenter.db_servers
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Says in RV(reasons) why it would not begin.
  diff_mode:
    support: full
    description: Who accepts writes.
"""

EXAMPLES = r"""
- name: Gate | it may begin
  anjianyun.datacenter.db_cutover: &accidents
    engine: postgresql
    migration: accidents
    source:
      host: 10.20.1.15
      user: mover
      password: "{{ source_password }}"
      database: accidents
      ca: /etc/ssl/legacy.pem
    target:
      host: /var/run/postgresql
      user: postgres
      database: accidents
  check_mode: true
  register: gate
  failed_when: gate is failed or gate.reasons

- name: Act | writes move to the new server
  anjianyun.datacenter.db_cutover:
    <<: *accidents
    stop_s: 10
"""

RETURN = r"""
reasons:
  description: Why it would not begin, but for the lag, which is measured when it begins.
  returned: success
  type: list
  elements: str
acts:
  description: Each act, with its C(second) from the stop of the writes.
  returned: when not in check mode
  type: list
  elements: dict
refused_s:
  description:
    - Seconds in which no write was accepted anywhere; null when an earlier run moved them, but with
      O(path=offline).
  returned: when not in check mode
  type: float
position:
  description: The place in the log, or GTID, up to which both sides are equal.
  returned: when not in check mode
  type: str
compared:
  description:
    - What the comparison of an O(path=offline) move came to before writes were opened, as
      M(anjianyun.datacenter.db_verify) returns it; of a move that an earlier run finished C(identical),
      C(rows), C(difference_count), C(seconds), C(table_count).
  returned: when not in check mode
  type: dict
warnings_told:
  description: What was accepted, and what is left to do, by name.
  returned: when not in check mode
  type: list
  elements: str
copied:
  description: Whether the first copy is whole. Null while the target does not say.
  returned: success
  type: bool
ways:
  description:
    - The ways of rows that are there, C(forward) and C(back), each with C(exists), C(running), C(armed)
      (rows of applications take it), C(lag_bytes), C(lag_s), C(error).
  returned: success
  type: dict
writes:
  description: Whether C(source) and C(target) accept writes of applications; null when that is not known.
  returned: success
  type: dict
estimate_s:
  description:
    - Of an O(path=offline) move for how many seconds writes are going to be refused, by the rehearsal and by
      what the source has grown since. Null while that is not known.
  returned: success
  type: float
left_behind:
  description: What the migration has made on the source and is there still.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.call import (
    cut_over,
    follow_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **follow_argument_spec(),
            "direction": {"type": "str", "choices": ["forward", "back"], "default": "forward"},
            "lag_s": {"type": "float", "default": 1},
            "stop_s": {"type": "float", "default": 30},
            "way_back": {"type": "bool", "default": True},
            "jobs": {"type": "int", "default": 4},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    try:
        result = cut_over(module.params, module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
