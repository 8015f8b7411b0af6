# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A campaign's results as the pages docs/faults.md and docs/faults.zh-CN.md. Pure but for writing them."""

from __future__ import annotations

import collections
import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from campaign.acts import Act
from campaign.ground import CONNECTIONS
from campaign.plan import LOSSES, SCENARIOS
from campaign.run import shortened
from campaign.texts import FAULT_TITLES, TEXTS, WAYS

Result = dict[str, Any]
SAID_MOST = 170
#: A failover over whole lines may lose what was on its way when the primary died: one report of each of the
#: county's connections, no more.
ON_THE_WAY = CONNECTIONS
#: The subjects of the cases whose lines are cut or full before.
LOSSY = {f"{scenario.fault}, {scenario.name}" for scenario in LOSSES}


def failed(result: Result) -> bool:
    """Whether a trial has a finding: a problem, two writers, a loss without a failover or in two counts."""
    if result["problems"]:
        return True
    if result["kind"] == "control":
        return result.get("two_writers") is not True
    if result.get("two_writers") is not False:
        return True
    if result.get("lost") is None:
        return True
    if result["lost"] > allowed_loss(result):
        return True
    return result.get("counted") is not None and result["counted"] != result["lost"]


def allowed_loss(result: Result) -> float:
    """How many acknowledged reports a trial may lose: only a failover may lose what was not copied yet."""
    if not any(step["runbook"] == "failover" for step in result.get("steps", [])):
        return 0
    return float("inf") if result["subject"] in LOSSY else ON_THE_WAY


def write(docs: Path, found: Sequence[Result], acts: Sequence[Act]) -> None:
    """Both pages."""
    for language, name in (("en", "faults.md"), ("zh", "faults.zh-CN.md")):
        (docs / name).write_text(page(found, acts, language), encoding="utf-8")


