# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NAPALM's drivers do differently although the interface is one.

- EOS knows a commit that waits by the name of its configuration session, which stands in the driver
  object. Closing that object aborts the session, and with it the change; another object cannot confirm
  it. So the name is taken out before closing, and put into the new session. Our driver for FRR names its
  commits in the same way. By the name a commit is told from another's.
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
    handle = handle_of(session)
    if handle is not None:
        setattr(session, _HANDLE, None)
    return handle


def names_commits(session: NetworkDriver) -> bool:
    """Whether a pending commit can be told from another's."""
    return hasattr(session, _HANDLE) and hasattr(session, "_get_pending_commits")


def handle_of(session: NetworkDriver) -> str | None:
    """What names the commit, or the candidate, that this session made."""
    handle = getattr(session, _HANDLE, None)
    return handle if isinstance(handle, str) else None


def give_handle(session: NetworkDriver, handle: str | None) -> None:
    """Make a new session the owner of a commit; without a handle, of none."""
    if hasattr(session, _HANDLE):
        setattr(session, _HANDLE, handle)


def adopt(session: NetworkDriver) -> None:
    """Make a session the owner of the only commit that waits, of whoever made it."""
    if names_commits(session):
        pending = session._get_pending_commits()
        give_handle(session, next(iter(pending), None) if len(pending) == 1 else None)


def waits(session: NetworkDriver, handle: str | None) -> bool:
    """Whether this commit waits for its confirmation; where commits have no names, whether any does."""
    if not names_commits(session):
        return bool(session.has_pending_commit())
    return handle is not None and handle in session._get_pending_commits()


def answer_within(session: NetworkDriver, seconds: float) -> None:
    """Give an open session the time that an answer may take; connecting had less.

    Each library has a place of its own for it: our SSH and PyEZ the device, pyeapi its transport, and
    Netmiko the connection.
    """
    device = getattr(session, "device", None)
    transport = getattr(getattr(device, "connection", None), "transport", None)
    places = [(session, "timeout"), (device, "timeout_s"), (device, "timeout"), (transport, "timeout"),
              (device, "read_timeout_override")]  # fmt: skip
    for owner, name in places:
        if isinstance(getattr(owner, name, None), (int, float)):
            setattr(owner, name, max(1, round(seconds)))
