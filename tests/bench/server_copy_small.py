#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""200,000 small files over a shaped line: ours beside rsync, and what the proof costs."""

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

FILES = int(200_000 * SCALE)
IN_A_DIRECTORY = 500


def fill(root: Path) -> int:
    """Files of 2 to 6 kB, as uploads are; their bytes in all."""
    stock = random_bytes(1, 4 * MEBI)
    size = 0
    for number in range(FILES):
        directory = root / f"{number // IN_A_DIRECTORY:04d}"
        if number % IN_A_DIRECTORY == 0:
            directory.mkdir()
        length = 2048 + number * 7919 % 4096
        begin = number * 104729 % (len(stock) - length)
        (directory / f"报告-{number:06d}.jpg").write_bytes(stock[begin : begin + length])
        size += length
    return size


def main() -> int:
    with line() as between:
        size = fill(between.root / "src")
        figures = measure(between)
    leave_beside_rsync("server_copy_small", figures, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
