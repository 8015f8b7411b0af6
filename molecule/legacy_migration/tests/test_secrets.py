# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is in a log, in what a run says, or where Ansible or a person's shell leaves something."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

At = Callable[[str], Any]
SERVERS = ("nn-app-01", "nn-db-01", "nn-db-02", "legacy-app-01", "legacy-report-01")
SYSTEMS = {"accident_report": "nn-app-01", "enterprise_site": "nn-db-01"}
SETTINGS = {"/etc/accident.ini": "nn-app-01", "/etc/anjian.ini": "nn-db-01"}
PLACES = "/var/log /tmp /var/tmp /root /home /var/lib/mysql /var/lib/postgresql /etc/mysql /etc/postgresql"


@pytest.fixture(scope="module")
def ours(at: At, secret: str) -> list[str]:
    """The modules' password, and a line of each key by which an old server is read that no other key has."""
    keys = ((f"/root/.ssh/anjianyun_migration_{system}", host) for system, host in SYSTEMS.items())
    return [secret, *(at(host).file(path).content_string.splitlines()[3] for path, host in keys)]


@pytest.fixture(scope="module")
def theirs(at: At) -> list[str]:
    """The passwords in the applications' settings, which have been carried."""
    texts = (at(host).file(path).content_string for path, host in SETTINGS.items())
    found = [word for text in texts for word in re.findall(r"^password = (\S+)$", text, re.MULTILINE)]
    assert len(found) == 3
    return found


def test_what_the_runs_said_has_none(ours: list[str], theirs: list[str]) -> None:
    said = Path(os.environ["ANJIANYUN_SAID"]).read_text(encoding="utf-8")
    assert "PLAY RECAP" in said
    assert [one for one in ours + theirs if one in said] == []


@pytest.mark.parametrize("name", SERVERS)
def test_no_log_has_one(at: At, name: str, ours: list[str], theirs: list[str]) -> None:
    # The old servers' people have left theirs where they liked.
    words = ours if name.startswith("legacy") else ours + theirs
    encoded = base64.b64encode("\n".join(words).encode()).decode()
    found = at(name).run(
        f"printf %s {encoded} | base64 -d > /dev/shm/words;"
        f" grep -rslFf /dev/shm/words {PLACES} --exclude='anjianyun_migration_*';"
        " echo journal: $(journalctl -o cat --no-pager | grep -cFf /dev/shm/words); rm /dev/shm/words"
    )
    assert found.stdout.split() == ["journal:", "0"]
