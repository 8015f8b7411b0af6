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
