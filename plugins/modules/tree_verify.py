#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tree_verify
short_description: Proves that file trees are the same as at their source, or names each difference
version_added: 0.1.0
description:
  - Runs on the new server. A manifest of each tree (path, type, mode, owner, ACL, extended attributes, links,
    times, size, digest) is worked out on each side by itself, and the two are compared. At the source it is a
    program that is sent there over SSH and leaves nothing.
  - Reads only, on both sides. A file that changes meanwhile is named as C(changing).
options:
  digest:
    description:
      - How the bytes of files are compared. V(none) compares everything else, in a fraction of the time.
    type: str
    choices: [blake2b, sha256, none]
    default: blake2b
  threads:
    description:
      - Files whose digests are worked out at the same time, on each side.
      - Default is one for each core, up to four.
    type: int
  sparse:
    description:
      - A hole that was filled, or dug, is a difference; else it is among RV(differing).
    type: bool
    default: false
  whole_seconds:
    description:
      - Compare times in seconds. An rsync before 3.1 at the source carries no more.
    type: bool
    default: false
  list_file:
    description:
      - Where all differences are written, one JSON object a line.
    type: path
  shown:
    description:
      - So many differences stand in the result.
    type: int
    default: 50
  fail_on_difference:
    description:
      - Fail when something differs.
    type: bool
    default: false
extends_documentation_fragment:
  - anjianyun.datacenter.tree_source
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
- name: Verify | the uploads are here, to the last byte
  anjianyun.datacenter.tree_verify:
    source_host: 10.45.1.20
    source_key_file: /etc/anjianyun/migration/id_ed25519
    source_known_hosts: /etc/anjianyun/migration/known_hosts
    trees:
      - src: /var/www/uploads
    list_file: /var/lib/anjianyun/migration/differences.jsonl
    fail_on_difference: true
"""

RETURN = r"""
identical:
  description: Nothing differs, and everything could be read.
  returned: success
  type: bool
differences:
  description: The first O(shown), each with C(path) here, C(attribute), C(source), C(target).
  returned: success
  type: list
  elements: dict
difference_count:
  description: All of them.
  returned: success
  type: int
by_attribute:
  description: How many of each attribute.
  returned: success
  type: dict
differing:
  description: What differs and is no loss, in the same form; holes that were filled, ids whose names differ.
  returned: success
  type: list
  elements: dict
differing_count:
  description: All of those.
  returned: success
  type: int
unreadable:
  description: Directories that could not be read, with C(side), C(path), C(cause).
  returned: success
  type: list
  elements: dict
lacks:
  description: Attributes that a side cannot tell, so they were not compared.
  returned: success
  type: list
  elements: str
entries:
  description: Files of all types at the source.
  returned: success
  type: int
bytes:
  description: Their bytes; each path of a hard-link group counts.
  returned: success
  type: int
seconds:
  description: How long it took.
  returned: success
  type: float
source_clock_ns:
  description: What the clock of the source said when its manifest began.
  returned: success
  type: int
list_file:
  description: The full list, null when none was asked for.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.arguments import (
    tree_source_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.verify import verify_trees


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **tree_source_argument_spec(),
            "digest": {"type": "str", "choices": ["blake2b", "sha256", "none"], "default": "blake2b"},
            "threads": {"type": "int"},
            "sparse": {"type": "bool", "default": False},
            "whole_seconds": {"type": "bool", "default": False},
            "list_file": {"type": "path"},
            "shown": {"type": "int", "default": 50},
            "fail_on_difference": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        result = verify_trees(module.params)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
