# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a file with those lines that are different at the new place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.migration.settings import moved_settings

DOCUMENTATION = r"""
name: moved_settings
short_description: A file with those lines that are different at the new place
version_added: 0.3.0
description:
  - Each line that an expression matches becomes another one. An expression that matches no line, or several,
    is refused, since the file then is not the one that the plan was written for.
positional: settings
options:
  _input:
    description: The file's text.
    type: str
    required: true
  settings:
    description: Mappings with C(file), C(find) (a regular expression) and C(put) (the whole line).
    type: list
    elements: dict
    required: true
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: The application's settings, with the new database
  ansible.builtin.copy:
    dest: /etc/reports.ini
    content: "{{ old | anjianyun.datacenter.moved_settings(settings) }}"
    mode: "0640"
  vars:
    settings:
      - {file: /etc/reports.ini, find: "^host *=", put: "host = nn-db-01"}
"""

RETURN = r"""
_value:
  description: The text with the new lines.
  type: str
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"moved_settings": moved_settings}
