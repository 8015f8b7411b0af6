# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large objects: replication does not carry them.

Which of them were written since a moment is told by the transactions that wrote their pages; whether one is
different, by its content on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import Side

#: Of each page but an object's last (LOBLKSIZE, a quarter of a block).
PAGE_BYTES = 2048
#: Pages that are carried at once.
_PAGES = 1000
_ANSWER_S = 600.0

_WRITTEN = """
SELECT loid FROM pg_largeobject WHERE age(xmin) <= age(%s::text::xid)
UNION SELECT oid FROM pg_largeobject_metadata WHERE age(xmin) <= age(%s::text::xid)
"""
_DIGEST = """
SELECT m.oid, pg_get_userbyid(m.lomowner) || ' ' || coalesce(md5(p.pages), '')
  FROM pg_largeobject_metadata m LEFT JOIN LATERAL (
    SELECT string_agg(pageno || ':' || md5(data), ',' ORDER BY pageno) AS pages FROM pg_largeobject
     WHERE loid = m.oid) p ON true
 WHERE m.oid = ANY (%s::oid[])
"""

#: Statements that make one with its owner, rights and comment, and without pages. A WHERE comes behind.
MADE = """
SELECT 'SELECT pg_catalog.lo_create(' || oid || '); ALTER LARGE OBJECT ' || oid || ' OWNER TO '
       || quote_ident(pg_get_userbyid(lomowner)) || ';' || coalesce((
       SELECT string_agg(' GRANT ' || a.privilege_type || ' ON LARGE OBJECT ' || l.oid || ' TO '
              || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
              || CASE WHEN a.is_grantable AND a.grantee <> l.lomowner THEN ' WITH GRANT OPTION;' ELSE ';'
              END, '')
         FROM aclexplode(l.lomacl) a), '')
       || coalesce(' COMMENT ON LARGE OBJECT ' || oid || ' IS '
       || quote_literal(obj_description(oid, 'pg_largeobject')) || ';', '')
  FROM pg_largeobject_metadata l
""".strip()


def moment(side: Side) -> int:
    """What is committed before it is in it; what comes later is at or after it."""
    # The transaction's number is needed modulo 2^32, as rows carry it.
    return int(side.value("SELECT txid_snapshot_xmin(txid_current_snapshot())")) % (1 << 32)


def count(side: Side) -> int:
    return int(side.value("SELECT count(*) FROM pg_largeobject_metadata"))


def different(begin: Side, end: Side, since: int) -> list[int]:
    """Those that the end lacks, has too many, or has otherwise; of those written at the beginning since."""
    written = {int(row[0]) for row in begin.rows(_WRITTEN, [since, since], _ANSWER_S)}
    here = {int(row[0]) for row in begin.rows("SELECT oid FROM pg_largeobject_metadata", (), _ANSWER_S)}
    there = {int(row[0]) for row in end.rows("SELECT oid FROM pg_largeobject_metadata", (), _ANSWER_S)}
    both = sorted(written & here & there)
    mine, theirs = _digests(begin, both), _digests(end, both)
    return sorted((here ^ there) | {one for one in both if mine.get(one) != theirs.get(one)})


def _digests(side: Side, objects: Sequence[int]) -> dict[int, str]:
    if not objects:
        return {}
    return {int(row[0]): str(row[1]) for row in side.rows(_DIGEST, [list(objects)], _ANSWER_S)}


def carry(begin: Side, end: Side, objects: Sequence[int]) -> None:
    """Make them at the end what they are at the beginning, one by one, each whole or not at all."""
    for one in objects:
        made = begin.value(f"{MADE} WHERE oid = %s", [one])
        with end.transaction():
            end.do("SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid = %s", [one])
            if made is None:
                continue
            end.do(made)
            _pages(begin, end, one)


def _pages(begin: Side, end: Side, one: int) -> None:
    after = -1
    while True:
        pages = begin.rows(
            "SELECT pageno, data FROM pg_largeobject WHERE loid = %s AND pageno > %s ORDER BY pageno "
            "LIMIT %s",
            [one, after, _PAGES],
        )
        if not pages:
            return
        end.do(
            f"SELECT lo_put(%s, pageno::bigint * {PAGE_BYTES}, data) FROM unnest(%s::int[], %s::bytea[]) "
            "AS p (pageno, data)",
            [one, [int(page) for page, data in pages], [data for page, data in pages]],
        )
        after = int(pages[-1][0])
