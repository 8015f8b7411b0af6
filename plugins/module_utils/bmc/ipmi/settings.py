# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plain IPMI 2.0 has of a BMC's settings: clock (31.10, 31.11), access by channel (22.22), alerts."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi import alerts, sel
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.helpers import moment
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session

_APP, _STORAGE = 0x06, 0x0A
_SET_ACCESS, _GET_ACCESS, _GET_CHANNEL_INFO, _SET_TIME = 0x40, 0x41, 0x42, 0x49
_THIS_CHANNEL = 0x0E
_STORED, _NOW = 0x40, 0x80
_ACCESS = 0x07
#: Access modes (table 22-28).
_MODES = ("disabled", "pre_boot", "always_available", "shared")

_NO_COMMAND = {
    "ntp": "IPMI 2.0 has no command for NTP",
    "session_timeout_s": "IPMI 2.0 ends a silent session over LAN after 60 s, and cannot be told otherwise",
}


def refused(session: Session, name: str, wanted: Any) -> str | None:
    """Why it cannot be set; ``None`` when it can."""
    if name in _NO_COMMAND:
        return _NO_COMMAND[name]
    if name == "alert":
        return alerts.refused(session, this_channel(session), wanted)
    if name == "services":
        others = sorted(set(wanted) - {"ipmi"})
        if others:
            return f"IPMI 2.0 has no command for {', '.join(others)}"
        return None if wanted.get("ipmi", True) else _cut(session, this_channel(session))
    if name == "channels":
        here = this_channel(session)
        return _cut(session, here) if wanted.get(here, "always_available") != "always_available" else None
    return None


def _cut(session: Session, channel: int) -> str:
    return f"this very session comes over channel {channel}, and would be the last"


def read(session: Session, name: str, wanted: Any) -> Any:
    """As it is, in the shape of what is wanted."""
    if name == "clock":
        return {"ahead_s": _ahead(session)}
    if name == "alert":
        return alerts.read(session, this_channel(session), wanted)
    if name == "services":
        return {"ipmi": _access(session, this_channel(session)) == "always_available"}
    return {channel: _access(session, channel) for channel in wanted}


def write(session: Session, name: str, wanted: Any) -> None:
    """Set it. Nothing that :func:`refused` refuses comes here."""
    if name == "clock":
        _set_clock(session)
    elif name == "alert":
        alerts.write(session, this_channel(session), wanted)
    elif name == "services":
        _set_access(session, {this_channel(session): "always_available"})
    else:
        _set_access(session, wanted)


def this_channel(session: Session) -> int:
    """The number of the channel that this session came over."""
    return session.command("read the channel", _APP, _GET_CHANNEL_INFO, [_THIS_CHANNEL])[0] & 0x0F


# The clock ---------------------------------------------------------------------------


def _ahead(session: Session) -> float | None:
    """Seconds by which the BMC is ahead of this machine, to about one; ``None`` when it was never set.

    It counts whole seconds, so it is half a second behind on average.
    """
    before = time.time()
    clock = sel.read_clock(session)
    return None if moment(clock) is None else round(clock + 0.5 - (before + time.time()) / 2, 1)


def _set_clock(session: Session) -> None:
    session.command("set the clock", _STORAGE, _SET_TIME, [*struct.pack("<I", round(time.time()))])


# Access ------------------------------------------------------------------------------


def _access(session: Session, channel: int) -> str:
    """The mode in force; with the stored one where that differs, so that neither is taken for both."""
    now, stored = (_MODES[mode] for mode in access_modes(session, channel))
    return now if now == stored else f"{now} until its next start, then {stored}"


def access_modes(session: Session, channel: int) -> tuple[int, int]:
    """The access mode in force and the stored one, by their numbers (table 22-28)."""
    return _raw_access(session, channel, _NOW) & 3, _raw_access(session, channel, _STORED) & 3


def _raw_access(session: Session, channel: int, which: int) -> int:
    answer = session.command(f"read the access to channel {channel}", _APP, _GET_ACCESS, [channel, which])
    return answer[0]


def _set_access(session: Session, wanted: Mapping[int, str]) -> None:
    for channel, mode in wanted.items():
        set_access_modes(session, channel, _MODES.index(mode), _MODES.index(mode))


def set_access_modes(session: Session, channel: int, now: int, stored: int) -> None:
    """The stored one first: when the next start undoes what is in force, it does so to what is wanted.

    Alerting, authentication and the channel's privilege limit stay.
    """
    for which, mode in ((_STORED, stored), (_NOW, now)):
        kept = _raw_access(session, channel, which) & 0x3F & ~_ACCESS
        what = f"make channel {channel} {_MODES[mode].replace('_', ' ')}"
        # The last byte leaves the channel's privilege limit as it is.
        session.command(what, _APP, _SET_ACCESS, [channel, which | kept | mode, 0])
