# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that is looked at: its files, and the tools that it has. Standard library only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: Where the tools of administrators are, whatever the session's own path is, and where makers of RAID
#: controllers put theirs.
PLACES = (
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    "/opt/MegaRAID/storcli", "/opt/MegaRAID/perccli", "/opt/smartstorageadmin/ssacli/bin",
)  # fmt: skip
#: Seconds for one tool. A drive that is dying answers late, or never.
TOOL_S = 30


class NotTold(DatacenterError):
    """This part cannot be told, for a reason that a person can do something about."""

    def reason(self) -> str:
        """What stands under ``not_told``."""
        said = self.cause or self.what
        return f"{said}. Next: {self.next_step}" if self.next_step else said


@dataclass(frozen=True)
class Said:
    """What a tool printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Machine:
    """:param root: where its file system begins.
    :param places: folders with tools.
    """

    root: Path = Path("/")
    places: Sequence[str] = PLACES

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """A file's text without the blanks around it; None when it is not there or cannot be read."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace").strip("\x00 \n\t")
        except OSError:
            return None

    def names(self, folder: str) -> list[str]:
        """What is in a folder; nothing when there is none."""
        try:
            return sorted(entry.name for entry in self.path(folder).iterdir())
        except OSError:
            return []

    def tool(self, *names: str) -> str | None:
        """Where the first of these tools is."""
        places = os.pathsep.join(self.places)
        for name in names:
            found = shutil.which(name, path=places)
            if found:
                return found
        return None

    def run(self, *command: str) -> Said:
        """Ask a tool; it is ended when it takes too long.

        :raises NotTold: it did not end, or could not be started.
        """
        name = Path(command[0]).name
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TOOL_S,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired as error:
            raise NotTold(
                f"ask {name}",
                cause=f"{name} did not end within {TOOL_S} s",
                next_step=f"run it by hand: {' '.join(command)}",
            ) from error
        except OSError as error:
            raise NotTold(f"ask {name}", cause=f"{name}: {error.strerror}") from error
        return Said(
            done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )

    def json(self, *command: str) -> tuple[Any, int]:
        """What a tool prints as JSON, and its exit code, which may be bad with good data (smartctl).

        :raises NotTold: it is none.
        """
        said = self.run(*command)
        try:
            return json.loads(said.out), said.code
        except ValueError as error:
            name = Path(command[0]).name
            lines = (said.err or said.out).strip().splitlines()
            raise NotTold(
                f"ask {name}",
                cause=f"{name} printed no JSON ({lines[0] if lines else f'exit code {said.code}'})",
                next_step=f"see what it says: {' '.join(command)}",
            ) from error
