# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware versions, beside the least that they have to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc

#: Digits count as numbers, letters as words; all between them only separates.
_PARTS = re.compile(r"\d+|[a-z]+")


def info(bmc: Bmc, expected: Mapping[str, str]) -> dict[str, Any]:
    """What runs there.

    :param expected: the least version by component.
    :returns: ``differences`` (component, expected, found, cause), ``meets`` (there are none), and the facts.
        A version that is not known, or cannot be compared, does not meet anything.
    """
    found = bmc.read_firmware()
    differences = []
    for component, least in expected.items():
        version = found.components.get(component)
        cause = _misses(version, least)
        if cause is not None:
            cause = found.unsupported.get(component, cause) if version is None else cause
            differences.append({"component": component, "expected": least, "found": version, "cause": cause})
    return {"changed": False, **found.as_dict(), "meets": not differences, "differences": differences}


def _misses(version: str | None, least: str) -> str | None:
    """Why it is not known to be so new; ``None`` when it is."""
    if version is None:
        return "the BMC does not tell it"
    comparison = compare(version, least)
    if comparison is None:
        return "the two are written in different ways and cannot be compared"
    return "it is older" if comparison < 0 else None


def compare(one: str, other: str) -> int | None:
    """Below, equal or above zero as one is older, equal or newer; ``None`` when that cannot be said."""
    left, right = (_PARTS.findall(text.lower()) for text in (one, other))
    if not left or not right:
        return None
    for a, b in zip(left, right):
        if a.isdigit() != b.isdigit():
            return None
        if a.isdigit() and int(a) != int(b):
            return -1 if int(a) < int(b) else 1
        if not a.isdigit() and a != b:
            # A word in front names a product's line: P79 and U32 are no versions of one thing.
            return None if a is left[0] else (-1 if a < b else 1)
    return (len(left) > len(right)) - (len(left) < len(right))
