# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many servers one person may have switched off hard stands in the plan, and no variable raises it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.anjianyun.datacenter.plugins.action.approval import ActionModule
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import PowerOrder
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals


def asked(folder: Path, order: dict[str, Any] | None, given: int | None) -> tuple[int | None, dict[str, Any]]:
    """What is used where a plan states this order, the command line another, and somebody gives a number."""
    inventory = folder / "hosts.yml"
    wide = {"hosts": {"nn-pm-01": {}}, "vars": {} if order is None else {"dc_power_order": order}}
    inventory.write_text(yaml.safe_dump({"all": {"children": {"estate_wide": wide}}}))
    loader = DataLoader()
    found = InventoryManager(loader, sources=[str(inventory)])
    manager = VariableManager(loader, found)
    manager._extra_vars = {"dc_power_order": {"hard_alone": 99}}
    action = ActionModule.__new__(ActionModule)
    action.variables = {"hostvars": HostVars(found, manager, loader)}
    assert action.variables["hostvars"]["nn-pm-01"]["dc_power_order"]["hard_alone"] == 99
    used = action._alone({"alone": given, "planned": True})
    return used, dict(action.noted["alone"])


@pytest.mark.parametrize(
    ("order", "given", "used", "planned"),
    [
        ({"hard_alone": 3}, None, 3, 3),
        ({"hard_alone": 3}, 99, 3, 3),
        ({"hard_alone": 3}, 0, 0, 3),
        ({"hard_alone": 0}, None, 0, 0),
        ({"tiers": []}, 99, 1, None),
        (None, 99, 1, None),
        ({"hard_alone": "many"}, None, 1, "many"),
    ],
)
def test_the_plans_number_counts_and_a_lower_one(
    tmp_path: Path, order: dict[str, Any] | None, given: int | None, used: int, planned: Any
) -> None:
    assert asked(tmp_path, order, given) == (used, {"used": used, "planned": planned, "given": given})


def test_without_a_plan_nothing_is_known_and_one_is_all() -> None:
    action = ActionModule.__new__(ActionModule)
    action.variables = {}
    assert action._alone({"alone": 99, "planned": True}) == 1


def test_a_plan_that_does_not_state_it_means_the_same_as_none() -> None:
    assert PowerOrder().hard_alone == approvals.ALONE
