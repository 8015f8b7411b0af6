#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what a county's load saw of systems that moved, and what of it their databases do not have.

    python tools/load_lost.py build/migration/load

The directory is what tests/stage/load.yml collects. Ends with 0 only when every acknowledged report is there.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import parse_client


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, help="with a folder for each system")
    missing = 0
    for system in sorted(path for path in parser.parse_args().directory.iterdir() if path.is_dir()):
        stored = set((system / "stored.txt").read_text(encoding="utf-8").split())
        logs = [
            parse_client(path.stem, path.read_text(encoding="utf-8"))
            for path in sorted(system.glob("report_client-*.jsonl"))
        ]
        acks = sorted((ack for log in logs for ack in log.acks), key=lambda ack: ack.acked)
        lost = {ack.report_id for ack in acks} - stored
        # A line that cannot be read may have been an acknowledgement.
        damaged = sum(log.damaged for log in logs)
        gap = max((later.acked - ack.acked for ack, later in pairwise(acks)), default=0.0)
        print(
            f"{system.name}: {len(acks)} reports acknowledged, {len(lost)} of them lost, "
            f"longest wait {gap:.1f} s" + (f", {damaged} lines of its log cannot be read" if damaged else "")
        )
        missing += len(lost) + damaged + (not acks)
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
