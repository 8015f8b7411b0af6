# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof that is handed over while the promotion already waits for it.

Between the stop of the old primary and the promotion every tenth of a second is an outage. A promotion that
is started only then spends most of it on its own start. So it is started before, and waits here.
Standard library, Python 3.9.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.alone import alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import Cluster
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import promote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

# A look costs a few microseconds. Who has waited for a minute waits for people, and looks less often.
LOOK_S = 0.002
LATER_LOOK_S = 0.02
LATER_S = 60.0


def promote_when_handed(
    cluster: Cluster, *, path: str, wait_s: float, timeout_s: float, **how: Any
) -> dict[str, Any]:
    """Promote on the proof that is put into a file; ``times`` of the result say when it was ``handed``.

    :param how: as :func:`promote` takes it.
    """
    # Nobody is kept out while there is nothing to promote on.
    proof = await_proof(path, wait_s, device=cluster.device)
    handed = time.time()
    with alone(cluster, timeout_s):
        result = promote(cluster, proof=proof, timeout_s=timeout_s, **how)
    result["times"]["handed"] = handed
    return result


def await_proof(
    path: str, timeout_s: float, *, device: str, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Wait until the proof is there, take it away, and return it; it serves once.

    :raises Refused: when somebody else than this user could have put it there.
    :raises DeadlineExceeded: when none came; nothing was done.
    """
    begun = time.monotonic()
    deadline = begun + timeout_s
    while True:
        try:
            with open(path, encoding="utf-8") as file:
                _require_ours(os.fstat(file.fileno()), path, device)
                text = file.read()
            break
        except FileNotFoundError:
            if time.monotonic() > deadline:
                raise DeadlineExceeded(
                    f"no proof was handed over within {timeout_s:g} s, so nothing was promoted",
                    device=device,
                    next_step="run the runbook again: what is done stays done",
                ) from None
            sleep(LOOK_S if time.monotonic() - begun < LATER_S else LATER_LOOK_S)
    os.unlink(path)
    try:
        proof = json.loads(text)
    except ValueError as error:
        raise DatacenterError("the proof cannot be read", device=device, cause=f"{path}: {error}") from error
    if not isinstance(proof, dict):
        raise DatacenterError("the proof cannot be read", device=device, cause=f"{path}: it is no object")
    return proof


def _require_ours(found: os.stat_result, path: str, device: str) -> None:
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Refused(
            "the standby is not promoted",
            device=device,
            cause=f"{path} could have been written by somebody else than user {os.geteuid()}",
            next_step="find out who put it there",
        )
