# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which runs of a runbook a host keeps the journals of. Standard library, Python 3.9."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: One of every run that a directory holds.
JOURNALS = "*/journal.jsonl"
#: Bytes of a journal at most: whoever hands one over may not fill this machine's memory.
LONGEST = 64 * 1024 * 1024


def kept(directory: Path, runbook: str) -> list[dict[str, Any]]:
    """The journals of that runbook, by the name of their directory: base64 of zlib, since a survey is long.

    One that does not tell what it is of is handed over as well: who cannot read it may not take it for none.
    Whether a run has ended is not judged here: the copy that says so may lie elsewhere.

    :raises DatacenterError: when one cannot be read. That is not as if there were none.
    """
    try:
        paths = sorted(directory.glob(JOURNALS)) if _is_there(directory) else []
        texts = [(path.parent.name, path.read_bytes()) for path in paths]
    except OSError as error:
        raise DatacenterError(
            "the journals that are kept here cannot be read",
            device=str(directory),
            cause=str(error),
            next_step="read them as root, or see what stands there in their place",
        ) from error
    return [
        {"run": name, "content": base64.b64encode(zlib.compress(text)).decode()}
        for name, text in texts
        if runbook_of(text) in (runbook, None)
    ]


def _is_there(directory: Path) -> bool:
    """A directory that may not be looked into is not one without journals, as glob would have it."""
    try:
        next(directory.iterdir(), None)
    except FileNotFoundError:
        return False
    return True


def unpacked(content: str) -> bytes:
    """A journal as :func:`kept` hands it over.

    :raises ValueError: when it is none.
    """
    packed = zlib.decompressobj()
    try:
        text = packed.decompress(base64.b64decode(content, validate=True), LONGEST)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not packed.eof:
        raise ValueError("it is cut, or too long for a journal")
    return text


def runbook_of(text: bytes) -> str | None:
    """What a journal is of, empty when it is of no run yet; None when it does not tell."""
    # What stands behind the last end of line was not written to its end.
    for line in text.split(b"\n")[:-1]:
        try:
            entry = json.loads(line)
            if entry["kind"] == "run":
                return str(entry.get("runbook") or "") or None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
    return ""
