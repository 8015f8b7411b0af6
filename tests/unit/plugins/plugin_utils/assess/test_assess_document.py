# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that is sent, what comes back of it, and what is made of that."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess import (
    collect,
    document,
    parse_database,
    parse_network,
    parse_system,
)

MARK = "c0ffee"
PROBES = collect.SOURCE / "probes.sh"


def shell(script: str, said: str = "") -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", f'. "$0"; {script}', str(PROBES)],
        input=said, capture_output=True, text=True, check=True, timeout=10,
    )  # fmt: skip
    return done.stdout


def test_what_runs_under_the_servers_python_is_python_3_6() -> None:
    ast.parse((collect.SOURCE / "runner.py").read_text(), feature_version=(3, 6))


def test_the_command_stays_below_what_one_argument_may_be() -> None:
    sent = collect.command(MARK)
    # Quoted for the login's shell, for that of become, and once more for a jump host.
    for _time in range(3):
        sent = f"sh -c {shlex.quote(sent)}"
    assert len(sent.encode()) < collect.MOST_COMMAND_BYTES


def test_every_probe_is_there_and_asked_for() -> None:
    text = PROBES.read_text() + (collect.SOURCE / "probes_database.sh").read_text()
    assert set(re.findall(r"^probe_(\w+)\(\)", text, re.MULTILINE)) == set(collect.PROBES)


def test_no_here_document_is_sent() -> None:
    # bash writes one into a file, and a server is only read.
    assert "<<" not in collect.command(MARK)


def test_an_answer_of_the_plain_shell() -> None:
    said = (
        f"Welcome!\r\n@@{MARK} sh\r\n@@{MARK} begin cron\r\na\tb\r\n\r\n@@{MARK} end cron 0 \r\n"
        f"@@{MARK} begin roots\r\n\r\n@@{MARK} end roots 127 du: not found\r\n@@{MARK} done\r\n"
    )
    answer = collect.read(said, MARK, "old-01")
    assert answer.by == "sh"
    assert answer.sections["cron"] == collect.Section(0, "a\tb\n", "")
    assert answer.sections["roots"].why == "du: not found"


@pytest.mark.parametrize(
    "said",
    ["", "Permission denied", f"@@{MARK} sh\n@@{MARK} begin cron\n", "@@other sh\n@@other done\n"],
    ids=["nothing", "refused", "broken off", "another's"],
)
def test_an_answer_that_is_not_whole_is_none(said: str) -> None:
    with pytest.raises(DatacenterError, match="not whole"):
        collect.read(said, MARK, "old-01")


def test_an_answer_that_was_damaged_is_none() -> None:
    with pytest.raises(DatacenterError, match="cannot be read"):
        collect.read(f"@@{MARK} python 3.6.15\neNpLTEoGAAJNASc=\n@@{MARK} done\n", MARK, "old-01")


def build(**sections: collect.Section) -> dict[str, object]:
    return document.build("old-01", collect.Answer("sh", sections), 0.0, 1)


def test_unknown_is_a_value_of_its_own_with_why() -> None:
    found = build(
        cron=collect.Section(1, "/etc/cron.d/a\t* * * * * root x\n", "needs root"),
        sudo=collect.Section(2, "", "no"),
    )
    assert found["sudo"] == {"unknown": "no"}
    assert found["packages"] == {"unknown": "it was not asked for"}
    assert found["cron"] == [{"file": "/etc/cron.d/a", "line": "* * * * * root x"}]
    assert found["in_part"] == {"cron": "needs root"}
    assert document.known(found, "sudo", "?") == "?"


