# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every BMC module has (documented in ``doc_fragments/bmc.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.session import (
    PRIVILEGES,
    Deadline,
    Target,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def connection_argument_spec() -> dict[str, dict[str, Any]]:
    """How to reach and to talk to the BMC."""
    return {
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "default": 623},
        "user": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "name": {"type": "str"},
        "cipher_suite": {"type": "int", "default": 17, "choices": [17, 3]},
        "privilege": {"type": "str", "default": "operator", "choices": list(PRIVILEGES)},
        "answer_s": {"type": "float", "default": 5.0},
        "deadline_s": {"type": "float", "default": 60.0},
    }


def confirmation_argument_spec() -> dict[str, dict[str, Any]]:
    """How often a power state is read before it counts."""
    return {
        "readings": {"type": "int", "default": 1},
        "interval_s": {"type": "float", "default": 0.2},
    }


def target_from(params: Mapping[str, Any]) -> tuple[Target, Deadline]:
    """The BMC meant, and the end of the operation, counted from now.

    :raises DatacenterError: a value that no BMC could take.
    """
    device = params["name"] or params["address"]
    wrong = [
        f"{name} is not above 0"
        for name in ("answer_s", "deadline_s", "readings", "interval_s")
        if params.get(name) is not None and params[name] <= 0
    ]
    for name, limit in (("user", 16), ("password", 20)):
        if len(params[name].encode()) > limit:
            wrong.append(f"{name} is longer than the {limit} bytes that IPMI has for it")
    if wrong:
        raise DatacenterError(
            "the options do not fit", device=device, cause="; ".join(wrong), next_step="correct them"
        )
    target = Target(
        name=device,
        address=params["address"],
        port=params["port"],
        user=params["user"],
        password=params["password"],
        cipher_suite=params["cipher_suite"],
        privilege=params["privilege"],
        answer_s=params["answer_s"],
    )
    return target, Deadline(params["deadline_s"])
