# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role room_survey on simulated BMCs: what it tells, that it changes nothing, and who does not answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER
from power_room import PLAYBOOK, ROOT, SERVERS, Room, standing

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.compare import against_survey

#: The role, and what its fact and the plan say beside each other, written down for the test.
PLAY = """\
- hosts: localhost
  gather_facts: false
  roles:
    - role: anjianyun.datacenter.room_survey
      vars:
        room_survey_hosts: "{{ wanted }}"
  post_tasks:
    - ansible.builtin.copy:
        content: >-
          {{ {'surveys': room_surveys, 'plan': room_surveys | anjianyun.datacenter.room_against_plan(
              hostvars, groups, 'nanning')} | to_json }}
        dest: "{{ written }}"
        mode: "0600"
      check_mode: false
"""


@pytest.fixture
def room(namespace: str, plugin: Path, tmp_path: Path) -> Iterator[Room]:
    with standing(tmp_path, plugin) as found:
        for name, server in found.servers.items():
            server.address = SERVERS[name][1]
        yield found


def surveyed(room: Room, *arguments: str, **variables: Any) -> dict[str, Any]:
    """What the role left, and what it differs in from the plan."""
    written = room.folder / "surveys.json"
    written.unlink(missing_ok=True)
    play = room.folder / "survey.yml"
    play.write_text(PLAY)
    extra = {
        "wanted": [*SERVERS, "nn-old-01"],
        "written": str(written),
        "bmc_user": USER,
        "bmc_password": PASSWORD,
        "bmc_cipher_suite": 3,
        "room_survey_bmc_deadline_s": 20,
        "room_survey_connect_timeout_s": 1,
        # What an operating system is asked is asked of this machine.
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        **variables,
    }
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("PLAN", "TWIN")},
        "HOME": str(room.folder),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/typing"),
        "ANSIBLE_NOCOLOR": "1",
    }
    done = subprocess.run(
        [str(PLAYBOOK), "-i", "inventory/rehearsal/site_plan.yml", str(play),
         "-e", json.dumps(extra), *arguments],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr + written.read_text()
    found: dict[str, Any] = json.loads(written.read_text())
    return found


def state_of(room: Room) -> list[str]:
    """What other clients see of the BMCs that a survey could have changed."""
    words = [("user", "list", "1"), ("sel", "info"), ("chassis", "status"), ("lan", "print", "1")]
    seen = [server.ipmitool(*ask) for server in room.servers.values() for ask in words]
    return ["\n".join(line for line in text.splitlines() if "Percent" not in line) for text in seen]


@pytest.mark.slow
def test_a_survey_tells_what_other_clients_see_and_changes_nothing(room: Room) -> None:
    room.answer()
    before = state_of(room)

    found = surveyed(room)
    checked = surveyed(room, "--check")

    survey = found["surveys"]["nn-db-01"]
    server = room.servers["nn-db-01"]
    assert f": {survey['identity']['serial']}" in server.ipmitool("fru", "print", "0")
    assert survey["identity"]["asset_tag"] == "TWIN-test"
    assert survey["identity"]["product"] in server.ipmitool("fru", "print", "0")
    assert survey["firmware"]["bmc"] in server.ipmitool("mc", "info")
    assert survey["bmc"]["mac"] in server.ipmitool("lan", "print", "1")
    assert survey["bmc"]["address"] == SERVERS["nn-db-01"][1]
    assert survey["bmc"]["restore_policy"] in server.ipmitool("chassis", "status")
    listed = server.ipmitool("user", "list", "1")
    assert {user["name"] for user in survey["bmc"]["users"]} >= {USER, "viewer"}
    assert all(user["name"] in listed for user in survey["bmc"]["users"])
    assert survey["sensors"]["verdict"] == "ok"
    assert survey["power"] == "on"
    virtual = subprocess.run(
        ["systemd-detect-virt"], capture_output=True, text=True, check=False
    ).stdout.strip()
    assert survey["inside"]["technology"] == (None if virtual == "none" else virtual)
    # What has no BMC and does not answer is there, too.
    old = found["surveys"]["nn-old-01"]
    assert "no BMC" in old["not_told"]["identity"]
    # Nobody listens at its address, which is this namespace's own.
    assert "refuses the connection" in old["not_told"]["inside"]

    assert against_survey(found["surveys"], checked["surveys"])["differences"] == []
    assert state_of(room) == before
    assert room.commands() == {name: [] for name in SERVERS}


def test_the_plan_and_an_account_made_meanwhile_are_seen(room: Room) -> None:
    server = room.servers["nn-db-01"]
    before = surveyed(room)
    server.ipmitool("user", "set", "name", "5", "backdoor")
    server.ipmitool("user", "set", "password", "5", "An0ther-Long1")
    server.ipmitool("user", "enable", "5")
    server.ipmitool("channel", "setaccess", "1", "5", "ipmi=on", "privilege=4")

    after = surveyed(room)

    stops = against_survey(before["surveys"], after["surveys"])["stops"]
    assert [(one["host"], one["item"]) for one in stops] == [("nn-db-01", "bmc user backdoor")]
    serials = [one for one in before["plan"]["stops"] if one["item"] == "identity serial"]
    assert [(one["host"], one["was"], one["is"]) for one in serials] == [
        ("nn-db-01", "AJY-NN-0011", "AJY2026001"),
        ("nn-app-01", "AJY-NN-0021", "AJY2026001"),
    ]


@pytest.mark.slow
def test_a_bmc_that_does_not_answer_holds_nobody_up_and_a_slow_one_is_waited_for(room: Room) -> None:
    room.servers["nn-db-01"].fault("slow:1")
    room.servers["nn-app-01"].hang()

    found = surveyed(room, room_survey_bmc_deadline_s=12)["surveys"]

    assert found["nn-db-01"]["power"] == "on"
    assert found["nn-db-01"]["bmc"]["users"]
    silent = found["nn-app-01"]
    assert (silent["power"], silent["identity"]["serial"], silent["bmc"]["users"]) == ("unknown", None, None)
    for part in ("identity", "memory", "firmware", "sensors", "events", "bmc"):
        assert "nn-app-01" in silent["not_told"][part]
    assert "refuses the connection" in silent["not_told"]["inside"]
