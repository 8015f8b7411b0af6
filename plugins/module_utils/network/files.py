# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a device reads at its start: whole or not at all. Standard library, Python 3.9."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def read_text(path: Path) -> str:
    """A file's text; empty when there is no such file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise DatacenterError("a file cannot be read", device=str(path), cause=str(error)) from error


def replace_text(path: Path, text: str, mode: int) -> None:
    """Replace a file as a whole: a device that loses power finds the old text or the new."""
    try:
        durable.make_directory(path.parent)
        durable.replace(path, text.encode(), mode)
    except OSError as error:
        raise DatacenterError(
            "the rules are in force but not saved, a restart would lose them",
            device=str(path),
            cause=str(error),
            next_step="make room there, then run this again",
            result={"changed": True},
        ) from error
