#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run
short_description: Opens a run of a runbook, or goes on with one that broke
version_added: 0.1.0
description:
  - Takes the lock of the service, so that one run works on it at a time; a run that died holds nothing.
  - Writes who runs what, in which world, for which plan. A run of the same id that broke or waits is gone on
    with, one that ended is put aside.
  - Each line says which control node wrote it, by its host name. C(dr_control_node) is another name for one
    whose host name is another at every start, such as a container.
options:
  state:
    description:
      - V(opened) begins or goes on. V(waiting) stops for people's work, V(ended) closes; both let the lock
        go.
      - V(abandoned) closes a run that nobody goes on with, for a O(reason). It is refused while a process
        here still runs it. What it changed is not given back by that, so the next run needs what it wrote
        down before (O(anjianyun.datacenter.note#module:earlier)).
    type: str
    choices: [opened, waiting, ended, abandoned]
    required: true
  runbook:
    description: Name of the runbook.
    type: str
  service:
    description: The service that is worked on. Default is C(dr_service).
    type: str
  also:
    description:
      - Other services whose locks are taken and let go as well, so that nobody moves one while its servers
        are worked on.
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  from:
    description: The centre that holds it.
    type: str
  to:
    description: The centre that is to hold it.
    type: str
  directory:
    description: Where the evidence is kept; the same as C(dr_run_directory).
    type: path
  run_id:
    description: The run's id, the same at every re-run; the same as C(dr_run_id).
    type: str
  reason:
    description: Why nobody goes on with it; needed for V(abandoned).
    type: str
    version_added: 0.2.0
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Writes nothing and takes no lock.
"""

EXAMPLES = r"""
- name: Note | the run is open
  anjianyun.datacenter.run:
    state: opened
    runbook: switchover
    service: hidden_danger
    from: nanning
    to: dr
"""

RETURN = r"""
state:
  description: C(opened), C(resumed), C(waiting), C(ended) or C(abandoned).
  returned: success
  type: str
directory:
  description: Where the evidence is.
  returned: when O(state=opened)
  type: str
world:
  description: C(world), C(twin_id) and C(evidence) of the control node.
  returned: when O(state=opened)
  type: dict
plan:
  description: Name of the plan.
  returned: when O(state=opened)
  type: str
service:
  description: Which service the run is about.
  returned: when O(state=opened)
  type: str
runbook:
  description: As O(runbook).
  returned: when O(state=opened)
  type: str
"""
