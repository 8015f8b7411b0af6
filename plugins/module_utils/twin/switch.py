# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's power switch, as a hand uses it."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
from typing import Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.locks import taken
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names


def keep_off(names: Names, node: str) -> None:
    """Mark a node that is off as wanted so: nothing but its switch starts it."""
    (names.node_dir(node) / "kept_off").touch()


@contextlib.contextmanager
def held(names: Names, node: str, wait_s: float = 30.0) -> Iterator[None]:
    """Keep every hand off a node's switch, as the switch itself does while it works.

    :raises DatacenterError: when somebody else has a hand on it for longer.
    """
    with (names.node_dir(node) / "lock").open("a") as file:
        if not taken(lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB), wait_s, pause_s=0.01):
            raise DatacenterError(
                "the power switch is in use",
                device=node,
                cause=f"somebody holds it for more than {wait_s:g} s",
                next_step="see who (fuser -v the file lock beside the switch), then run this again",
            )
        yield


def use(names: Names, node: str, verb: str) -> str:
    """Use a node's power switch; returns what it prints.

    :raises DatacenterError: with its own words when it cannot.
    """
    done = subprocess.run(
        [str(names.power(node)), verb], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        console = names.node_dir(node) / "console.log"
        tail = console.read_text(errors="replace").strip().splitlines()[-2:] if console.exists() else []
        raise DatacenterError(
            f"cannot be switched {verb}",
            device=node,
            cause=" / ".join([done.stderr.strip(), *tail]).strip(" /"),
            next_step=f"see {console}, then run this again",
        )
    return done.stdout.strip()