def test_what_cannot_be_read_takes_nothing_else_with_it() -> None:
    found = build(
        postgresql=collect.Section(0, "cluster\t/x\nsettings\t{broken\n"),
        system=collect.Section(0, "uid=0\n"),
    )
    assert "cannot be read" in str(document.why_unknown(found["postgresql"]))
    assert document.known(found, "system", {})["as_root"] is True


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("mysqldump -u root -psecret1 --all", "mysqldump -u root -p*** --all"),
        ("curl -u me:secret1 http://a/", "curl -u me:*** http://a/"),
        ("wget ftp://me:secret1@a/x", "wget ftp://me:***@a/x"),
        ("run --password=secret1 -x", "run --password=*** -x"),
        ("PGPASSWORD=secret1 pg_dump", "PGPASSWORD=*** pg_dump"),
        ("MYSQL_PWD=secret1 mysql", "MYSQL_PWD=*** mysql"),
        ("call --api-key=secret1", "call --api-key=***"),
        ("curl -H 'Authorization: Bearer secret1' x", "curl -H 'Authorization: Bearer ***' x"),
        ("mkdir -p /srv/a; find . -print", "mkdir -p /srv/a; find . -print"),
    ],
)
def test_words_that_may_be_secrets_stay_there(line: str, kept: str) -> None:
    assert shell("mask", line + "\n") == kept + "\n"


def test_of_passwords_it_is_only_told_how_they_are_kept() -> None:
    said = shell("probe_accounts")
    found = parse_system.accounts(said)
    assert next(one for one in found["users"] if one["name"] == "root")["uid"] == 0
    assert {one["password"] for one in found["users"]} <= {
        "locked", "none", "empty", "md5", "des", "sha256", "sha512", "bcrypt", "yescrypt", "other", "unknown",
    }  # fmt: skip
    assert "$" not in said


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0100007F", "127.0.0.1"),
        ("0201010A", "10.1.1.2"),
        ("0000000000000000FFFF00000201010A", "10.1.1.2"),
        ("00000000000000000000000001000000", "::1"),
        ("B80D01200000000000000000010000FF", "2001:db8::ff00:1"),
    ],
)
def test_addresses_as_the_kernel_prints_them(text: str, address: str) -> None:
    assert parse_network.address(text) == address


def test_sockets_know_their_processes_and_which_way_they_go() -> None:
    running = {7: {"name": "nginx", "unit": "nginx.service", "exe": "/usr/sbin/nginx", "own": True}}
    row = "0: {} {} {} 00000000:00000000 00:00000000 00000000 0 0 {} 1"
    text = "\n".join(
        [
            "tcp   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
            "timeout inode",
            "tcp " + row.format("00000000:0050", "00000000:0000", "0A", 11),
            "tcp " + row.format("0101010A:0050", "0903140A:C350", "01", 12),
            "tcp " + row.format("0101010A:C351", "0201010A:1538", "06", 0),
            "pid 7",
            "inode 11",
            "inode 12",
        ]
    )
    found = parse_network.sockets(text, running)
    assert [(one["port"], one["process"], one["unit"]) for one in found["listening"]] == [
        (80, "nginx", "nginx.service")
    ]
    ways = [(one["direction"], one["peer"], one["port"], one["process"]) for one in found["connections"]]
    assert ways == [("in", "10.20.3.9", 80, "nginx"), ("out", "10.1.1.2", 5432, "")]


def test_files_that_were_changed() -> None:
    said = (
        "??5?????? c /etc/ssh/sshd_config\n??5??????   /bin/ls\n"
        "missing     /usr/bin/x y (No such file)\n..?......  g /a\n"
    )
    assert parse_system.changed(said) == [
        {"path": "/etc/ssh/sshd_config", "what": "other", "configuration": True},
        {"path": "/bin/ls", "what": "other", "configuration": False},
        {"path": "/usr/bin/x y", "what": "missing", "configuration": False},
        {"path": "/a", "what": "other", "configuration": False},
    ]


