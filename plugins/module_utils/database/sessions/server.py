# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which database server, reached how: a source of a migration, or its target."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

POSTGRESQL, MARIADB = "postgresql", "mariadb"
_PORTS = {POSTGRESQL: 5432, MARIADB: 3306}

#: How a session is protected: certificate and name verified; encrypted, whoever is there; not at all.
VERIFIED, ENCRYPTED, PLAIN = "verified", "encrypted", "plain"


@dataclass(frozen=True)
class Server:
    """One server, and the database on it that sessions begin in.

    :param name: how a person calls it.
    :param host: an address or a name; or an absolute path: for PostgreSQL the directory of its socket, for
        MariaDB the socket.
    :param tls: ``verified``, ``encrypted`` or ``plain``. Of no meaning on a socket.
    :param ca: file with the certificates that are trusted; ``None`` for the system's.
    """

    engine: str
    name: str
    host: str
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)
    tls: str = VERIFIED
    ca: str | None = None

    @property
    def local(self) -> bool:
        """Whether it is reached by a socket of this host."""
        return self.host.startswith("/")

    def on(self, database: str) -> Server:
        """The same server, another database."""
        return replace(self, database=database)


def server_from(given: Mapping[str, Any], engine: str) -> Server:
    """From a module's option ``source`` or ``target``.

    :raises Refused: when it would send a password over a network in clear.
    """
    server = Server(
        engine=engine,
        name=given.get("name") or given["host"],
        host=given["host"],
        port=given.get("port") or _PORTS[engine],
        user=given["user"],
        database=given.get("database") or ("postgres" if engine == POSTGRESQL else ""),
        password=given.get("password") or "",
        tls=given.get("tls") or VERIFIED,
        ca=given.get("ca"),
    )
    if server.tls == PLAIN and not server.local and not _is_loopback(server.host):
        raise Refused(
            "a session in clear is opened to this host only",
            device=server.name,
            cause=f"{server.host} is not a loopback address, and rows and passwords would cross the network",
            next_step="reach it through TLS (tls: verified or encrypted), or through a tunnel that ends here",
        )
    return server


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server_argument_spec() -> dict[str, Any]:
    """One server as a module's option; documented by the fragment ``db_servers``."""
    return {
        "type": "dict",
        "options": {
            "name": {"type": "str"},
            "host": {"type": "str", "required": True},
            "port": {"type": "int"},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "no_log": True},
            "database": {"type": "str"},
            "tls": {"type": "str", "choices": [VERIFIED, ENCRYPTED, PLAIN], "default": VERIFIED},
            "ca": {"type": "path"},
        },
    }
