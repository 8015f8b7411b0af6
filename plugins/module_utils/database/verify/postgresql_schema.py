# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database of PostgreSQL 13 to 17 is made of.

Objects of an extension belong to it and come with it. Read with search_path set to pg_catalog, so that every
definition names its schemas.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.schema import (
    VALUE,
    Spelling,
    Thing,
)

#: Each yields schema, name, table, and then properties by the names beside it.
_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"


def _no_extension(catalogue: str, oid: str) -> str:
    return (
        f"NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalogue}'::regclass"
        f" AND e.objid = {oid} AND e.deptype = 'e')"
    )


_RELATION = f"{_OURS} AND c.relpersistence <> 't' AND {_no_extension('pg_class', 'c.oid')}"

QUERIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "database", "SELECT '', 'database', '', pg_encoding_to_char(encoding), datcollate, datctype"
        " FROM pg_database WHERE datname = current_database()",
        ("encoding", "collation", "character type"),
    ),
    (
        "schema", f"SELECT n.nspname, '', '', pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE {_OURS}"
        f" AND {_no_extension('pg_namespace', 'n.oid')}",
        ("owner",),
    ),
    (
        "extension", "SELECT '', e.extname, '', n.nspname, e.extversion FROM pg_extension e"
        " JOIN pg_namespace n ON n.oid = e.extnamespace",
        ("schema", "version"),
    ),
    (
        "table", "SELECT n.nspname, c.relname, c.relname, pg_get_userbyid(c.relowner), c.relkind::text,"
        " c.relpersistence::text, c.relreplident::text, c.relrowsecurity, c.relforcerowsecurity,"
        " pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),"
        " (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i"
        "  WHERE i.inhrelid = c.oid), obj_description(c.oid, 'pg_class')"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'p', 'f') AND {_RELATION}",
        ("owner", "kind", "persistence", "replica identity", "row security", "row security forced",
         "partition key", "partition", "inherits", "comment"),
    ),
    (
        "column", "SELECT n.nspname, c.relname || '.' || a.attname, c.relname,"
        " format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),"
        " a.attidentity::text, a.attgenerated::text,"
        " CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        f" WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {_RELATION}",
        ("type", "not null", "default", "identity", "generated", "collation"),
    ),
    (
        # Not-null constraints are told by the column (18 has them here, too).
        "constraint", "SELECT n.nspname, c.relname || '.' || k.conname, c.relname, k.contype::text,"
        " pg_get_constraintdef(k.oid), k.convalidated"
        " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND {_RELATION}",
        ("kind", "definition", "validated"),
    ),
    (
        "index", "SELECT n.nspname, c.relname, t.relname, pg_get_indexdef(c.oid), i.indisvalid,"
        " i.indisreplident, i.indisclustered"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid"
        f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_RELATION}",
        ("definition", "valid", "replica identity", "clustered"),
    ),
    (
        "view", "SELECT n.nspname, c.relname, c.relname, pg_get_userbyid(c.relowner), c.relkind::text,"
        " pg_get_viewdef(c.oid), array_to_string(c.reloptions, ', ')"
        f" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')"
        f" AND {_RELATION}",
        ("owner", "kind", "definition", "options"),
    ),
    (
        "rule", "SELECT n.nspname, c.relname || '.' || r.rulename, c.relname, pg_get_ruledef(r.oid)"
        " FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
        f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND {_RELATION}",
        ("definition",),
    ),
    (
        "policy", "SELECT n.nspname, c.relname || '.' || p.polname, c.relname, p.polcmd::text,"
        " p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),"
        " ARRAY(SELECT pg_get_userbyid(r)::text FROM unnest(p.polroles) r ORDER BY 1)::text"
        " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_RELATION}",
        ("command", "permissive", "using", "check", "roles"),
    ),
    (
        "trigger", "SELECT n.nspname, c.relname || '.' || t.tgname, c.relname, pg_get_triggerdef(t.oid),"
        " t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND {_RELATION}",
        ("definition", "enabled"),
    ),
    (
        "routine", "SELECT n.nspname, p.proname || '(' || oidvectortypes(p.proargtypes) || ')',"
        " p.proname, pg_get_userbyid(p.proowner), p.prokind::text, pg_get_function_arguments(p.oid),"
        " pg_get_function_result(p.oid), l.lanname, p.prosrc, p.provolatile::text, p.proisstrict,"
        " p.prosecdef, p.proleakproof, p.proparallel::text, array_to_string(p.proconfig, ', ')"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        f" JOIN pg_language l ON l.oid = p.prolang WHERE {_OURS} AND {_no_extension('pg_proc', 'p.oid')}",
        ("owner", "kind", "arguments", "result", "language", "body", "volatility", "strict",
         "security definer", "leakproof", "parallel", "settings"),
    ),
    (
        "type", "SELECT n.nspname, t.typname, t.typname, pg_get_userbyid(t.typowner), t.typtype::text,"
        " ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)"
        "::text, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typnotnull,"
        " t.typdefault, (SELECT string_agg(pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname)"
        "  FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),"
        " (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '"
        "  ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0"
        "  AND NOT a.attisdropped)"
        " FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
        f" LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE {_OURS} AND {_no_extension('pg_type', 't.oid')}"
        " AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))",
        ("owner", "kind", "labels", "base", "not null", "default", "checks", "fields"),
    ),
    (
        "event trigger", "SELECT '', evtname, '', evtevent, evtfoid::regproc::text, evtenabled::text,"
        " array_to_string(evttags, ', ') FROM pg_event_trigger",
        ("event", "calls", "enabled", "tags"),
    ),
)  # fmt: skip
_SEQUENCES = f"""
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
       s.seqcycle, format_type(s.seqtypid, NULL),
       (SELECT d.refobjid::regclass::text || '.' || a.attname FROM pg_depend d
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
          AND d.refobjsubid > 0)
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_RELATION}
"""
_SEQUENCE_SAYS = ("owner", "start", "increment", "minimum", "maximum", "cycles", "type", "owned by")

