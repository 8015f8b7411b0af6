# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers at all? All are asked at once, so the dead ones cost one time-out together."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterable, Mapping

SSH_PORT = 22
ALIVE, REFUSED, SILENT = "alive", "refused", "silent"


def ask_all(targets: Iterable[Mapping[str, Any]], timeout_s: float) -> list[dict[str, Any]]:
    """Ask each target for the greeting that an SSH server says first (RFC 4253, 4.2).

    A port that is open and says nothing is silent: the kernel of a frozen host still opens connections.

    :param targets: ``name``, ``address`` and, where it is another than 22, ``port``.
    :param timeout_s: seconds each has to answer; all are asked at once.
    :returns: in the order asked, ``name``, ``state`` (alive, refused, silent), ``seconds``, ``cause``.
    """
    asked = list(targets)
    if not asked:
        return []
    with ThreadPoolExecutor(max_workers=min(len(asked), 64)) as pool:
        return list(pool.map(lambda target: _ask(target, timeout_s), asked))


def _ask(target: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    began = time.monotonic()
    state, cause = SILENT, ""
    try:
        address = (str(target["address"]), int(target.get("port") or SSH_PORT))
        with socket.create_connection(address, timeout_s) as peer:
            peer.settimeout(max(0.01, timeout_s - (time.monotonic() - began)))
            greeting = peer.recv(4)
        if greeting == b"SSH-":
            state = ALIVE
        else:
            cause = "it opens the connection and does not greet as an SSH server"
    except ConnectionRefusedError as error:
        state, cause = REFUSED, str(error)
    except OSError as error:
        cause = str(error) or type(error).__name__
    return {
        "name": str(target["name"]),
        "state": state,
        "seconds": round(time.monotonic() - began, 3),
        "cause": cause,
    }
