# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who moves with whom, in which order, and how long it takes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import (
    document,
    estimate,
    graph,
    picture,
    waves,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.estimate import Line, Pace
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.assess.assessed import (
    GB,
    NOW,
    connection,
    mariadb,
    postgresql,
    root,
    server,
)

LINE = Line(1000, 0.8)  # 100 MB/s


def sockets(*connections: dict[str, Any], **listening: int) -> dict[str, Any]:
    heard = [
        {"protocol": "tcp", "address": "0.0.0.0", "port": port, "process": name, "unit": "", "exe": ""}
        for name, port in listening.items()
    ]
    return {"sockets": {"listening": heard, "connections": list(connections)}}


def plan(*documents: dict[str, Any], **how: Any) -> waves.Plan:
    return waves.plan(documents, "debian-13", how.pop("line", LINE), **how)


def order(found: waves.Plan) -> list[list[list[str]]]:
    return [[list(group) for group in wave.groups] for wave in found.waves]


WEB = server("web", "10.1.1.1", **sockets(connection("out", "10.1.1.2", 5432, "php-fpm")))
DATABASE = server("db", "10.1.1.2", **sockets(connection("in", "10.1.1.1", 5432), postgres=5432))


def test_an_application_moves_with_its_database() -> None:
    assert order(plan(WEB, DATABASE)) == [[["db", "web"]]]


def test_one_end_that_saw_it_is_enough() -> None:
    blind = server("web", "10.1.1.1", sockets={"unknown": "needs root"})
    assert order(plan(blind, DATABASE)) == [[["db", "web"]]]


def test_a_database_on_another_port_is_known_by_its_process() -> None:
    web = server("web", "10.1.1.1", **sockets(connection("out", "10.1.1.2", 15432)))
    database = server("db", "10.1.1.2", **sockets(postgres=15432))
    assert order(plan(web, database)) == [[["db", "web"]]]
    assert order(plan(web, server("db", "10.1.1.2", **sockets(slapd=15432)))) == [[["db"]], [["web"]]]


def test_what_others_depend_on_moves_first() -> None:
    ldap = server("ldap", "10.1.1.5")
    mail = server("mail", "10.1.1.4", **sockets(connection("out", "10.1.1.5", 389)))
    portal = server("portal", "10.1.1.3", **sockets(connection("out", "10.1.1.4", 25)))
    found = plan(portal, mail, ldap)
    assert order(found) == [[["ldap"]], [["mail"]], [["portal"]]]
    said = found.as_dict()["waves"][2]["because"]
    assert said == ["portal after mail of wave 2, on which it depends (25)"]


def test_a_circle_moves_together() -> None:
    ring = [
        server(f"s{n}", f"10.1.1.{n}", **sockets(connection("out", f"10.1.1.{n % 3 + 1}", 8080)))
        for n in (1, 2, 3)
    ]
    assert order(plan(*ring)) == [[["s1", "s2", "s3"]]]


def test_a_long_chain_needs_no_recursion() -> None:
    homes = [f"10.{n // 250}.1.{n % 250 + 1}" for n in range(1501)]
    chain = [
        server(f"s{n:04}", homes[n], **sockets(connection("out", homes[n + 1], 80))) for n in range(1500)
    ]
    systems = graph.newest(chain)
    assert len(graph.groups(systems, graph.edges(systems))) == 1500


def test_a_mounted_file_server_moves_along() -> None:
    mounts = [{"device": "10.1.1.9:/export", "path": "/srv/up", "type": "nfs4", "options": "rw"}]
    web = server("web", "10.1.1.1", mounts={"mounts": mounts, "sizes": []})
    assert order(plan(web, server("files", "10.1.1.9"))) == [[["files", "web"]]]


def test_a_replica_moves_with_its_primary() -> None:
    replica = server("b", "10.1.1.2", mariadb=[mariadb(replica={"Master_Host": "10.1.1.1"})])
    assert order(plan(server("a", "10.1.1.1"), replica)) == [[["a", "b"]]]


