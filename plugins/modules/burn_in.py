#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: burn_in
short_description: Loads a server's CPU, memory and disk for a while
version_added: 0.2.0
description:
  - Runs on the server. Starts stress-ng as the transient unit C(anjianyun-burn-in.service), which ends by
    itself, also when nobody asks any more, and then removes the files that loaded the disk.
  - What is true is read from systemd. The role P(anjianyun.datacenter.burn_in#role) loads several servers,
    and watches their sensors.
options:
  state:
    description:
      - V(read) only reads. V(started) starts the load and refuses when one runs.
      - V(ended) waits for O(wait_s), stops the load when it still runs, reads what stress-ng said, removes
        all that is left, and fails unless nothing is.
      - V(stopping) tells the load to stop and waits for nothing, neither for the server's answer nor for the
        load's end, so that a loop reaches all servers within seconds and one that is silent delays no other.
        Whether it ended is for V(ended) to read. It counts as changed.
    type: str
    choices: [read, started, stopping, ended]
    default: read
  seconds:
    description: Seconds that the load lasts.
    type: int
    default: 300
  cpus:
    description: Processes that load the CPU, V(0) for as many as there are CPUs.
    type: int
    default: 0
  memory_share:
    description:
      - Share that is loaded of the memory that is free, on the machine and under the limits of its control
        groups.
    type: float
    default: 0.5
  disk_mb:
    description: Megabytes (MiB) of the file that loads the disk.
    type: int
    default: 256
  directory:
    description: Where on the disk; a folder of its own is made there, and removed.
    type: path
    default: /var/tmp
  results:
    description: Folder for what stress-ng says until it has been read.
    type: path
    default: /run/anjianyun-burn-in
  wait_s:
    description: Seconds that O(state=ended) waits before it stops the load.
    type: float
    default: 0
attributes:
  check_mode:
    support: full
    description: Starts and stops nothing.
  diff_mode:
    support: none
    description: There is no text to compare.
author:
  - the anjianyun.datacenter authors (@anjianyun)
"""

EXAMPLES = r"""
- name: Act | the load begins
  anjianyun.datacenter.burn_in:
    state: started
    seconds: 600

- name: Act | every load is told to stop
  anjianyun.datacenter.burn_in:
    state: stopping
  delegate_to: "{{ item }}"
  loop: [nn-db-01, nn-app-01]

- name: Act | the load ends, and nothing is left
  anjianyun.datacenter.burn_in:
    state: ended
    wait_s: 630
  register: load
"""

RETURN = r"""
running:
  description: Whether the unit runs.
  returned: O(state=read)
  type: bool
program:
  description: Path of stress-ng, null when it is not there.
  returned: O(state=read)
  type: str
memory_mb:
  description: MiB of memory that are free, or that are loaded.
  returned: O(state=read), O(state=started)
  type: int
disk_mb:
  description: MiB that are free where the disk would be loaded.
  returned: O(state=read)
  type: int
left:
  description: Folders of a load that are there.
  returned: O(state=read)
  type: list
  elements: str
stopped:
  description: Whether the load had to be stopped.
  returned: O(state=ended)
  type: bool
said:
  description: What is known of the load; null when nothing is.
  returned: O(state=ended)
  type: dict
  contains:
    asked_s:
      description: Seconds that it should last.
      type: int
    seconds:
      description: Seconds that it lasted.
      type: int
    result:
      description: How systemd saw the unit end; C(success), C(timeout), C(signal), C(exit-code), C(oom-kill).
      type: str
    status:
      description: The exit status or the signal.
      type: str
    metrics:
      description: What stress-ng measured, as YAML.
      type: str
    failures:
      description: What stress-ng calls failures and errors.
      type: list
      elements: str
    skipped:
      description: What it says of stressors that it left out, which is no failure to it.
      type: list
      elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import burn_in


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["read", "started", "stopping", "ended"], "default": "read"},
            "seconds": {"type": "int", "default": 300},
            "cpus": {"type": "int", "default": 0},
            "memory_share": {"type": "float", "default": 0.5},
            "disk_mb": {"type": "int", "default": 256},
            "directory": {"type": "path", "default": "/var/tmp"},
            "results": {"type": "path", "default": "/run/anjianyun-burn-in"},
            "wait_s": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    given, check = module.params, module.check_mode
    try:
        places = burn_in.Places(given["directory"], given["results"])
        if given["state"] == "started":
            load = burn_in.Load(given["seconds"], given["cpus"], given["memory_share"], given["disk_mb"])
            result = burn_in.start(load, places, check=check)
        elif given["state"] == "stopping":
            result = burn_in.tell(check=check)
        elif given["state"] == "ended":
            result = burn_in.end(places, given["wait_s"], check=check)
        else:
            result = burn_in.info(places)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
