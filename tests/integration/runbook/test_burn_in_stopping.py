# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Ansible tells the loads of several servers to stop, each beside the others."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.tests.integration.runbook.engine_bench import Bench

SERVERS = ["nn-db-01", "nn-app-01", "nn-app-02"]
#: Stops for as long as the others have not been told, as a load takes its time; in the end it gives up.
SYSTEMCTL = """\
#!/bin/sh
echo "$@" > {folder}/told-$$
for _look in $(seq 600); do
    [ "$(ls {folder} | grep -c told-)" -ge 3 ] && exec touch {folder}/stopped-$$
    sleep 0.1
done
"""


def test_no_server_waits_for_the_one_before(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, commands = tmp_path / "told", tmp_path / "bin"
    told.mkdir()
    commands.mkdir()
    (commands / "systemctl").write_text(SYSTEMCTL.format(folder=told))
    (commands / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    stopping = {
        "name": "Act | every load is told to stop",
        "anjianyun.datacenter.burn_in": {"state": "stopping"},
        "delegate_to": "{{ item }}",
        "loop": SERVERS,
    }

    [shown] = bench.run(stopping, ansible_connection="local")

    assert [one["item"] for one in shown["results"] if one["changed"]] == SERVERS
    end = time.monotonic() + 60
    while len(list(told.glob("stopped-*"))) < len(SERVERS):
        assert time.monotonic() < end, sorted(path.name for path in told.iterdir())
        time.sleep(0.1)
    assert {path.read_text() for path in told.glob("told-*")} == {
        "stop --no-block anjianyun-burn-in.service\n"
    }