def test_an_address_in_a_file_is_shown_and_orders_nothing() -> None:
    backup = server("backup", "10.1.1.8", references=[{"file": "/etc/backup.conf", "address": "10.1.1.2"}])
    found = plan(backup, server("db", "10.1.1.2"))
    assert [(edge.source, edge.target, edge.how) for edge in found.edges] == [("backup", "db", "written")]
    assert order(found) == [[["backup"], ["db"]]]
    assert found.as_dict()["waves"][0]["ways"] == []
    hosts = server("backup", "10.1.1.8", references=[{"file": "/etc/hosts", "address": "10.1.1.2"}])
    assert not plan(hosts, server("db", "10.1.1.2")).edges


def test_an_address_that_several_have_leads_to_none() -> None:
    both = [server(name, "172.17.0.1") for name in ("a", "b")]
    web = server("web", "10.1.1.1", **sockets(connection("out", "172.17.0.1", 3306)))
    assert not plan(*both, web).edges


def test_documents_of_one_server_count_together() -> None:
    night = {**WEB, "taken_at": NOW - 3600}
    day = server("web", "10.1.1.1", roots=[root("/srv", 7, 1)])
    found = plan(day, night, DATABASE)
    assert order(found) == [[["db", "web"]]]
    assert found.estimates["web"].file_bytes == 7


def test_others_are_named_for_their_firewalls() -> None:
    clients = [connection("in", f"10.20.3.{n}", 443) for n in range(1, 31)]
    web = server("web", "10.1.1.1", **sockets(*clients, connection("out", "202.96.1.7", 25), apache2=443))
    ways = plan(web).as_dict()["waves"][0]["ways"]
    assert [(way["from"], way["to"], way["port"]) for way in ways] == [
        ("10.20.3.0/24", "web", 443),
        ("web", "202.96.1.7", 25),
    ]
    assert plan(web).outside[0].count == 30


def _accounts(**uids: int) -> dict[str, Any]:
    users = [{"name": name, "uid": uid, "gid": uid, "home": "/", "shell": "/bin/sh", "password": "locked"}
             for name, uid in uids.items()]  # fmt: skip
    return {"accounts": {"users": users, "groups": []}}


def test_numbers_and_names_of_another_systems_accounts_are_told() -> None:
    one = server("one", "10.1.1.1", **_accounts(site=1001, zhang=1002, nobody=65534, li=1005))
    other = server("other", "10.1.1.2", **_accounts(reports=1001, zhang=1003, nogroup=65534, li=1005))
    told = {
        name: [one.where for one in found if one.name == "user_id_of_another_system"]
        for name, found in plan(one, other).findings.items()
    }
    assert told == {
        "one": [("site (1001, which is reports's on other)", "zhang (1002, and 1003 on other)")],
        "other": [("reports (1001, which is site's on one)", "zhang (1003, and 1002 on one)")],
    }
    assert "user_id_of_another_system" not in [one.name for one in plan(one).findings["one"]]


def test_waves_are_no_larger_than_asked() -> None:
    five = [server(f"s{n}", f"10.1.1.{n}", roots=[root("/srv", n * GB, 1)]) for n in range(1, 6)]
    assert [len(wave.systems) for wave in plan(*five, most_systems=2).waves] == [2, 2, 1]
    # The smallest first: what goes wrong is learned where least is at stake.
    assert plan(*five, most_systems=2).waves[0].systems == ["s1", "s2"]


def test_waves_are_cut_so_that_they_fit_the_window() -> None:
    many = [root("/srv", GB, 1_000_000)]
    three = [server(f"s{n}", f"10.1.1.{n}", roots=many) for n in range(1, 4)]
    # Each last comparison takes 50 s, one after the other over the line; everything else 95 s at once.
    assert len(plan(*three).waves) == 1
    assert [len(wave.systems) for wave in plan(*three, window_s=200).waves] == [2, 1]


def test_hours_over_the_line() -> None:
    one = server(roots=[root("/srv", 360 * GB, 20_000, day=864_000_000_000)])
    found = estimate.estimate(one, LINE, Pace())
    assert found.bulk_s == pytest.approx(3601)
    assert found.change_bytes_s == pytest.approx(10e6)
    # Each round carries a tenth of what the one before let happen, and compares for a second.
    assert found.rounds == pytest.approx([3601, 361.1, 37.11, 4.711])
    assert found.last_s == pytest.approx(1.4711)
    assert found.online_s == pytest.approx(95 + 1.4711)


