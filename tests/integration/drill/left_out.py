# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runbooks with one act of theirs made to do nothing, so that it is seen who notices."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml
from estate import ROOT


def without(act: str, directory: Path) -> Path:
    """The runbooks with every act made to do nothing whose name begins so; returns the folder."""
    folder = directory / "playbooks"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "playbooks", folder)
    count = 0
    for path in [*folder.glob("dr_*.yml"), *folder.glob("room_*.yml"), *folder.glob("tasks/*.yml")]:
        content = yaml.safe_load(path.read_text())
        for task in [task for item in content for task in item.get("tasks", [item])]:
            if str(task.get("name", "")).startswith(f"Act | {act}"):
                name = task["name"]
                task.clear()
                task.update({"name": name, "ansible.builtin.meta": "noop"})
                count += 1
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    assert count, f"no act is called {act!r}"
    return folder
