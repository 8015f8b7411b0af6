#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults under the runbooks, on a twin: see docs/faults.md.

    tools/faults.py --list
    tools/faults.py --seed 20261126 --only 'kill.switchover control'

Goes on with what is missing of the same seed. Ends with 0 when no trial has a finding.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/faults"), str(ROOT / "tests/integration/drill")]

from campaign.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
