# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was replaced, kept in files: <directory>/<device>/<UTC>-<first 12 of the SHA-256>.conf.

A file is the device's own configuration, passwords included, so it is readable by its owner alone. Its
name carries its digest: one that was changed is refused when it is to be restored.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_NAME = re.compile(r"^\d{8}T\d{6}\.\d{6}Z-([0-9a-f]{12})\.conf$")


@dataclass(frozen=True)
class Archive:
    """A folder with a folder for each device."""

    directory: Path

    def keep(self, device: str, text: str) -> dict[str, Any]:
        """Keep a configuration; where it is, and its digest.

        :raises DatacenterError: when it cannot be kept; then nothing may be replaced.
        """
        digest = hashlib.sha256(text.encode()).hexdigest()
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        folder = self._folder(device)
        path = folder / f"{stamp}-{digest[:12]}.conf"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, path)
        except OSError as error:
            raise DatacenterError(
                "what would be replaced cannot be archived, so nothing was changed", device=device,
                cause=str(error), next_step=f"make {self.directory} writable, then run this again",
            ) from error  # fmt: skip
        return {"path": str(path), "sha256": digest}

    def newest(self, device: str) -> Path:
        """The last configuration that was kept of a device."""
        found = sorted(path for path in self._folder(device).glob("*.conf") if _NAME.match(path.name))
        if not found:
            raise DatacenterError(
                "there is nothing to restore", device=device, cause=f"{self._folder(device)} has no archive",
                next_step="name the archive that is meant with src",
            )  # fmt: skip
        return found[-1]

    def _folder(self, device: str) -> Path:
        """Two devices never share one: a name that is no name of a file is told apart by its digest."""
        plain = re.sub(r"[^A-Za-z0-9._-]|^\.+$", "_", device)
        digest = hashlib.sha256(device.encode()).hexdigest()[:8]
        return self.directory / (plain if plain == device else f"{plain}-{digest}")


def read_archive(path: Path, device: str) -> str:
    """An archive's text.

    :raises DatacenterError: when it cannot be read, or is not what its name says.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DatacenterError(
            "the archive cannot be read", device=device, cause=f"{path}: {error}",
            next_step="name another archive with src",
        ) from error  # fmt: skip
    named = _NAME.match(path.name)
    if not named or hashlib.sha256(text.encode()).hexdigest()[:12] != named[1]:
        raise DatacenterError(
            "the archive is not what its name says", device=device,
            cause=f"the digest of {path} differs" if named else f"{path.name} carries no digest",
            next_step="name another one, or give the text as config with mode replace after looking at it",
        )  # fmt: skip
    return text
