# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that the tree_* modules share; documented by the fragment ``tree_source``."""

from __future__ import annotations

from typing import Any


def tree_source_argument_spec() -> dict[str, Any]:
    """Options that name a source, trees of it, and how they belong to those here."""
    return {
        "source_host": {"type": "str", "required": True},
        "source_user": {"type": "str", "default": "root"},
        "source_port": {"type": "int", "default": 22},
        "source_key_file": {"type": "path", "no_log": False},
        "source_known_hosts": {"type": "path"},
        "source_become": {"type": "bool", "default": False},
        "connect_timeout": {"type": "int", "default": 10},
        "trees": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {"src": {"type": "str", "required": True}, "dest": {"type": "str"}},
        },
        "exclude": {"type": "list", "elements": "str", "default": []},
        "uid_map": {"type": "dict", "default": {}},
        "gid_map": {"type": "dict", "default": {}},
        "one_file_system": {"type": "bool", "default": False},
    }


def _gone_on_with() -> dict[str, Any]:
    """How what works on trees is tried again, and keeps what a later run needs."""
    return {
        "retries": {"type": "int", "default": 5},
        "state_directory": {"type": "path", "default": "/var/lib/anjianyun/copying"},
    }


def tree_copy_argument_spec() -> dict[str, Any]:
    """What ``tree_copy`` takes besides: how it is copied, and how fast."""
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    return {
        "mode": {"type": "str", "choices": ["once", "until_small"], "default": "once"},
        "small_seconds": {"type": "float", "default": 5},
        "small_bytes": {"type": "int", "default": 1048576},
        "max_rounds": {"type": "int", "default": 10},
        "delete": {"type": "bool", "default": False},
        "compress": {"type": "str", "choices": ["auto", "yes", "no"], "default": "auto"},
        "channels": {"type": "int", "default": 1},
        "line_mbit_s": {"type": "float", "default": 0},
        "limit_mbit_s": {"type": "float", "default": 0},
        "limit_hours": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "from": {"type": "str", "required": True},
                "to": {"type": "str", "required": True},
                "days": {"type": "list", "elements": "str", "choices": days},
                "mbit_s": {"type": "float", "required": True},
            },
        },
        "limits_file": {"type": "path"},
        "progress_file": {"type": "path"},
        **_gone_on_with(),
    }


def tree_return_argument_spec() -> dict[str, Any]:
    """What ``tree_return`` takes besides."""
    return {"keep_in": {"type": "str", "required": True}, **_gone_on_with()}
