# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and what hangs on a database itself: pg_dump does not carry them.

A role that the target has already stays as it is there. The hash of a password travels, never a password.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import settings
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
    literal,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import Row

_ROLES = """
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
       rolconnlimit, rolpassword, rolvaliduntil::text, shobj_description(oid, 'pg_authid')
  FROM pg_authid WHERE rolname NOT LIKE 'pg\\_%' AND rolname NOT LIKE 'ajy\\_%' ORDER BY rolname
"""
_WORDS = ("SUPERUSER", "INHERIT", "CREATEROLE", "CREATEDB", "LOGIN", "REPLICATION", "BYPASSRLS")
_MEMBERS = """
SELECT r.rolname, m.rolname, a.admin_option FROM pg_auth_members a
  JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member ORDER BY 1, 2
"""
_SETTINGS = """
SELECT coalesce(r.rolname, ''), s.setdatabase <> 0, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
  FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) AS c
 WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
   AND NOT (s.setdatabase = 0 AND s.setrole = 0) ORDER BY 1, 2, 3
"""
_DATABASE = """
SELECT pg_get_userbyid(datdba), datacl IS NULL, shobj_description(oid, 'pg_database') FROM pg_database
 WHERE datname = current_database()
"""
_RIGHTS = """
SELECT coalesce(r.rolname, ''), a.privilege_type, a.is_grantable FROM pg_database d, aclexplode(d.datacl) a
  LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE d.datname = current_database() AND coalesce(r.rolname, '') NOT LIKE 'ajy\\_%' ORDER BY 1, 2
"""


def carry_roles(source: Side, target: Side) -> list[str]:
    """Make the roles that the target lacks, with their memberships and settings; which."""
    there = set(target.names_of("SELECT rolname FROM pg_roles"))
    missing = [row for row in source.rows(_ROLES) if row[0] not in there]
    names = {str(row[0]) for row in missing}
    statements = [_create(row) for row in missing]
    statements += [
        f"COMMENT ON ROLE {quoted(row[0])} IS {literal(row[11])}" for row in missing if row[11] is not None
    ]
    statements += [
        f"GRANT {quoted(role)} TO {quoted(member)}" + (" WITH ADMIN OPTION" if admin else "")
        for role, member, admin in source.rows(_MEMBERS)
        if member in names
    ]
    if missing:
        target.secretly(*statements)
        _set(target, [row for row in source.rows(_SETTINGS) if row[0] in names and not row[1]])
    return sorted(names)


def _create(row: Row) -> str:
    words = [word if has else f"NO{word}" for word, has in zip(_WORDS, row[1:8])]
    text = f"CREATE ROLE {quoted(row[0])} WITH {' '.join(words)} CONNECTION LIMIT {int(row[8])}"
    if row[9] is not None:
        text += f" PASSWORD {literal(row[9])}"
    return text + (f" VALID UNTIL {literal(row[10])}" if row[10] is not None else "")


def _set(target: Side, settings: Sequence[Row]) -> None:
    """Their values stand in lists, numbers and quotes of many kinds: the target's own parser reads them."""
    for role, on_database, name, value in settings:
        whom = f"ROLE {quoted(role)}" + (f" IN DATABASE {quoted(target.database)}" if on_database else "")
        whom = whom if role else f"DATABASE {quoted(target.database)}"
        with target.transaction():
            target.do("SELECT set_config(%s, %s, true)", [name, value])
            target.do(f"ALTER {whom} SET {'.'.join(map(quoted, name.split('.')))} FROM CURRENT")


def carry_database(source: Side, target: Side) -> None:
    """Owner, rights, comment and settings of the database itself."""
    owner, by_default, comment = source.rows(_DATABASE)[0]
    name = quoted(target.database)
    target.do(f"ALTER DATABASE {name} OWNER TO {quoted(owner)}")
    if comment is not None:
        target.do(f"COMMENT ON DATABASE {name} IS {literal(comment)}")
    if not by_default:
        target.do(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        for role, right, grantable in source.rows(_RIGHTS):
            more = " WITH GRANT OPTION" if grantable and role != owner else ""
            whom = quoted(role) if role else "PUBLIC"
            target.do(f"GRANT {right} ON DATABASE {name} TO {whom}{more}")
    settings.carry(source, target)
    _set(target, [row for row in source.rows(_SETTINGS) if row[1]])
