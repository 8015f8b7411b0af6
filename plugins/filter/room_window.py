# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a change window and its ticket as readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.window import room_window

DOCUMENTATION = r"""
name: room_window
short_description: A change window and its ticket as what a gate judges
version_added: 0.2.0
description:
  - A window is C(FROM/TO), both in ISO 8601 with their zone, at most 14 days apart. A ticket is one line of
    at most 64 characters. What is neither is refused, and no approval helps.
  - Before the window, after it, or when less of it is left than the work takes, the gate refuses unless
    C(outside_window) is approved, for this very window and ticket.
positional: ticket, needs_s, now
options:
  _input:
    description: The window.
    type: str
    required: true
  ticket:
    description: Number of the ticket under which the work was announced.
    type: str
    required: true
  needs_s:
    description: Seconds that the work is going to take.
    type: float
    default: 0
  now:
    description: This moment in epoch seconds, if it is not the clock's.
    type: float
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Gate | it is the time that was announced
  anjianyun.datacenter.gate:
    that: "{{ (room_window | anjianyun.datacenter.room_window(room_ticket, 2700)).that }}"

- name: Note | the window and its ticket
  anjianyun.datacenter.note:
    name: "{{ given.name }}"
    data: "{{ given.note }}"
  vars:
    given: "{{ room_window | anjianyun.datacenter.room_window(room_ticket) }}"
"""

RETURN = r"""
_value:
  description:
    - C(that) is what O(anjianyun.datacenter.gate#module:that) takes, C(known) whether both could be read.
    - Of a window that can be read also C(name) and C(note) for M(anjianyun.datacenter.note), one for each
      window and ticket; C(inside); C(before_s), the seconds until it begins; C(left_s), those that are left.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"room_window": room_window}
