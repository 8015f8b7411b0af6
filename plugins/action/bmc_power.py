# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: bmc_power in the task's own process where that is the same."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import chassis
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.bmc.action import BmcAction


class ActionModule(BmcAction):
    """See the documentation of the module of the same name."""

    CALL = chassis.POWER
