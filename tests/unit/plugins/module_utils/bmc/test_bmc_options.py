# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the BMC modules, that match their pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.anjianyun.datacenter.plugins.doc_fragments.bmc import ModuleDocFragment
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import arguments
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

ROOT = Path(__file__).parents[5]
SECRET = "correct horse bat"


def params(**changed: Any) -> dict[str, Any]:
    spec = arguments.connection_argument_spec()
    values = {name: option.get("default") for name, option in spec.items()}
    return {**values, "address": "10.1.20.11", "user": "ops", "password": "x", **changed}


def test_a_target_from_options() -> None:
    (target,) = arguments.targets_from(params())
    assert (target.name, target.cipher_suite, target.privilege) == ("10.1.20.11", 17, "operator")


def test_a_fleet_from_options() -> None:
    own = {"name": "b", "address": "10.1.20.12", "password": "y", "port": 6230}
    stated: list[dict[str, Any]] = [{"address": "10.1.20.11"}, own]
    one = dict.fromkeys(("name", "user", "password", "port", "cipher_suite", "privilege"))
    targets = arguments.targets_from(params(targets=[{**one, **given} for given in stated]))
    assert [(target.name, target.password, target.port) for target in targets] == [
        ("10.1.20.11", "x", 623),
        ("b", "y", 6230),
    ]


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"targets": []}, "neither address nor targets"),
        ({"address": None}, "neither address nor targets"),
        ({"address": None, "targets": [{"address": "a", "name": "n"}, {"address": "b", "name": "n"}]},
         "more than one target is called n"),
        ({"address": None, "user": None, "targets": [{"address": "a", "name": None}]},
         "user is not given of a"),
    ],
)  # fmt: skip
def test_a_fleet_that_is_not_one(given: dict[str, Any], cause: str) -> None:
    with pytest.raises(DatacenterError, match=cause):
        arguments.targets_from(params(**given))


def test_all_wrong_options_are_named_at_once() -> None:
    with pytest.raises(DatacenterError) as error:
        arguments.targets_from(params(answer_s=0, deadline_s=-1, user="u" * 17, password=SECRET * 2))
    for word in ("answer_s", "deadline_s", "user is longer", "password is longer"):
        assert word in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (ModuleDocFragment.DOCUMENTATION, arguments.connection_argument_spec()),
        (ModuleDocFragment.CONFIRMATION, arguments.confirmation_argument_spec()),
    ],
)
def test_the_fragment_says_what_the_spec_says(text: str, spec: dict[str, dict[str, Any]]) -> None:
    assert without(yaml.safe_load(text)["options"], "description") == without(spec, "no_log")


def without(options: Any, left_out: str) -> Any:
    """Options of any depth without one of their keys, in the words of an argument spec."""
    plain: dict[str, Any] = {}
    for name, option in options.items():
        inner = option.get("suboptions", option.get("options"))
        kept = {k: v for k, v in option.items() if k not in (left_out, "suboptions", "options")}
        plain[name] = {**kept, "options": without(inner, left_out)} if inner else kept
    return plain


def test_every_module_is_in_the_action_group() -> None:
    group = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]["bmc"]
    assert group == sorted(path.stem for path in (ROOT / "plugins/modules").glob("bmc_*.py"))
