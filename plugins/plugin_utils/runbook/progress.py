# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a long work as a line for a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def told(progress: Mapping[str, Any]) -> str:
    """What was told last: how much of how much, how fast, how long yet, and how far behind.

    :param progress: any of bytes_done, bytes_total, tables_done, tables_total, files_done, files_total, rows,
        seconds (since its begin), rate_mbit, left_s, lag_s, doing. What is not known is left out.
    """
    parts = [str(progress["doing"])] if progress.get("doing") else []
    for what in ("tables", "files"):
        total = progress.get(f"{what}_total")
        if total:
            parts.append(f"{what} {progress.get(f'{what}_done', 0)}/{total}")
    done, total, seconds = (progress.get(key) for key in ("bytes_done", "bytes_total", "seconds"))
    if done is not None:
        share = f" of {_bytes(total)}, {min(100, 100 * done // total)}%" if total else ""
        parts.append(f"{_bytes(done)}{share}")
        if seconds:
            parts.append(f"{8 * done / seconds / 1e6:.1f} Mbit/s")
    left = progress.get("left_s")
    if left is None and done and total and seconds and done < total:
        left = seconds * (total - done) / done
    if left is not None:
        parts.append(f"{_time(left)} left")
    if progress.get("lag_s") is not None:
        parts.append(f"{float(progress['lag_s']):.1f} s behind")
    return ", ".join(parts) or "it works"


def _bytes(count: float) -> str:
    for unit in _UNITS:
        if count < 1024 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
