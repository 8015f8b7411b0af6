# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the modules db_copy, db_follow_info, db_cutover, db_writes and db_left, for either engine.

Their common options are documented by the fragment ``db_follow``.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.model import (
    FOLLOW,
    OFFLINE,
    Migration,
    Names,
    Progress,
    Terms,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.sessions.server import (
    ENCRYPTED,
    MARIADB,
    PLAIN,
    POSTGRESQL,
    VERIFIED,
    Server,
    server_argument_spec,
    server_from,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

_MIGRATION = re.compile(r"^[a-z][a-z0-9_]{0,31}$")


def follow_argument_spec() -> dict[str, Any]:
    """What all of them take."""
    seen = {
        "type": "dict",
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int"},
            "tls": {"type": "str", "choices": [VERIFIED, ENCRYPTED, PLAIN], "default": VERIFIED},
            "ca": {"type": "path"},
        },
    }
    names = {"type": "list", "elements": "str", "default": []}
    return {
        "engine": {"type": "str", "choices": [POSTGRESQL, MARIADB], "required": True},
        "source": {**server_argument_spec(), "required": True},
        "target": {**server_argument_spec(), "required": True},
        "source_seen": seen,
        "target_seen": seen,
        "migration": {"type": "str", "required": True},
        "path": {"type": "str", "choices": [FOLLOW, OFFLINE], "default": FOLLOW},
        "keyless": {"type": "str", "choices": ["refuse", "full"], "default": "refuse"},
        "large_objects": {"type": "str", "choices": ["refuse", "recopy"], "default": "refuse"},
        "accept": {
            **names,
            "choices": [
                "unlogged_tables",
                "schema_changes",
                "replica_triggers",
                "no_way_back",
                "rows_at_target",
            ],
        },
        "not_compared": names,
        "wal_keep": {"type": "str"},
        "lock": names,
        "trust": names,
        "programs": {"type": "path"},
        "databases": names,
        "hold_for_tables": {"type": "bool", "default": False},
        "configuration": {"type": "path"},
    }


class Log:
    """JSON lines, each with its time, for whoever watches a long task from another session.

    :param path: ``None``: nothing is written.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self.last = Progress()

    def act(self, act: str) -> None:
        self._write({"act": act})

    def progress(self, progress: Progress) -> None:
        self.last = progress
        self._write(vars(progress))

    def _write(self, told: Mapping[str, Any]) -> None:
        if self._path is None:
            return
        try:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"at": round(time.time(), 3), **told}) + "\n")
        except OSError as error:
            raise DatacenterError(
                "the progress cannot be written", device=self._path, cause=str(error)
            ) from error


@contextlib.contextmanager
def migration(given: Mapping[str, Any], log: Log) -> Iterator[Migration]:
    """The one that a module's options describe."""
    engine, called = given["engine"], given["migration"]
    if not _MIGRATION.match(called):
        raise Refused(
            "the migration cannot be called so",
            cause=f"{called!r} becomes a part of names in both servers",
            next_step="take up to 32 small letters, digits and underscores, a letter first",
        )
    sides = {}
    for side in ("source", "target"):
        if engine == POSTGRESQL and not given[side].get("database"):
            raise Refused("which database is moved is not said", device=given[side]["host"],
                          next_step=f"name it in {side}")  # fmt: skip
        sides[side] = server_from(given[side], engine)
    seen = {side: _seen(sides[side], given[f"{side}_seen"]) for side in sides if given.get(f"{side}_seen")}
    made = _made(given, sides, seen, Names(called), log)
    try:
        yield made
    finally:
        made.close()


def _seen(server: Server, given: Mapping[str, Any]) -> Server:
    """As its peer reaches it."""
    port = given.get("port") or server.port
    return replace(
        server, host=given["host"], port=port, tls=given.get("tls") or VERIFIED, ca=given.get("ca")
    )


def _made(
    given: Mapping[str, Any], sides: Mapping[str, Server], seen: Mapping[str, Server], names: Names, log: Log
) -> Migration:
    if given["engine"] == POSTGRESQL:
        from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.choices import (  # noqa: E501
            Choices,
        )
        from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.migration import (  # noqa: E501
            PostgresqlMigration,
        )

        choices = Choices(
            keyless=given["keyless"],
            large_objects=given["large_objects"],
            accept=tuple(given["accept"]),
            wal_keep=given.get("wal_keep"),
            lock=tuple(given["lock"]),
            trust=tuple(given["trust"]),
            programs=given.get("programs"),
        )
        if given["path"] == OFFLINE:
            from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.postgresql.offline import (  # noqa: E501
                OfflinePostgresql,
            )

            return OfflinePostgresql(
                sides["source"], sides["target"], names, choices, tell=log.act, **_offline(given, log)
            )
        return PostgresqlMigration(
            sides["source"], sides["target"], names, choices,
            source_seen=seen.get("source"), target_seen=seen.get("target"), tell=log.act,
        )  # fmt: skip
    if given["path"] == OFFLINE:
        from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.offline import (  # type: ignore[import-untyped,unused-ignore]  # noqa: E501
            OfflineMariadb,
        )

        return OfflineMariadb(
            sides["source"], sides["target"], names, given["databases"],
            accept=given["accept"], tell=log.act, **_offline(given, log),
        )  # fmt: skip
    from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.follow.mariadb.migration import (  # type: ignore[import-untyped,unused-ignore]  # noqa: E501
        MariadbMigration,
    )

    configuration = given.get("configuration")
    return MariadbMigration(
        sides["source"], sides["target"], names, given["databases"],
        source_address=seen.get("source"), target_address=seen.get("target"),
        options=Path(configuration) if configuration else None, hold_for_tables=given["hold_for_tables"],
    )  # fmt: skip


def _offline(given: Mapping[str, Any], log: Log) -> dict[str, Any]:
    """What a cutover copies and compares by, when nothing follows."""
    return {"jobs": given.get("jobs") or 4, "say": log.progress, "not_compared": given["not_compared"]}


def copy(given: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """db_copy."""
    log = Log(given.get("progress"))
    with migration(given, log) as moved:
        before = moved.read()
        objections = moved.objections()
        told = [] if before.copied else moved.remarks()
        if not check:
            # Also when it is whole: what a break left of the way is made.
            moved.copy(given["jobs"], log.progress)
            told = [*told, *moved.warnings]
        after = moved.read()
    return {
        "changed": not (_rehearsed if given["path"] == OFFLINE else _follows)(before.told()),
        "objections": objections,
        "warnings_told": told,
        "progress": vars(log.last),
        **after.told(),
    }


def _follows(told: Mapping[str, Any]) -> bool:
    """Whether there is nothing to be done for a first copy any more."""
    running = any(way["running"] for way in told["ways"].values())
    return bool(told["copied"] and (running or told["writes"]["target"]))


def _rehearsed(told: Mapping[str, Any]) -> bool:
    """Of what does not follow, a rehearsal is all there is to be done before the cutover."""
    return bool(told["copied"] and (told["estimate_s"] is not None or told["writes"]["target"]))


def info(given: Mapping[str, Any]) -> dict[str, Any]:
    """db_follow_info."""
    with migration(given, Log(None)) as moved:
        return {"changed": False, **moved.read().told()}


def cut_over(given: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """db_cutover."""
    terms = Terms(given["lag_s"], given["stop_s"], given["way_back"])
    log = Log(given.get("progress"))
    end, other = ("target", "source") if given["direction"] == "forward" else ("source", "target")
    with migration(given, log) as moved:
        before = dict(moved.read().writes)
        if check:
            # With both open nothing is at its end.
            there = bool(before[end]) and not before[other]
            reasons = [] if there else moved.not_ready(terms, given["direction"])
            return {"changed": not there, "reasons": reasons, "writes": before}
        done = moved.cut_over(terms, given["direction"])
        after = moved.read()
    return {
        "changed": before != dict(after.writes),
        "acts": [{"act": act, "second": second} for act, second in done.acts],
        "refused_s": done.refused_s,
        "position": done.position,
        "compared": done.compared,
        "warnings_told": done.warnings,
        "reasons": [],
        **after.told(),
        "diff": {"before": {"writes": before}, "after": {"writes": dict(after.writes)}},
    }


def set_writes(given: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """db_writes."""
    side, wanted = given["side"], given["state"] == "open"
    with migration(given, Log(None)) as moved:
        before = dict(moved.read().writes)
        after = {**before, side: wanted}
        if before[side] is not wanted and not check:
            moved.open_writes(side) if wanted else moved.close_writes(side)
            after = dict(moved.read().writes)
    if not check and after[side] is not wanted:
        raise DatacenterError(f"writes at the {side} are not {given['state']}", cause=f"read back: {after}")
    return {
        "changed": before != after,
        "writes": after,
        "diff": {"before": {"writes": before}, "after": {"writes": after}},
    }


def remove(given: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """db_left."""
    with migration(given, Log(None)) as moved:
        state = moved.read()
        before = list(state.left_behind)
        if not state.writes["target"] and not given["give_up"]:
            if not before:
                return {"changed": False, "removed": [], "left_behind": []}
            raise Refused(
                "the move is not at its end",
                device=given["target"]["host"],
                cause="the target does not accept writes, and what is removed ends the flow of changes to it",
                next_step="cut over first, or give the move up (give_up)",
            )
        if check:
            return {"changed": bool(before), "removed": [], "left_behind": before}
        removed = moved.remove()
        after = list(moved.read().left_behind)
    if after:
        raise DatacenterError("something is left", cause=", ".join(after), result={"removed": removed})
    return {"changed": bool(removed), "removed": removed, "left_behind": after}
