# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redfish service without a wire, for unit tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import Service
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import (
    Session,
    read_root,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.wire import Answer
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target

SECRET = "a password that is longer than twenty bytes"
ROOT, SYSTEM, MANAGER, CHASSIS = "/redfish/v1/", "/s/1", "/m/1", "/c/1"


class FakeWire:
    """A service without a wire: resources by path, and scripted answers by (method, path)."""

    def __init__(self, tree: Mapping[str, dict[str, Any]], **peer: str) -> None:
        self.tree = dict(tree)
        self.script: dict[tuple[str, str], list[Any]] = {}
        self.asked: list[tuple[str, str, Any, Mapping[str, str]]] = []
        self.peer = peer.get("peer", "10.0.0.9")
        self.tls = "TLSv1.3"

    def ask(
        self, method: str, path: str, deadline: Deadline, *, body: Any = None, headers: Any = None
    ) -> Answer:
        self.asked.append((method, path, body, headers))
        scripted = self.script.get((method, path))
        if scripted:
            answer = scripted.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if method == "GET":
            return Answer(200, {}, self.tree[path]) if path in self.tree else Answer(404, {})
        return Answer(204, {})

    def sent(self, method: str) -> list[Any]:
        return [body for asked, _path, body, _headers in self.asked if asked == method]


def link(path: str) -> dict[str, str]:
    return {"@odata.id": path}


def members(path: str, *resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A collection and what is in it."""
    own = {f"{path}/{number}": {**link(f"{path}/{number}"), **one} for number, one in enumerate(resources)}
    return {path: {"Members": [link(one) for one in own]}, **own}


def served(tree: Mapping[str, dict[str, Any]] | None = None, **target: Any) -> tuple[Service, FakeWire]:
    """One server, its manager and its chassis, with what is given in place."""
    usual: dict[str, dict[str, Any]] = {
        ROOT: {
            "RedfishVersion": "1.6.0",
            "Systems": link("/s"),
            "Managers": link("/m"),
            "Chassis": link("/c"),
        },
        "/s": {"Members": [link(SYSTEM)]},
        "/m": {"Members": [link(MANAGER)]},
        "/c": {"Members": [link(CHASSIS)]},
        SYSTEM: link(SYSTEM), MANAGER: link(MANAGER), CHASSIS: link(CHASSIS),
    }  # fmt: skip
    wire = FakeWire({**usual, **(tree or {})})
    session = Session(Target("db", "10.0.0.9", "ops", SECRET, answer_s=0.5, **target), wire)  # type: ignore[arg-type]
    read_root(session)
    return Service(session), wire


def refused(status: int, *names: str) -> Answer:
    info = [{"MessageId": f"Base.1.8.{name}", "Message": f"It is {name}."} for name in names]
    return Answer(status, {}, {"error": {"code": "Base.1.8.GeneralError", "@Message.ExtendedInfo": info}})
