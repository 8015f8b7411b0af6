# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redfish session: what is sent twice, tasks and pages to their end, and what is kept to itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import (
    accounts,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import (
    session as session_module,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import (
    Session,
    read_root,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.wire import (
    Answer,
    Broken,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Unreachable
from ansible_collections.anjianyun.datacenter.tests.unit.plugins.module_utils.bmc.redfish_fake import (
    ROOT,
    SECRET,
    FakeWire,
    link,
    members,
    refused,
    served,
)


def test_what_may_not_be_twice_is_sent_once_and_the_rest_again() -> None:
    service, wire = served()
    wire.script["POST", "/x"] = [Broken("reset by peer"), Broken("reset by peer")]
    with pytest.raises(Unreachable, match="reset by peer"):
        service.session.post("/x", {}, "reset", once=True)
    assert len(wire.sent("POST")) == 1
    service.session.post("/x", {}, "power off")
    assert len(wire.sent("POST")) == 3


ACCEPTED = Answer(202, {"Location": "/task"})


def task(state: str, *names: str) -> Answer:
    """The Task itself, as many services give it at Location."""
    told = [{"MessageId": f"Base.1.8.{name}", "Message": f"It is {name}."} for name in names]
    return Answer(200, {}, {**link("/task"), "TaskState": state, "Messages": told})


def changed(*answers: Any, first: Answer = ACCEPTED, read_back: bool = True, answer_s: float = 2.0) -> None:
    service, wire = served()
    service.session.target.__dict__["answer_s"] = answer_s
    wire.script["GET", "/task"] = list(answers)
    wire.script["POST", "/x"] = [first]
    service.session.post("/x", {}, "change", read_back=read_back)
    assert not wire.script["GET", "/task"], "it was not followed to its end"


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_PAUSE_S", 0.001)


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize(
    "seen",
    [
        [Answer(202, {}), Answer(202, {}), Answer(204, {})],
        [task("New"), task("Starting"), task("Running"), task("Completed")],
        [task("Pending"), task("Suspended"), task("Interrupted"), task("OfAVendor"), task("Completed")],
        [
            Answer(202, {}, {"TaskState": "Running"}),
            refused(503, "ServiceTemporarilyUnavailable"),
            Answer(204, {}),
        ],
    ],
)
def test_a_task_is_followed_to_its_end(seen: list[Answer]) -> None:
    changed(*seen)


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize(
    ("seen", "kind", "cause"),
    [
        ([Answer(202, {}), refused(409, "ResourceInUse")], errors.NotNow, "ResourceInUse"),
        ([task("Running"), task("Exception", "PropertyValueFormatError")], errors.CommandUnsupported,
         "It is PropertyValueFormatError (task Exception)"),
        ([task("Killed")], errors.BmcError, "(task Killed)"),
        ([task("Cancelled", "ResourceInUse")], errors.NotNow, "(task Cancelled)"),
    ],
)  # fmt: skip
def test_a_tasks_failure_is_ours(seen: list[Answer], kind: type[Exception], cause: str) -> None:
    with pytest.raises(kind, match=re.escape(cause)) as error:
        changed(*seen)
    assert error.value.__class__ is kind


@pytest.mark.usefixtures("no_pause")
def test_a_task_that_does_not_end_in_time_is_no_success() -> None:
    for state in (task("Running"), Answer(202, {})):
        with pytest.raises(Unreachable, match="whether it is done is not known.*still (Running|accepted)"):
            changed(*[state] * 5000, answer_s=0.05)


@pytest.mark.usefixtures("no_pause")
def test_an_end_that_is_not_told_is_none_unless_the_effect_is_looked_at() -> None:
    untold = Answer(202, {})
    changed(first=untold)
    changed(refused(404))
    with pytest.raises(Unreachable, match="no task to follow"):
        changed(first=untold, read_back=False)
    with pytest.raises(Unreachable, match="its task is gone"):
        changed(refused(404), read_back=False)
    with pytest.raises(Unreachable, match="ended the session"):
        changed(refused(401, "NoValidSession"))
    # The answer is the Task.
    changed(task("Completed"), first=Answer(202, {}, dict(task("Running").data)), read_back=False)


def test_a_collection_is_read_to_its_last_page() -> None:
    service, wire = served()
    wire.tree["/l"] = {"Members": [{**link("/l/1"), "Id": "1"}], "Members@odata.nextLink": "/l?$skip=1"}
    wire.tree["/l?$skip=1"] = {"Members": [link("/l/2")]}
    wire.tree["/l/2"] = {**link("/l/2"), "Id": "2"}
    assert [one["Id"] for one in service.session.members("/l", "read")] == ["1", "2"]


def test_a_collection_that_does_not_expand_after_all_is_read_one_by_one() -> None:
    service, wire = served(members("/l", {"Id": "1"}))
    service.session.root["ProtocolFeaturesSupported"] = {"ExpandQuery": {"NoLinks": True}}
    wire.script["GET", "/l?$expand=.($levels=1)"] = [refused(400, "QueryNotSupportedOnResource")]
    assert [one["Id"] for one in service.session.members("/l", "read")] == ["1"]


def test_a_link_to_another_host_is_asked_for_here() -> None:
    service, wire = served()
    wire.script["GET", "/a"] = [Answer(307, {"Location": "https://evil.example/b?x=1"})]
    wire.tree["/b?x=1"] = {"Id": "b"}
    assert service.session.get("/a", "read") == {"Id": "b"}
    with pytest.raises(errors.BmcError, match="ftp:x"):
        service.session.get("ftp:x", "read")


def test_a_log_in_without_a_token_is_none() -> None:
    service, wire = served()
    service.session.root["Links"] = {"Sessions": link("/sessions")}
    wire.script["POST", "/sessions"] = [Answer(201, {"Location": "/sessions/1"})]
    with pytest.raises(errors.BmcError, match="no token"):
        service.session.log_in()
    service.session.log_out()
    assert ("DELETE", "/sessions/1") in [asked[:2] for asked in wire.asked]


def test_a_root_of_something_else_is_not_redfish() -> None:
    session = Session(Target("db", "10.0.0.9", "ops", SECRET), FakeWire({ROOT: {}}))  # type: ignore[arg-type]
    with pytest.raises(errors.CommandUnsupported, match="not Redfish"):
        read_root(session)


def test_a_password_that_a_service_quotes_is_not_told() -> None:
    def quoting(status: int, *told: str) -> Answer:
        info = [
            {"MessageId": "Base.1.8.PropertyValueFormatError", "Message": f"It is '{one}'."} for one in told
        ]
        return Answer(status, {}, {"error": {"@Message.ExtendedInfo": info, "message": told[0]}})

    fresh = 'Fresh-"&-Password-1'
    places = members("/a", {"Id": "2", "UserName": "ops", "RoleId": "Administrator"})
    service, wire = served({**places, "/as": {"Accounts": link("/a")}})
    service.session.root.update(AccountService=link("/as"), Links={"Sessions": link("/sessions")})
    wire.script["PATCH", "/a/0"] = [
        quoting(400, fresh, fresh.replace('"', '\\"')), ACCEPTED,
    ]  # fmt: skip
    wire.script["GET", "/task"] = [task("Exception", fresh.replace('"', "&quot;").replace("&-", "&amp;-"))]
    wire.script["POST", "/a"] = [quoting(400, f"{fresh}x", SECRET)]
    wire.script["POST", "/sessions"] = [quoting(401, SECRET)]
    (ops,) = accounts.accounts(service)
    for change in (
        lambda: accounts.set_password(service, ops, fresh),
        lambda: accounts.set_password(service, ops, fresh),
        lambda: accounts.add(service, "night", "user", f"{fresh}x"),
        service.session.log_in,
    ):
        with pytest.raises(errors.BmcError, match=r"\*{8}") as error:
            change()
        told = str(error.value) + repr(error.value) + repr(error.value.fields())
        assert "Password-1" not in told
        assert SECRET not in told
        assert "*x" not in told
