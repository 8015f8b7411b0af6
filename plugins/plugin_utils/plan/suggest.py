# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest known word to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: object, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the nearest known word, or nothing.

    >>> nearest("pourpose", ["purpose", "gateway"])
    " (did you mean 'purpose'?)"
    """
    found = difflib.get_close_matches(str(word), [str(item) for item in known], n=1, cutoff=0.6)
    return f" (did you mean '{found[0]}'?)" if found else ""
