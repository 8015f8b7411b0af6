# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task asks of a BMC, from its options to its result: for modules, and for actions that spare one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import arguments
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence, recorder
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.second_path import answer
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.session import connect


def fence_spec() -> dict[str, dict[str, Any]]:
    """The options of bmc_fence."""
    where = {"address": {"type": "str", "required": True}, "port": {"type": "int", "default": 22}}
    return {
        **arguments.connection_argument_spec(),
        **arguments.confirmation_argument_spec(),
        "readings": {"type": "int", "default": 3},
        "require_restore_policy": {"type": "bool", "default": True},
        "record_path": {"type": "path"},
        "second_path": {"type": "dict", "options": where},
    }


def fence_call(params: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Fence as :func:`fence_spec` says.

    :returns: what :func:`fence` found and did, with ``diff`` and ``times``.
    :raises DatacenterError: as :func:`fence`.
    """
    started = time.time()
    target, deadline = arguments.target_from(params)
    second = params["second_path"]
    with connect(target, deadline) as bmc:
        result = fence(
            bmc,
            Confirmation(params["readings"], params["interval_s"], params["deadline_s"]),
            check=check,
            require_policy=params["require_restore_policy"],
            before_change=recorder(params["record_path"], target.name),
            second_path=partial(answer, **second) if second else None,
        )
    before = {"power": result["power_before"], "restore_policy": result["policy_before"]}
    after = {"power": "off", "restore_policy": result["policy_after"]}
    times = {"started": started, "ended": time.time()}
    return {**result, "diff": {"before": before, "after": after}, "times": times}
