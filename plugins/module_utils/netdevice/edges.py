# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NAPALM's drivers do differently although the interface is one.

- EOS knows a commit that waits by the name of its configuration session, which stands in the driver
  object. Closing that object aborts the session, and with it the change; another object cannot confirm
  it. So the name is taken out before closing, and put into the new session.
- EOS rolls a commit without a timer back to what was saved before it (``copy startup-config
  flash:rollback-0``), which need not be what was running.
- IOS and Junos count the seconds of a rollback in minutes; NX-OS and IOS XR have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napalm.base import NetworkDriver

#: The driver counts in so many seconds.
TIMER_STEP_S = {"ios": 60, "junos": 60}
#: napalm 5.2: commit_config raises NotImplementedError when a rollback is asked for.
NO_TIMER = frozenset({"nxos", "nxos_ssh", "iosxr", "iosxr_netconf"})
#: Its rollback restores what was saved; what was running has to be loaded again.
ROLLS_BACK_TO_SAVED = frozenset({"eos"})
_HANDLE = "config_session"


def plain(driver: str) -> str:
    """The name of a driver as the tables above have it."""
    return driver.lower().replace("-", "").rpartition(".")[2]


def take_handle(session: NetworkDriver) -> str | None:
    """What names the pending commit in this session; the session forgets it."""
    handle = getattr(session, _HANDLE, None)
    if handle is not None:
        setattr(session, _HANDLE, None)
    return handle if isinstance(handle, str) else None


def give_handle(session: NetworkDriver, handle: str | None) -> None:
    """Make a new session the owner of a pending commit; without a handle, of the only one there is."""
    if not hasattr(session, _HANDLE):
        return
    if handle is None:
        pending = session._get_pending_commits()
        handle = next(iter(pending), None) if len(pending) == 1 else None
    setattr(session, _HANDLE, handle)
