# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of the standby's centre taken down and up in order, while the service goes on at home."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from estate import Estate

pytestmark = pytest.mark.slow

SERVERS = ["dr-db-01", "dr-app-01"]


def charged() -> dict[str, dict[str, float]]:
    """What a person says that he has just read of the UPS."""
    return {name: {"percent": 90, "at": time.time()} for name in ("dr-ups-a", "dr-ups-b")}


def power(estate: Estate, host: str) -> str:
    """On or off, with ipmitool as the witness."""
    return chassis(estate, host, "power", "status").split()[-1]


def chassis(estate: Estate, host: str, *words: str) -> str:
    kept = json.loads(estate.variables.read_text())
    done = estate.inside(
        "ipmitool", "-I", "lanplus", "-C", "3", "-H", estate.hostvars(host)["dc_bmc"]["address"],
        "-U", kept["bmc_user"], "-E", "chassis", *words,
        secrets={"IPMI_PASSWORD": kept["bmc_password"]},
    )  # fmt: skip
    return done.stdout


def up(estate: Estate, **more: object) -> str:
    return estate.must(
        "power.yml", power_direction="up", power_hosts=SERVERS, power_sequence_ups_charge=charged(), **more
    )


def journal(estate: Estate, direction: str) -> list[dict[str, Any]]:
    runs = (Path(estate.directory) / ".anjianyun" / "runs").glob(f"power-{direction}-servers-*")
    path = max(runs, key=lambda run: run.stat().st_mtime) / "journal.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def streams(estate: Estate) -> str:
    return estate.ssh(
        "nn-db-01", "runuser -u postgres -- psql -XAtqc 'SELECT state FROM pg_stat_replication'"
    )


def test_a_centre_s_servers_go_down_in_order_and_come_back_serving(estate: Estate) -> None:
    refused = estate.play("power.yml", "--check", power_direction="down", power_hosts=SERVERS)
    assert "dr-app-01 always-on, dr-db-01 always-on" in " ".join(refused.stdout.split())
    for host in SERVERS:
        chassis(estate, host, "policy", "previous")
    printed = estate.must("power.yml", "--check", power_direction="down", power_hosts=SERVERS)
    assert re.search(r"00:00:00 +1 applications +shut down +dr-app-01", printed)
    assert {power(estate, host) for host in SERVERS} == {"on"}

    estate.must("power.yml", power_direction="down", power_hosts=SERVERS)
    assert {power(estate, host) for host in SERVERS} == {"off"}
    said = [r["reading"] for e in journal(estate, "down") if e["kind"] == "verify" for r in e["readings"]]
    assert said[:2] == ["dr-app-01 is off", "dr-db-01 is off"]

    # The UPS have to last for another shutdown.
    refused = estate.play("power.yml", power_direction="up", power_hosts=SERVERS)
    assert refused.returncode != 0
    assert "the charge of dr-ups-a is not known" in refused.stdout
    assert {power(estate, host) for host in SERVERS} == {"off"}

    up(estate)
    assert {power(estate, host) for host in SERVERS} == {"on"}
    end = time.monotonic() + 60
    while streams(estate) != "streaming":
        assert time.monotonic() < end, "the standby does not follow"
        time.sleep(1)
    # Again, there is nothing to do.
    assert "nothing to do" in up(estate)


def test_a_server_that_does_not_obey_is_switched_off_hard_with_an_approval_alone(estate: Estate) -> None:
    chassis(estate, "dr-app-01", "policy", "previous")
    estate.fault("injected", "machine_frozen", "dr-app-01")
    quick = {"power_sequence_stop_s": 10, "power_sequence_soft_s": 10}
    try:
        refused = estate.play("power.yml", power_direction="down", power_hosts=["dr-app-01"], **quick)
        assert refused.returncode != 0
        assert "dr_approvals=hard_power_off" in refused.stdout
        assert power(estate, "dr-app-01") == "on"

        estate.must(
            "power.yml",
            power_direction="down",
            power_hosts=["dr-app-01"],
            dr_approvals="hard_power_off",
            **quick,
        )
        assert power(estate, "dr-app-01") == "off"
    finally:
        estate.fault("lifted", "machine_frozen", "dr-app-01")
        up(estate)
