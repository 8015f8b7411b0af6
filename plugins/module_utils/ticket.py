# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ticket under which work was announced. Standard library, Python 3.9."""

from __future__ import annotations

CHARACTERS = 64


def ticket(text: str) -> str:
    """A ticket's number.

    :raises ValueError: with a sentence, when it is none.
    """
    stripped = str(text).strip()
    if not stripped:
        raise ValueError("it is empty")
    if not stripped.isprintable():
        raise ValueError("it is not one line of text")
    if len(stripped) > CHARACTERS:
        raise ValueError(f"it has {len(stripped)} characters, and at most {CHARACTERS} are allowed")
    return stripped
