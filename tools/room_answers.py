#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills a room's check list as far as a rehearsal can: a twin has no room, so no clause applies to it.

python tools/room_answers.py build/room/answers.yml
"""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.checklist import clauses

NOTE = "rehearsed on a twin, which has no room (在孪生环境中演练，没有实体机房)"


def main() -> int:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    answer = {"state": "not_applicable", "by": getpass.getuser(), "at": at, "note": NOTE}
    answers = {name: dict(answer) for name in clauses()}
    Path(sys.argv[1]).write_text(
        yaml.safe_dump(answers, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
