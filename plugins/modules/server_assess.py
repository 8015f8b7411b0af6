#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_assess
short_description: Reads a legacy server in one round trip, without changing it
version_added: 0.3.0
description:
  - Sends one script over the connection, as M(ansible.builtin.raw) does. Nothing is installed, and no file
    is written there. It runs under the server's own Python (3.6 or later) where there is one, else under its
    plain shell, and both give the same document.
  - The document says what the system is, its packages and what has been changed of them, services, accounts,
    jobs, disks, sockets, who is connected with whom, databases, certificates, where applications lie, and the
    load over a sampling time.
  - What cannot be known stands there as C(unknown), with why.
  - No secret leaves the server. Of passwords it is only told how they are kept, files of private keys are
    not opened, and words that look like a password are masked in the lines of jobs and units.
  - Databases are asked through their own clients over their own sockets, read only, as the user who owns
    PostgreSQL and as C(root) of MariaDB. So the task should C(become) root.
options:
  dest:
    description:
      - Where the document is written on the control node, as JSON; in a directory under the host's name.
    type: path
  target:
    description: The system that it is to be moved to; what stands in the way is then told in RV(findings).
    type: str
    choices: [debian-12, debian-13]
  sample_s:
    description:
      - Seconds over which load and connections are sampled. A connection that lasts less than a second, or
        of a nightly job, is seen only by luck; assess several times.
    type: int
    default: 10
  verify_packages:
    description:
      - Compare files with the packages that they came in. This reads all of them, at low priority.
    type: bool
    default: true
  search_s:
    description:
      - Seconds that one search through files may take. What takes longer is not known.
    type: int
    default: 120
  roots:
    description: Below which directories applications and their files lie; each directory in them is measured.
    type: list
    elements: str
    default: [/var/www, /srv, /opt, /home, /usr/local, /var/spool/mail, /var/mail]
  interpreter:
    description: V(sh) uses the plain shell also where there is Python.
    type: str
    choices: [auto, sh]
    default: auto
author:
  - the anjianyun.datacenter authors (@anjianyun)
notes:
  - Needs no Python on the server, and no facts. Set C(gather_facts) to false.
  - It reads, and it is the load of reading. Searches run at low priority and are bounded in time where the
    server has Python or C(timeout).
seealso:
  - module: anjianyun.datacenter.migration_waves
attributes:
  check_mode:
    support: full
    description: Reads as always, and writes no O(dest).
  diff_mode:
    support: none
    description: Reads only.
"""

EXAMPLES = r"""
- name: Read | what the legacy servers are
  anjianyun.datacenter.server_assess:
    dest: "{{ playbook_dir }}/assessed/"
    target: debian-13
  become: true
  register: assessed
"""

RETURN = r"""
document:
  description:
    - All that is known, by section. A section that is not known is a dictionary with C(unknown) alone; one
      that is known in part stands in C(in_part) with why.
  returned: success
  type: dict
by:
  description: What ran it there, C(python) with its version, or C(sh).
  returned: success
  type: str
seconds:
  description: How long it took.
  returned: success
  type: float
dest:
  description: The file that was written.
  returned: with O(dest), not in check mode
  type: str
findings:
  description:
    - What stands in the way of a migration, or has to be known for one. C(name), C(severity) (C(blocker) or
    - What stands in the way of a migration, or has to be known for one. C(name), C(severity) (C(blocker) or
      C(warning)), C(way) (C(all), or C(online) for databases copied while they run), C(what), C(where),
  returned: with O(target)
  type: list
  elements: dict
"""
