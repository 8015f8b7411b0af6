#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: power_schedule
short_description: Works out in which order and when servers are switched off or on
version_added: 0.2.0
description:
  - Takes hosts, the power states that were just read of them, and the plan's variables, and gives what is
    still to be done, stage by stage and second by second, with the watts on each PDU, feed and room.
  - Down is the way up read from its end. Run again after a break, what is so already is left out.
  - Cloud hosts go with the server that carries them.
  - It refuses what cannot be done safely, with all reasons at once. Whatever is not known to be on or off;
    what a provider carries, with whom to call; a sequence that takes down the control node that it is run
    from, what that one needs, or the way to BMCs that are still to be switched; a start for which the budget
    does not suffice.
  - Changes nothing.
options:
  direction:
    description: Where to.
    type: str
    required: true
    choices: [down, up]
  hosts:
    description: Which hosts are to be down, or up.
    type: list
    elements: str
    required: true
  reality:
    description:
      - Power state of each host as it was read, C(on) or C(off). What has no BMC and does not answer is
        C(silent). On the way up that counts as off; on the way down it does for a cloud host alone whose
        server is off. Everything else is not known.
      - On the way up also of what the hosts need, on the way down of what needs them (RV(around)).
      - The cloud hosts that a server carries belong to it as well.
    type: dict
    required: true
  control_node:
    description:
      - The control node that it is run from; the one of the plan whose address this machine has if left out.
    type: str
  stop_s:
    description: Seconds that an orderly shutdown takes at most.
    type: int
    default: 120
  by_hand:
    description:
      - What stands in the room and is no part of the sequence, so that people switch it. It is listed with
        the schedule, and marked on the sheets of the racks.
    type: list
    elements: str
    default: []
  languages:
    description: In which languages the schedule is shown.
    type: list
    elements: str
    choices: [en, zh]
    default: [en]
  show:
    description: Show the schedule.
    type: bool
    default: true
  on_refusal:
    description: Whether the task fails, or hands the reasons over to a gate.
    type: str
    choices: [fail, hand_over]
    default: fail
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin, with the inventory of a site plan.
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Read | what is to be switched off, and when
  anjianyun.datacenter.power_schedule:
    direction: down
    hosts: "{{ groups['rack_r03'] }}"
    reality: {nn-pm-01: "on", nn-pm-02: "off"}
  register: schedule
"""

RETURN = r"""
stages:
  description:
    - Hosts that wait for nothing but the stages before, with the C(steps) that are still to be done.
      C(hosts) are all of a stage, also those that are so already. C(ready_s) is what the slowest needs to
      answer. C(begins_s) and C(ends_s) are seconds from the beginning, if nothing takes longer than the plan
      expects.
  returned: success
  type: list
  elements: dict
steps:
  description:
    - All steps in their order, each with C(number), C(stage), C(at_s), C(action), C(hosts) and C(loads).
    - The action is C(on) by the BMC, C(shutdown) by the operating system and the BMC, C(comes) for a cloud
      host that starts with its server, and C(hand) for what a person switches.
    - A load has C(kind) (C(pdu), C(feed) or C(room)), C(name), C(running) and C(drawn) (with inrush) in
      watts, and the plan's C(limit).
  returned: success
  type: list
  elements: dict
already:
  description: Hosts of which nothing is to be done.
  returned: success
  type: list
  elements: str
later:
  description:
    - Hosts whose BMCs are reached only once this schedule has been done, on the way up in a dark room. Read
      and schedule again then.
  returned: success
  type: list
  elements: str
remarks:
  description: What should be known and refuses nothing.
  returned: success
  type: list
  elements: str
refusals:
  description: Why it must not be done; empty unless handed over.
  returned: success
  type: list
  elements: str
ups:
  description:
    - C(name) and C(charge_percent) of each UPS that has to have that much before anything is switched on.
  returned: success
  type: list
  elements: dict
takes_s:
  description: Seconds until the last host is down, or answers.
  returned: success
  type: int
control_node:
  description: Where it is run from.
  returned: success
  type: str
watts:
  description: Greatest power of each host by the plan.
  returned: success
  type: dict
with_system:
  description: Those of the hosts that have an operating system that can be told to shut down.
  returned: success
  type: list
  elements: str
wait_s:
  description:
    - Seconds until the inrush of what this run started last is over, on the way up; from the notes
      C(power_start_...) in its journal.
  returned: success
  type: int
around:
  description:
    - Hosts beside the sequence whose power has to be known. On the way up what it needs, which must be on; on
      the way down what needs it.
  returned: success
  type: list
  elements: str
left:
  description: Who would be left on without what he needs, on the way down; as sentences, for a gate.
  returned: success
  type: list
  elements: str
missing:
  description: What is needed on the way up, and is not known to be on; as sentences, for a gate.
  returned: success
  type: list
  elements: str
sheet:
  description: The schedule as lines of text, by language.
  returned: always, once the plan was read
  type: dict
racks:
  description:
    - A sheet in Markdown of each rack concerned (units, serial numbers, feeds, cables), by rack and language.
  returned: success
  type: dict
"""
