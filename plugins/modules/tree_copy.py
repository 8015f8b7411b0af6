#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tree_copy
short_description: Brings file trees here from another server, as they are
version_added: 0.1.0
description:
  - Runs on the new server, as root, and pulls over SSH. Nothing is installed at the source. rsync copies
    what differs by size and time, with owners as numbers, ACLs, extended attributes, hard links, holes and
    devices.
    Where the source has no rsync it is tar, of what a comparison of both sides finds to differ.
  - That there is room for it is proved before anything is copied.
  - A cut of the line, and an rsync that is killed, are tried again; what is here is not copied again, nor
    by a
    later run after this module itself was killed.
  - What it says of itself is rsync's word. M(anjianyun.datacenter.tree_verify) proves it.
options:
  mode:
    description:
      - V(once) makes one pass. V(until_small) repeats until what is left is small, or says that it never
        gets so.
    type: str
    choices: [once, until_small]
    default: once
  small_seconds:
    description:
      - A round that takes no longer is small.
    type: float
    default: 5
  small_bytes:
    description:
      - A round that brings no more is small, whatever time it takes to look at all files.
    type: int
    default: 1048576
  max_rounds:
    description:
      - After so many rounds it is said that the delta never got small.
    type: int
    default: 10
  delete:
    description:
      - Remove here what is not at the source. What O(exclude) leaves out stays.
    type: bool
    default: false
  compress:
    description:
      - V(auto) compresses when a sample of the files loses a fifth of its size by it, with the fastest
        that both
        rsyncs know.
    type: str
    choices: ["auto", "yes", "no"]
    default: auto
  channels:
    description:
      - SSH sessions that share the files of the first round. One carries at most 2 MiB in a round trip.
      - V(0) takes as many as O(line_mbit_s) and the round trip, which is measured, ask for.
    type: int
    default: 1
  line_mbit_s:
    description:
      - What the line carries, where it is known.
    type: float
    default: 0
  limit_mbit_s:
    description:
      - The copy takes no more of the line than that; V(0) is no limit.
    type: float
    default: 0
  limit_hours:
    description:
      - Limits of certain hours, by the clock of this host; the first that holds counts before
        O(limit_mbit_s).
    type: list
    elements: dict
    default: []
    suboptions:
      from:
        description:
          - Begin, as V(08:00).
        type: str
        required: true
      to:
        description:
          - End; before the begin it is of the next day.
        type: str
        required: true
      days:
        description:
          - The days on which they begin. Default is all.
        type: list
        elements: str
        choices: [mon, tue, wed, thu, fri, sat, sun]
      mbit_s:
        description:
          - The limit then; V(0) is none.
        type: float
        required: true
  limits_file:
    description:
      - A JSON file that is read again when it changes, while the copy runs. A number of Mbit/s, or an object
        with C(limit_mbit_s) and C(limit_hours); while it exists it counts instead of those options.
    type: path
  progress_file:
    description:
      - A JSON object that is written anew every five seconds, with C(round), C(bytes_done), C(bytes_total),
        C(files), C(line_bytes), C(line_bytes_s), C(seconds_left) and C(limit_bytes_s).
    type: path
  retries:
    description:
      - Tries after a cut that brought nothing new; tries that bring something are not counted.
    type: int
    default: 5
  state_directory:
    description:
      - Where a copy keeps its lock, and what a later run needs to go on.
    type: path
    default: /var/lib/anjianyun/copying
extends_documentation_fragment:
  - anjianyun.datacenter.tree_source
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Says what rsync would do, in RV(would).
  diff_mode:
    support: none
    description: Files are not shown.
seealso:
  - module: anjianyun.datacenter.tree_verify
"""

EXAMPLES = r"""
- name: Act | bring the uploads while the old server works
  anjianyun.datacenter.tree_copy:
    source_host: 10.45.1.20
    source_key_file: /etc/anjianyun/migration/id_ed25519
    source_known_hosts: /etc/anjianyun/migration/known_hosts
    trees:
      - src: /var/www/uploads
      - src: /home
    exclude: ["*.tmp", "/lost+found"]
    mode: until_small
    limit_hours:
      - {from: "08:00", to: "18:00", days: [mon, tue, wed, thu, fri], mbit_s: 100}
    limits_file: /etc/anjianyun/migration/limits.json
    progress_file: /run/anjianyun-copy.json
"""

RETURN = r"""
method:
  description: C(rsync) or C(tar).
  returned: success
  type: str
bytes:
  description: Bytes of files that were brought; what was here already does not count.
  returned: when something was copied
  type: int
line_bytes:
  description: What really came over the line, as the connections counted it.
  returned: when something was copied
  type: int
files:
  description: Files that were brought.
  returned: when something was copied
  type: int
deleted:
  description: Files that were removed here.
  returned: when something was copied
  type: int
seconds:
  description: How long it took.
  returned: when something was copied
  type: float
bytes_s:
  description: Bytes of files a second.
  returned: when something was copied
  type: int
rounds:
  description: Each pass with its C(seconds), C(bytes), C(files), C(changes), C(resumed) and others.
  returned: when something was copied
  type: list
  elements: dict
small:
  description: The last round was small; null in the mode V(once).
  returned: when something was copied
  type: bool
reason:
  description: Why the rounds ended, as a sentence.
  returned: when something was copied
  type: str
channels:
  description: SSH sessions of the first round.
  returned: when something was copied
  type: int
compressed:
  description: Whether it was.
  returned: when something was copied
  type: bool
resumed_bytes:
  description: What a killed rsync had of unfinished files, and was kept.
  returned: when something was copied
  type: int
room:
  description: How it was proved that there is room, with C(proved_by), C(needed_bytes), C(free_bytes).
  returned: when something was copied
  type: dict
source_rsync:
  description: The version of rsync at the source; null when there is none.
  returned: when something was copied
  type: str
vanished:
  description: The first files that vanished at the source while they were copied.
  returned: when something was copied
  type: list
  elements: str
notes:
  description: What the reader should know, as sentences.
  returned: when something was copied
  type: list
  elements: str
would:
  description: The first lines of what rsync would do, as its C(--itemize-changes) writes them.
  returned: in check mode
  type: list
  elements: str
would_count:
  description: All of them; null where the source has no rsync.
  returned: in check mode
  type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.arguments import (
    tree_copy_argument_spec,
    tree_source_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.copier import copy_trees


def main() -> None:
    module = AnsibleModule(
        argument_spec={**tree_source_argument_spec(), **tree_copy_argument_spec()},
        supports_check_mode=True,
    )
    try:
        result = copy_trees(module.params, module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
