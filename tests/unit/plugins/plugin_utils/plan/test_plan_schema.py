# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published schema and the generated documentation are what the models say."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest
import yaml

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.source import read_source

ROOT = Path(__file__).resolve().parents[5]
PLANS = ROOT / "tests" / "plans"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("plan_docs", ROOT / "tools" / "plan_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()
DOCUMENTS: dict[Path, str] = GENERATOR.documents()
VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / GENERATOR.SCHEMA).read_text()))


@pytest.mark.parametrize("file", DOCUMENTS, ids=str)
def test_what_is_generated_is_up_to_date(file: Path) -> None:
    assert (ROOT / file).read_text() == DOCUMENTS[file], "run tools/plan_docs.py"


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("plan", ["inventory/guangxi/plan", "inventory/rehearsal/plan", "tests/plans/base"])
def test_the_schema_accepts_a_sound_plan(plan: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read_source(ROOT / plan).data)] == []


@pytest.mark.parametrize(
    ("mistake", "path"),
    [
        ("unknown-key", "centres.nanning.networks.bmc"),
        ("missing-key", "lines.dr-edge"),
        ("wrong-type", "lines.dr-edge.rate_mbit"),
        ("wrong-word", "lines.dr-edge.kind"),
        ("wrong-name", "centres.nanning.hosts"),
    ],
)
def test_the_schema_refuses_what_the_models_refuse(mistake: str, path: str, tmp_path: Path) -> None:
    plan = Path(shutil.copytree(PLANS / "base", tmp_path / "plan"))
    for change in yaml.safe_load((PLANS / mistake / "change.yml").read_text())["changes"]:
        file = plan / change["file"]
        file.write_text(file.read_text().replace(change["find"], change["put"]))
    paths = {
        ".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(read_source(plan).data)
    }
    assert paths == {path}


@pytest.mark.parametrize("file", [file for file in DOCUMENTS if file.suffix == ".md"], ids=str)
def test_every_key_is_explained(file: Path) -> None:
    rows = [row for row in DOCUMENTS[file].splitlines() if row.startswith("| `")]
    unexplained = [row for row in rows if not re.split(r"(?<!\\)\|", row)[4].strip()]
    assert len(rows) > 100
    assert unexplained == []


@pytest.mark.parametrize("file", [file for file in DOCUMENTS if file.suffix == ".md"], ids=str)
def test_links_lead_somewhere(file: Path) -> None:
    text = DOCUMENTS[file]
    headings = {heading.lower() for heading in re.findall(r"^## (\w+)$", text, re.M)}
    assert set(re.findall(r"\]\(#(\w+)\)", text)) <= headings
    for target in re.findall(r"\]\(([^#)]+)\)", text):
        assert (ROOT / file.parent / target).exists(), target
