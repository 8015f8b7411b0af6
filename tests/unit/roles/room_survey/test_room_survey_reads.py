# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The survey of a room only reads: each task says so, and none could be made to write by its playbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[4]
TASKS = yaml.safe_load((ROOT / "roles" / "room_survey" / "tasks" / "main.yml").read_text())
#: Modules of which a task may be made.
READS = {
    "bmc_info", "bmc_firmware_info", "bmc_sensor", "bmc_sel", "bmc_user", "reachability", "server_hardware",
    "set_fact",
}  # fmt: skip


def tasks() -> list[dict[str, Any]]:
    return [task for item in TASKS for task in item.get("block", [item])]


def module_of(task: dict[str, Any]) -> str:
    (name,) = [key for key in task if "." in key]
    return name.rpartition(".")[2]


def test_each_task_reads() -> None:
    assert {task["name"].partition(" | ")[0] for task in [*TASKS, *tasks()]} == {"Read"}
    assert {module_of(task) for task in tasks()} <= READS


def test_what_could_write_is_told_not_to() -> None:
    """Defaults that a playbook gives the modules would else reach them here."""
    by_module = {module_of(task): task for task in tasks()}

    assert by_module["bmc_user"]["check_mode"] is True
    assert by_module["bmc_user"]["anjianyun.datacenter.bmc_user"]["lock_defaults"] is False
    assert by_module["bmc_sel"]["anjianyun.datacenter.bmc_sel"]["state"] == "read"
    assert by_module["bmc_firmware_info"]["anjianyun.datacenter.bmc_firmware_info"]["expected"] == {}
