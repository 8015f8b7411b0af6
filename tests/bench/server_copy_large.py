#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight large files that do not compress, over a shaped line: ours beside rsync, and what the proof costs."""

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
SIZE = int(128 * MEBI * SCALE)


def fill(root: Path) -> int:
    """The files; their bytes in all."""
    for number in range(FILES):
        (root / f"disk-{number}.img").write_bytes(random_bytes(number, SIZE))
    return FILES * SIZE


def main() -> int:
    with line() as between:
        size = fill(between.root / "src")
        figures = measure(between)
    leave_beside_rsync("server_copy_large", figures, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
