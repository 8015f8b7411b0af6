# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that name one PostgreSQL cluster on the host the module runs on."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  version:
    description:
      - Major version of the cluster. Only needed when a host has clusters of several versions.
    type: str
  cluster:
    description:
      - Name of the cluster.
    type: str
    default: main
  data_directory:
    description:
      - Data directory of a cluster outside Debian's layout, which systemd does not run.
    type: path
  config_directory:
    description:
      - Directory of C(postgresql.conf) of such a cluster. Default is O(data_directory).
    type: path
  bin_directory:
    description:
      - Directory of PostgreSQL's programs for such a cluster.
    type: path
  socket_directory:
    description:
      - Directory of the server's socket for such a cluster. Default is what its configuration says.
    type: path
  port:
    description:
      - Port of such a cluster. Default is what its configuration says.
    type: int
  log_file:
    description:
      - The server's log of such a cluster.
    type: path
"""
