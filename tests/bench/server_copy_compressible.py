#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs and dumps over a shaped line: data that compresses has to be faster than the line."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.anjianyun.datacenter.tests.bench._copying import (
    MEBI,
    SCALE,
    leave_beside_rsync,
    line,
    measure,
    random_bytes,
)

FILES = 8
SIZE = int(96 * MEBI * SCALE)
LINE = b"2026-11-%02d 08:%02d:%02d app-01 report %08d accepted from county %03d, stored as %s\n"


def fill(root: Path) -> int:
    """Text of a log's kind; its bytes in all."""
    for number in range(FILES):
        with (root / f"app-{number}.log").open("wb") as file:
            row = 0
            while file.tell() < SIZE:
                noise = random_bytes(number * 10_000_000 + row, 6).hex().encode()
                moment = (row % 28 + 1, row // 60 % 60, row % 60)
                file.write(LINE % (*moment, row * 31 % 10**8, row * 17 % 999, noise))
                row += 1
    return sum(path.stat().st_size for path in root.iterdir())


def main() -> int:
    with line() as between:
        size = fill(between.root / "src")
        figures = measure(between)
    leave_beside_rsync("server_copy_compressible", figures, size, faster_than_line=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
