# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dependency graph as a drawing: a column a wave, a frame a group, arrows to what is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import BLOCKER
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.graph import WRITTEN, Edge
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.waves import Plan

CARD_WIDTH, CARD_HEIGHT = 216, 78
#: Between columns, where arrows and their ports stand.
GAP, PAD, BETWEEN, TOP = 150, 16, 26, 96
#: So many of the ways to others are drawn; the data has all.
MOST_OUTSIDE = 8
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Who depends on whom, and what moves when",
        "wave": "Wave",
        "clients": "Clients",
        "others": "Others",
        "blockers": "blockers",
        "warnings": "warnings",
        "unknown": "unknown",
        "tight": "moves together",
        "open": "was connected",
        "written": "address in a file",
        "more": "more",
        "bulk": "bulk copy",
        "window": "cutover",
    },
    "zh": {
        "title": "系统依赖关系与迁移批次",
        "wave": "批次",
        "clients": "客户端",
        "others": "外部系统",
        "blockers": "阻断",
        "warnings": "警告",
        "unknown": "未知",
        "tight": "须同批迁移",
        "open": "观测到连接",
        "written": "配置中出现地址",
        "more": "项未列出",
        "bulk": "全量复制",
        "window": "割接",
    },
}
_STYLE = """
text { font-family: 'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', Arial, sans-serif; font-size: 12px }
text { fill: #1f2933 }
.title { font-size: 18px; font-weight: bold } .head { font-size: 14px; font-weight: bold }
.name { font-size: 13px; font-weight: bold } .small { font-size: 11px; fill: #52606d }
.port { font-size: 11px } .behind { fill: #fff; fill-opacity: 0.85 }
.bad { fill: #b42318; font-weight: bold } .card { fill: #fff; stroke: #52606d }
.group { fill: #eef4fb; stroke: #9fb3c8 }
.outside { fill: #f7f7f7; stroke: #9aa5b1; stroke-dasharray: 3 3 }
.way { fill: none; stroke: #52606d; stroke-width: 1.4 } .tight { stroke: #b42318; stroke-width: 2.2 }
.written { stroke: #9aa5b1; stroke-dasharray: 5 4 }
"""


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width


def size(count: int | None, words: Mapping[str, str]) -> str:
    if count is None:
        return words["unknown"]
    value, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit in ("B", "KB") or value >= 100 else f"{value:.1f} {unit}"


def duration(seconds: float | None, words: Mapping[str, str]) -> str:
    if seconds is None:
        return words["unknown"]
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _layout(plan: Plan, left: float) -> tuple[dict[str, Box], list[Box], float]:
    """Where each system stands, the frames of those that move together, and how high all is."""
    cards: dict[str, Box] = {}
    frames: list[Box] = []
    bottom = float(TOP)
    for column, wave in enumerate(plan.waves):
        x, y = left + column * (CARD_WIDTH + 2 * PAD + GAP), float(TOP)
        for group in wave.groups:
            height = 2 * PAD + len(group) * CARD_HEIGHT + (len(group) - 1) * BETWEEN
            frames.append(Box(x, y, CARD_WIDTH + 2 * PAD, height))
            for number, name in enumerate(group):
                cards[name] = Box(
                    x + PAD, y + PAD + number * (CARD_HEIGHT + BETWEEN), CARD_WIDTH, CARD_HEIGHT
                )
            y += height + BETWEEN
        bottom = max(bottom, y)
    return cards, frames, bottom


