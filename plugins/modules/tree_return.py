#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tree_return
short_description: Gives file trees back to the server that they came from
version_added: 0.3.0
description:
  - Runs on the server that M(anjianyun.datacenter.tree_copy) has brought trees to, as root, and makes the
    trees at their source what they are here now. Nothing may work on them meanwhile, on either side.
  - rsync sends what differs by size and time. What is overwritten or removed at the source is kept there, in
    O(keep_in), each run in a directory of its own, by its path; what each attribute was stands in
    C(attributes.jsonl) beside it.
  - Refused when a tree is missing here, when it is empty and that of the source is not, when a disk is not
    mounted that was when it was copied, on either side, and when the source has no room.
  - A source without rsync is refused; tar keeps nothing of what it overwrites.
  - A run that was killed is gone on with by the next. M(anjianyun.datacenter.tree_verify) proves the result.
options:
  keep_in:
    description:
      - The directory at the source that keeps what is overwritten and removed there. It stays until somebody
        removes it. On the file system of the trees it takes no room of its own.
    type: str
    required: true
  retries:
    description:
      - Tries of a tree after a cut.
    type: int
    default: 5
  state_directory:
    description:
      - The same as that of the copy. Its lock keeps the two apart, and there stands which disks were mounted.
    type: path
    default: /var/lib/anjianyun/copying
extends_documentation_fragment:
  - anjianyun.datacenter.tree_source
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Passes the same gates, and says what would go back.
  diff_mode:
    support: none
    description: Files are not shown.
seealso:
  - module: anjianyun.datacenter.tree_copy
  - module: anjianyun.datacenter.tree_verify
"""

EXAMPLES = r"""
- name: Act | the uploads go back
  anjianyun.datacenter.tree_return:
    source_host: 10.45.1.20
    source_key_file: /etc/anjianyun/migration/id_ed25519
    source_known_hosts: /etc/anjianyun/migration/known_hosts
    trees:
      - src: /var/www/uploads
    keep_in: /var/lib/anjianyun/kept/portal
"""

RETURN = r"""
made:
  description: Paths that the source gets, or would.
  returned: success
  type: int
altered:
  description: Paths that become others there.
  returned: success
  type: int
removed:
  description: Paths that go there.
  returned: success
  type: int
paths:
  description:
    - The first 50 of them, with C(path) at the source and C(what), V(made), V(altered) or V(removed).
  returned: success
  type: list
  elements: dict
path_count:
  description: All of them.
  returned: success
  type: int
kept:
  description: O(keep_in), or null when nothing is kept there.
  returned: when it was done
  type: str
kept_files:
  description: Files that this and earlier runs keep there.
  returned: when it was done
  type: int
kept_bytes:
  description: What they take there.
  returned: when it was done
  type: int
bytes:
  description: Bytes of files that were sent.
  returned: when it was done
  type: int
files:
  description: Files that were sent.
  returned: when it was done
  type: int
deleted:
  description: Files that were removed there, as rsync says.
  returned: when it was done
  type: int
retries:
  description: How often a tree was begun again after a cut.
  returned: when it was done
  type: int
seconds:
  description: How long it took.
  returned: when it was done
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.arguments import (
    tree_return_argument_spec,
    tree_source_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.returning import (
    return_trees,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={**tree_source_argument_spec(), **tree_return_argument_spec()},
        supports_check_mode=True,
    )
    try:
        result = return_trees(module.params, module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
