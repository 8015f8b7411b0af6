# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not hinder the move of a PostgreSQL database, and whoever decides about it should know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql import settings
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (
    RECOPY,
    Choices,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.side import (
    Side,
    literal,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.session import SqlError

#: Names that are told one by one; of more only the number.
_NAMED = 8
_MD5 = "SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword LIKE 'md5%%' ORDER BY 1"
#: What takes a hash of the old kind no more, but from this host itself.
_SCRAM_ALONE = """
SELECT type || ' ' || array_to_string(database, ',') || ' ' || array_to_string(user_name, ',') || ' ' ||
       coalesce(address, '') FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256' AND type <> 'local'
"""
_ROLES = "SELECT rolname FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%%' ORDER BY 1"
#: glibc tells its own version for each collation of a language.
_SORTED_BY = "SELECT max(pg_collation_actual_version(oid)) FROM pg_collation WHERE collprovider = 'c'"
_SORTED_BY_PROBE = """
SELECT pg_collation_actual_version(oid) FROM pg_collation
 WHERE collname = 'probe' AND collnamespace = pg_my_temp_schema()
"""
_SORTS = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
#: No library changes their order.
_STABLE = ("C", "POSIX", "C.UTF-8", "C.utf8")
_TEXT_PARTITIONS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_partitioned_table p
  JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE p.partstrat = 'r' AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
   AND a.attnum = ANY (p.partattrs) AND a.attcollation <> 0) ORDER BY 1
"""


def find(source: Side, target: Side, choices: Choices) -> list[str]:
    """All of them at once. The target's database need not be there."""
    if not all(
        one.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") for one in (source, target)
    ):
        # An objection says so; without the right these would be the answers of another server.
        return []
    return [
        *_settings(source, target), *_order(source, target), *_roles(source, target),
        *_large_objects(source, choices),
    ]  # fmt: skip


def _told(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _settings(source: Side, target: Side) -> Iterator[str]:
    own = settings.by_itself(source)
    for name, (here, there) in settings.different(source, target, settings.MEANING).items():
        if name.lower() not in own:
            yield (
                f"{name} is '{here}' at {source.device} and '{there}' at {target.device}: the moved database "
                f"keeps '{here}' (ALTER DATABASE ... SET); other databases there do not have it"
            )
    for name, (here, there) in settings.different(source, target, settings.TOLD).items():
        if name.lower() not in own:
            yield (
                f"{name} is '{here}' at {source.device} and '{there}' at {target.device}, and stays so: set "
                "it there if applications rely on it"
            )


def _sorted_by(target: Side, collate: str) -> str | None:
    """The version of what sorts there, of a locale that its catalog need not have yet: tried, and undone."""
    target.do("BEGIN")
    try:
        target.do(f"CREATE COLLATION pg_temp.probe (LOCALE = {literal(collate)})")
        version: str | None = target.value(_SORTED_BY_PROBE)
        return version
    except SqlError:
        # An objection says that it knows no such locale.
        return None
    finally:
        target.do("ROLLBACK")


def _order(source: Side, target: Side) -> Iterator[str]:
    collate = str(source.value(_SORTS))
    if collate in _STABLE:
        return
    here, there = source.value(_SORTED_BY), _sorted_by(target, collate)
    if not here or not there or here == there:
        return
    yield (
        f"texts in {collate} are sorted by glibc {here} at {source.device} and {there} at {target.device}: "
        "the copy builds each index anew, and ORDER BY may give another order"
    )
    parted = source.names_of(_TEXT_PARTITIONS)
    if parted:
        yield (
            f"tables parted by ranges of texts, whose rows may belong elsewhere there: {_told(parted)}. "
            'The copy stops at such a row; give these parts a collation that stays (COLLATE "C")'
        )


def _roles(source: Side, target: Side) -> Iterator[str]:
    old = source.names_of(_MD5)
    rules = target.names_of(_SCRAM_ALONE)
    if old and rules:
        yield (
            f"roles whose passwords are kept as MD5, which these rules of {target.device} do not take "
            f"({_told(rules)}): {_told(old)}. Let them in by 'md5' in its pg_hba.conf, which takes "
            "both kinds, or set these passwords again"
        )
    there = set(target.names_of(_ROLES))
    both = [name for name in source.names_of(_ROLES) if name in there - {"postgres", source.server.user}]
    if both:
        yield (
            f"roles that {target.device} has already, and that stay as they are there, passwords included: "
            f"{_told(both)}"
        )


def _large_objects(source: Side, choices: Choices) -> Iterator[str]:
    count = int(source.value("SELECT count(*) FROM pg_largeobject_metadata"))
    if count:
        then = (
            "those that change until then are copied again within it"
            if choices.large_objects == RECOPY
            else "one that changes until then ends it before anything is done; to have them copied again "
            "within it say large_objects: recopy"
        )
        yield f"{count} large objects of {source.device} do not flow between copy and cutover: {then}"