#: Of a definition: names (with the dot behind them when they qualify), texts, numbers and signs.
_TOKEN = re.compile(r""""(?:[^"]|"")*"\.?|[a-z_][\w$]*\.?|'(?:[^']|'')*'|[\d.]+|\S""", re.IGNORECASE)


def _extension_version(kind: str, about: str, one: Any, other: Any) -> bool:
    return kind == "extension" and about == "version"


def _public(kind: str, about: str, one: Any, other: Any) -> bool:
    return kind == "schema" and about == "owner" and {one, other} == {"postgres", "pg_database_owner"}


def _arguments(kind: str, about: str, one: Any, other: Any) -> bool:
    if kind != "routine" or about != "arguments":
        return False
    plain = [re.sub(r"(^|, )IN (?=\S+ )", r"\1", str(text)) for text in (one, other)]
    return plain[0] == plain[1]


def _unqualified(kind: str, about: str, one: Any, other: Any) -> bool:
    if kind not in ("view", "rule") or about != "definition" or not one or not other:
        return False
    texts = _TOKEN.findall(one), _TOKEN.findall(other)
    return _is_shorter(texts[0], texts[1]) or _is_shorter(texts[1], texts[0])


def _is_shorter(old: list[str], new: list[str]) -> bool:
    """Whether the newer text is the older one without some qualifiers of columns, and nothing else."""
    at = 0
    for number, token in enumerate(old):
        if at < len(new) and token == new[at]:
            at += 1
        elif not token.endswith(".") or token[0].isdigit() or old[number + 2 : number + 3] == ["("]:
            return False
    return at == len(new)


SPELLINGS = (
    Spelling(
        "an extension has the version that its server ships; ALTER EXTENSION UPDATE", _extension_version
    ),
    Spelling("since 15 the schema public belongs to the role pg_database_owner", _public),
    Spelling("since 14 the arguments of a procedure say IN", _arguments),
    Spelling("since 16 a view over one table names its columns without the table", _unqualified),
)


def read(session: Session) -> list[Thing]:
    """All that the database is made of."""
    things = []
    for kind, sql, names in QUERIES:
        for schema, name, table, *values in session.rows(sql, answer_s=300):
            things.append(Thing(kind, schema, name, table, dict(zip(names, values))))
    for schema, name, *values in session.rows(_SEQUENCES, answer_s=300):
        says: dict[str, Any] = dict(zip(_SEQUENCE_SAYS, values))
        last, called = session.rows(f"SELECT last_value, is_called FROM {session.quote(schema, name)}")[0]
        step = int(says["increment"])
        says[VALUE] = [int(last) + (step if called else 0), 1 if step > 0 else -1]
        things.append(Thing("sequence", schema, name, name, says))
    return things
