# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that have one database follow another, and take over."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  migration:
    description:
      - What this move is called. Everything that it makes on the servers is named C(ajy_<migration>) and so
        on.
      - A small letter, then up to 31 small letters, digits and underscores.
    type: str
    required: true
  source_seen:
    description:
      - The source, as the target's server reaches it. Default is as the host of the task does.
    type: dict
    suboptions: &seen
      host:
        description: [Its address, name, or directory of its socket.]
        type: str
        required: true
      port:
        description: [Its port. Default is that of the server itself.]
        type: int
      tls:
        description: [How the session between the servers is protected.]
        type: str
        choices: [verified, encrypted, plain]
        default: verified
      ca:
        description: [File on the reading server with the certificates that it trusts.]
        type: path
  target_seen:
    description:
      - The target, as the source's server reaches it, for the way back. Default is as the host of the task
        does.
    type: dict
    suboptions: *seen
  path:
    description:
      - V(follow) copies the database while the source is used, and changes flow to it until the cutover.
      - V(offline) is for a source that cannot replicate (C(wal_level) below C(logical), no binary log) and
        that nobody may restart. M(anjianyun.datacenter.db_copy) rehearses while the source is used;
        M(anjianyun.datacenter.db_cutover) refuses writes, copies, compares and opens writes at the target.
        Nothing flows back. Options of what flows have no meaning then (O(keyless), O(large_objects),
        O(wal_keep), O(source_seen), O(target_seen), O(hold_for_tables), O(configuration)).
    type: str
    choices: [follow, offline]
    default: follow
  not_compared:
    description:
      - Patterns of tables (V(schema.name)) that the comparison of an O(path=offline) move leaves out.
    type: list
    elements: str
    default: []
  keyless:
    description:
      - PostgreSQL's tables without a key. V(refuse) names them; V(full) has each change name its row by all
        columns (C(REPLICA IDENTITY FULL), put back by M(anjianyun.datacenter.db_left)).
    type: str
    choices: [refuse, full]
    default: refuse
  large_objects:
    description:
      - PostgreSQL's large objects do not flow. Those that changed since the copy end the cutover before
        anything is done (V(refuse)), or are copied again in it (V(recopy)).
    type: str
    choices: [refuse, recopy]
    default: refuse
  accept:
    description:
      - What replication does not carry and is taken as it is.
      - V(unlogged_tables) keep the rows of the first copy. V(schema_changes) since the copy were made on the
        other side as well. V(replica_triggers) fire there, too. V(no_way_back) does not ask before the copy
        whether the source's server can read from the target's.
      - V(rows_at_target) of an O(path=offline) move stay at the target when writes go back, and give way to
        the next copy.
    type: list
    elements: str
    choices: [unlogged_tables, schema_changes, replica_triggers, no_way_back, rows_at_target]
    default: []
  wal_keep:
    description:
      - What a slot may hold back at the source (C(max_slot_wal_keep_size)), such as V(20GB), where the
        server has no limit. Put back by M(anjianyun.datacenter.db_left). Without it such a source is refused.
    type: str
  lock:
    description:
      - Superusers by which applications work. No connection limit keeps them out, so they cannot log in to
        the whole server while its writes are refused.
    type: list
    elements: str
    default: []
  trust:
    description:
      - Superusers and kinds of background workers that may have sessions while writes are refused, for they
        do not write.
    type: list
    elements: str
    default: []
  programs:
    description:
      - Directory of C(psql), C(pg_dump), C(pg_restore) and C(vacuumdb) of the target's version. Default is
        Debian's.
    type: path
  databases:
    description: [The databases of MariaDB that move. Default is the one that is named in O(source).]
    type: list
    elements: str
    default: []
  hold_for_tables:
    description:
      - MariaDB's tables without transactions are copied while writers of the source wait, instead of being
        refused.
    type: bool
    default: false
  configuration:
    description:
      - Folder of configuration that MariaDB on the target reads at its start, when it runs on the host of
        the task.
    type: path
attributes:
  action_group:
    support: full
    description: Belongs to the action group C(anjianyun.datacenter.moves), for C(module_defaults).
    membership: [anjianyun.datacenter.moves]
"""
