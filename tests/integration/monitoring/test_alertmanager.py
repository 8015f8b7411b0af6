# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Silences of a real Alertmanager, as its own amtool sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from alerts_bench import Alerts, answering

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.moments import as_utc, since_epoch
from ansible_collections.anjianyun.datacenter.plugins.module_utils.monitoring.alertmanager import Alertmanager
from ansible_collections.anjianyun.datacenter.plugins.module_utils.monitoring.silence import (
    absent,
    present,
    wanted,
)

ROOT = Path(__file__).resolve().parents[3]


def in_hours(hours: float) -> str:
    return as_utc(since_epoch(time.time() + hours * 3600))


def options(**given: Any) -> dict[str, Any]:
    matchers = [{"name": "instance", "value": "nn-db-0[12](:[0-9]+)?", "regex": True, "equal": True}]
    return {
        "state": "present", "ticket": "CHG-1", "comment": f"rebuilt {uuid.uuid4()}", "matchers": matchers,
        "starts": None, "ends": in_hours(8), "author": "wei", **given,
    }  # fmt: skip


@pytest.fixture
def peer(alerts: Alerts) -> Alertmanager:
    return Alertmanager(alerts.url, ca_file=str(alerts.ca_file))


def of(alerts: Alerts, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The silences of this comment that amtool says are not over."""
    return [found for found in alerts.silences() if given["comment"] in found["comment"]]


def test_a_silence_is_set_once_extended_in_its_place_and_ended(alerts: Alerts, peer: Alertmanager) -> None:
    given = options()
    alerts.amtool("alert", "add", "Down", "instance=nn-db-01:9100")
    first = present(peer, wanted(given), False)
    [seen] = of(alerts, given)
    assert (seen["id"], seen["createdBy"], seen["comment"]) == (
        first["id"], "wei", f"CHG-1: {given['comment']}",
    )  # fmt: skip
    assert (first["changed"], first["state"], first["ends"]) == (True, "active", given["ends"])
    assert first["diff"]["before"] == ""
    assert 'instance=~"nn-db-0[12](:[0-9]+)?"' in first["diff"]["after"]
    [alert] = alerts.amtool("alert", "query", "--silenced", "instance=nn-db-01:9100")
    assert alert["status"]["silencedBy"] == [first["id"]]

    assert present(peer, wanted(given), False)["changed"] is False
    later = {**given, "ends": in_hours(13 * 24)}
    extended = present(peer, wanted(later), False)
    assert (extended["changed"], extended["ends"]) == (True, later["ends"])
    assert given["ends"] in extended["diff"]["before"]
    assert present(peer, wanted(later), False)["changed"] is False
    [seen] = of(alerts, given)
    assert seen["endsAt"].startswith(later["ends"].removesuffix("Z"))
    assert seen["id"] == first["id"], "it is the same silence, so nothing rang in between"

    gone = absent(peer, wanted({**given, "state": "absent"}), False)
    assert gone["expired"] == [first["id"]]
    assert of(alerts, given) == []
    assert absent(peer, wanted({**given, "state": "absent"}), False)["changed"] is False


def test_another_comment_or_other_matchers_are_another_silence(alerts: Alerts, peer: Alertmanager) -> None:
    one, two = options(), options()
    three = {
        **one,
        "matchers": [*one["matchers"], {"name": "job", "value": "x", "regex": False, "equal": False}],
    }
    ids = [present(peer, wanted(given), False)["id"] for given in (one, two, three)]
    assert len(set(ids)) == 3

    absent(peer, wanted({**one, "state": "absent"}), False)
    assert [found["id"] for found in of(alerts, one)] == [ids[2]]
    assert [found["id"] for found in of(alerts, two)] == [ids[1]]


def test_one_that_is_to_begin_later_waits_and_can_be_begun_now(alerts: Alerts, peer: Alertmanager) -> None:
    given = options(starts=in_hours(2))
    assert present(peer, wanted(given), False)["state"] == "pending"
    assert present(peer, wanted(given), False)["changed"] is False
    begun = present(peer, wanted({**given, "starts": None}), False)

    assert (begun["changed"], begun["state"]) == (True, "active")
    assert [found["status"]["state"] for found in of(alerts, given)] == ["active"]
    assert present(peer, wanted(given), False)["changed"] is False, "what has begun is not put off"


def test_what_the_vendor_refuses_is_said_in_its_words(peer: Alertmanager) -> None:
    given = options(matchers=[{"name": "instance", "value": "(", "regex": True, "equal": True}])
    with pytest.raises(DatacenterError, match="HTTP 400: .*missing closing"):
        present(peer, wanted(given), False)


def test_a_certificate_of_nobody_is_refused(alerts: Alerts) -> None:
    with pytest.raises(DatacenterError, match="give by ca_file the certificate"):
        Alertmanager(alerts.url).silences()
    with pytest.raises(DatacenterError, match="cannot be read"):
        Alertmanager(alerts.url, ca_file=str(alerts.folder / "none.pem"))


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (302, b"", "sends on to https://elsewhere"),
        (401, b"", "does not accept this token"),
        (404, b"404 page not found", "HTTP 404: 404 page not found"),
        (200, b"<html>", "is no JSON"),
        (200, b"{}", "is no list of silences"),
        (200, b"", "is no list of silences"),
    ],
)
def test_what_is_no_alertmanager_is_told_apart(alerts: Alerts, status: int, body: bytes, says: str) -> None:
    with (
        answering(9095, status, body, Location="https://elsewhere") as seen,
        pytest.raises(DatacenterError, match=says),
    ):
        Alertmanager("http://127.0.0.1:9095").silences()
    assert len(seen) == 1, "no redirection is followed"


def test_nobody_there_is_said_with_what_to_do(alerts: Alerts) -> None:
    with pytest.raises(DatacenterError, match="refused. Next: see that it runs"):
        Alertmanager("http://127.0.0.1:9096").silences()


def test_the_module_has_check_mode_and_a_diff_and_hides_its_token(alerts: Alerts, tmp_path: Path) -> None:
    given = options()
    arguments = {key: value for key, value in given.items() if value is not None} | {
        "url": alerts.url, "ca_file": str(alerts.ca_file), "token": "GEHEIM",
    }  # fmt: skip
    tasks: list[dict[str, Any]] = [
        {"anjianyun.datacenter.alert_silence": arguments, "check_mode": True, "diff": True},
        {"anjianyun.datacenter.alert_silence": arguments, "diff": True},
        {"anjianyun.datacenter.alert_silence": arguments},
        {"anjianyun.datacenter.alert_silence": {**arguments, "state": "absent"}, "check_mode": True},
        {"anjianyun.datacenter.alert_silence": {**arguments, "ends": in_hours(15 * 24)}},
    ]
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(play)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "json",
             "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/typing"), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    shown = json.loads(done.stdout[done.stdout.index("{\n") :])["plays"][0]["tasks"]
    predicted, made, again, ended, refused = [each["hosts"]["localhost"] for each in shown]

    assert [each["changed"] for each in (predicted, made, again, ended)] == [True, True, False, True]
    assert predicted["diff"]["after"].splitlines()[0] == made["diff"]["after"].splitlines()[0]
    assert (predicted["id"], made["state"]) == ("", "active")
    assert "at most 14 d" in refused["msg"]
    assert "GEHEIM" not in done.stdout + done.stderr
    assert [found["id"] for found in of(alerts, given)] == [made["id"]], "a check sets and ends nothing"
