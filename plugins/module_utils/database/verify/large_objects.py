# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's large objects, compared page by page like the rows of a table."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.model import Plan

TABLE = "pg_catalog.pg_largeobject"


def plan(source: Session, target: Session) -> Plan | None:
    """As a table of pages; ``None`` where neither side has any.

    A page is hashed as bytes. One that was never written and one that was written with zeros read the same
    and are not: a copy that fills the holes of a large object differs here. Few programs make such holes.
    """
    counts = [session.value("SELECT count(*) FROM pg_largeobject_metadata") for session in (source, target)]
    if not any(counts):
        return None
    rows = int(source.value("SELECT greatest(reltuples, 0) FROM pg_class WHERE relname = 'pg_largeobject'"))
    data = ["octet_length(data)", "sha256(data)"]
    return Plan(
        table=TABLE,
        rows_of="pg_largeobject",
        row=f"concat_ws('|', loid, pageno, {', '.join(data)})",
        fields={"data": f"concat_ws('|', {', '.join(data)})"},
        shown={},
        key=("loid", "pageno"),
        key_columns=("loid", "pageno"),
        key_out=("loid::text", "pageno::text"),
        key_in=("%s::oid", "%s::int4"),
        key_text="concat_ws('|', loid, pageno)",
        ordered=True,
        rows=rows,
    )