def page(found: Sequence[Result], acts: Sequence[Act], language: str) -> str:
    """One page."""
    say = TEXTS[language]
    faults = [r for r in found if r["kind"] == "fault"]
    kills = {r["trial"]: r for r in found if r["kind"] == "kill"}
    drawn = {
        "seeds": ", ".join(sorted({str(r["seed"]) for r in found})),
        "trials": len(found),
        # In the order in which they were broken.
        "revisions": ", ".join(dict.fromkeys(str(r.get("revision", "?")) for r in found)),
    }
    machines = "; ".join(sorted({str(r.get("machine", "?")) for r in found}))
    parts = [
        say["head"],
        say["drawn"].format(**drawn, machine=machines, load=_figure(statistics.median(_loads(found)))),
        f"## {say['faults']}\n\n{say['faults_text']}\n\n{_faults(faults, language)}",
        f"## {say['losses']}\n\n{say['losses_text']}\n\n{_losses(faults, language)}",
        f"## {say['control']}\n\n{_control(found, language)}",
        f"## {say['kills']}\n\n{say['kills_text']}\n\n{_kills(kills, acts, language)}",
        f"## {say['findings']}\n\n{_findings(found, language)}",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _loads(found: Sequence[Result]) -> list[float]:
    return [float(r.get("load", 0)) for r in found] or [0.0]


def _faults(found: Sequence[Result], language: str) -> str:
    say = TEXTS[language]
    rows = []
    for scenario in SCENARIOS:
        part = [r for r in found if r["subject"] == f"{scenario.fault}, {scenario.name}"]
        rows.append(
            [
                FAULT_TITLES[scenario.fault][language], WAYS[scenario.name][language], str(len(part)),
                seen(part, language), happens(part, language), spread(part, "outage_s"),
                spread(part, "rto_s"), lost(part), writers(part, language),
            ]
        )  # fmt: skip
    return grid(say["fault_columns"], rows)


def _losses(found: Sequence[Result], language: str) -> str:
    rows = []
    for scenario in LOSSES:
        for r in (r for r in found if r["subject"] == f"{scenario.fault}, {scenario.name}"):
            same = "?" if r.get("counted") is None else _yes(r["counted"] == r["lost"], language)
            rows.append(
                [
                    WAYS[scenario.name][language], r["trial"], _known(r.get("acknowledged")),
                    _known(r.get("lost")), _known(r.get("counted")), same, writers([r], language),
                ]
            )  # fmt: skip
    return grid(TEXTS[language]["loss_columns"], rows)


def _control(found: Sequence[Result], language: str) -> str:
    say = TEXTS[language]
    control = next((r for r in found if r["kind"] == "control"), None)
    if control is None:
        return say["no_control"]
    return say["control_text"].format(
        two=str(control.get("two_writers")).lower(),
        lost=_known(control.get("lost")),
        moves=_known(control.get("moves")),
    )


def _kills(kills: dict[str, Result], acts: Sequence[Act], language: str) -> str:
    say = TEXTS[language]
    rows = []
    for act in acts:
        r = kills.get(f"kill.{act.key}")
        if r is None:
            rows.append([act.key, code(act.title), "–", "–", "–", "–", "–", "–"])
            continue
        again = [s for s in r["steps"] if s["runbook"] == act.runbook]
        after = next((n for n, step in enumerate(again) if step["said"] == "killed"), None)
        following = again[after + 1] if after is not None and len(again) > after + 1 else None
        done = (
            "–"
            if following is None
            else f"{following['seconds']} s"
            if not following["code"]
            else say["stopped"]
        )
        rows.append(
            [
                act.key, code(act.title), f"{r['offset_s']} s" if r.get("inside") else say["missed"],
                say[r["victim"]], done, spread([r], "outage_s"), lost([r]),
                say["found"] if failed(r) else say["none"],
            ]
        )  # fmt: skip
    return grid(say["kill_columns"], rows)


def _findings(found: Sequence[Result], language: str) -> str:
    say = TEXTS[language]
    lines = []
    for r in found:
        if failed(r):
            words = [clean(problem, 400) for problem in r["problems"]]
            if r["kind"] != "control" and r.get("two_writers") is not False:
                words.append(f"two_writers: {str(r.get('two_writers')).lower()}")
            if r["kind"] != "control" and (r.get("lost") or 0) > allowed_loss(r):
                words.append(f"lost {r['lost']}, and the lines were whole")
            if r.get("counted") is not None and r["counted"] != r["lost"]:
                words.append(f"lost {r['lost']}, counted {r['counted']}")
            lines.append(f"- `{r['trial']}` ({r['subject'].split(',')[0]}): {'; '.join(words) or '?'}")
    return "\n".join(lines) or say["no_findings"]


# Cells


def seen(part: Iterable[Result], language: str) -> str:
    """What an operator reads, or sees, most often."""
    say = TEXTS[language]
    words: collections.Counter[str] = collections.Counter()
    for r in part:
        stopped = next((s for s in r["steps"] if s["code"] and s["said"] != "killed"), None)
        if stopped is not None:
            words[code(clean(stopped["said"], SAID_MOST))] += 1
        elif operated(r):
            words[say["reports_stop"]] += 1
        else:
            words[say["nothing"]] += 1
    # Of equals the first in the alphabet, so that the page does not depend on the order of the trials.
    return min(words, key=lambda text: (-words[text], text)) if words else "–"


def operated(r: Result) -> bool:
    """Whether the operator began a runbook because of the fault itself."""
    return bool(r["steps"]) and not r["runbook"]


def happens(part: Iterable[Result], language: str) -> str:
    """Which runbooks ran to what end, most often."""
    say = TEXTS[language]
    words: collections.Counter[str] = collections.Counter()
    for r in part:
        steps = [f"{s['runbook']} ({say['stopped']})" if s["code"] else s["runbook"] for s in r["steps"]]
        words[" → ".join(steps) or say["goes_on"]] += 1
    return min(words, key=lambda text: (-words[text], text)) if words else "–"


def spread(part: Iterable[Result], key: str) -> str:
    """Median and worst; a figure that is not known counts as the worst."""
    values = [r.get(key) for r in part if not (key == "rto_s" and r.get(key) is None)]
    known = [float(value) for value in values if value is not None]
    if not known:
        return "–" if not values else "?"
    worst = "?" if len(known) < len(values) else _figure(max(known))
    return f"{_figure(statistics.median(known))} / {worst}"


def lost(part: Iterable[Result]) -> str:
    """The sum, and of how many; a trial whose loss is not known makes it unknown."""
    trials = list(part)
    if not trials:
        return "–"
    if any(r.get("lost") is None for r in trials):
        return "?"
    return f"{sum(r['lost'] for r in trials)} / {sum(r['acknowledged'] for r in trials)}"


def writers(part: Iterable[Result], language: str) -> str:
    """Never, in how many trials, or not known."""
    found = [r.get("two_writers") for r in part]
    if not found:
        return "–"
    if any(found):
        return f"**{sum(bool(x) for x in found)} × {_yes(True, language)}**"
    return "?" if None in found else _yes(False, language)


def _yes(value: bool, language: str) -> str:
    return TEXTS[language]["yes" if value else "no"]


def _known(value: Any) -> str:
    return "?" if value is None else str(value)


def _figure(value: float) -> str:
    return f"{value:.1f}"


_PLACE = re.compile(r"/\S*?/trials/[^/\s]+/")


def clean(text: str, most: int) -> str:
    """A text of a run without the places of the machine that it ran on."""
    return shortened(_PLACE.sub("~/", text), most)


def code(text: str) -> str:
    """As code in a cell."""
    return "`" + text.replace("`", "'").replace("|", "¦") + "`"


def grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("\n", " ") for cell in line) + " |" for line in lines)
