# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for network devices have in common (``module_utils/netdevice/arguments.py``)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  driver:
    description:
      - The device's driver. V(frr) is this collection's own; V(eos), V(ios), V(iosxr_netconf), V(junos),
        V(nxos_ssh) come with NAPALM; others (V(huawei_vrp), V(h3c_comware)) are packages of its community.
    type: str
    required: true
  host:
    description:
      - Address or name of the device.
    type: str
    required: true
  name:
    description:
      - What people call it, for messages and for the archive's folder. By default O(host).
    type: str
  user:
    description:
      - Who logs in.
    type: str
    required: true
  password:
    description:
      - The password. Not needed with a key.
    type: str
  key_file:
    description:
      - The private key, a file of the control node. For drivers that use SSH.
    type: path
  port:
    description:
      - The port, when it is not the usual one.
    type: int
  timeout:
    description:
      - Seconds that connecting, and one answer, may take.
    type: float
    default: 30
  optional_args:
    description:
      - What the driver takes beside that, as its documentation says. The driver V(frr) takes C(ssh_strict)
        (C(true), an unknown host key is refused), C(alt_key_file) (known hosts other than the user's),
        C(ssh_config_file), C(passphrase), C(use_keys), C(allow_agent), C(sudo), C(pathspace), C(confdir),
        C(state_directory), C(silence_s).
      - Values whose name has password, secret, passphrase or token in it are not logged.
    type: dict
    default: {}
requirements:
  - napalm >= 5.1
  - paramiko >= 3.5 for the driver V(frr)
notes:
  - Runs on the control node, under the interpreter that runs Ansible. Each device is a host of its own in the
    inventory (C(connection=local)); so a fleet of some hundred routers is worked at by Ansible's forks, and
    C(serial), C(limit) and failed hosts keep their meaning.
"""
