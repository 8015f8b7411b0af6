#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_fetch
short_description: Goes on with a run that another control node began
version_added: 0.2.0
description:
  - Takes the run's journal from the copies on hosts when this control node has none, or an older one. Each
    chain is verified; the longest is taken when the others are its beginning.
  - Refuses when two differ, because somebody went on in two places, and when one is not what was written.
  - A run that waits may be gone on with anywhere. One that was opened or resumed on another control node and
    did not end is refused, unless a person attests C(nobody_else_runs_it). The same goes for a run without
    any journal while a host that may have one does not answer.
  - To be done before M(anjianyun.datacenter.run) opens the run.
options:
  copies:
    description:
      - The C(results) of M(anjianyun.datacenter.journal_read) in a loop over hosts. One that was not
        reachable counts as silent.
    type: list
    elements: dict
    required: true
  silent:
    description: Hosts that were not asked, because it is known that they do not answer.
    type: list
    elements: str
    default: []
  expires_s:
    description: For how many seconds an attestation counts.
    type: float
    default: 3600
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description:
      - Takes nothing, and says what it would take. The rest of the check goes on from that, kept in Ansible's
        own temporary folder while it runs, so that it foretells what the run would do. What a person would
        have to attest is said, and asked of nobody.
"""

EXAMPLES = r"""
- name: Note | the run goes on from where it was last written
  anjianyun.datacenter.journal_fetch:
    copies: "{{ copies.results }}"
"""

RETURN = r"""
source:
  description: Whose journal it is, a host or C(this control node); empty when there is none anywhere.
  returned: success
  type: str
lines:
  description: How many lines it has.
  returned: success
  type: int
state:
  description: How the run stands, as its last line of the kind C(run) says.
  returned: success
  type: str
silent:
  description: Hosts that did not answer. One of them may have a journal that went further.
  returned: success
  type: list
  elements: str
missing_evidence:
  description: Files that the journal names and that are not here, as C(sha256), C(size) and C(name).
  returned: success
  type: list
  elements: dict
evidence:
  description: Those of them that a host has, as C(host) and C(file).
  returned: success
  type: list
  elements: dict
"""
