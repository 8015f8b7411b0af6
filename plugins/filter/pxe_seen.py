# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what a PXE server saw of the servers that it installs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.pxe.seen import pxe_seen

DOCUMENTATION = r"""
name: pxe_seen
short_description: What a PXE server saw of the servers that it installs
version_added: 0.2.0
description:
  - Reads the log and the leases of the role C(pxe_server). A line counts for the server from whose address it
    came.
positional: log, since, lease_s, wanted
options:
  _input:
    description: Servers, as P(anjianyun.datacenter.pxe_hosts#filter) gives them.
    type: list
    elements: dict
    required: true
  log:
    description: Text of C(leases) and C(http.log), one after the other.
    type: str
    required: true
  since:
    description: What is older, in epoch seconds, does not count.
    type: float
    required: true
  lease_s:
    description: Seconds of a lease.
    type: float
    required: true
  wanted:
    description: The stage that they are to reach.
    type: str
    required: true
    choices: [lease, installer, kernel, initrd, preseed, began, writes, installed]
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
seen: "{{ known | anjianyun.datacenter.pxe_seen(text, armed_at, 3600, 'began') }}"
"""

RETURN = r"""
_value:
  description:
    - C(readings) is what O(anjianyun.datacenter.verify#module:that) takes; C(over) says that there is
      nothing to wait for.
    - C(hosts) has by server C(stages), the time of each stage that was seen, C(stage), the last of them,
      C(refused), why the installer switched it off, and C(disk), how often it was sent to its disk.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pxe_seen": pxe_seen}
