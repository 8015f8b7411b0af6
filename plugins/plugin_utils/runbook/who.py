# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs this, as the operating system says; and one run at a time for each service."""

from __future__ import annotations

import json
import os
import pwd
import time
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

_UNSET = 0xFFFFFFFF


def operator(
    environment: Mapping[str, str] | None = None, loginuid: Path = Path("/proc/self/loginuid")
) -> str:
    """The name of the person: the login's own, the one behind sudo, or the process's."""
    environment = os.environ if environment is None else environment
    uid = os.getuid()
    try:
        audited = int(loginuid.read_text())
    except (OSError, ValueError):
        audited = _UNSET
    if audited != _UNSET:
        uid = audited
    elif environment.get("SUDO_UID", "").isdigit():
        uid = int(environment["SUDO_UID"])
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    acting = pwd.getpwuid(os.getuid()).pw_name if uid != os.getuid() else ""
    return f"{name} (as {acting})" if acting else name


def started(pid: int) -> str | None:
    """When a process began, in ticks since boot; None when it is gone. Tells a number used again apart."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


class Lock:
    """One file a service and world. It names the process that holds it; a dead holder holds nothing."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / f"{name}.lock"

    def take(self, pid: int, run: str) -> None:
        """Take it, also from a holder that died, and again from oneself.

        :raises Refused: while another process lives that holds it.
        """
        mine = {"pid": pid, "started": started(pid), "run": run, "operator": operator(), "at": time.time()}
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _attempt in range(3):
            try:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                self._refuse_if_held(pid)
                self.path.unlink(missing_ok=True)
                continue
            with os.fdopen(descriptor, "w") as file:
                json.dump(mine, file)
            return
        raise DatacenterError("the lock is taken by others again and again", device=str(self.path))

    def _refuse_if_held(self, pid: int) -> None:
        holder = self.holder()
        if holder and holder["pid"] != pid:
            since = time.strftime("%H:%M:%S", time.localtime(holder["at"]))
            raise Refused(
                "another run works on this service",
                device=str(holder["run"]),
                cause=f"process {holder['pid']} of {holder['operator']}, since {since}",
                next_step="let it end, or end it; what it has done stays done, this run goes on from there",
            )

    def holder(self) -> dict[str, Any] | None:
        """Who holds it and lives."""
        try:
            said: dict[str, Any] = json.loads(self.path.read_text())
            return said if said["started"] and started(int(said["pid"])) == said["started"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def release(self) -> None:
        """Let it go."""
        self.path.unlink(missing_ok=True)
