# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that a room's upgrade does not move: seen away, seen stopped, or out by a yes to just that."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.others import other_readings


def service(**hosts: str) -> dict[str, Any]:
    """Named by tier and centre: db_nn, app_dr."""
    centres: dict[str, dict[str, str]] = {}
    for place, host in hosts.items():
        tier, centre = place.split("_")
        centres.setdefault(centre, {})[{"db": "database", "app": "application"}[tier]] = host
    return {"centres": centres}


SERVICES = {
    "danger": service(db_nn="nn-db-1", db_dr="dr-db-1"),
    "reports": service(db_nn="nn-db-2", app_nn="nn-app-2", db_dr="dr-db-2", app_dr="dr-app-2"),
    "pages": service(app_nn="nn-web", app_dr="dr-web"),
}


def reports(hosts: list[str], **roles: str) -> dict[str, Any]:
    named = {f"{centre}-db-2": role for centre, role in roles.items()}
    (found,) = other_readings(SERVICES, named, hosts, "danger", 72)
    return found


@pytest.mark.parametrize(
    ("hosts", "roles", "ok"),
    [
        (["nn-db-2"], {"nn": "primary", "dr": "standby"}, False),
        # The application alone is enough to end it.
        (["nn-app-2"], {"nn": "primary", "dr": "standby"}, False),
        (["nn-db-2"], {"nn": "standby", "dr": "primary"}, True),
        # Moved, and some of its servers there go dark as well.
        (["nn-db-2", "dr-app-2"], {"nn": "standby", "dr": "primary"}, False),
        (["nn-db-2"], {"nn": "stopped", "dr": "stopped"}, True),
        (["nn-db-2"], {"nn": "stopped", "dr": "standby"}, True),
        # Two primaries: one of them is there.
        (["nn-db-2"], {"nn": "primary", "dr": "primary"}, False),
        # Who is silent may be the primary.
        (["nn-db-2"], {"dr": "standby"}, None),
        (["nn-db-2"], {"nn": "standby"}, None),
        (["nn-db-2"], {"nn": "unknown", "dr": "stopped"}, None),
        (["nn-db-2"], {"nn": "", "dr": "stopped"}, None),
        (["nn-db-2"], {}, None),
    ],
)
def test_a_service_is_seen_away_or_stopped_or_asked_about(
    hosts: list[str], roles: dict[str, str], ok: bool | None
) -> None:
    assert reports(hosts, **roles)["ok"] is ok


def test_the_yes_is_to_this_service_these_hours_and_these_servers() -> None:
    found = reports(["nn-db-2", "nn-app-2", "x"], nn="primary", dr="standby")

    assert (found["approval"], found["this_risk"]) == ("out_reports", True)
    assert found["risk"].startswith("reports is out for the whole hold of 72 h")
    assert "nn-app-2, nn-db-2 go dark" in found["risk"]
    assert "dr_switchover.yml -e dr_service=reports -e dr_to=dr)" in found["way_on"]
    assert found["reading"] == ("reports is served from there (its database is standby in dr, primary in nn)")


def test_where_all_its_centres_lose_servers_there_is_nowhere_to_move_it() -> None:
    found = reports(["nn-db-2", "dr-db-2"], nn="primary", dr="standby")

    assert found["ok"] is False
    assert found["way_on"].startswith("there is no centre")


def test_a_service_without_a_database_is_never_known_to_be_away() -> None:
    (found,) = other_readings(SERVICES, {}, ["nn-web"], "danger", 24)

    assert (found["ok"], found["approval"]) == (None, "out_pages")


def test_the_service_that_moves_and_those_elsewhere_are_not_asked_about() -> None:
    assert [one["ok"] for one in other_readings(SERVICES, {}, ["nn-db-1"], "danger", 24)] == [True]
    assert [one["approval"] for one in other_readings(SERVICES, {}, ["nn-web", "nn-db-2"], "danger", 24)] == [
        "out_pages", "out_reports",
    ]  # fmt: skip