def _text(x: float, y: float, said: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{escape(said)}</text>'


def _rect(box: Box, kind: str, round_: int = 6) -> str:
    return (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" '
        f'rx="{round_}" class="{kind}"/>'
    )


def _databases(document: Mapping[str, Any]) -> str:
    found = [
        f"PostgreSQL {(one['version'] or 0) // 10000 or '?'}" for one in known(document, "postgresql", ())
    ]
    found += [
        f"MariaDB {'.'.join(str(one['variables'].get('version', '?')).split('.')[:2])}"
        for one in known(document, "mariadb", ())
    ]
    return ", ".join(found)


def _card(plan: Plan, name: str, box: Box, words: Mapping[str, str]) -> Iterator[str]:
    system = known(plan.systems[name], "system", {})
    measured, found = plan.estimates[name], plan.findings[name]
    blockers = sum(one.severity == BLOCKER for one in found)
    release = system.get("os", {}).get("name") or words["unknown"]
    databases = _databases(plan.systems[name])
    yield "<g>" + _rect(box, "card")
    yield f"<title>{escape(chr(10).join(f'{one.severity}: {one.sentence}' for one in found))}</title>"
    yield _text(box.x + 10, box.y + 19, name, "name")
    yield _text(box.x + 10, box.y + 36, release[:34], "small")
    size_ = size(measured.total_bytes, words)
    yield _text(box.x + 10, box.y + 52, f"{databases}, {size_}" if databases else size_, "small")
    yield _text(
        box.x + 10, box.y + 69, f"{words['blockers']} {blockers}", "small bad" if blockers else "small"
    )
    yield _text(box.x + 100, box.y + 69, f"{words['warnings']} {len(found) - blockers}", "small") + "</g>"


def _arrow(edge: Edge, cards: Mapping[str, Box], number: int) -> Iterator[str]:
    """From who depends to what he needs; within a column around its right side."""
    here, there = cards[edge.source], cards[edge.target]
    kind = "tight" if edge.tight else "written" if edge.how == WRITTEN else ""
    # Ends of several arrows at one card stand apart.
    shift = (number % 5 - 2) * 9
    a, b = here.middle + shift, there.middle + shift
    if here.x == there.x:
        out = here.right + 34 + 9 * (number % 4)
        path = f"M{here.right:.0f},{a:.0f} C{out:.0f},{a:.0f} {out:.0f},{b:.0f} {there.right + 7:.0f},{b:.0f}"
        x, y, anchor = here.right + 30 + 9 * (number % 4), (a + b) / 2 + 4, "start"
    elif here.x > there.x:
        reach = min(110.0, (here.x - there.right) / 2)
        path = (
            f"M{here.x:.0f},{a:.0f} C{here.x - reach:.0f},{a:.0f} {there.right + reach:.0f},{b:.0f} "
            f"{there.right + 7:.0f},{b:.0f}"
        )
        # Near its beginning, where it has not met the others yet.
        x, y, anchor = here.x - PAD - 8, a - 5, "end"
    else:
        reach = min(110.0, (there.x - here.right) / 2)
        path = (
            f"M{here.right:.0f},{a:.0f} C{here.right + reach:.0f},{a:.0f} {there.x - reach:.0f},{b:.0f} "
            f"{there.x - 7:.0f},{b:.0f}"
        )
        x, y, anchor = here.right + PAD + 8, a - 5, "start"
    yield f'<path d="{path}" class="way {kind}" marker-end="url(#{"red" if edge.tight else "grey"})"/>'
    if edge.port:
        wide = 7.0 * len(str(edge.port)) + 4
        yield _rect(Box(x - 2 if anchor == "start" else x + 2 - wide, y - 10, wide, 13), "behind", 2)
        yield _text(x, y, f"{edge.port}", "port", anchor)


def _outside(
    plan: Plan, direction: str, cards: Mapping[str, Box], x: float, words: Mapping[str, str]
) -> Iterator[str]:
    """Those who were not assessed: clients at the left, what is needed of others at the right."""
    ways = [one for one in plan.outside if one.direction == direction]
    ways.sort(
        key=lambda one: (
            cards[one.system].x if direction == "in" else -cards[one.system].x,
            cards[one.system].y,
        )
    )
    shown = ways[:MOST_OUTSIDE]
    yield _text(x, TOP - 14, words["clients" if direction == "in" else "others"], "head")
    for number, one in enumerate(shown):
        box, card = Box(x, TOP + number * 46, 150, 36), cards[one.system]
        yield _rect(box, "outside")
        yield _text(box.x + 8, box.y + 15, one.peer, "small")
        count = f" x {one.count}" if one.count > 1 else ""
        yield _text(
            box.x + 8,
            box.y + 29,
            f"{one.system}:{one.port}{count}" if direction == "in" else f":{one.port}{count}",
            "small",
        )
        if direction == "in":
            a, b = (box.right, box.middle), (card.x - 7, card.y + 12)
        else:
            a, b = (card.right, card.y + CARD_HEIGHT - 12), (box.x - 7, box.middle)
        bend = (b[0] - a[0]) / 2
        yield (
            f'<path d="M{a[0]:.0f},{a[1]:.0f} C{a[0] + bend:.0f},{a[1]:.0f} {b[0] - bend:.0f},{b[1]:.0f} '
            f'{b[0]:.0f},{b[1]:.0f}" class="way" stroke-opacity="0.35" marker-end="url(#grey)"/>'
        )
    if len(ways) > len(shown):
        yield _text(x, TOP + len(shown) * 46 + 14, f"+ {len(ways) - len(shown)} {words['more']}", "small")


def _legend(y: float, left: float, words: Mapping[str, str]) -> Iterator[str]:
    for number, (kind, word) in enumerate((("tight", "tight"), ("", "open"), ("written", "written"))):
        x = left + number * 190
        yield f'<path d="M{x:.0f},{y:.0f} L{x + 40:.0f},{y:.0f}" class="way {kind}"/>'
        yield _text(x + 48, y + 4, words[word], "small")


def svg(plan: Plan, language: str = "en") -> str:
    """The drawing, complete in itself."""
    words = WORDS[language]
    clients = any(one.direction == "in" for one in plan.outside)
    others = any(one.direction == "out" for one in plan.outside)
    left = 24.0 + (150 + 90 if clients else 0)
    cards, frames, bottom = _layout(plan, left)
    right = left + len(plan.waves) * (CARD_WIDTH + 2 * PAD + GAP) - GAP
    bottom = max(bottom, TOP + 46 * min(MOST_OUTSIDE + 1, len(plan.outside)))
    width = max(640.0, right + 70 + (GAP + 100 if others else 0))
    parts = [_text(24, 32, words["title"], "title")]
    for wave, data in zip(plan.waves, plan.as_dict()["waves"], strict=True):
        x = left + (wave.number - 1) * (CARD_WIDTH + 2 * PAD + GAP)
        hours = data["bulk_hours"]
        bulk = duration(None if hours is None else hours * 3600, words)
        parts.append(_text(x, TOP - 30, f"{words['wave']} {wave.number}", "head"))
        window = duration(data["window_s"]["as_it_stands"], words)
        parts.append(_text(x, TOP - 12, f"{words['bulk']} {bulk}, {words['window']} {window}", "small"))
    parts += [_rect(frame, "group", 10) for frame in frames]
    if clients:
        parts += _outside(plan, "in", cards, 24, words)
    if others:
        parts += _outside(plan, "out", cards, right + GAP - 40, words)
    parts += [line for number, edge in enumerate(plan.edges) for line in _arrow(edge, cards, number)]
    # On top, so that a way to a column further on passes behind.
    parts += [line for name, box in cards.items() for line in _card(plan, name, box, words)]
    parts += _legend(bottom + 18, 24, words)
    marker = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="7" markerHeight="7" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{colour}"/></marker>'
        for name, colour in (("red", "#b42318"), ("grey", "#52606d"))
    )
    height = bottom + 44
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}">\n<style>{_STYLE}</style>\n<defs>{marker}</defs>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
