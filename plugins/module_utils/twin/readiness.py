# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until every machine of a twin answers on its SSH port."""

from __future__ import annotations

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DeadlineExceeded
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import cgroups, netlink
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Node, Spec

SSH_PORT = 22
_ASK_S = 1.0


def wait(spec: Spec, names: Names, excused: set[str], deadline_s: float) -> None:
    """Wait for all but the excused ones.

    :raises DeadlineExceeded: naming each that does not answer and the end of its console.
    """
    asked = [node for node in spec.rooted() if node.name not in excused]
    waiting = [node for node in asked if not cgroups.frozen_groups(names.node_group(node.name))]
    end = time.monotonic() + deadline_s
    with ThreadPoolExecutor(8) as pool:
        while waiting:
            answers = list(pool.map(lambda node: answers_ssh(names, node), waiting))
            waiting = [node for node, answered in zip(waiting, answers) if not answered]
            if waiting and time.monotonic() > end:
                raise DeadlineExceeded(
                    f"no SSH from {len(waiting)} machine(s) within {deadline_s:g} s",
                    device=", ".join(node.name for node in waiting),
                    cause="; ".join(f"{node.name}: {_console(names, node)}" for node in waiting[:3]),
                    next_step="see console.log in the node's directory, or run this again",
                )
            if waiting:
                time.sleep(0.05)


def answers_ssh(names: Names, node: Node) -> bool:
    """Whether its sshd greets, asked from inside its own namespace, so that no route matters."""

    def ask() -> bool:
        with contextlib.suppress(OSError), socket.create_connection((node.address, SSH_PORT), _ASK_S) as peer:
            return peer.recv(4) == b"SSH-"
        return False

    return netlink.in_namespace(names.namespace(node.name), ask)


def _console(names: Names, node: Node) -> str:
    with contextlib.suppress(OSError, IndexError):
        text = (names.node_dir(node.name) / "console.log").read_text(errors="replace")
        return text.strip().splitlines()[-1][:200]
    return "its console says nothing"
