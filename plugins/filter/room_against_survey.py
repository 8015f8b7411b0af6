# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: two surveys of the same servers, and what differs."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.compare import against_survey

DOCUMENTATION = r"""
name: room_against_survey
short_description: What differs between two surveys of the same servers
version_added: 0.2.0
description:
  - Compares what P(anjianyun.datacenter.room_survey#filter) made before a server was taken down with what
    it made afterwards.
  - A difference that the run must not go on with has the weight C(stops). Another server's serial number, a
    part less or another one, older firmware, a drive that fails, an account that can log in and could not
    before, a link or a cable that is not as it was.
  - All others are C(told). Newer firmware, a part more, a part in another place.
  - What is not known on one side is neither equal nor different.
positional: after, expected
options:
  _input:
    description: Surveys by host, from before.
    type: dict
    required: true
  after:
    description: Surveys by host, from afterwards.
    type: dict
    required: true
  expected:
    description:
      - What a person announced beforehand, as texts of a host and an item with C(*) and C(?), such as
        C(nn-db-01 memory DIMM_A2), or as mappings with C(host) and C(item).
      - A difference that was announced is told. A part may become another one of the same size or a larger
        one. No announcement makes good another server's serial number, a smaller part or a drive that
        fails.
    type: list
    elements: raw
    default: []
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
differences: "{{ before | anjianyun.datacenter.room_against_survey(after, ['nn-db-01 memory DIMM_A2']) }}"
"""

RETURN = r"""
_value:
  description:
    - C(differences), each with C(host), C(item), C(was), C(is), C(weight) and C(way_on), and those of them
      that stop as C(stops).
    - C(not_told), each with C(host), C(item) and C(reason).
    - C(not_seen), what was announced and did not come.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., object]]:
        return {"room_against_survey": against_survey}