def test_packages_of_both_kinds() -> None:
    said = (
        "dpkg\ta\t1\tall\tinstall ok installed\ndpkg\tb\t2\tall\thold ok installed\n"
        "dpkg\tc\t3\tall\tdeinstall ok config-files\ndpkg\td\t4\tall\tinstall ok half-configured\n"
    )
    found = parse_system.packages(said)
    assert [one["name"] for one in found["installed"]] == ["a", "b", "d"]
    assert (found["held"], found["broken"]) == (["b"], ["d"])
    rpm = parse_system.packages("rpm\tx\t(none):1-2\tnoarch\tinstall ok installed\n")
    assert (rpm["kind"], rpm["installed"][0]["version"]) == ("rpm", "1-2")


def test_rates_over_the_sampling_time() -> None:
    def moment(at: float, busy: int, written: int, received: int) -> str:
        return (
            f"at {at}\nload 0.50 0.4 0.3 1/2 3\ncpu  {busy} 0 0 {int(at * 100) - busy} 0 0 0 0 0 0\n"
            "memory MemTotal: 100 kB\nmemory MemAvailable: 40 kB\nmemory SwapTotal: 9 kB\nmemory "
            "SwapFree: 7 kB\n"
            f"disk 8 0 sda 1 0 0 0 1 0 {written} 0 0 0 0\ndisk 8 1 sda1 1 0 0 0 1 0 {written} 0 0 0 0\n"
            f"net eth0: {received} 1 0 0 0 0 0 0 5 1\nnet lo: 99{received} 1 0 0 0 0 0 0 5 1\n"
        )

    found = parse_network.performance(
        moment(10, 100, 0, 0) + moment(11, 150, 2000, 500) + moment(12, 160, 2000, 500)
    )
    assert found["seconds"] == 2
    assert found["cpu_busy"] == {"mean": 30.0, "most": 50.0}
    # A part of a disk is not counted beside the disk.
    assert found["disk"]["written_bytes_s"] == {"mean": 512000.0, "most": 1024000.0}
    assert found["net"]["in_bytes_s"]["most"] == 500.0
    assert (found["memory_available_bytes"], found["swap_used_bytes"]) == (40960, 2048)


def test_what_mariadbs_client_escapes_is_as_it_was() -> None:
    found = parse_database.mariadb(
        "instance\t/d\nschema\ta\\tb\\\\c\tutf8\tx\t5\t1\nvariable\tsql_mode\t\n", 1
    )
    assert found[0]["schema"][0]["name"] == "a\tb\\c"
    assert found[0]["schema"][0]["bytes"] == 5
    assert found[0]["variables"] == {"sql_mode": ""}


def test_a_search_that_was_cut_is_no_count(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    # What a command prints before it is ended at its time is only a part.
    cut = "bounded() { shift; [ $1 = du ] || echo /a; return 124; }"
    said = shell(f"{cut}; A_LONG=1 A_ROOTS={tmp_path} probe_roots")
    [found] = parse_system.roots(said)
    assert found["path"] == str(tmp_path / "app")
    assert {name: value for name, value in found.items() if value is not None} == {"path": found["path"]}


def test_a_service_with_mounts_of_its_own_is_in_no_container() -> None:
    said = (
        "comm /proc/7/comm:mariadbd\ncgroup /proc/7/cgroup:0::/system.slice/mariadb.service\n"
        "link /proc/7/exe /usr/sbin/mariadbd (deleted)\nlink /proc/7/ns/pid pid:[1]\n"
        "comm /proc/8/comm:redis-server\nlink /proc/8/ns/pid pid:[2]\nself pid:[1]\n"
    )
    found = parse_network.processes(said)
    assert {number: one["own"] for number, one in found.items()} == {7: True, 8: False}
    assert (found[7]["unit"], found[7]["deleted"]) == ("mariadb.service", True)


def test_own_processes_are_in_no_container_and_known_by_their_program() -> None:
    found = parse_network.processes(shell("probe_processes"))
    assert found[os.getpid()]["own"] is True
    assert found[os.getpid()]["exe"] == str(Path(sys.executable).resolve())
