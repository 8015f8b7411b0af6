#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_proof
short_description: Hands a proof to a promotion that waits for it
version_added: 0.1.0
description:
  - Writes the proof into a file of the standby's host, whole or not at all, for nobody else to read or write.
  - M(anjianyun.datacenter.pg_promote) with O(anjianyun.datacenter.pg_promote#module:proof_path) takes it from
    there, judges it, and promotes or refuses.
  - Nothing is started on the host but a shell, because clients wait meanwhile.
options:
  path:
    description: The file that the promotion waits for; its directory exists.
    type: str
    required: true
  proof:
    description: As M(anjianyun.datacenter.pg_promote) takes it.
    type: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Hands nothing over.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Act | the proof goes to dr-db-01
  anjianyun.datacenter.pg_proof:
    path: /run/anjianyun-proof.json
    proof: "{{ demoted.proof }}"
  delegate_to: dr-db-01
"""

RETURN = r"""
handed_at:
  description: When it was there (epoch seconds).
  returned: success
  type: float
"""
