# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills the accident reports' tables, the same way each time: usual rows, and the awkward ones of this system.

accident_data.py SCALE      1 is some 3 MB; prints how many awkward things there are of each kind
"""

from __future__ import annotations

import json
import random
import sys
import uuid
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

SEED = 450221
#: Their order, and which of them are equal, is the locale's to say.
NAMES = (
    "南宁化工",
    "柳州钢铁",
    "Straße",
    "Strasse",
    "cafe\u0301",
    "caf\u00e9",
    "a-b",
    "ab",
    "A b",
    "重庆路糖厂",
    "长安水泥",
)
SPECIAL = ("NaN", "-0", "Infinity", "-Infinity", "1e-300", "0.1", "1.7976931348623157e308")
MOMENTS = (
    "1986-05-04 02:30:00", "1991-09-15 01:30:00", "1900-12-31 23:59:59", "infinity", "-infinity", "0044-03-15 00:00:00 BC",
)  # fmt: skip


def enterprises(cursor: Any, random_: random.Random, scale: float) -> None:
    rows: list[tuple[Any, ...]] = [
        (name, "450200", None, ("柳州", None), "a=>1, b=>NULL", "NaN" if n == 0 else "1.50", SPECIAL[n % len(SPECIAL)],
         SPECIAL[n % 4], "infinity" if n == 1 else "2000-02-29", MOMENTS[n % 6], MOMENTS[n % 6], "1 mon 3 days 00:00:01",
         [1, 22], json.dumps({"名": name, "n": [1, None]}, ensure_ascii=False), "<p>牌</p>", b"\x00\xff", "10.1.0.1/16")
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    rows += [
        (f"企业{n:05d}", f"45{random_.randrange(10000):04d}", NAMES[n % len(NAMES)], None, None,
         str(random_.randrange(10**12)), random_.random(), random_.random(), None, None, None, None, None, None, None,
         random_.randbytes(random_.randrange(300)), None)
        for n in range(int(2000 * scale))
    ]  # fmt: skip
    execute_values(cursor, "INSERT INTO enterprises VALUES %s", rows)


def rest(cursor: Any, random_: random.Random, scale: float) -> None:
    count = int(3000 * scale)
    execute_values(
        cursor,
        "INSERT INTO reports (report_id, enterprise, county, description, notified, received_at) VALUES %s",
        [
            (str(uuid.UUID(int=random_.getrandbits(128), version=4)), f"企业{n % 2000:05d}", "liujiang",
             "事故经过：" + "叙述 " * random_.randrange(80), True, f"2014-11-{n % 28 + 1:02d} 08:00:00.{n % 10**6:06d}+08")
            for n in range(count)
        ],
    )  # fmt: skip
    execute_values(
        cursor,
        'INSERT INTO "事故" ("等级", enterprise, happened, dead) VALUES %s',
        [("一般", f"企业{n:05d}", f"[2013-01-{n % 28 + 1:02d},2013-02-01)", n % 3) for n in range(300)],
    )
    for number in range(40):
        photo = random_.randbytes(2000 + number * 1000)
        cursor.execute(
            "INSERT INTO photos (title, content) VALUES (%s, lo_from_bytea(0, %s))", (f"照片{number}", photo)
        )
    # Nobody points at them any more, and nobody removed them.
    for number in range(3):
        cursor.execute("SELECT lo_from_bytea(0, %s)", (bytes([number]) * 5000,))
    # One is larger than a page of large objects, and has a hole.
    cursor.execute("SELECT lo_put(lo_create(0), 1000000, %s)", (b"end",))
    execute_values(
        cursor,
        "INSERT INTO access_log VALUES %s",
        [(f"2014-01-01 00:{n % 60:02d}:00+08", "web", f"/{n % 50}") for n in range(1000)] * 2,
    )
    execute_values(
        cursor,
        "INSERT INTO measures VALUES %s",
        [(n, f"20{12 + n % 3}-06-01", float(SPECIAL[n % 5])) for n in range(count)],
    )
    cursor.execute("INSERT INTO sessions SELECT md5(n::text), '{}' FROM generate_series(1, 50) AS n")
    cursor.execute("INSERT INTO people (name) VALUES ('甲'), (NULL), ('')")
    cursor.execute("INSERT INTO injured (name, severity) VALUES ('乙', '较大')")
    cursor.execute("SELECT nextval('case_number'), nextval('case_number')")
    cursor.execute(
        "INSERT INTO follow_ups VALUES (1, 1, '2014-01-01', '已整改'), (2, -1, NULL, NULL), (3, -2, NULL, '')"
    )
    # Two of these point nowhere; the constraint came later, and was never checked.
    cursor.execute(
        "ALTER TABLE follow_ups ADD CONSTRAINT of_report FOREIGN KEY (report) REFERENCES reports (id) NOT VALID"
    )
    cursor.execute("REFRESH MATERIALIZED VIEW by_month")


_OURS = "relnamespace = 'accident'::regnamespace"
#: What is counted afterwards, each by a question to the database itself.
COUNTS = {
    "large_objects": "SELECT count(*) FROM pg_largeobject_metadata",
    "large_objects_of_nobody": "SELECT count(*) FROM pg_largeobject_metadata WHERE oid NOT IN"
    " (SELECT content::oid FROM accident.photos)",
    "sequences": f"SELECT count(*) FROM pg_class WHERE relkind = 'S' AND {_OURS}",
    "extensions": "SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql'",
    "roles": "SELECT count(*) FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)'",
    "md5_passwords": "SELECT count(*) FROM pg_authid WHERE rolpassword LIKE 'md5%'",
    "without_key": f"SELECT count(*) FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition AND {_OURS}"
    " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p')",
    "unlogged": f"SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u' AND {_OURS}",
    "not_valid": "SELECT count(*) FROM pg_constraint WHERE NOT convalidated",
    "triggers": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
    "views": f"SELECT count(*) FROM pg_class WHERE relkind IN ('v', 'm') AND {_OURS}",
    "nan_or_infinite": "SELECT count(*) FROM accident.enterprises WHERE weight IN ('NaN', 'Infinity', '-Infinity')",
    "sorted_by_locale": "SELECT count(*) FROM pg_database WHERE datname = 'accident' AND datcollate = 'zh_CN.UTF-8'",
    "postfix_operators": "SELECT count(*) FROM pg_operator WHERE oprright = 0 AND oprnamespace = 'accident'::regnamespace",
    "old_aggregates": "SELECT count(*) FROM pg_aggregate WHERE aggtranstype = 'anyarray'::regtype"
    " AND aggfnoid::oid > 16384",
    "gone_extensions": "SELECT count(*) FROM pg_extension WHERE extname = 'adminpack'",
}


def main() -> int:
    scale, random_ = float(sys.argv[1]), random.Random(SEED)
    with psycopg2.connect(dbname="accident") as connection, connection.cursor() as cursor:
        if scale:
            cursor.execute("SET ROLE accident_owner")
            enterprises(cursor, random_, scale)
            rest(cursor, random_, scale)
            cursor.execute("RESET ROLE")
        found = {}
        for name, question in COUNTS.items():
            cursor.execute(question)
            found[name] = int((cursor.fetchone() or (0,))[0])
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
