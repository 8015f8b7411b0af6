# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host's own PostgreSQL is, and how it is ended. Asked through its socket, as its own user."""

from __future__ import annotations

import dataclasses
import subprocess
from typing import Any

#: A server that takes longer to say what it is does not serve.
ANSWER_S = 2.0
QUESTION = (
    "SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()),"
    " CASE WHEN pg_is_in_recovery() THEN 0"
    " ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END"
)


@dataclasses.dataclass(frozen=True)
class Local:
    """``role``: ``primary``, ``standby``, ``down``, or ``silent``: it runs, somehow, and does not answer."""

    role: str
    system: str = ""
    timeline: int = 0


def read(config: dict[str, Any]) -> Local:
    """Ask once; every failure is ``down`` or ``silent``."""
    command = [
        f"{config['bin_directory']}/psql", "-XAtqw", "-d", "postgres", "-p", str(config["port"]),
        "-h", config["socket_directory"], "-F", " ", "-c", QUESTION,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_S, check=False, user=config["user"],
            stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"},
            cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Local("silent")
    if done.returncode != 0:
        absent = "No such file" in done.stderr or "Connection refused" in done.stderr
        return Local("down" if absent else "silent")
    try:
        in_recovery, system, timeline = done.stdout.split()
        return Local("standby" if in_recovery == "t" else "primary", system, int(timeline))
    except ValueError:
        return Local("silent")


def end(config: dict[str, Any]) -> str:
    """End every process of the server at once, frozen ones too; empty, or why that failed.

    What was acknowledged is on disk. Then systemd is told to start it again, for Debian's unit does not do
    that by itself after a kill; the boot guard keeps it down for as long as nobody lets it open.
    """
    for command in (["kill", "--signal=SIGKILL"], ["restart", "--no-block"]):
        try:
            done = subprocess.run(
                ["systemctl", *command, config["unit"]], capture_output=True, text=True, timeout=10,
                check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            return " ".join(done.stderr.split())
    return ""
