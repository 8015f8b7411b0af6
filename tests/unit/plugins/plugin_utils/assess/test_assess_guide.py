# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's table of awkward things names findings that there are, and says what is really said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[5]
GUIDE = ROOT / "docs" / "guides" / "in-the-way.md"
LANGUAGES = (GUIDE, GUIDE.with_suffix(".zh-CN.md"))
#: Who says what stands in double quotes.
SAYING = ("plugins/module_utils/database/follow", "plugins/plugin_utils/assess", "roles/server_migrate/tasks")
#: What a table says in code that is no finding: options, settings, statements.
FINDING = re.compile(
    r"`((?:pg|my|file|files|user|package|time|set|hard|locale|runtime|selinux|apparmor)_\w+)`"
)


def _rows(guide: Path) -> list[list[str]]:
    lines = [line for line in guide.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line]


def _texts() -> Iterator[str]:
    """Each text of the programs in one piece, with a gap where a value stands."""
    for place in SAYING:
        for path in (ROOT / place).rglob("*"):
            if path.suffix == ".py":
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.JoinedStr):
                        parts = node.values
                        yield "".join(
                            str(one.value) if isinstance(one, ast.Constant) else "{}" for one in parts
                        )
                    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value
            elif path.suffix == ".yml":
                yield " ".join(path.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("guide", LANGUAGES, ids=lambda guide: guide.name)
def test_what_the_table_names_is_told(guide: Path) -> None:
    texts = list(_texts())
    named = [name for row in _rows(guide) for name in FINDING.findall(row[1])]
    assert len(named) > 50
    assert [name for name in named if name not in texts] == []
    said = [words for row in _rows(guide) if len(row) == 4 for words in re.findall('"([^"]+)"', row[2])]
    assert len(said) > 25
    assert [words for words in said if not any(words in text for text in texts)] == []


def test_both_languages_have_the_same_rows() -> None:
    one, other = (
        [
            (FINDING.findall(row[1]), re.findall('"([^"]+)"', row[2]) if len(row) == 4 else [])
            for row in _rows(guide)
        ]
        for guide in LANGUAGES
    )
    assert one == other
