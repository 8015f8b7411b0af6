# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probes say of databases, made into data: lines of a kind, with JSON or columns behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.parse_system import Data, number

#: What is asked once in a cluster; everything else belongs to the database named before it.
CLUSTER_KINDS = (
    "settings",
    "changed_settings",
    "role_settings",
    "databases",
    "roles",
    "prepared",
    "slots",
    "standbys",
    "state",
    "tablespaces",
    "hba",
    "subscriptions",
    "wal",
)
DATABASE_KINDS = (
    "extensions",
    "languages",
    "without_key",
    "unlogged",
    "replica_triggers",
    "text_partitions",
    "removed_types",
    "with_oids",
    "text_indexes",
    "foreign_servers",
    "event_triggers",
    "publications",
    "large_objects",
    "kinds",
    "counts",
)
#: Columns of what MariaDB's client prints.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "schema": ("name", "charset", "collation", "bytes", "tables"),
    "engine": ("schema", "engine", "tables", "bytes"),
    "versioned": ("schema", "name"),
    "other_engine": ("schema", "name", "engine"),
    "without_key": ("schema", "name", "rows"),
    "float_without_key": ("schema", "name"),
    "collation": ("schema", "charset", "collation", "columns"),
    "unique_key": ("schema", "table", "key", "column", "cut", "collation", "rows"),
    "trigger": ("schema", "name", "definer"),
    "view": ("schema", "name", "definer"),
    "routine": ("schema", "name", "definer"),
    "event": ("schema", "name", "definer", "status"),
    "user": ("name", "host", "plugin", "password"),
    "plugin": ("name", "type", "library"),
    "xa": ("format", "global_length", "branch_length", "data"),
    "dump": ("host",),
    "collision": ("schema", "table", "key", "groups"),
}
_NUMBERS = ("bytes", "tables", "rows", "columns", "cut", "groups")
_ESCAPES = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def postgresql(text: str) -> list[Data]:
    """One entry a cluster that runs."""
    clusters: list[Data] = []
    database: Data | None = None
    for line in text.splitlines():
        kind, rest = line.partition("\t")[::2]
        if kind == "cluster":
            database = None
            clusters.append(
                {"directory": rest, "version": None, "unknown": {}, "databases": {}}
                | {name: [] for name in CLUSTER_KINDS if name != "databases"}
            )
        elif not clusters:
            continue
        elif kind == "version":
            clusters[-1]["version"] = number(rest)
        elif kind == "database":
            database = clusters[-1]["databases"].setdefault(rest, {"name": rest})
            database.update({"unknown": {}} | {name: [] for name in DATABASE_KINDS})
        elif kind == "unknown":
            what, why = rest.partition("\t")[::2]
            (clusters[-1] if database is None else database)["unknown"][what] = why.strip()
        elif kind == "databases":
            row = json.loads(rest)
            clusters[-1]["databases"][row["name"]] = row
        elif kind in CLUSTER_KINDS:
            clusters[-1][kind].append(json.loads(rest))
        elif kind in DATABASE_KINDS and database is not None:
            database[kind].append(json.loads(rest))
    for cluster in clusters:
        cluster["settings"] = {row["name"]: row["setting"] for row in cluster["settings"]}
        cluster["written_bytes_s"] = _rate(cluster.pop("wal"))
    return clusters


def _rate(readings: list[Data]) -> float | None:
    if len(readings) < 2:
        return None
    first, last = readings[0], readings[-1]
    return round((last["position"] - first["position"]) / max(0.001, last["at"] - first["at"]), 2)


def mariadb(text: str, sample_s: float) -> list[Data]:
    """One entry a server that runs."""
    found: list[Data] = []
    written: list[int] = []
    for line in text.splitlines():
        kind, rest = line.partition("\t")[::2]
        if kind == "instance":
            found.append({"directory": rest, "unknown": {}, "variables": {}, "options": [], "replica": {}})
            found[-1].update({name: [] for name in COLUMNS}, written_bytes_s=None)
            written = []
        elif found:
            columns = [_plain(column) for column in rest.split("\t")]
            if kind == "written" and columns[0] == "Innodb_os_log_written":
                written.append(int(columns[1]))
                if len(written) == 2:
                    found[-1]["written_bytes_s"] = round((written[1] - written[0]) / max(1.0, sample_s), 2)
            _put(found[-1], kind, columns)
    return found


def _put(server: Data, kind: str, columns: list[str]) -> None:
    if kind == "variable":
        server["variables"][columns[0]] = columns[1] if len(columns) > 1 else ""
    elif kind == "unknown":
        server["unknown"][columns[0]] = " ".join(columns[1:]).strip()
    elif kind == "option":
        server["options"].append(columns[0].replace("-", "_"))
    elif kind == "replica":
        name, value = columns[0].partition(":")[::2]
        server["replica"][name.strip()] = value.strip()
    elif kind in COLUMNS:
        row: dict[str, Any] = dict(zip(COLUMNS[kind], columns, strict=False))
        row.update({name: int(float(row[name])) for name in _NUMBERS if name in row})
        server[kind].append(row)


def _plain(column: str) -> str:
    """What the client escapes in its batch mode, as it was."""
    if "\\" not in column:
        return column
    out, at = [], 0
    while at < len(column):
        if column[at] == "\\" and at + 1 < len(column):
            out.append(_ESCAPES.get(column[at + 1], column[at + 1]))
            at += 1
        else:
            out.append(column[at])
        at += 1
    return "".join(out)
