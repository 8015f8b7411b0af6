#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nft_table
short_description: Makes one nftables table what a text says, now and at the next start
version_added: 0.1.0
description:
  - Runs on the firewall. Loads the text in one transaction, so that there is no moment without rules, and
    leaves every other table alone, fences (M(anjianyun.datacenter.network_fence)) among them.
  - Compares kernel and text in the kernel's own words. The text is loaded into a network namespace that
    exists for this alone, and both are listed.
  - Reads the table back from the kernel, then saves the text for the next start.
attributes:
  check_mode:
    support: full
    description: Checks the text and compares, loads nothing.
  diff_mode:
    support: full
    description: Shows the table as the kernel lists it, before and after.
  idempotent:
    support: full
    description: Loads nothing when kernel and saved text are as wanted.
options:
  content:
    description:
      - What is loaded, for a whole table. It begins by deleting the table, so that nothing of the old one
        stays.
      - Lines that include other files are for the next start only.
    type: str
    required: true
  family:
    description:
      - Family of the table.
    type: str
    choices: [inet, ip, ip6, arp, bridge, netdev]
    default: inet
  name:
    description:
      - Name of the table.
    type: str
    required: true
  path:
    description:
      - Where the text is saved.
    type: path
    default: /etc/nftables.conf
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Load the firewall's rules
  anjianyun.datacenter.nft_table:
    name: ajy_firewall
    content: "{{ lookup('ansible.builtin.template', 'nftables.conf.j2') }}"
"""

RETURN = r"""
table:
  description: Family and name.
  returned: success
  type: str
in_force:
  description: Whether the kernel has what was asked for; in check mode, whether it had.
  returned: success
  type: bool
saved:
  description: The same of the text for the next start.
  returned: success
  type: bool
before:
  description: The table as the kernel listed it before.
  returned: success
  type: str
after:
  description: The table as the kernel lists it now; in check mode, as it would.
  returned: success
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.nft import Nft
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.nft_table import set_table


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str", "required": True},
            "family": {
                "type": "str",
                "choices": ["inet", "ip", "ip6", "arp", "bridge", "netdev"],
                "default": "inet",
            },
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "default": "/etc/nftables.conf"},
        },
        supports_check_mode=True,
    )
    try:
        result = set_table(
            Nft(),
            family=module.params["family"],
            name=module.params["name"],
            text=module.params["content"],
            path=Path(module.params["path"]),
            dry_run=module.check_mode,
        )
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(diff={"before": result["before"], "after": result["after"]}, **result)


if __name__ == "__main__":
    main()
