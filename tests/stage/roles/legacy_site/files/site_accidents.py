# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the figures of the accident reports on the site: nobody wrote down that the one system asks the other.

Keeps one session with the other's database. Standard library and psycopg2, Python 3.9.
"""

from __future__ import annotations

import configparser
import contextlib
import json
import sys
import time
from pathlib import Path

import psycopg2

EVERY_S = 5
FIGURES = Path("/var/www/anjian/tmp/accidents.json")


def ask(path: str) -> None:
    """Until the session breaks; the settings are read anew for the next."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(path, encoding="utf-8")
    other = settings["accidents"]
    session = psycopg2.connect(
        host=other["host"], port=int(other["port"]), dbname=other["name"], user=other["user"],
        password=other["password"], connect_timeout=2, keepalives_idle=5, application_name="anjian-accidents",
    )  # fmt: skip
    session.autocommit = True
    with contextlib.closing(session), session.cursor() as cursor:
        while True:
            cursor.execute("SELECT count(*), max(id) FROM accident.reports")
            reports, newest = cursor.fetchone()
            FIGURES.write_text(json.dumps({"at": time.time(), "reports": reports, "newest": newest}) + "\n")
            time.sleep(EVERY_S)


def main() -> int:
    while True:
        try:
            ask(sys.argv[1])
        except (psycopg2.Error, OSError) as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
