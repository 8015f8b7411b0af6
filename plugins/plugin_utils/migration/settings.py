# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a moved file says otherwise at the new place. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused


def moved_settings(text: str, settings: Iterable[Mapping[str, str]]) -> str:
    """The text with each setting's line in the place of the one that its expression matches.

    :param settings: ``file``, ``find`` (a regular expression, searched in each line) and ``put``.
    :raises Refused: when an expression matches no line, or several: the file is another one than the plan was
        written for. A line that is as it should be already counts.
    """
    lines = text.split("\n")
    for setting in settings:
        expression = re.compile(setting["find"])
        found = [number for number, line in enumerate(lines) if expression.search(line)]
        if not found and lines.count(setting["put"]) == 1:
            continue
        if len(found) != 1:
            raise Refused(
                f"its settings cannot be carried over: {len(found)} lines match {setting['find']!r}",
                device=setting["file"],
                cause="the plan says what one line is at the new place",
                next_step="correct 'find' in the plan, so that it matches this line alone",
            )
        lines[found[0]] = setting["put"]
    return "\n".join(lines)
