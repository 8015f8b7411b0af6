# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people fill in and take with them: the file of answers, and a sheet to print. Pure; 中英双语."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.checklist import Clause, Group, groups

_HOW = """\
# Room check list: the physical clauses of MLPS level 3 (GB/T 22239-2019, 8.1.1; the texts are paraphrases).
# 机房核查清单：等保三级安全物理环境（GB/T 22239-2019 8.1.1；条文为转述，以标准原文为准）。
#
# For each clause that was looked at / 每查看一条，请填写：
#   state     met | not_met | not_applicable  （符合 | 不符合 | 不适用）
#             open takes an answer back / open 表示撤回
#   by        name of the person who looked / 查看人姓名
#   at        when, with zone / 时间（带时区）: 2026-12-03T10:00+08:00
#   note      the reason; needed unless the clause is met / 说明，除符合外必填
#   evidence  photographs, reports / 照片、报告: [photos/door.jpg], relative to this file / 相对本文件的路径
# What nobody has looked at stays as it is. / 未查看的条目保持原样。
"""
_SHOWN = {
    "met": "met 符合",
    "not_met": "not met 不符合",
    "not_applicable": "not applicable 不适用",
}
_BOXES = "☐ met 符合<br>☐ not met 不符合<br>☐ n/a 不适用"


def template() -> str:
    """The file of answers, nothing answered."""
    parts = ["---", _HOW]
    for group in groups():
        parts.append(f"# {group.id} {group.en} / {group.zh}\n")
        parts += [_entry(clause) for clause in group.clauses]
    return "\n".join(parts)


def _entry(clause: Clause) -> str:
    comments = [clause.en, clause.zh]
    if clause.evidence:
        comments.append(f"Evidence / 证据: {clause.evidence['en']} / {clause.evidence['zh']}")
    shown = "".join(f"  # {comment}\n" for comment in comments)
    return f"{clause.id}:\n{shown}  state:\n  by:\n  at:\n  note:\n  evidence: []\n"


def sheet(answers: Mapping[str, Mapping[str, Any]], title: str = "", ticket: str = "") -> str:
    """The list as Markdown to print, with what is answered so far.

    :param answers: what stands, by clause.
    :param title: which room it is.
    """
    lines = [
        f"# Room check list / 机房核查清单{': ' if title else ''}{_cell(title)}",
        "",
        f"GB/T 22239-2019 8.1.1, level 3 / 第三级 · ticket / 变更单: {_cell(ticket) or '____________'}",
        "",
        "The texts are paraphrases. / 条文为转述，以标准原文为准。",
    ]
    for group in groups():
        lines += ["", f"## {group.id} {group.en} / {group.zh}", ""]
        lines += _table(group, answers)
    lines += [
        "",
        "Checked by / 核查人: ____________ Date / 日期: ____________",
        "",
        "Confirmed by / 复核人: ____________ Date / 日期: ____________",
    ]
    return "\n".join(lines) + "\n"


def _table(group: Group, answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [
        "| Clause 条款 | What is asked 要求 | Answer 结论 | Note, evidence 说明 | By, at 查看人、时间 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for clause in group.clauses:
        given = answers.get(clause.id, {})
        shown = _SHOWN.get(str(given.get("state")), "")
        files = ", ".join(f"{piece['name']} ({piece['sha256'][:12]})" for piece in given.get("evidence", ()))
        cells = [
            clause.id,
            f"{_cell(clause.en)}<br>{_cell(clause.zh)}",
            shown or _BOXES,
            "<br>".join(filter(None, (_cell(str(given.get("note", ""))), _cell(files)))) if shown else "",
            f"{_cell(str(given['by']))}<br>{given['at']}" if shown else "",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _cell(text: str) -> str:
    """Text in a cell: what would end it, or begin a tag, is shown as it is."""
    for sign, shown in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;")):
        text = text.replace(sign, shown)
    return " ".join(text.split())
