# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that the pg_* modules share; documented by the fragment ``pg_cluster``."""

from __future__ import annotations

from typing import Any


def pg_cluster_argument_spec() -> dict[str, Any]:
    """Options that name one cluster."""
    return {
        "version": {"type": "str"},
        "cluster": {"type": "str", "default": "main"},
        "data_directory": {"type": "path"},
        "config_directory": {"type": "path"},
        "bin_directory": {"type": "path"},
        "socket_directory": {"type": "path"},
        "port": {"type": "int"},
        "log_file": {"type": "path"},
    }
