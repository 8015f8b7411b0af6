# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A phase's times over all counties: the county that fared worst counts. Pure."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import outage
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import ClientLog
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import Outage
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.phases import Phase


def worst_outage(clients: Sequence[ClientLog], begin: float, end: float) -> Outage:
    """The longest outage of any county; not known when it is not known for one of them."""
    found = [outage.outage([ack.acked for ack in client.acks], begin, end) for client in clients]
    for one in found:
        if one.gap is None:
            return one
    return max(found, key=lambda one: one.gap.seconds if one.gap else 0.0, default=Outage(None, "none"))


def rto_s(clients: Sequence[ClientLog], phase: Phase, end: float) -> float | None:
    """From the approval to the first acknowledgement after the longest gap that lasted beyond it."""
    if phase.approval is None:
        return None
    approved = float(phase.approval["at"])
    gap = worst_outage(clients, approved, max(end, approved)).gap
    return gap.end - approved if gap else None


def worst_connection(clients: Sequence[ClientLog], begin: float, end: float) -> float | None:
    """The longest that one connection of any county had to wait."""
    found = [outage.worst_connection(client.acks, begin, end) for client in clients]
    known = [seconds for seconds in found if seconds is not None]
    return max(known) if known and len(known) == len(found) else None
