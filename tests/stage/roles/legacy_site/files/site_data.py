# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills the site's tables, the same way each time: rows as they are everywhere, and the bad ones of this site.

site_data.py SCALE      1 is some 3 MB; prints how many bad things there are of each kind
"""

from __future__ import annotations

import json
import random
import sys
import uuid
from typing import Any

import pymysql

SEED = 450200
PLACES = (
    "南宁",
    "柳州",
    "桂林",
    "梧州",
    "北海",
    "防城港",
    "钦州",
    "贵港",
    "玉林",
    "百色",
    "贺州",
    "河池",
    "来宾",
    "崇左",
)
TRADES = ("化工", "矿业", "烟花", "建筑", "机械", "糖业", "水泥", "冶炼")
#: Distinct for the collation they were written under, equal for MariaDB 11.8's default.
COLLIDING = (
    ("Liuzhou Strasse GmbH", "Liuzhou Straße GmbH"),
    ("桂林ABC化工有限公司", "桂林ＡＢＣ化工有限公司"),
    ("柳州第1矿业有限公司", "柳州第１矿业有限公司"),
    ("玉林糖业有限公司", "玉林糖业\u200b有限公司"),
)
#: Differ in spaces at the end only, which no comparison of this site sees: in a column without a unique key.
TRAILING = ("整改完成", "整改完成 ", "整改完成   ")


def enterprises(cursor: Any, random_: random.Random, count: int) -> list[int]:
    rows = []
    for number in range(count):
        rows.append(
            (
                f"{random_.choice(PLACES)}{random_.choice(TRADES)}第{number}有限公司",
                f"{random_.randrange(10**18):018d}" if number % 7 else "",
                f"45{random_.randrange(1, 15):02d}{random_.randrange(1, 30):02d}",
                random_.randrange(1, 6),
                random_.randrange(8),
                # Nobody knew, and one day that no calendar has.
                "0000-00-00" if number % 50 == 0 else "2010-02-31" if number % 97 == 0 else
                f"{random_.randrange(1985, 2015)}-{random_.randrange(1, 13):02d}-{random_.randrange(1, 29):02d}",
                None if number % 3 else "0000-00-00 00:00:00" if number % 60 == 0 else "2014-05-06 07:08:09",
                f"{random_.randrange(10**9) / 100:.2f}",
                random_.random() * 10**random_.randrange(-20, 20),
                random_.random() * 10**random_.randrange(-200, 200),
                random_.randrange(256),
                random_.randrange(1985, 2015),
                json.dumps({"法人": f"法人{number}", "n": number}, ensure_ascii=False),
                random_.choice((None, "", "备注\r\n第二行", "it's \\ \"quoted\"", *TRAILING)),
            )
        )  # fmt: skip
    named = [(name, "", "450200", 5, 0, "2009-09-09", None, "1.00", 0.1, 1e-7, 0, 2009, "{}", TRAILING[0])
             for pair in COLLIDING for name in pair]  # fmt: skip
    cursor.executemany(
        "INSERT INTO enterprises (name, licence, region, kind, flags, founded, checked, capital, risk, score, marks,"
        " since, extra, memo, position) VALUES"
        " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, POINT(109.4, 24.3))",
        [*rows, *named],
    )
    cursor.execute("SELECT id FROM enterprises ORDER BY id")
    return [row[0] for row in cursor.fetchall()]


def rest(cursor: Any, random_: random.Random, ids: list[int], scale: float) -> None:
    count = int(2000 * scale)
    cursor.executemany(
        "INSERT INTO inspections (enterprise_id, done, found, photo, fine) VALUES (%s, %s, %s, %s, %s)",
        [
            (random_.choice(ids), f"2014-{random_.randrange(1, 13):02d}-11", "隐患：" + "查" * random_.randrange(200),
             random_.randbytes(random_.randrange(3000)) if number % 4 == 0 else None, random_.randrange(10**6) / 100)
            for number in range(count)
        ],
    )  # fmt: skip
    cursor.executemany(
        "INSERT INTO reports (report_id, enterprise, county, description, notified, received_at)"
        " VALUES (%s, %s, %s, %s, 1, %s)",
        [
            (str(uuid.UUID(int=random_.getrandbits(128), version=4)), f"企业{number % 300}", "liujiang",
             "检查发现：" + "内容" * random_.randrange(60), f"2014-11-{number % 28 + 1:02d} 08:00:00.{number:06d}")
            for number in range(count)
        ],
    )  # fmt: skip
    # Rows that are there twice, in the table without a key.
    cursor.execute("INSERT INTO audit_log SELECT * FROM audit_log LIMIT 25")
    cursor.executemany(
        "INSERT INTO page_hits VALUES (%s, %s, %s)",
        [(f"/page/{n}.php", f"2014-{n % 12 + 1:02d}-{n % 28 + 1:02d}", n) for n in range(1000)]
        + [("/index.php", "0000-00-00", 7)],
    )
    for number in range(60):
        title = f"链接{number}" if number % 2 else f"Café n° {number} à Köln"
        raw = title.encode("utf-8" if number % 2 else "cp1252")
        cursor.execute(
            "INSERT INTO old_links (title, url) VALUES (_latin1 %s, %s)", (_raw(raw), f"http://old/{number}")
        )
    cursor.executemany("INSERT INTO comments (body) VALUES (%s)", [(f"👍 已阅 {n} 𠮷",) for n in range(50)])
    cursor.executemany(
        "INSERT INTO visits VALUES (%s, %s, %s)",
        [(n, f"20{18 + n % 5}-06-01", bytes([n % 256, 0, 255])) for n in range(int(3000 * scale))],
    )
    cursor.execute("SELECT nextval(licence_number)")


class _raw(bytes):
    """Bytes that reach a latin1 column as they are."""


#: What is counted afterwards, each by a question to the database itself.
COUNTS = {
    "zero_dates": "SELECT count(*) FROM enterprises WHERE founded = '0000-00-00'",
    "impossible_dates": "SELECT count(*) FROM enterprises WHERE cast(founded AS CHAR) = '2010-02-31'",
    "colliding_names": "SELECT 2 * count(*) FROM enterprises a JOIN enterprises b ON a.id < b.id"
    " AND a.region = '450200' AND b.region = '450200'"
    " AND (convert(a.name USING utf8mb4) COLLATE utf8mb4_unicode_520_ci)"
    " = (convert(b.name USING utf8mb4) COLLATE utf8mb4_unicode_520_ci)",
    "trailing_spaces": "SELECT count(*) FROM enterprises WHERE memo LIKE '% '",
    "rows_twice": "SELECT count(*) FROM (SELECT 1 FROM audit_log GROUP BY at, who, what, report_id"
    " HAVING count(*) > 1) AS twice",
    "without_key": "SELECT count(*) FROM information_schema.tables t WHERE table_schema = 'anjian' AND"
    " table_type = 'BASE TABLE' AND NOT EXISTS (SELECT 1 FROM information_schema.table_constraints c WHERE"
    " c.table_schema = t.table_schema AND c.table_name = t.table_name AND constraint_type = 'PRIMARY KEY')",
    "myisam": "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'anjian' AND engine = 'MyISAM'",
    "three_byte": "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'anjian' AND"
    " table_type = 'BASE TABLE' AND table_collation LIKE 'utf8\\_%'",
    "latin1": "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'anjian' AND"
    " table_collation LIKE 'latin1%'",
    "triggers": "SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = 'anjian'",
    "views": "SELECT count(*) FROM information_schema.views WHERE table_schema = 'anjian'",
    "events": "SELECT count(*) FROM information_schema.events WHERE event_schema = 'anjian'",
    "routines": "SELECT count(*) FROM information_schema.routines WHERE routine_schema = 'anjian'",
    "definers_gone": "SELECT (SELECT count(*) FROM information_schema.views WHERE definer LIKE 'zhang.wei@%')"
    " + (SELECT count(*) FROM information_schema.routines WHERE definer LIKE 'zhang.wei@%')"
    " + (SELECT count(*) FROM information_schema.events WHERE definer LIKE 'zhang.wei@%')",
    "old_passwords": "SELECT count(*) FROM mysql.user WHERE plugin = 'mysql_old_password'",
}


def main() -> int:
    connection = pymysql.connect(
        unix_socket="/run/mysqld/mysqld.sock", user="root", database="anjian", charset="utf8mb4"
    )
    scale, random_ = float(sys.argv[1]), random.Random(SEED)
    with connection.cursor() as cursor:
        if scale:
            # As some client of theirs had it: a day that no calendar has is stored as it was written.
            cursor.execute("SET sql_mode = 'ALLOW_INVALID_DATES'")
            rest(cursor, random_, enterprises(cursor, random_, int(1500 * scale)), scale)
            connection.commit()
        found = {}
        for name, question in COUNTS.items():
            cursor.execute(question)
            found[name] = int((cursor.fetchone() or (0,))[0])
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
