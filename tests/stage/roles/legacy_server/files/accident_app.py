# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accident-report system (事故上报) as its makers left it: reports in PostgreSQL, photographs as large objects.

Standard library and psycopg2, Python 3.9.
"""

from __future__ import annotations

import base64
import sys
from typing import Any

import psycopg2
import psycopg2.extras
from legacy_http import Application, main

STORE = """
INSERT INTO accident.reports (report_id, enterprise, county, description, attachment)
VALUES (%(report_id)s, %(enterprise)s, %(county)s, %(description)s, %(attachment)s)
ON CONFLICT (report_id) DO UPDATE SET attempts = reports.attempts + 1
RETURNING id, attempts, coalesce(host(inet_server_addr()), 'local'), current_setting('server_version')
"""


class Accidents(Application):
    """Reports of accidents."""

    errors = (psycopg2.Error, TimeoutError)

    def connect(self) -> Any:
        database = self.settings["database"]
        return psycopg2.connect(
            host=database["host"],
            port=int(database["port"]),
            user=database["user"],
            password=database["password"],
            dbname=database["name"],
            connect_timeout=2,
            options="-c statement_timeout=5000",
        )

    def store(self, session: Any, report: dict[str, Any]) -> dict[str, Any]:
        with session.cursor() as cursor:
            cursor.execute(STORE, {key: report[key] for key in report if key != "upload"})
            number, attempts, host, version = cursor.fetchone()
            every = int(self.settings["site"]["photo_every"])
            if attempts == 1 and report["upload"] and every and number % every == 0:
                photo = base64.b64decode(report["upload"]["content"])
                cursor.execute(
                    "INSERT INTO accident.photos (report_id, title, content) VALUES (%s, %s, lo_from_bytea(0, %s))",
                    (report["report_id"], report["upload"]["name"], photo),
                )
        return {"id": number, "repeated": attempts > 1, "database": host, "version": version}

    def find(self, session: Any, report_id: str) -> dict[str, Any] | None:
        with session.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute("SELECT * FROM accident.reports WHERE report_id = %s", (report_id,))
            found: dict[str, Any] | None = cursor.fetchone()
        return found

    def unsent(self, session: Any) -> list[str]:
        with session.cursor() as cursor:
            cursor.execute(
                "UPDATE accident.reports SET notified = true WHERE id IN (SELECT id FROM accident.reports"
                " WHERE NOT notified ORDER BY id LIMIT 500 FOR UPDATE) RETURNING report_id::text"
            )
            return [row[0] for row in cursor.fetchall()]


if __name__ == "__main__":
    sys.exit(main(Accidents))
