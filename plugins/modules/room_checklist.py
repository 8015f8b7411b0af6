#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: room_checklist
short_description: Records what people answer to the physical clauses of MLPS level 3
version_added: 0.2.0
description:
  - Reads the file that people fill, and writes a line into the journal for each answer that is another than
    the one that stands. What was answered before stays there.
  - Evidence is copied into the run's directory as C(evidence/<sha256>.<extension>) and named in the journal
    by its digest, size and name. The same file is kept once, one that has changed since beside the older.
  - Where one answer is malformed nothing is recorded, and every mistake is named by its clause.
  - The clauses are those of GB/T 22239-2019, chapter 8.1.1, as paraphrases in English and Chinese.
options:
  answers:
    description:
      - A YAML file with a mapping for each clause that was looked at, by its number. C(state) is V(met),
        V(not_met), V(not_applicable), or V(open), which takes an answer back; C(by) is a person; C(at) is a
        moment with its zone; C(note) is the reason, which all but V(met) need; C(evidence) lists paths,
        relative to this file.
      - What is not answered in this file keeps the answer that stands.
    type: path
  template:
    description: Where a file of answers is written for people to fill, unless there is one.
    type: path
  sheet:
    description: Where the list is written as Markdown to print, with what is answered so far.
    type: path
  title:
    description: Which room it is, for the sheet.
    type: str
    default: ""
  ticket:
    description: Number of the ticket, for the sheet.
    type: str
    default: ""
extends_documentation_fragment:
  - anjianyun.datacenter.runbook
attributes:
  check_mode:
    support: full
    description: Judges the answers, and writes and copies nothing.
"""

EXAMPLES = r"""
- name: Note | what people have answered
  anjianyun.datacenter.room_checklist:
    answers: "{{ room_answers }}"
    template: "{{ room_answers }}"
    sheet: "{{ dr_run_directory }}/checklist.md"
    title: nanning, main
    ticket: CHG-2026-0117
  register: room_list

- name: Gate | the room is fit to be powered
  anjianyun.datacenter.gate:
    that: "{{ room_list.that }}"
"""

RETURN = r"""
answered:
  description: Clauses with an answer that stands.
  returned: success
  type: list
  elements: str
open:
  description: Clauses without one.
  returned: success
  type: list
  elements: str
not_met:
  description: Clauses that are not met, with their texts, the reason, who looked and when.
  returned: success
  type: list
  elements: dict
not_applicable:
  description: Clauses that do not apply here.
  returned: success
  type: list
  elements: str
complete:
  description: Whether every clause is answered, with whatever.
  returned: success
  type: bool
recorded:
  description: Clauses whose answer is new, or another than before.
  returned: success
  type: list
  elements: str
missing_evidence:
  description: What the journal names and is not here as it was handed in, as C(sha256), C(size), C(name).
  returned: success
  type: list
  elements: dict
made:
  description: Papers that were written.
  returned: success
  type: list
  elements: str
that:
  description:
    - What O(anjianyun.datacenter.gate#module:that) takes. All is answered; all is met, unless
      C(clauses_not_met) is approved; the evidence is here.
  returned: success
  type: list
  elements: dict
mistakes:
  description: What is wrong with the answers, a sentence each.
  returned: when they are malformed
  type: list
  elements: str
"""
