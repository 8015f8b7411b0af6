# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name the two database servers of a migration."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - python3-psycopg2 (for PostgreSQL) or python3-pymysql (for MariaDB) on the host of the task
options:
  engine:
    description: [What both servers are.]
    type: str
    choices: [postgresql, mariadb]
    required: true
  source:
    description: [The old server, which is left.]
    type: dict
    required: true
    suboptions: &server
      name:
        description: [How messages call it. Default is its host.]
        type: str
      host:
        description:
          - Its address or name.
          - Or an absolute path, when it runs on the host of the task. For PostgreSQL the directory of its
            socket, for MariaDB the socket.
        type: str
        required: true
      port:
        description: ["Its port. Default is the engine's own, C(5432) or C(3306)."]
        type: int
      user:
        description: [The account.]
        type: str
        required: true
      password:
        description: [Its password. Not needed where the socket tells who asks.]
        type: str
      database:
        description: [The database.]
        type: str
      tls:
        description:
          - Whether the server's certificate and name are verified, or the session is only encrypted, or in
            clear.
          - In clear only to a loopback address, where a tunnel ends.
        type: str
        choices: [verified, encrypted, plain]
        default: verified
      ca:
        description: [File with the certificates that are trusted. Default is the system's.]
        type: path
  target:
    description: [The new server, which takes over.]
    type: dict
    required: true
    suboptions: *server
"""
