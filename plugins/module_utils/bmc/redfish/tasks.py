# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a change is that was only accepted (DSP0266, clause 'Asynchronous operations'; Task of DSP0268).

What a service gives to follow is of two kinds. A task monitor says 202 until the change has ended, and then
answers as the change would have. Many give the Task itself, which says 200 and tells the rest by TaskState.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.wire import Answer

_ENDED_WELL = frozenset({"Completed"})
#: Not Interrupted, nor Suspended: of these a Task 'is expected to restart and is therefore not complete'.
_ENDED_ILL = frozenset({"Exception", "Killed", "Cancelled"})


def _state(answer: Answer) -> str | None:
    stated = answer.data.get("TaskState")
    return str(stated) if stated else None


def pending(answer: Answer) -> str | None:
    """What it is waiting in; ``None`` when the change has ended, well or not.

    A state that nobody knows is one that has not ended.
    """
    state = _state(answer)
    if answer.status >= 400 or state in _ENDED_WELL | _ENDED_ILL:
        return None
    return state or ("accepted" if answer.status == 202 else None)


def failed(answer: Answer) -> str | None:
    """The state in which a Task ended without having done it."""
    state = _state(answer)
    return state if state in _ENDED_ILL else None


def where(answer: Answer) -> str | None:
    """Where it is followed: at the monitor, else at the Task that the answer is."""
    stated = answer.headers.get("Location")
    if not stated and _state(answer):
        stated = answer.data.get("TaskMonitor") or answer.data.get("@odata.id")
    return str(stated) if stated else None


def said(answer: Answer) -> dict[str, Any]:
    """A Task's messages, where an error has its own."""
    return {"@Message.ExtendedInfo": answer.data.get("Messages") or []}
