# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change at a time on a cluster. What a killed control process began on this host goes on without it.

The run that goes on where that one broke may come seconds later: it waits until the earlier change is done,
and finds it done. Without that, two rewinds would write into one data directory, and the first to end would
start the server under the other one. Standard library, Python 3.9.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.locks import taken


@contextlib.contextmanager
def alone(cluster: Cluster, wait_s: float) -> Iterator[None]:
    """Keep other changes of the same cluster out; the kernel lets go when the holder dies.

    :raises Refused: when another one lasts longer than ``wait_s`` seconds; nothing was done.
    """
    # The folder itself is locked, so no file is left, and nothing that a swap of the data directory moves.
    folder = cluster.data_directory.parent
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not taken(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), wait_s):
            raise Refused(
                "another change of this database is under way",
                device=cluster.device,
                cause=f"it has kept {folder} locked for more than {wait_s:g} s",
                next_step=f"wait for it, or end it (fuser -v {folder}), then run this again",
            )
        yield
    finally:
        os.close(descriptor)
