#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Median and worst of several drills, from their reports.

tools/figures.py build/rounds/*/report.json
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

FIGURES = ("outage_s", "rto_s", "rpo_s", "lost_acknowledged")


def collect(reports: list[dict[str, Any]]) -> dict[tuple[str, str], list[float]]:
    """Values by kind of phase and figure; what a report does not know is left out."""
    found: dict[tuple[str, str], list[float]] = {}
    for report in reports:
        for phase in report["phases"]:
            for figure in FIGURES:
                if phase.get(figure) is not None:
                    found.setdefault((phase["kind"], figure), []).append(float(phase[figure]))
    return found


def main(paths: list[str]) -> int:
    reports = [json.loads(Path(path).read_text()) for path in paths]
    passed = sum(report["verdict"] == "pass" for report in reports)
    print(f"{passed} of {len(reports)} drills passed; two writers: {[r['two_writers'] for r in reports]}")
    print(f"{'phase':12} {'figure':18} {'n':>3} {'median':>8} {'worst':>8}")
    for (kind, figure), values in sorted(collect(reports).items()):
        print(f"{kind:12} {figure:18} {len(values):3} {statistics.median(values):8.2f} {max(values):8.2f}")
    return 0 if passed == len(reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
