# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the databases of MariaDB 10.5 to 11.8 are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.mariadb import SYSTEM
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.verify.schema import (
    VALUE,
    Spelling,
    Thing,
)

#: What (it may not be in SYSTEM), a query that yields schema, name, table and properties, and their names.
QUERIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "schema", "SELECT SCHEMA_NAME, '', '', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME"
        " FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN %s",
        ("character set", "collation"),
    ),
    (
        "table", "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION,"
        # Aria's own default, which SHOW CREATE writes out.
        " TRIM(REPLACE(REPLACE(CREATE_OPTIONS, 'partitioned', ''), 'page_checksum=1', '')), TABLE_COMMENT"
        " FROM information_schema.TABLES"
        " WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN %s",
        ("kind", "engine", "collation", "options", "comment"),
    ),
    (
        "column", "SELECT TABLE_SCHEMA, CONCAT(TABLE_NAME, '.', COLUMN_NAME), TABLE_NAME, COLUMN_TYPE,"
        " IS_NULLABLE, COLUMN_DEFAULT, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, GENERATION_EXPRESSION,"
        " COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN %s"
        # Those of a view follow from its definition, and from the session that made it.
        " AND (TABLE_SCHEMA, TABLE_NAME) NOT IN"
        " (SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.VIEWS)",
        ("type", "nullable", "default", "character set", "collation", "extra", "generated", "comment"),
    ),
    (
        "index", "SELECT TABLE_SCHEMA, CONCAT(TABLE_NAME, '.', INDEX_NAME), TABLE_NAME, MIN(NON_UNIQUE) = 0,"
        " MIN(INDEX_TYPE), GROUP_CONCAT(CONCAT(COLUMN_NAME, IFNULL(CONCAT('(', SUB_PART, ')'), ''),"
        " IF(COLLATION = 'D', ' DESC', '')) ORDER BY SEQ_IN_INDEX SEPARATOR ', ')"
        " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA NOT IN %s"
        " GROUP BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME",
        ("unique", "kind", "columns"),
    ),
    (
        "foreign key", "SELECT k.CONSTRAINT_SCHEMA, CONCAT(k.TABLE_NAME, '.', k.CONSTRAINT_NAME),"
        " k.TABLE_NAME, GROUP_CONCAT(k.COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),"
        " CONCAT(MIN(k.REFERENCED_TABLE_SCHEMA), '.', MIN(k.REFERENCED_TABLE_NAME)),"
        " GROUP_CONCAT(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),"
        " MIN(r.UPDATE_RULE), MIN(r.DELETE_RULE) FROM information_schema.KEY_COLUMN_USAGE k"
        " JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA"
        " AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME"
        " WHERE k.REFERENCED_TABLE_NAME IS NOT NULL AND k.CONSTRAINT_SCHEMA NOT IN %s"
        " GROUP BY k.CONSTRAINT_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME",
        ("columns", "refers to", "their columns", "on update", "on delete"),
    ),
    (
        "check", "SELECT CONSTRAINT_SCHEMA, CONCAT(TABLE_NAME, '.', CONSTRAINT_NAME), TABLE_NAME,"
        " CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA NOT IN %s",
        ("definition",),
    ),
    (
        "partition", "SELECT TABLE_SCHEMA, CONCAT_WS('.', TABLE_NAME, PARTITION_NAME, SUBPARTITION_NAME),"
        " TABLE_NAME, PARTITION_METHOD, PARTITION_EXPRESSION, PARTITION_DESCRIPTION"
        " FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL AND TABLE_SCHEMA NOT IN %s",
        ("method", "expression", "values"),
    ),
    (
        "view", "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION, DEFINER,"
        " SECURITY_TYPE, ALGORITHM FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN %s",
        ("definition", "check option", "definer", "security", "algorithm"),
    ),
    (
        "trigger", "SELECT TRIGGER_SCHEMA, CONCAT(EVENT_OBJECT_TABLE, '.', TRIGGER_NAME), EVENT_OBJECT_TABLE,"
        " ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER, ACTION_STATEMENT, DEFINER, SQL_MODE"
        " FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN %s",
        ("timing", "event", "order", "body", "definer", "sql mode"),
    ),
    (
        "routine", "SELECT r.ROUTINE_SCHEMA, CONCAT(LOWER(r.ROUTINE_TYPE), ' ', r.ROUTINE_NAME),"
        " r.ROUTINE_NAME, r.DTD_IDENTIFIER, r.ROUTINE_DEFINITION, r.IS_DETERMINISTIC, r.SQL_DATA_ACCESS,"
        " r.SECURITY_TYPE, r.DEFINER, r.SQL_MODE, (SELECT GROUP_CONCAT(CONCAT_WS(' ', p.PARAMETER_MODE,"
        " p.PARAMETER_NAME, p.DTD_IDENTIFIER) ORDER BY p.ORDINAL_POSITION SEPARATOR ', ')"
        " FROM information_schema.PARAMETERS p WHERE p.SPECIFIC_SCHEMA = r.ROUTINE_SCHEMA"
        " AND p.SPECIFIC_NAME = r.SPECIFIC_NAME AND p.ROUTINE_TYPE = r.ROUTINE_TYPE"
        " AND p.ORDINAL_POSITION > 0)"
        " FROM information_schema.ROUTINES r WHERE r.ROUTINE_SCHEMA NOT IN %s",
        ("result", "body", "deterministic", "data access", "security", "definer", "sql mode", "parameters"),
    ),
    (
        "event", "SELECT EVENT_SCHEMA, EVENT_NAME, EVENT_NAME, DEFINER, TIME_ZONE, EVENT_DEFINITION,"
        " EXECUTE_AT, CONCAT_WS(' ', INTERVAL_VALUE, INTERVAL_FIELD), STARTS, ENDS, ON_COMPLETION, SQL_MODE"
        " FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN %s",
        ("definer", "time zone", "body", "at", "every", "starts", "ends", "on completion", "sql mode"),
    ),
    # Whether an event runs is left out: on the idle side it is switched off, so that it does nothing twice.
)  # fmt: skip
_SEQUENCES = (
    "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'SEQUENCE'"
    " AND TABLE_SCHEMA NOT IN %s"
)
_COUNTERS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, AUTO_INCREMENT FROM information_schema.TABLES"
    " WHERE AUTO_INCREMENT IS NOT NULL AND TABLE_SCHEMA NOT IN %s"
)
_SEQUENCE_SAYS = ("minimum", "maximum", "start", "increment", "cycles")

