# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: trees are copied, watched from the control node."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.watched import WatchedAction


class ActionModule(WatchedAction):
    """See the documentation of the module of the same name."""

    FILE = "progress_file"
    KEYS = ("trees", "source_host")
