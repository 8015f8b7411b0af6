# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings by which the same statement gives something else: what the source has comes along.

A server's own settings belong to all its databases, and stay as they are. What the moved database has to see
is said for it alone (``ALTER DATABASE ... SET``), as the source may have done itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import Side
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.postgresql import quoted

#: What a statement reads and writes depends on them: a default of now(), a text made of a time, a rounding.
MEANING = (
    "TimeZone", "DateStyle", "IntervalStyle", "timezone_abbreviations", "extra_float_digits", "bytea_output",
    "standard_conforming_strings", "backslash_quote", "array_nulls", "transform_null_equals", "xmloption",
    "default_transaction_isolation", "default_text_search_config", "search_path",
)  # fmt: skip
#: Not carried: whether the target has such a locale is not ours to settle, or it is the whole server's.
TOLD = ("lc_monetary", "lc_numeric", "lc_time", "statement_timeout", "lock_timeout", "max_connections",
        "idle_in_transaction_session_timeout", "shared_preload_libraries")  # fmt: skip
_VALUES = "SELECT lower(name), reset_val FROM pg_settings WHERE lower(name) = ANY (%s)"
#: What the database says for all its sessions: it is carried in any case.
_OF_DATABASE = """
SELECT lower(split_part(c, '=', 1)) FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS c
 WHERE s.setrole = 0 AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _values(side: Side, names: tuple[str, ...]) -> dict[str, str]:
    """What a session begins with, by our name of the setting; of those that the server knows."""
    found = {str(row[0]): row[1] for row in side.rows(_VALUES, [[name.lower() for name in names]])}
    return {name: str(found[name.lower()]) for name in names if name.lower() in found}


def _of_server(side: Side, names: tuple[str, ...]) -> dict[str, str]:
    """As :func:`_values`, in a database that says nothing itself."""
    wide = side.server_wide()
    try:
        return _values(wide, names)
    finally:
        wide.close()


def different(source: Side, target: Side, names: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """What sessions with the source's database have, and a new database at the target would not."""
    here, there = _values(source, names), _of_server(target, names)
    return {name: (here[name], there[name]) for name in here if name in there and here[name] != there[name]}


def by_itself(source: Side) -> set[str]:
    """Those that the source's database says of itself, by their names in small letters."""
    return set(source.names_of(_OF_DATABASE))


def carry(source: Side, target: Side) -> None:
    """Say for the target's database what its server says otherwise."""
    own = by_itself(source)
    name = quoted(target.database)
    for setting, (value, _there) in different(source, target, MEANING).items():
        if setting.lower() not in own:
            with target.transaction():
                target.do("SELECT set_config(%s, %s, true)", [setting, value])
                target.do(f"ALTER DATABASE {name} SET {quoted(setting.lower())} FROM CURRENT")


def of_rows(source: Side) -> Mapping[str, str]:
    """Under what a view makes its rows: as the source's sessions, but for where names are looked up."""
    return {name: value for name, value in _values(source, MEANING).items() if name != "search_path"}
