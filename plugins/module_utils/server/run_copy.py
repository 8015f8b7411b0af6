# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host keeps of a run: a copy of its journal, and of its evidence. Standard library, Python 3.9."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

_EVIDENCE = re.compile(r"([0-9a-f]{64})(\.[a-z0-9]{1,10})?")


def read(directory: Path) -> dict[str, Any]:
    """The copy of the journal as it stands, and which evidence is there and is what its name says.

    :raises DatacenterError: when there is a copy that cannot be read. That is not as if there were none.
    """
    try:
        try:
            text: bytes | None = (directory / "journal.jsonl").read_bytes()
        except FileNotFoundError:
            text = None
        folder = directory / "evidence"
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        evidence = [path.name for path in files if _is_what_it_is_called(path)]
    except OSError as error:
        raise DatacenterError(
            "the copy of the run cannot be read",
            device=str(directory),
            cause=str(error),
            next_step="read it as root, or see what stands there in its place",
        ) from error
    return {
        "found": text is not None,
        "content": base64.b64encode(text or b"").decode(),
        "evidence": evidence,
    }


def _is_what_it_is_called(path: Path) -> bool:
    named = _EVIDENCE.fullmatch(path.name)
    if named is None or not path.is_file():
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1024 * 1024), b""):
            digest.update(chunk)
    return digest.hexdigest() == named[1]
