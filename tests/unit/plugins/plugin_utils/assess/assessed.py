# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of servers that have nothing against moving; a test puts in what it is about."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import document, parse_database

NOW = 1_795_000_000.0
GB = 1_000_000_000


def server(name: str = "old-01", address: str = "10.1.1.1", **sections: Any) -> dict[str, Any]:
    """A Debian 11 in good order, with an application and no database."""
    found: dict[str, Any] = {
        "kind": document.KIND,
        "format": document.FORMAT,
        "name": name,
        "taken_at": NOW,
        "by": "python 3.9.2",
        "in_part": {},
        "system": {
            "hostname": name,
            "machine": "x86_64",
            "libc": "glibc 2.31",
            "os": {"id": "debian", "version": "11", "name": "Debian GNU/Linux 11 (bullseye)"},
        },
        "packages": {"kind": "dpkg", "installed": [], "broken": [], "held": [], "sources": []},
        "changed": [],
        "services": {"files": [], "units": [], "timers": [], "local": [], "started": [], "scripts": []},
        "accounts": {"users": [], "groups": []},
        "sudo": [],
        "cron": [],
        "mounts": {"mounts": [], "sizes": [], "inodes": [], "fstab": [], "disks": []},
        "network": {"addresses": [address], "gateways": [], "resolvers": [], "hosts": []},
        "sockets": {"listening": [], "connections": []},
        "processes": {"count": 50, "in_containers": 0, "of_deleted_files": [], "by_hand": []},
        "time_locale": {
            "zone": "Asia/Shanghai",
            "zone_file": "Asia/Shanghai",
            "offset": "+0800",
            "default": {"LANG": "zh_CN.UTF-8"},
            "locales": [],
            "clock_by": ["chronyd"],
        },
        "mandatory_access": {"apparmor": True, "profiles": [], "local": [], "selinux": ""},
        "certificates": [],
        "references": [],
        "roots": [root("/srv/app", GB, 1000)],
        "postgresql": [],
        "mariadb": [],
        "performance": {"seconds": 10.0},
    }
    found.update(copy.deepcopy(sections))
    return found


def root(path: str, size: int | None, files: int, day: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "bytes": size,
        "files": files,
        "odd_names": 0,
        "set_id": 0,
        "linked": 0,
        "access_lists": 0,
        "holes": 0,
        "nobodys": 0,
        "capable": 0,
        "day_bytes": day,
        **more,
    }


def connection(direction: str, peer: str, port: int, process: str = "") -> dict[str, Any]:
    return {
        "direction": direction,
        "local": "10.1.1.1",
        "peer": peer,
        "port": port,
        "process": process,
        "count": 1,
    }


def postgresql(databases: dict[str, dict[str, Any]] | None = None, **parts: Any) -> dict[str, Any]:
    """A cluster of PostgreSQL 13 that may be copied while it runs."""
    empty: dict[str, Any] = {name: [] for name in parse_database.DATABASE_KINDS}
    fine = {"encoding": "UTF8", "collate": "C", "ctype": "C", "bytes": GB, "unknown": {}}
    made = {
        name: {"name": name, **fine, **empty, **given}
        for name, given in (databases or {"report": {}}).items()
    }
    settings = {
        "wal_level": "logical",
        "max_slot_wal_keep_size": "1024",
        "max_replication_slots": "10",
        "max_wal_senders": "10",
        "ssl": "on",
        "port": "5432",
    }
    cluster: dict[str, Any] = {name: [] for name in parse_database.CLUSTER_KINDS}
    cluster.update(
        directory="/var/lib/postgresql/13/main",
        version=130023,
        unknown={},
        databases=made,
        written_bytes_s=0.0,
    )
    cluster.update({**parts, "settings": {**settings, **parts.get("settings", {})}})
    return cluster


def mariadb(**parts: Any) -> dict[str, Any]:
    """A MariaDB 10.5 that may be copied while it runs."""
    variables = {
        "version": "10.5.29-MariaDB-0+deb11u1",
        "log_bin": "ON",
        "binlog_format": "ROW",
        "expire_logs_days": "10",
        "have_ssl": "YES",
        "sql_mode": "STRICT_TRANS_TABLES",
        "lower_case_table_names": "0",
        "event_scheduler": "OFF",
    }
    found: dict[str, Any] = {name: [] for name in parse_database.COLUMNS}
    found.update(directory="/var/lib/mysql", unknown={}, options=[], replica={}, written_bytes_s=0.0)
    found.update({**parts, "variables": {**variables, **parts.get("variables", {})}})
    return found
