# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's power switch, as a hand uses it."""

from __future__ import annotations

import subprocess

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names


def keep_off(names: Names, node: str) -> None:
    """Mark a node that is off as wanted so: nothing but its switch starts it."""
    (names.node_dir(node) / "kept_off").touch()


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
