# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The enterprises' site (企业安全信息网) as its makers left it: reports in MariaDB, uploads on the disk.

Standard library and pymysql, Python 3.9.
"""

from __future__ import annotations

import sys
from typing import Any

import pymysql
from legacy_http import Application, main

STORE = """
INSERT INTO reports (report_id, enterprise, county, description, attachment)
VALUES (%(report_id)s, %(enterprise)s, %(county)s, %(description)s, %(attachment)s)
ON DUPLICATE KEY UPDATE attempts = attempts + 1
"""


class Site(Application):
    """Reports of enterprises."""

    errors = (pymysql.MySQLError, TimeoutError)

    def connect(self) -> Any:
        database = self.settings["database"]
        return pymysql.connect(
            host=database["host"],
            port=int(database["port"]),
            user=database["user"],
            password=database["password"],
            database=database["name"],
            # As it was written: three bytes a character.
            charset="utf8",
            connect_timeout=2,
            read_timeout=5,
            write_timeout=5,
        )

    def store(self, session: Any, report: dict[str, Any]) -> dict[str, Any]:
        with session.cursor() as cursor:
            cursor.execute(STORE, {key: report[key] for key in report if key != "upload"})
            cursor.execute("SELECT attempts, @@hostname, @@version FROM reports WHERE report_id = %s",
                           (report["report_id"],))  # fmt: skip
            attempts, host, version = cursor.fetchone()
        return {"repeated": attempts > 1, "database": host, "version": version}

    def find(self, session: Any, report_id: str) -> dict[str, Any] | None:
        with session.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SELECT * FROM reports WHERE report_id = %s", (report_id,))
            found: dict[str, Any] | None = cursor.fetchone()
        return found

    def unsent(self, session: Any) -> list[str]:
        with session.cursor() as cursor:
            cursor.execute("SELECT report_id FROM reports WHERE notified = 0 LIMIT 500 FOR UPDATE")
            ids = [row[0] for row in cursor.fetchall()]
            cursor.executemany("UPDATE reports SET notified = 1 WHERE report_id = %s", [(i,) for i in ids])
        return ids


if __name__ == "__main__":
    sys.exit(main(Site))
