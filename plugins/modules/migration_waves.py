#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_waves
short_description: Says which legacy servers move together, when, and how long it takes
version_added: 0.3.0
description:
  - Takes the documents of M(anjianyun.datacenter.server_assess) and finds who depends on whom, from
    connections that were open, mounted file servers, replication, and addresses in configuration files.
  - What asks another for every page (a database, a cache, a file server) moves with it, and so does what
    depends on each other in a circle. Of everything else, what others depend on moves first.
  - Estimates the hours over the planned line and the window of the cutover, and names what stands in the
    way. Where a figure is missing there is no estimate, and why is told.
  - Several documents of one server count together. The newest says what it is, and all say who was
    connected.
options:
  documents:
    description: Documents as RV(anjianyun.datacenter.server_assess#module:document) gives them.
    type: list
    elements: dict
    default: []
  paths:
    description: Files with documents, or directories of such files (C(*.json)).
    type: list
    elements: path
    default: []
  target:
    description: The system that they are to be moved to.
    type: str
    required: true
    choices: [debian-12, debian-13]
  mbit_s:
    description: Rate of the line that the copy may use, in Mbit/s.
    type: float
    required: true
  efficiency:
    description: What part of the rate arrives as content.
    type: float
    default: 0.9
  window_s:
    description:
      - Seconds that a cutover may take. Waves are cut so that they fit, and what does not fit is told.
    type: float
  systems_at_once:
    description:
      - How many servers move in one window at most. What must move together stays together all the same.
    type: int
    default: 4
  pace:
    description: What does not depend on the line. Measure it in a rehearsal, and state it here.
    type: dict
    default: {}
    suboptions:
      files_s:
        description: Files that are compared in a second; 20000 unless stated.
        type: float
      restore_bytes_s:
        description: Bytes of a database that are dumped and restored in a second; 20000000 unless stated.
        type: float
      stop_s:
        description: Seconds to stop the services; 20 unless stated.
        type: float
      start_s:
        description: Seconds to start them at the target; 30 unless stated.
        type: float
      switch_s:
        description: Seconds to switch address, names and firewall rules; 15 unless stated.
        type: float
      check_s:
        description: Seconds of the health check; 30 unless stated.
        type: float
      drain_s:
        description: Seconds in which a database copied while it runs refuses writes; 3 unless stated.
        type: float
  svg:
    description: Where the drawing is written on the control node.
    type: path
  dest:
    description: Where all that is returned is written on the control node, as JSON.
    type: path
  language:
    description: Of the drawing.
    type: str
    choices: [en, zh]
    default: en
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Runs on the control node, as an action plugin, and needs no connection.
seealso:
  - module: anjianyun.datacenter.server_assess
attributes:
  check_mode:
    support: full
    description: Writes no file, and says whether one would be another.
  diff_mode:
    support: none
    description: A drawing has no text to compare.
"""

EXAMPLES = r"""
- name: Read | which servers move when
  anjianyun.datacenter.migration_waves:
    paths: ["{{ playbook_dir }}/assessed"]
    target: debian-13
    mbit_s: 500
    window_s: 1800
    svg: "{{ playbook_dir }}/assessed/waves.svg"
  run_once: true
  register: plan

- name: Gate | nothing stands in the way
  anjianyun.datacenter.gate:
    that:
      - ok: "{{ plan.blockers | length == 0 }}"
        reading: "{{ plan.blockers | join(', ') }}"
        refuse: each of them stops the move, or loses something
        way_on: settle them, and assess again
"""

RETURN = r"""
waves:
  description:
    - In their order, each with C(number), C(systems), C(groups) (what moves or goes back as one),
      C(because) (sentences), C(bytes), C(bulk_hours), C(window_s) (C(online), C(offline) and
      C(as_it_stands)), C(path) of each system's databases (C(online), C(offline), or C(files) when it has
      none), and C(ways).
    - Ways are what firewall rules and settings of others name (C(from), C(to), C(port), C(how), C(by)).
    - A figure that is not known is null.
  returned: success
  type: list
  elements: dict
edges:
  description: Who (C(source)) depends on whom (C(target)), C(port), C(how), C(tight) and C(by).
  returned: success
  type: list
  elements: dict
outside:
  description: Ways to and from others that were not assessed; clients are added up by their network.
  returned: success
  type: list
  elements: dict
estimates:
  description:
    - By server, C(files), C(file_bytes), C(database_bytes), C(change_bytes_s), C(bulk_s), C(rounds)
      (seconds of the bulk copy and of each delta), C(last_s), C(online_s), C(offline_s), and C(unknown)
      with why.
  returned: success
  type: dict
findings:
  description:
    - By server, as RV(anjianyun.datacenter.server_assess#module:findings), and those of the estimate.
  returned: success
  type: dict
blockers:
  description: The names of all blockers with their servers.
  returned: success
  type: list
  elements: str
"""
