# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that a person named in an approval, to deal with them otherwise than with the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals


def named(hosts: Iterable[str], given: Any, prefix: str) -> list[str]:
    """Those of whom ``prefix`` and the name stand among the approvals.

    :param given: ``dr_approvals``, a list or a text with commas.
    """
    names = approvals.names(given)
    return [host for host in hosts if f"{prefix}{host}" in names]
