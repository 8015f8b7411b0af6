# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: one file for a browser without a network, in English and Chinese."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any, Mapping, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.evidence import Evidence
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.phases import outside, phases
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.titles import STEPS
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report import charts, history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts import TEXTS
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts_history import (
    TEXTS as HISTORY_TEXTS,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts_room import (
    TEXTS as ROOM_TEXTS,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.trace import critical_path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room.checklist import clauses

TEMPLATES = Path(__file__).parent / "templates"
#: Every text of the page; a panel of its own has its own.
WORDS = {**TEXTS, **HISTORY_TEXTS, **ROOM_TEXTS}
#: In this order: what comes later wins.
STYLES = ("style.css", "history.css", "room.css")
#: How much is shown around a phase.
AROUND_S = 2.0


def page(report: Mapping[str, Any], evidence: Evidence, language: str = "en") -> str:
    """The whole page.

    :param language: the one that shows first; the other is a click away, without a script.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=text, step_title=step_title, svg_text=svg_text)
    environment.filters["milliseconds"] = milliseconds
    environment.globals["texts"] = TEXTS
    environment.filters.update(
        clock=clock, day=day, seconds=seconds, count=count, target=target, digest=digest, long=long,
        value=value,
    )  # fmt: skip
    # The styles are files of ours, not evidence.
    style = Markup("".join((TEMPLATES / name).read_text(encoding="utf-8") for name in STYLES))
    return environment.get_template("report.html.j2").render(
        report=report,
        language=language,
        style=style,
        figures=figures(report),
        whole=_whole_chart(report, evidence),
        parts=_parts(report, evidence),
        before=_shown(outside(evidence.entries)),
        diffs=_diffs(evidence.entries),
        panel=history.panel(report),
        room=report["room"],
        clauses=clauses() if report["room"] else {},
    )


# What is put into the templates


def text(key: str, **values: Any) -> Markup:
    """A text of ours in both languages; values are escaped."""
    english, chinese = WORDS[key]
    return _both(
        Markup(english).format(**values) if values else Markup(english),
        Markup(chinese).format(**values) if values else Markup(chinese),
    )


def _both(english: str, chinese: str) -> Markup:
    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(english, chinese)


def svg_text(key: str, **values: Any) -> Markup:
    """As :func:`text`, inside of an SVG text."""
    english, chinese = WORDS[key]
    return Markup('<tspan lang="en">{}</tspan><tspan lang="zh">{}</tspan>').format(
        english.format(**values), chinese.format(**values)
    )


def step_title(title: str, svg: bool = False) -> Markup:
    """A step's name as the runbook has it, and in Chinese where it is known."""
    if title not in STEPS:
        return escape(title)
    if svg:
        return Markup('<tspan lang="en">{}</tspan><tspan lang="zh">{}</tspan>').format(title, STEPS[title])
    return _both(title, STEPS[title])


def moment(value: float | None) -> datetime | None:
    """Epoch seconds in the time zone of the machine that makes the report."""
    return None if value is None else datetime.fromtimestamp(float(value)).astimezone()


def clock(value: float | None) -> str:
    """A time of day to the tenth of a second."""
    found = moment(value)
    return "—" if found is None else f"{found:%H:%M:%S}.{found.microsecond // 100000}"


def day(value: float | None) -> str:
    """A day and time with its zone."""
    found = moment(value)
    return "—" if found is None else f"{found:%Y-%m-%d %H:%M:%S %z}"


def seconds(value: float | None) -> str:
    """Seconds as a person reads them, a dash when they are not known. What is not 0 is not rounded to it."""
    if value is None:
        return "—"
    if 0 < value < 0.005:
        return "< 0.01 s"
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def long(value: float | None) -> Markup:
    """Minutes, hours or days, whichever a person would say."""
    if value is None:
        return Markup("—")
    if value < 5400:
        return text("r_minutes", minutes=round(value / 60, 1))
    return (
        text("r_hours", hours=round(value / 3600, 1))
        if value < 172800
        else text("r_days", days=round(value / 86400, 1))
    )


def value(found: Any) -> str:
    """What a device said, in one line; a dash when it said nothing."""
    if found in (None, "", [], {}):
        return "—"
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)


def milliseconds(value: float) -> str:
    """Seconds to the millisecond, for what is measured so."""
    return f"{value:.3f} s"


def target(value: float | None) -> str:
    """A promised number of seconds, as it was promised."""
    return "—" if value is None else f"{value:g} s"


def count(value: float | None) -> str:
    """A number with its thousands apart."""
    return "—" if value is None else f"{value:,}".replace(",", "\u202f")


def digest(value: str | None) -> str:
    """A digest in groups, so that two can be compared by eye."""
    whole = value or ""
    return " ".join(whole[i : i + 8] for i in range(0, len(whole), 8)) or "—"


def figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """The figures at the top: the worst of all phases; None where one is not known."""
    parts = report["phases"]
    failovers = [part for part in parts if part["kind"] == "failover"]

    def worst(name: str, of: Sequence[Mapping[str, Any]]) -> float | None:
        values = [part[name] for part in of]
        return max(values) if values and None not in values else None

    def least(name: str) -> float | None:
        values = [part[name] for part in parts if part[name] is not None]
        return min(values) if values else None

    return {
        "outage_s": worst("outage_s", parts),
        "planned_outage_s": worst("outage_s", [part for part in parts if part["kind"] != "failover"]),
        "failovers": len(failovers),
        "rto_s": worst("rto_s", failovers),
        "rto_target_s": least("rto_target_s"),
        "rpo_s": worst("rpo_s", parts),
        "rpo_target_s": least("rpo_target_s"),
        "lost_state": _lost_state(report),
        "retries": sum(client["retries"] for client in report["clients"]) if report["clients"] else None,
        "seconds": report["ended"] - report["started"] if report["phases"] else None,
    }


def _lost_state(report: Mapping[str, Any]) -> str:
    """How the lost reports are coloured: a loss that was accepted beforehand is neither good nor bad."""
    if report["lost_acknowledged"] == 0:
        return "good"
    against = {reason["code"] for reason in report["reasons"]} & {"lost", "rpo_over", "rpo_unknown"}
    return "bad" if against or report["lost_acknowledged"] is None else ""


def _moments(evidence: Evidence) -> tuple[list[float], list[float]]:
    acks = sorted(ack.acked for client in evidence.clients for ack in client.acks)
    return acks, sorted(at for client in evidence.clients for at in client.retries)


def _whole_chart(report: Mapping[str, Any], evidence: Evidence) -> charts.ClientChart | None:
    acks, retries = _moments(evidence)
    if not acks or not report["phases"]:
        return None
    begin = math.floor(min(acks[0], report["phases"][0]["started"]))
    end = max(acks[-1], *(part["ended"] or acks[-1] for part in report["phases"])) + 1
    return charts.client_chart(acks, retries, charts.Span(begin, end), report["phases"])


def _parts(report: Mapping[str, Any], evidence: Evidence) -> list[dict[str, Any]]:
    """For each phase what the page shows of it besides report.json."""
    acks, retries = _moments(evidence)
    found = []
    for part, phase in zip(report["phases"], phases(evidence.entries), strict=True):
        chart = None
        if part["outage_s"] is not None:
            span = charts.Span(part["outage_from"] - AROUND_S, part["outage_to"] + AROUND_S)
            chart = charts.client_chart(acks, retries, span, [part])
        found.append(
            {
                "part": part,
                "path": critical_path(part),
                "gantt": charts.gantt(part) if part["steps"] else None,
                "chart": chart,
                "approvals": phase.of_kind("approval", "attestation"),
                "judged": _shown(phase.entries),
                "measures": phase.of_kind("measure"),
                "reasons": [r for r in report["reasons"] if r["phase"] == part["n"]],
            }
        )
    return found


def _shown(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The gates and verifies among the lines."""
    return [entry for entry in entries if entry["kind"] in ("gate", "verify")]


def _diffs(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Differences of device configurations that a run wrote down."""
    found = []
    for entry in entries:
        data = entry.get("data")
        if (
            entry["kind"] in ("note", "measure")
            and isinstance(data, dict)
            and isinstance(data.get("diff"), str)
        ):
            found.append({"name": entry["name"], "device": data.get("device", ""), "diff": data["diff"]})
    return found
