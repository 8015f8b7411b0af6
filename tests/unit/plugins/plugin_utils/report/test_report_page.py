# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page and its neighbours: whole, in both languages, and nothing in them that is not evidence."""

from __future__ import annotations

import json
import re
import string
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.reasons import SENTENCES
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report import charts
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import make_report, summary
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.junit import JUDGEMENTS
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.page import TEMPLATES, seconds
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts import TEXTS
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.plugin_utils.drill.sample import (
    BASE,
    Sample,
    sample,
)

VOID = {"meta", "input", "br", "rect", "path", "line"}
RATE = 0.25


class Page(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order. Keeps its texts by language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"": [], "en": [], "zh": []}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            above = self.open[-1][1] if self.open else ""
            self.open.append((tag, above if tag == "html" else str(found.get("lang") or above)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1][0] not in ("style", "title"):
            self.texts[self.open[-1][1]].append(data.strip())

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _tag, attributes in self.tags if "id" in attributes]


def made(directory: Path, drill: Sample | None = None, **options: Any) -> tuple[dict[str, Any], str]:
    report, _changed = make_report((drill or sample(RATE)).write(directory), **options)
    return report, (directory / "report.html").read_text(encoding="utf-8")


def failing() -> Sample:
    drill = sample(RATE)
    drill.edit(lambda entry: entry["kind"] == "gate", verdict="refuse")
    drill.client.clear()
    drill.probe.clear()
    drill.drop(lambda entry: entry["kind"] == "proof")
    return drill


