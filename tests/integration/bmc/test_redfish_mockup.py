# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mock-up that the Redfish tests run against is what DMTF has published."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from redfish_schemas import Published
from redfish_service import ACCOUNTS, MOCKUP, SESSIONS, SUBSCRIPTIONS, SYSTEM, Service, refusal

TREE: dict[str, Any] = json.loads(MOCKUP.read_text())


@pytest.fixture(scope="module")
def published() -> Published:
    return Published()


@pytest.mark.parametrize("path", TREE)
def test_a_resource_is_as_published(published: Published, path: str) -> None:
    assert TREE[path]["@odata.id"] == path
    assert published.objections(TREE[path]) == []


def test_links_lead_somewhere() -> None:
    def links(value: Any) -> list[str]:
        if isinstance(value, list):
            return [link for one in value for link in links(one)]
        if not isinstance(value, dict):
            return []
        return [*([value["@odata.id"]] if len(value) == 1 and "@odata.id" in value else []),
                *(link for one in value.values() for link in links(one))]  # fmt: skip

    assert {link for one in TREE.values() for link in links(one)} <= set(TREE)


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        (SYSTEM, {"PowerState": "Perhaps"}),
        (SYSTEM, {"PowerRestorePolicy": "always-on"}),
        (SYSTEM, {"NoSuchThing": 1}),
        (SYSTEM, {"Name": None}),
        (SYSTEM, {"@odata.id": "/redfish/v1/Servers/1"}),
        (f"{ACCOUNTS}/1", {"RoleId": 7}),
        ("/redfish/v1/Chassis/1/Sensors/inlet", {"ReadingType": "Warmth"}),
        ("/redfish/v1/Systems", {"Members": [7]}),
    ],
)
def test_what_is_not_as_published_is_seen(published: Published, path: str, changes: dict[str, Any]) -> None:
    assert published.objections({**copy.deepcopy(TREE[path]), **changes})


def test_what_it_makes_and_says_is_as_published(published: Published, tmp_path: Path) -> None:
    service = Service(tmp_path, {"ops": "pw"}, 0)
    made = service.answer("POST", SESSIONS, {}, {"UserName": "ops", "Password": "pw"})
    assert made.status == 201
    assert made.body is not None
    assert published.objections(made.body) == []
    held = {"X-Auth-Token": made.headers["X-Auth-Token"]}
    wanted = {"UserName": "new", "Password": "longenough", "RoleId": "Operator", "Enabled": True}
    account = service.answer("POST", ACCOUNTS, held, wanted)
    assert account.body is not None
    assert published.objections(account.body) == []
    assert published.objections(service.tree[SESSIONS]) == []
    alert = {"Destination": "snmp://10.0.0.7", "Protocol": "SNMPv2c", "SubscriptionType": "SNMPTrap"}
    told = service.answer("POST", SUBSCRIPTIONS, held, {**alert, "Context": "room"})
    assert told.body is not None
    assert published.objections(told.body) == []
    assert "longenough" not in json.dumps(service.tree)


@pytest.mark.parametrize(
    "message",
    [
        "SessionLimitExceeded", "InsufficientPrivilege", "ServiceTemporarilyUnavailable", "NoValidSession",
        "PreconditionFailed", "ActionParameterValueNotInList", "ResourceMissingAtURI", "ActionNotSupported",
    ],
)  # fmt: skip
def test_its_errors_are_of_the_registry(published: Published, message: str) -> None:
    body = refusal(400, message).body
    assert body is not None
    assert published.message_objections(body["error"]["@Message.ExtendedInfo"][0]) == []
