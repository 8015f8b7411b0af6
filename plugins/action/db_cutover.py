# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: writes move within seconds, or with all of the database, which is watched."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.watched import WatchedAction


class ActionModule(WatchedAction):
    """See the documentation of the module of the same name."""

    KEYS = ("migration", "direction")

    def _takes_long(self) -> bool:
        # Where rows follow the seconds count.
        return bool(self._task.args.get("path") == "offline")
