# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts whose numbers are somebody else's on the new server: refused by name, or given those of the plan.

The new server is this machine with an /etc of its own in a namespace; the old one says what it is told to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[3]
#: The account of the application, as the old server knows it.
OLD = "anjian:x:15101:15101:安监:/var/www/anjian:/bin/sh"
RENUMBERED = {"account": "anjian", "old_uid": 15101, "new_uid": 15201, "old_gid": 15101, "new_gid": 15201}
PLAY = """
- hosts: new
  gather_facts: false
  vars:
    server_migrate_user: anjian
    server_migrate_system: site
  tasks:
    - name: Try each
      ansible.builtin.include_tasks: one.yml
      loop: "{{ tries }}"
      loop_control:
        loop_var: given
    - name: Read | the maps that the playbook gives to the copy
      ansible.builtin.include_vars: "{{ root }}/playbooks/group_vars/all/migration.yml"
    - name: Show
      ansible.builtin.debug:
        msg: "told={{ {'said': said, 'uids': migration_uids, 'gids': migration_gids} | to_json }}"
      vars:
        migration_app: "{{ (tries | last).application }}"
"""
ONE = """
- block:
    - name: Have the new server as it is tried
      ansible.builtin.command: "{{ item }}"
      loop: "{{ given.before }}"
    - name: Make its account
      ansible.builtin.include_role:
        name: anjianyun.datacenter.server_migrate
        tasks_from: account
      vars:
        server_migrate_application: "{{ given.application }}"
    - name: Read | what it is
      ansible.builtin.command: id anjian
      register: made
    - ansible.builtin.set_fact:
        said: "{{ said | default([]) + [made.stdout] }}"
  rescue:
    - ansible.builtin.set_fact:
        said: "{{ said | default([]) + [ansible_failed_result.msg] }}"
"""


def _tries() -> list[dict[str, object]]:
    plain = {"source": "old", "target": "new", "users": ["anjian"]}
    mapped = {**plain, "renumbered": [RENUMBERED]}
    another = {**RENUMBERED, "old_uid": 1}
    return [
        {"before": ["useradd -u 15101 -U accident"], "application": plain},
        {"before": ["userdel accident", "useradd -u 15999 -U anjian"], "application": plain},
        {"before": ["userdel anjian"], "application": {**plain, "renumbered": [another]}},
        {"before": ["useradd -u 15101 -U accident"], "application": mapped},
        {"before": [], "application": mapped},
    ]


def test_numbers_of_others_are_refused_and_new_ones_are_given(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("a namespace with an /etc of its own needs root")
    old = tmp_path / "old"
    for name, text in (("getent", f'case $1 in passwd) echo "{OLD}";; *) echo anjian:x:15101:;; esac'),
                       ("id", "echo 15101")):  # fmt: skip
        old.mkdir(exist_ok=True)
        (old / name).write_text(f"#!/bin/sh\n{text}\n")
    (old / "python").write_text(f'#!/bin/sh\nPATH={old}:$PATH exec {sys.executable} "$@"\n')
    for file in old.iterdir():
        file.chmod(0o755)
    (tmp_path / "hosts").write_text(
        f"new ansible_connection=local ansible_python_interpreter={sys.executable}\n"
        f"old ansible_connection=local ansible_python_interpreter={old / 'python'}\n"
    )
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "one.yml").write_text(ONE)
    extra = json.dumps({"tries": _tries(), "root": str(ROOT)})
    (tmp_path / "etc").mkdir()
    subprocess.run(["cp", "-a", "/etc/.", str(tmp_path / "etc")], check=True)
    inside = 'mount --bind "$1" /etc && shift && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", inside, "sh", str(tmp_path / "etc"),
         str(BIN / "ansible-playbook"), "-i", str(tmp_path / "hosts"), str(tmp_path / "play.yml"), "-e",
         extra],
        capture_output=True, text=True, check=False, timeout=240, cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_NOCOLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    line = next(line for line in done.stdout.splitlines() if "told=" in line)
    told = json.loads(json.loads("{" + line.strip().rstrip(",") + "}")["msg"].removeprefix("told="))
    taken, same_name, wrong, made, again = told["said"]
    assert "there is account accident 15101, group accident 15101" in taken
    assert "renumbered" in taken
    assert "there is account anjian 15999, group anjian 15999" in same_name
    assert "has the number 15101" in wrong
    assert "the plan says 1 and" in wrong
    assert made == again == "uid=15201(anjian) gid=15201(anjian) groups=15201(anjian)"
    assert (told["uids"], told["gids"]) == ({"15101": 15201}, {"15101": 15201})
    # Nothing of it is on this machine.
    assert "anjian:" not in Path("/etc/passwd").read_text()