_UTF8 = re.compile(r"\butf8(?=_|\b)")
_WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int)\(\d+\)(?!.*zerofill)")
_OLD_FORMAT = re.compile(r" /\* mariadb-5\.3 \*/")
_HEX = re.compile(r"x'(?:[0-9a-fA-F]{2})+'")
_NOW = re.compile(r"\b(current_timestamp|now)\b(?:\(\))?", re.IGNORECASE)


def _utf8(kind: str, about: str, one: Any, other: Any) -> bool:
    return _same(_UTF8, "utf8mb3", one, other)


def _width(kind: str, about: str, one: Any, other: Any) -> bool:
    return about in ("type", "result", "parameters") and _same(_WIDTH, r"\1", one, other)


def _now(kind: str, about: str, one: Any, other: Any) -> bool:
    return about in ("default", "extra") and _same(_NOW, "current_timestamp", one, other)


def _bytes(kind: str, about: str, one: Any, other: Any) -> bool:
    if about != "default" or not isinstance(one, str) or not isinstance(other, str):
        return False
    plain = [
        "'" + bytes.fromhex(text[2:-1]).decode("utf-8", "replace") + "'" if _HEX.fullmatch(text) else text
        for text in (one, other)
    ]
    return plain[0] == plain[1]


def _old_format(kind: str, about: str, one: Any, other: Any) -> bool:
    return about == "type" and _same(_OLD_FORMAT, "", one, other)


def _order(kind: str, about: str, one: Any, other: Any) -> bool:
    return about == "sql mode" and sorted(str(one).split(",")) == sorted(str(other).split(","))


def _same(pattern: re.Pattern[str], spelled: str, one: Any, other: Any) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return pattern.sub(spelled, one) == pattern.sub(spelled, other)


SPELLINGS: Sequence[Spelling] = (
    Spelling("since 10.6 the character set utf8 and its collations are called utf8mb3", _utf8),
    Spelling("the display width of whole numbers says nothing of their values without ZEROFILL", _width),
    Spelling("CURRENT_TIMESTAMP is written with or without parentheses, or as NOW()", _now),
    Spelling("newer releases write the default of a column of bytes in hex", _bytes),
    Spelling("times stored in the format before 10.1 are marked; the values are the same", _old_format),
    Spelling("the order of modes in sql_mode means nothing", _order),
)


def read(session: Session) -> list[Thing]:
    """All that the databases of the server are made of, but its own."""
    # One list of columns of a wide index is longer than the 1,024 bytes of an old server.
    session.do("SET SESSION group_concat_max_len = 1048576")
    things = []
    for kind, sql, names in QUERIES:
        for schema, name, table, *values in session.rows(sql, [SYSTEM], answer_s=300):
            says = {about: _plain(value) for about, value in zip(names, values)}
            things.append(Thing(kind, schema, name, table, says))
    for schema, name in session.rows(_SEQUENCES, [SYSTEM]):
        following, *values = session.rows(
            "SELECT next_not_cached_value, minimum_value, maximum_value, start_value, increment, cycle_option"
            f" FROM {session.quote(schema, name)}"
        )[0]
        says = dict(zip(_SEQUENCE_SAYS, values))
        says[VALUE] = [following, 1 if says["increment"] >= 0 else -1]
        things.append(Thing("sequence", schema, name, name, says))
    for schema, name, following in session.rows(_COUNTERS, [SYSTEM]):
        things.append(Thing("auto_increment", schema, name, name, {VALUE: [following, 1]}))
    return things


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)
