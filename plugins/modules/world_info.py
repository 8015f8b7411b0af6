#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: world_info
short_description: Says whether a host stands in the real estate or in a twin of it
version_added: 0.1.0
description:
  - A twin carries the addresses of the estate, so an address proves nothing. This module reads the
    mark that the twin's builder left in each machine, or, on the control node, the network
    namespace the process runs in.
  - Without any mark the answer is C(estate).
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
"""

EXAMPLES = r"""
- name: Read | which world the database server stands in
  anjianyun.datacenter.world_info:
  register: world
"""

RETURN = r"""
world:
  description: C(twin) or C(estate).
  returned: success
  type: str
twin_id:
  description: The twin's name; null in the estate.
  returned: success
  type: str
evidence:
  description: What the answer was read from.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.world import read_world


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        result = read_world()
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
