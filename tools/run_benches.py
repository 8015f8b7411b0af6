#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the benches of tests/bench/, all of them or those named, one after the other.

Each leaves build/bench/<name>.json. A bench that fails, or that misses a goal, does not stop the others; the
exit code then is 1. Files whose names begin with an underscore are helpers of the benches.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCHES = {path.stem: path for path in sorted(ROOT.glob("tests/bench/[!_]*.py"))}
OUT = ROOT / "build" / "bench"
#: What programs read of each bench.
KEYS = {"name", "unit", "ours", "peer", "floor", "ratio", "better", "runs", "when", "machine"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", help=", ".join(BENCHES))
    wanted = parser.parse_args().name
    unknown = set(wanted) - BENCHES.keys()
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    failed = [name for name in wanted or BENCHES if not run(name)]
    for name in failed:
        print(f"{name}: FAILED", file=sys.stderr)
    return int(bool(failed))


def run(name: str) -> bool:
    """Whether the bench ended well and left the figures that it owes."""
    print(f"== {name}", flush=True)
    result = OUT / f"{name}.json"
    result.unlink(missing_ok=True)
    # The tools of this environment, whatever the caller's PATH says.
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [sys.executable, BENCHES[name]],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0 or not result.exists():
        return False
    figures = json.loads(result.read_text())
    missing = KEYS - figures.keys()
    if missing:
        print(f"{result.relative_to(ROOT)} lacks {', '.join(sorted(missing))}", file=sys.stderr)
        return False
    peer = figures["peer"]
    print(f"{figures['ours']} {figures['unit']}, {peer['name']}: {peer['value']}; ratio {figures['ratio']}")
    for goal in figures.get("goals", ()):
        print(
            f"  {'met' if goal['met'] else 'MISSED'}: {goal['what']} ({goal['value']}, limit {goal['limit']})"
        )
    return all(goal["met"] for goal in figures.get("goals", ()))


if __name__ == "__main__":
    sys.exit(main())