@pytest.mark.parametrize("drill", [sample(RATE), failing()], ids=["pass", "fail"])
def test_it_parses_and_says_everything_in_both_languages(drill: Sample, tmp_path: Path) -> None:
    _report, text = made(tmp_path, drill)
    page = Page(text)
    assert len(page.ids()) == len(set(page.ids()))
    assert {"verdict", "figures", "phases", "client", "environment", "journal", "limits"} <= set(page.ids())
    languages = [
        attributes["lang"] for tag, attributes in page.tags if "lang" in attributes and tag != "html"
    ]
    assert languages.count("en") == languages.count("zh") > 50
    # A text in one language stands beside the same text in the other.
    assert languages == ["en", "zh"] * (len(languages) // 2)


def test_it_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    _report, text = made(tmp_path)
    page = Page(text)
    tags = {tag for tag, _attributes in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for _tag, attributes in page.tags:
        assert str(attributes.get("href", "#")).startswith("#")
        assert not {name for name in attributes if name.startswith("on")} | (
            {"src", "action"} & set(attributes)
        )
    assert not re.search(r"url\(|@import|https?://", text)


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    page = Page(made(tmp_path, failing())[1])
    targets = [str(attributes["href"])[1:] for _tag, attributes in page.tags if "href" in attributes]
    assert targets
    assert set(targets) <= set(page.ids())


def test_what_people_wrote_cannot_become_markup(tmp_path: Path) -> None:
    drill = sample(RATE)
    nasty = "<script>alert(1)</script>{{ 7 * 7 }}"
    drill.edit(lambda entry: entry["kind"] == "gate", readings=[{"ok": True, "reading": nasty}])
    drill.edit(lambda entry: entry["kind"] == "approval", risk=nasty, operator=nasty)
    drill.edit(lambda entry: entry["kind"] == "verify", step=nasty)
    drill.edit(lambda entry: entry["kind"] == "phase" and "trigger" in entry, trigger=nasty)
    _report, text = made(tmp_path, drill, title=nasty)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "49" not in "".join(Page(text).texts["en"][:6])


def test_the_language_that_shows_first_is_the_readers(tmp_path: Path) -> None:
    for language in ("en", "zh"):
        _report, text = made(tmp_path, language=language)
        checked = [a["id"] for _tag, a in Page(text).tags if "checked" in a]
        assert checked == [f"lang-{language}"]


def test_a_failed_drill_says_why_at_the_top(tmp_path: Path) -> None:
    report, text = made(tmp_path, failing())
    top = text[: text.index('id="figures"')]
    assert report["reasons"]
    for reason in report["reasons"]:
        assert reason["text_zh"].split("「")[0] in top, reason
    assert "Passed" not in top


def test_it_says_that_a_network_attests_and_who(tmp_path: Path) -> None:
    drill = sample(RATE)
    proof = next(e for e in drill.entries if e["kind"] == "proof" and e["method"] == "bmc")
    attested = {
        **proof,
        "kind": "attestation",
        "name": "old_primary_cannot_write",
        "operator": "wang.fang",
        "statement": "nn-db-01 has no power",
        "risk": "whoever reaches it may write",
        "expires_at": BASE + 3600,
    }
    drill.entries.insert(drill.entries.index(proof), attested)
    _report, text = made(tmp_path, drill)
    for said in ("wang.fang", "nn-db-01 has no power", "whoever reaches it may write"):
        assert said in text


def test_a_loss_that_was_accepted_is_not_shown_as_a_failure(tmp_path: Path) -> None:
    drill = sample(RATE)
    assert drill.surviving is not None
    drill.surviving.remove("last-2")
    report, text = made(tmp_path, drill)
    assert report["verdict"] == "pass"
    assert not re.search(r'class="card bad"', text)


def test_only_the_logs_figures_are_taken_over(tmp_path: Path) -> None:
    drill = sample(RATE)
    for line in drill.client:
        line["error"] = line["url"] = "postgresql://probe:hunter2@10.1.2.11/"
    made(tmp_path, drill)
    for name in ("report.html", "report.json", "junit.xml"):
        assert "hunter2" not in (tmp_path / name).read_text(encoding="utf-8")


def test_device_differences_are_shown(tmp_path: Path) -> None:
    drill = sample(RATE)
    drill.edit(
        lambda e: e["kind"] == "measure", data={"device": "dr-fw-01", "diff": "+ip route 10.100.0.1/32"}
    )
    assert "+ip route 10.100.0.1/32" in made(tmp_path, drill)[1]


def test_the_estate_is_not_told_what_a_twin_cannot_show(tmp_path: Path) -> None:
    drill = sample(RATE)
    drill.edit(lambda entry: "world" in entry, world="estate")
    page = Page(made(tmp_path, drill)[1])
    assert "limits" not in page.ids()
    assert "Estate" in page.texts["en"]


def test_the_same_evidence_gives_the_same_files(tmp_path: Path) -> None:
    made(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    report, changed = make_report(tmp_path)
    assert not changed
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert json.loads(before["report.json"]) == report


def test_a_check_writes_nothing(tmp_path: Path) -> None:
    sample(RATE).write(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    _report, changed = make_report(tmp_path, write=False)
    assert changed
    assert {path.name for path in tmp_path.iterdir()} == before


def test_the_summary_says_how_long_the_service_was_out(tmp_path: Path) -> None:
    report, _text = made(tmp_path)
    said = summary(report, tmp_path)
    assert "PASS" in said
    assert "failover    out for 7.75 s, back 3.60 s after the approval, 0 of" in said
    assert str(tmp_path / "report.html") in said


def test_the_summary_does_not_call_an_unknown_nothing(tmp_path: Path) -> None:
    report, _text = made(tmp_path, failing())
    said = summary(report, tmp_path)
    assert "FAIL" in said
    assert "out for ? s" in said
    assert "not known how many" in said
    assert "because 3 failover: no proof was written down" in said


# junit.xml


def test_a_good_drill_is_all_green(tmp_path: Path) -> None:
    report, _text = made(tmp_path)
    root = ET.parse(tmp_path / "junit.xml").getroot()
    cases = list(root.iter("testcase"))
    assert len(cases) == sum(len(phase["steps"]) for phase in report["phases"]) + len(JUDGEMENTS)
    assert not list(root.iter("failure"))
    assert not list(root.iter("skipped"))


def test_each_reason_is_a_failed_case(tmp_path: Path) -> None:
    report, _text = made(tmp_path, failing())
    root = ET.parse(tmp_path / "junit.xml").getroot()
    said = "\n".join(failure.text or "" for failure in root.iter("failure"))
    for reason in report["reasons"]:
        assert reason["text"] in said
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["failures"]) == len(list(suite.iter("failure")))


def test_a_step_that_was_run_again_is_skipped_and_not_failed(tmp_path: Path) -> None:
    drill = sample(RATE)
    place = next(i for i, entry in enumerate(drill.entries) if entry["kind"] == "gate" and entry["phase"])
    drill.entries.insert(place, {**drill.entries[place], "verdict": "refuse"})
    made(tmp_path, drill)
    root = ET.parse(tmp_path / "junit.xml").getroot()
    assert len(list(root.iter("skipped"))) == 1
    assert not list(root.iter("failure"))


def test_every_reason_belongs_to_one_judgement() -> None:
    codes = [code for codes in JUDGEMENTS.values() for code in codes]
    assert sorted(codes) == sorted(SENTENCES)


# Texts and drawings


def test_texts_have_the_same_figures_in_both_languages() -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}

    for key, (english, chinese) in TEXTS.items():
        assert fields(english) == fields(chinese), key
        assert re.search(r"[\u4e00-\u9fff]", chinese) or key.startswith("def_unknown"), key
        assert not re.search(r"[\u4e00-\u9fff]", english), key


def test_no_text_is_left_over() -> None:
    used = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2"))
    prefixes = tuple(re.findall(r"t\('([a-z_]+_)' ~", used))
    suffixes = ("_sentence",)
    kinds = {"switchover", "failover", "failback", "approval", "attestation", "gate", "verify"}
    words = {"pass", "fail", "twin", "estate", "world_unknown"}
    for key in TEXTS:
        assert (
            f"'{key}'" in used or key.startswith(prefixes) or key.endswith(suffixes) or key in kinds | words
        ), key


def test_a_histogram_has_an_edge_for_each_change() -> None:
    span = charts.Span(0, 4, left=0, right=40)
    assert charts.area([0, 2, 2, 1], span, base=100, scale=10) == "M0 100H10.0V80.0H30.0V90.0H40V100Z"


def test_a_long_run_gets_wider_bins_and_keeps_every_acknowledgement() -> None:
    moments = [float(second) for second in range(3600)]
    chart = charts.client_chart(moments, [], charts.Span(0, 3600), [])
    assert chart.bin_s > charts.BIN_S
    assert 3600 / chart.bin_s <= charts.MOST_BINS


@pytest.mark.parametrize(("value", "nicer"), [(0.03, 0.05), (1, 1), (1.2, 2), (30, 50), (700, 1000)])
def test_axes_are_marked_at_round_figures(value: float, nicer: float) -> None:
    assert charts.nice(value) == pytest.approx(nicer)


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "—"), (0.0, "0.00 s"), (0.001, "< 0.01 s"), (7.754, "7.75 s")]
)
def test_seconds_are_never_rounded_to_nothing(value: float | None, shown: str) -> None:
    assert seconds(value) == shown
