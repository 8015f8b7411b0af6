# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A schedule and a rack as people read them: at a terminal, and on paper in the room."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.house import Device, House
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.meter import Load
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.power.schedule import Schedule, Step

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "down": "Power down",
        "up": "Power up",
        "from": "run from",
        "at": "at",
        "stage": "stage",
        "what": "what",
        "hosts": "hosts",
        "watts": "watts then",
        "on": "switch on",
        "shutdown": "shut down",
        "comes": "comes with its server",
        "hand": "BY HAND",
        "hand_down": "BY HAND, behind all of these",
        "hand_up": "BY HAND, before any of these",
        "nothing": "nothing to do: everything is so already",
        "already": "is so already",
        "ends": "ends",
        "charge": "before: UPS {name} has at least {percent} %",
        "not": "must not be done",
        "rack": "Rack",
        "unit": "unit",
        "device": "device",
        "serial": "serial number",
        "power": "greatest power",
        "sockets": "PDU",
        "free": "free",
        "cables": "Cables",
        "interface": "interface",
        "line": "line",
        "other": "other end",
        "load_pdu": "PDU",
        "load_feed": "feed",
        "load_room": "room",
        "pdu": "PDU of feed {feed}: {watts} W{limit}",
        "limit": " of {limit} W",
    },
    "zh": {
        "down": "有序下电",
        "up": "有序上电",
        "from": "执行自",
        "at": "时刻",
        "stage": "阶段",
        "what": "操作",
        "hosts": "主机",
        "watts": "此时功率",
        "on": "开机",
        "shutdown": "关机",
        "comes": "随其服务器启动",
        "hand": "人工操作",
        "hand_down": "人工操作（在以上全部之后）",
        "hand_up": "人工操作（在以上全部之前）",
        "nothing": "无需操作：均已就绪",
        "already": "已就绪",
        "ends": "结束",
        "charge": "之前：UPS {name} 电量不低于 {percent}%",
        "not": "不得执行",
        "rack": "机柜",
        "unit": "U 位",
        "device": "设备",
        "serial": "序列号",
        "power": "最大功率",
        "sockets": "PDU",
        "free": "空",
        "cables": "线缆",
        "interface": "接口",
        "line": "线路",
        "other": "对端",
        "load_pdu": "PDU",
        "load_feed": "供电路",
        "load_room": "机房",
        "pdu": "{feed} 路 PDU：{watts} 瓦{limit}",
        "limit": "，上限 {limit} 瓦",
    },
}


def clock(seconds: int) -> str:
    """Such as 00:02:35."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def schedule_lines(found: Schedule, language: str = "en", by_hand: Sequence[str] = ()) -> list[str]:
    """The schedule as a table, with what stands before it and what is left to a person.

    :param by_hand: what stands beside it in the room, and is no part of the sequence.
    """
    words = WORDS[language]
    lines = [f"{words[found.direction]}, {words['from']} {found.control_node or '?'}"]
    lines += ["  " + words["charge"].format(name=ups.name, percent=ups.charge_percent) for ups in found.ups]
    if found.already:
        lines.append(f"  {words['already']}: {', '.join(found.already)}")
    if found.steps:
        head = [words[key] for key in ("at", "stage", "what", "hosts", "watts")]
        tiers = {stage.number: ", ".join(stage.tiers) for stage in found.stages}
        rows = [
            [
                clock(step.at_s),
                f"{step.stage} {tiers[step.stage]}",
                words[step.action],
                ", ".join(step.hosts),
                "; ".join(_load(load, words) for load in tightest(step)),
            ]
            for step in found.steps
        ]
        lines += ["  " + line for line in table([head, *rows])]
        lines.append(f"  {clock(found.takes_s)}  {words['ends']}")
    elif not found.refusals:
        lines.append(f"  {words['nothing']}")
    if by_hand:
        lines.append(f"  {words['hand_' + found.direction]}: {', '.join(by_hand)}")
    lines += [f"  ! {remark}" for remark in [*found.remarks, *found.left, *found.missing]]
    if found.refusals:
        lines += [f"  {words['not']}:", *(f"  - {sentence}" for sentence in found.refusals)]
    return lines


def tightest(step: Step) -> list[Load]:
    """Of its PDUs the one with least left, of its feeds too, and the room: what a reader must see."""
    found = []
    for kind in ("pdu", "feed", "room"):
        loads = [load for load in step.loads if load.kind == kind]
        if kind == "room":
            found += loads
        elif loads:
            found.append(max(loads, key=lambda load: load.drawn / load.limit if load.limit else 0.0))
    return found


def _load(load: Load, words: dict[str, str]) -> str:
    limit = f"/{load.limit}" if load.limit is not None else ""
    return f"{words['load_' + load.kind]} {load.name} {load.drawn}{limit} W"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side; a Chinese character takes two places."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def rack_sheet(
    house: House, centre: str, room: str, rack: str, language: str = "en", by_hand: Collection[str] = ()
) -> str:
    """A rack as Markdown: what stands where, on which PDUs, with which cables.

    :param language: ``en`` or ``zh``.
    :param by_hand: what people switch; it is marked.
    """
    words = WORDS[language]
    stated = house.rooms[centre, room].racks[rack]
    devices = [d for d in house.devices.values() if (d.centre, d.room, d.rack) == (centre, room, rack)]
    lines = [f"# {words['rack']} {centre}/{room}/{rack}", ""]
    for feed in house.rooms[centre, room].feeds:
        watts = sum(device.watts for device in devices if feed in device.feeds)
        limit = words["limit"].format(limit=stated.watts) if stated.watts else ""
        if watts:
            lines.append("- " + words["pdu"].format(feed=feed, watts=watts, limit=limit))
    lines += ["", *_markdown([words[k] for k in ("unit", "device", "serial", "power", "sockets")])]
    lines += _units(devices, stated.units, words["free"], dict.fromkeys(by_hand, words["hand"]))
    lines += ["", f"## {words['cables']}", ""]
    lines += _markdown([words[key] for key in ("device", "interface", "line", "other")])
    for device in _from_top(devices):
        for cable in house.cables.get(device.name, ()):
            lines.append(
                _row([device.name, cable.interface, cable.line, f"{cable.other} {cable.other_interface}"])
            )
    return "\n".join(lines) + "\n"


def _from_top(devices: Iterable[Device]) -> list[Device]:
    return sorted(devices, key=lambda device: -device.unit)


def _units(devices: list[Device], units: int, free: str, marks: Mapping[str, str]) -> list[str]:
    """From the top unit down, as one stands before it; free units in one line."""
    lines = []
    below = units
    for device in _from_top(devices):
        top = device.unit + device.height_u - 1
        if top < below:
            lines.append(_row([_span(top + 1, below), free, "", "", ""]))
        sockets = ", ".join(device.feeds)
        name = f"{device.name} ({marks[device.name]})" if device.name in marks else device.name
        lines.append(_row([_span(device.unit, top), name, device.serial or "", f"{device.watts} W", sockets]))
        below = device.unit - 1
    if below > 0:
        lines.append(_row([_span(1, below), free, "", "", ""]))
    return lines


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _markdown(head: Sequence[str]) -> list[str]:
    return [_row(head), _row(["---"] * len(head))]


def _row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
