# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name a source of files, trees of it, and how they belong to those here."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  source_host:
    description:
      - Address or name of the server that the trees come from. Nothing is installed there.
    type: str
    required: true
  source_user:
    description:
      - The user that enters there.
    type: str
    default: root
  source_port:
    description:
      - Port of its SSH server.
    type: int
    default: 22
  source_key_file:
    description:
      - The private key, a file on the host that the module runs on. Default is what ssh takes by itself.
    type: path
  source_known_hosts:
    description:
      - The file by which the key of the source is verified; no other is asked then.
      - Default is the user's and the system's.
      - A source whose key is not known is refused.
    type: path
  source_become:
    description:
      - Run what runs at the source under C(sudo -n).
    type: bool
    default: false
  connect_timeout:
    description:
      - Seconds until a source that does not answer counts as unreachable.
    type: int
    default: 10
  trees:
    description:
      - The directories, each with its place here.
    type: list
    elements: dict
    required: true
    suboptions:
      src:
        description:
          - Absolute path at the source.
        type: str
        required: true
      dest:
        description:
          - Absolute path here; it becomes what O(trees[].src) is. Default is the same path.
        type: str
  exclude:
    description:
      - What is left out of each tree, by the copy and by its proof alike, and never deleted here.
      - With V(/) in front a path from the tree's root, without it a name at any depth.
      - V(*) and V(?) stay within one name.
    type: list
    elements: str
    default: []
  uid_map:
    description:
      - Numbers of users at the source and what they are here. Those that are not named stay as they are.
    type: dict
    default: {}
  gid_map:
    description:
      - The same of groups.
    type: dict
    default: {}
  one_file_system:
    description:
      - Do not go into other file systems that are mounted below a tree.
    type: bool
    default: false
attributes:
  action_group:
    support: full
    description: Belongs to the action group C(anjianyun.datacenter.trees), for C(module_defaults).
    membership: [anjianyun.datacenter.trees]
"""
