# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database's schema is made of, as digests by name: a change of it does not flow with the rows."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
    literal,
)

#: Schemas that are no application's. %s is the migration's own.
OURS_NOT = "n.nspname NOT LIKE 'pg\\_%%' AND n.nspname NOT IN ('information_schema', %s)"

_DIGESTS = f"""
SELECT 'table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname), md5(c.relkind::text || coalesce((
    SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)), ',' ORDER BY a.attnum)
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), ''))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND {OURS_NOT}
UNION ALL
SELECT CASE c.relkind WHEN 'S' THEN 'sequence ' ELSE 'view ' END || quote_ident(n.nspname) || '.'
       || quote_ident(c.relname), CASE WHEN c.relkind = 'S' THEN '' ELSE md5(pg_get_viewdef(c.oid)) END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm', 'S') AND c.relpersistence <> 't' AND {OURS_NOT}
UNION ALL
SELECT 'index ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname), md5(pg_get_indexdef(c.oid))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('i', 'I') AND c.relpersistence <> 't' AND {OURS_NOT}
UNION ALL
SELECT 'constraint ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.'
       || quote_ident(k.conname), md5(pg_get_constraintdef(k.oid))
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relpersistence <> 't' AND {OURS_NOT}
UNION ALL
SELECT 'trigger ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(t.tgname),
       md5(pg_get_triggerdef(t.oid) || t.tgenabled::text)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT t.tgisinternal AND c.relpersistence <> 't' AND {OURS_NOT}
UNION ALL
SELECT 'function ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '('
       || pg_get_function_identity_arguments(p.oid) || ')',
       md5(CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) ELSE '' END)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {OURS_NOT}
UNION ALL
SELECT 'type ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname), md5((
    SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd') AND {OURS_NOT}
"""


def digests(side: Side) -> dict[str, str]:
    """Of each table, view, index, constraint, trigger, function, sequence and type, by name."""
    mine = [side.names.prefix] * _DIGESTS.count("%s")
    return {str(name): str(digest or "")[:12] for name, digest in side.rows(_DIGESTS, mine, 300)}


def remember(side: Side) -> None:
    """Keep them there, in a comment of their own: what else is kept is short."""
    side.do(f"COMMENT ON TABLE {side.schema}.canary_forward IS {literal(json.dumps(digests(side)))}")


def changed_since(side: Side) -> list[str]:
    """What is not as it was when it was remembered, in a person's words."""
    said = side.value(
        "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = 'canary_forward'",
        [side.names.prefix],
    )
    return changed(json.loads(said), digests(side)) if said else []


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is new, gone or otherwise, in a person's words."""
    found = [f"{name} is gone" for name in before if name not in now]
    found += [f"{name} is new" for name in now if name not in before]
    return sorted(
        found + [f"{name} was changed" for name in before if now.get(name, before[name]) != before[name]]
    )
