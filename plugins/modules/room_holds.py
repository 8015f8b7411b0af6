#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: room_holds
short_description: Says which servers are held by a room's upgrade
version_added: 0.2.0
description:
  - Reads the journals of rooms' upgrades that this control node keeps and those that hosts handed over. A run
    that has not ended holds its servers from the moment at which people said yes to its power down. That
    outlives the process and its locks, and is known in both centres.
  - Journals of another world count for nothing, since a twin's servers have the estate's names.
  - A host that may keep a journal and does not tell makes it unknown. Silence of the servers' own centre
    alone does not, because no server goes dark before a host of another centre holds the journal.
options:
  hosts:
    description: The servers that are asked about.
    type: list
    elements: str
    required: true
  keepers:
    description: Hosts that may keep journals.
    type: list
    elements: str
    default: []
  copies:
    description: The C(results) of M(anjianyun.datacenter.journal_kept) in a loop over those that answer.
    type: list
    elements: dict
    default: []
  but:
    description: Id of a run that is not looked at, because it is the one that asks.
    type: str
    default: ""
  approvable:
    description:
      - Whether C(held) may be approved for a hold that is known. Not for another upgrade, which would take
        what the first one left for what was there.
    type: bool
    default: true
  silence_passes:
    description:
      - A host that may keep a journal and does not tell is told of, and refuses nothing. For those whom a
        centre without power must not stop.
    type: bool
    default: false
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Reads only.
"""

EXAMPLES = r"""
- name: Read | whether somebody upgrades their room
  anjianyun.datacenter.room_holds:
    hosts: [nn-db-01]
    keepers: [nn-app-01, dr-app-01]
    copies: "{{ copies.results }}"
  register: held

- name: Gate | nobody has his hands inside
  anjianyun.datacenter.gate:
    that: "{{ held.that }}"
"""

RETURN = r"""
that:
  description:
    - Readings for M(anjianyun.datacenter.gate), which refuses a server that is held, and one of which it is
      not known, unless C(held) is approved for that very hold.
  returned: success
  type: list
  elements: dict
holds:
  description: Each run that names one of the servers, with C(run), C(ticket), C(hosts), C(state), C(since).
  returned: success
  type: list
  elements: dict
policies:
  description: The restore policy of each host from before the upgrades that nobody closed, and the C(run).
  returned: success
  type: dict
silent:
  description: Hosts that may keep a journal and did not tell.
  returned: success
  type: list
  elements: str
"""
