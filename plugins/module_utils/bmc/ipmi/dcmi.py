# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server draws, in DCMI: a group extension of IPMI (DCMI 1.5, section 6.6.1, table 6-16)."""

from __future__ import annotations

import struct
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import now
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_GROUP_EXTENSION = 0x2C
_DCMI = 0xDC
_GET_POWER_READING = 0x02
_SYSTEM_STATISTICS = 0x01
#: Group, four powers in watts, a time stamp, the period in milliseconds, and the state.
_ANSWER = struct.Struct("<B4HIIB")
_MEASURING = 0x40


def power_reading(session: Session) -> dict[str, Any]:
    """What the server draws now, and in the period that the BMC keeps statistics of."""
    what = "read the power"
    data = session.command(what, _GROUP_EXTENSION, _GET_POWER_READING, [_DCMI, _SYSTEM_STATISTICS, 0, 0])
    if len(data) < _ANSWER.size or data[0] != _DCMI:
        raise DatacenterError(
            what,
            device=session.name,
            cause=f"its answer is no power reading: {data.hex(' ') or 'nothing'}",
            next_step="leave this subset out",
        )
    _group, watts, least, most, average, _stamp, period_ms, state = _ANSWER.unpack_from(data)
    return {
        "at": now(),
        # A BMC that is not measuring gives zeros, or what it measured last.
        "watts": watts if state & _MEASURING else None,
        "min_watts": least,
        "max_watts": most,
        "average_watts": average,
        "period_s": period_ms / 1000,
    }