def test_a_database_copied_while_it_runs_takes_seconds_else_its_size() -> None:
    found = estimate.estimate(server(postgresql=[postgresql({"a": {"bytes": 20 * GB}})]), LINE, Pace())
    assert found.database_bytes == 20 * GB
    assert found.online_s == pytest.approx(95 + 3 + 0.05)
    assert found.offline_s == pytest.approx(95 + 1000 + 0.05)


def test_a_database_that_is_blocked_online_counts_offline() -> None:
    cluster = postgresql({"a": {"bytes": 20 * GB}}, settings={"wal_level": "replica"})
    wave = plan(server("db", postgresql=[cluster])).as_dict()["waves"][0]
    assert wave["path"] == {"db": "offline"}
    assert wave["window_s"]["as_it_stands"] == wave["window_s"]["offline"] > wave["window_s"]["online"]


@pytest.mark.parametrize(
    "sections",
    [
        {"roots": {"unknown": "no du"}},
        {"roots": [root("/srv", None, 5)]},
        {"postgresql": {"unknown": "no psql"}},
        {"postgresql": [postgresql({"a": {"bytes": None}})]},
        {"mariadb": [mariadb(unknown={"schema": "denied"})]},
    ],
    ids=["roots", "one root", "postgresql", "a size", "mariadb"],
)
def test_without_a_figure_there_is_no_estimate(sections: dict[str, Any]) -> None:
    found = plan(server("a", **sections))
    wave = found.as_dict()["waves"][0]
    assert wave["bulk_hours"] is None
    assert wave["window_s"]["online"] is None
    assert found.estimates["a"].unknown
    assert "a: estimate_unknown" in found.as_dict()["blockers"]


def test_a_line_that_never_catches_up_is_told() -> None:
    busy = server("db", postgresql=[postgresql(written_bytes_s=90e6)])
    assert "db: line_too_slow" in plan(busy).as_dict()["blockers"]


def test_a_window_that_is_too_short_is_an_answer() -> None:
    big = server("db", postgresql=[postgresql({"a": {"bytes": 20 * GB}})])
    assert "db: window_too_short" in plan(big, window_s=60).as_dict()["blockers"]
    names = [one.name for one in plan(big, window_s=300).findings["db"]]
    assert "window_too_short" not in names
    assert "window_too_short_offline" in names


@pytest.mark.parametrize(("rate", "efficiency"), [(0, 0.9), (-1, 0.9), (100, 0), (100, 1.1)])
def test_a_line_that_is_none_is_refused(rate: float, efficiency: float) -> None:
    with pytest.raises(DatacenterError, match="Mbit/s"):
        Line(rate, efficiency)


def test_nothing_to_plan_is_refused() -> None:
    with pytest.raises(DatacenterError, match="nothing to plan"):
        plan()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_drawing_shows_every_system_and_way(language: str) -> None:
    web = server(
        "web<1>",
        "10.1.1.1",
        **sockets(connection("out", "10.1.1.2", 5432), connection("in", "10.9.1.1", 443)),
    )
    drawn = ET.fromstring(picture.svg(plan(web, DATABASE), language))
    said = [element.text for element in drawn.iter() if element.tag.endswith("text")]
    assert {"web<1>", "db", "5432", "10.9.1.0/24"} <= set(said)
    ways = [
        element
        for element in drawn.iter()
        if "tight" in element.get("class", "") and element.get("marker-end")
    ]
    assert len(ways) == 1


def test_cards_lie_inside_the_drawing_and_on_no_other() -> None:
    found = plan(*[server(f"s{n}", f"10.1.1.{n}") for n in range(1, 12)])
    cards, _frames, bottom = picture._layout(found, 24)
    placed = {(box.x, box.y) for box in cards.values()}
    assert len(placed) == len(cards) == 11
    assert max(box.y + box.height for box in cards.values()) <= bottom


def test_files_that_are_no_documents_are_named_all_at_once(tmp_path: Path) -> None:
    good = tmp_path / "a.json"
    good.write_text(json.dumps(server("a")))
    (tmp_path / "plan.json").write_text('{"waves": []}')
    # In a directory of several papers only the documents count.
    assert [one["name"] for one in document.load([tmp_path])] == ["a"]
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**server("b"), "format": 0}))
    with pytest.raises(DatacenterError, match=r"old\.json: it has format 0.*none\.json"):
        document.load([old, tmp_path / "none.json"])
