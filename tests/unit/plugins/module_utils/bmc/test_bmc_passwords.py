# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which passwords are refused, and why; every one that is made passes."""

from __future__ import annotations

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.passwords import (
    DEFAULTS,
    RULES,
    broken_rules,
    generate,
)

GOOD = "Quiet-Harbour-7"


def rules_broken(password: str, user: str) -> set[str]:
    return {rule.name for rule in RULES if not rule.holds(password, user)}


@pytest.mark.parametrize(
    ("password", "user", "broken"),
    [
        (GOOD, "ops", set()),
        ("x" * 8 + "A1-", "ops", {"length"}),
        ("x" * 18 + "A1-", "ops", {"length"}),
        ("x" * 17 + "A1-", "ops", set()),
        ("Quiet Harbour-7", "ops", {"letters"}),
        ("Quiet-Hafen-7ü", "ops", {"letters"}),
        ("quiet-harbour", "ops", {"classes"}),
        ("quiet-harbour-7", "ops", set()),
        ("Quiet-Monitor-7", "monitor", {"user_name"}),
        ("Quiet-rotinom-7", "monitor", {"user_name"}),
        (GOOD, "", set()),
        # A name of one letter stands in any password.
        (GOOD, "q", set()),
        ("Calvin-and-more-7", "ops", {"default"}),
        ("PASSW0RD-is-mine", "ops", {"default"}),
    ],
)
def test_a_password_breaks_just_these(password: str, user: str, broken: set[str]) -> None:
    assert rules_broken(password, user) == broken
    assert len(broken_rules(password, user)) == len(broken)


def test_no_default_of_a_vendor_passes() -> None:
    for default in DEFAULTS:
        if default.password:
            assert rules_broken(default.password, default.user), default


def test_what_is_made_passes_every_rule_and_is_never_the_same() -> None:
    made = [generate("ops") for _time in range(200)]
    assert not [password for password in made if broken_rules(password, "ops")]
    assert len(set(made)) == 200
    # The short form of IPMI's field holds it.
    assert {len(password) for password in made} == {16}


def test_every_rule_names_its_source() -> None:
    assert all("GB/T 22239" in rule.source or "IPMI" in rule.source for rule in RULES)
