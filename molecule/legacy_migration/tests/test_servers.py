# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role server_migrate promises, read from both servers of a system by other means than its own."""

from __future__ import annotations

import difflib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

At = Callable[[str], Any]
HELD = ".anjianyun-held"
ADDRESSES = {"nn-app-01": "10.1.10.21", "nn-db-01": "10.1.10.11"}


def key_of(system: dict[str, Any]) -> str:
    return f"/root/.ssh/anjianyun_migration_{system['name']}"


def test_accounts_have_the_numbers_that_they_had_and_no_password(at: At, system: dict[str, Any]) -> None:
    old, new = at(system["source"]), at(system["target"])
    for user in system["users"]:
        asked = f"getent passwd {user}; getent group $(id -g {user})"
        assert new.check_output(asked) == old.check_output(asked)
        assert new.check_output("getent shadow %s", user).split(":")[1].startswith("!")
        # Where it lives comes with the trees.
        assert old.check_output("id -u %s", user) == new.check_output("id -u %s", user)


def test_what_it_needs_is_installed(at: At, system: dict[str, Any]) -> None:
    for package in system["packages"]:
        assert at(system["target"]).package(package).is_installed


def test_files_come_with_owner_and_mode_and_only_their_settings_are_other(
    at: At, system: dict[str, Any]
) -> None:
    old, new = at(system["source"]), at(system["target"])
    for path in system["files"]:
        mine, theirs = new.file(path), old.file(path)
        assert (mine.user, mine.group, mine.mode) == (theirs.user, theirs.group, theirs.mode), path
        lines = (theirs.content_string.splitlines(), mine.content_string.splitlines())
        put = {line[2:] for line in difflib.ndiff(*lines) if line.startswith("+ ")}
        assert put == {one["put"] for one in system["settings"] if one["file"] == path} - set(lines[0])
        assert len(lines[0]) == len(lines[1])


def test_nothing_works_at_the_new_server_and_nothing_sends_at_the_old_one(
    at: At, system: dict[str, Any]
) -> None:
    old, new = at(system["source"]), at(system["target"])
    for unit in system["units"] + system["outbound"]:
        assert not new.service(unit).is_running
        assert not new.service(unit).is_enabled
    for unit in system["outbound"]:
        assert not old.service(unit).is_running
        assert not old.service(unit).is_enabled
    # People are served there until the cutover.
    for unit in system["units"]:
        assert old.service(unit).is_running
        assert old.service(unit).is_enabled


def test_jobs_of_cron_wait_on_both_sides(at: At, system: dict[str, Any]) -> None:
    old, new = at(system["source"]), at(system["target"])
    for job in system["jobs"]:
        for host in (old, new):
            assert not host.file(job).exists
        mine, theirs = new.file(f"{job}{HELD}"), old.file(f"{job}{HELD}")
        assert mine.content == theirs.content
        assert (mine.user, mine.group, mine.mode) == (theirs.user, theirs.group, theirs.mode)


def test_cron_has_begun_nothing_since_its_jobs_are_held(at: At, system: dict[str, Any]) -> None:
    old = at(system["source"])
    (job,) = [one for one in system["jobs"] if one.startswith("/etc/cron.d/")]
    held = int(old.check_output("stat -c %%Z %s", f"{job}{HELD}"))
    # It would each minute.
    time.sleep(max(0, min(130, held + 130 - int(old.check_output("date +%s")))))
    begun = "journalctl -t CRON -o short-unix --no-pager | grep ' outbound ' | tail -1"
    last = old.check_output(begun)
    assert last, "it ran before"
    # One that was about to begin may have.
    assert float(last.split()[0]) < held + 61
    assert at(system["target"]).check_output(begun) == ""


def test_the_address_waits_on_the_loopback_also_after_a_boot(at: At, system: dict[str, Any]) -> None:
    new = at(system["target"])
    assert f"10.100.0.{system['address']['number']}" in new.interface("lo").addresses
    assert new.service(f"anjianyun-address-{system['name']}.service").is_enabled


def test_the_new_server_reads_the_old_one_by_a_key_of_its_own(at: At, system: dict[str, Any]) -> None:
    old, new = at(system["source"]), at(system["target"])
    key = key_of(system)
    for path in (key, f"{key}.known_hosts"):
        assert (new.file(path).user, new.file(path).mode) == ("root", 0o600)
    (line,) = [
        line
        for line in old.file("/root/.ssh/authorized_keys").content_string.splitlines()
        if line.endswith(f" anjianyun-migration-{system['name']}")
    ]
    assert line.startswith(f'from="{ADDRESSES[system["target"]]}",restrict ssh-ed25519 ')
    address = old.check_output("hostname -I").split()
    ssh = (
        f"ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={key}.known_hosts"
        f" -o ConnectTimeout=5 -i {key} root@%s hostname"
    )
    said = [new.run(ssh, one) for one in address if one.startswith("10.1.14.")]
    assert [one.stdout.strip() for one in said] == [system["source"]]


def test_that_key_is_of_no_use_anywhere_else(at: At, system: dict[str, Any], tmp_path: Path) -> None:
    stolen = tmp_path / "key"
    stolen.touch(0o600)
    stolen.write_text(at(system["target"]).file(key_of(system)).content_string)
    address = next(
        one for one in at(system["source"]).check_output("hostname -I").split() if one.startswith("10.1.14.")
    )
    done = subprocess.run(
        ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
         f"UserKnownHostsFile={tmp_path / 'known'}", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=5",
         "-i", str(stolen), f"root@{address}", "hostname"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Permission denied" in done.stderr


@pytest.mark.parametrize("name", ["nn-app-01", "nn-db-01", "nn-db-02", "legacy-app-01", "legacy-report-01"])
def test_every_server_is_well(at: At, name: str) -> None:
    failed = at(name).check_output("systemctl --failed --plain --no-legend")
    assert failed == ""
