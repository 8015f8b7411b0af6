# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Redfish service: the resources of ``mockup.json``, and the behaviour that sushy-tools has not.

Sessions with a limit, roles, accounts, a log that is cleared, tags and If-Match, extended errors, and the
faults of :class:`Faults`. Its server is a file that says on or off. A test checks every resource against
DMTF's schemas.
"""

from __future__ import annotations

import copy
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = "/redfish/v1/"
SYSTEM = "/redfish/v1/Systems/1"
SESSIONS = "/redfish/v1/SessionService/Sessions"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"
SUBSCRIPTIONS = "/redfish/v1/EventService/Subscriptions"
LOG = f"{SYSTEM}/LogServices/SEL"
TASKS = "/redfish/v1/TaskService/Tasks"
MONITORS = "/redfish/v1/TaskService/TaskMonitors"
MOCKUP = Path(__file__).with_name("mockup.json")
#: What each reset makes of the server.
_RESETS = {"On": "on", "ForceOff": "off", "GracefulShutdown": "off", "ForceRestart": "on", "PowerCycle": "on"}


@dataclass
class Faults:
    """What is wrong with it.

    :param slow_s: before each answer.
    :param drip_s: between two bytes of each answer's body.
    :param busy: so many requests are told to come again.
    :param drop: (method, beginning of the path, times): the connection ends without an answer, after the
        request has been carried out.
    :param say: (method, beginning of the path, status, message id): it says no.
    :param ignore: it says yes and does nothing.
    :param changes_hands: so many changes find that somebody else came first.
    :param switching_s: how long the server is neither on nor off.
    :param task: (what is given to follow: ``monitor`` or ``task``, seconds, TaskState at the end): changes
        are only accepted, and done after so long, if they end as Completed.
    """

    slow_s: float = 0.0
    drip_s: float = 0.0
    busy: int = 0
    drop: tuple[str, str, int] | None = None
    say: tuple[str, str, int, str] | None = None
    ignore: bool = False
    changes_hands: int = 0
    switching_s: float = 0.0
    task: tuple[str, float, str] | None = None


@dataclass
class Service:
    """One service. Resources may be changed from outside at any time."""

    directory: Path
    passwords: dict[str, str]
    port: int
    address: str = "127.0.0.1"
    most_sessions: int = 4
    longest_password: int = 64
    tree: dict[str, Any] = field(default_factory=lambda: json.loads(MOCKUP.read_text()))
    faults: Faults = field(default_factory=Faults)
    #: Token to (path, user).
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    most_open: int = 0
    log_ins: int = 0
    connections: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    #: By number.
    tasks: dict[str, Task] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)

    def start(self, certificate: Path, key: Path) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._state.exists():
            self.power = "on"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = _Server((self.address, self.port), _handler(self))
        # The handshake is the handler's: a client that says nothing keeps nobody waiting.
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    @property
    def _state(self) -> Path:
        return self.directory / "state"

    @property
    def power(self) -> str:
        """What the server really is."""
        return self._state.read_text().strip()

    @power.setter
    def power(self, state: str) -> None:
        self._state.write_text(state + "\n")

    # What it answers ----------------------------------------------------------------------

    def answer(self, method: str, path: str, headers: Any, body: dict[str, Any]) -> Reply:
        with self.lock:
            self.asked.append((method, path))
            self._end_tasks()
            say = self.faults.say
            if say and (method == say[0] and path.startswith(say[1])):
                return refusal(say[2], say[3])
            if self.faults.busy > 0:
                self.faults.busy -= 1
                return refusal(503, "ServiceTemporarilyUnavailable", {"Retry-After": "1"})
            if method == "POST" and path == SESSIONS:
                return self._log_in(body)
            path, _mark, query = path.partition("?")
            if path.rstrip("/") == ROOT.rstrip("/"):
                return Reply(200, self.tree[ROOT])
            user = self._user(headers)
            if user is None:
                return refusal(401, "NoValidSession")
            may = {"GET": "Login", "DELETE": "Login"}.get(method, "ConfigureComponents")
            if may not in self._privileges(user):
                return refusal(403, "InsufficientPrivilege")
            if path.startswith((TASKS, MONITORS)):
                return self._task(path)
            act: Callable[..., Reply] = getattr(self, f"_{method.lower()}")
            if method == "GET":
                return act(path, headers, body, query)
            if self.faults.task and not path.startswith(SESSIONS):
                return self._accept(lambda: act(path, headers, body), *self.faults.task)
            return act(path, headers, body)

    def _accept(self, change: Callable[[], Reply], kind: str, seconds: float, end: str) -> Reply:
        number = str(len(self.tasks) + 1)
        self.tasks[number] = task = Task(number, time.monotonic() + seconds, change, end)
        place = MONITORS if kind == "monitor" else TASKS
        return Reply(202, task.shown(), {"Location": f"{place}/{number}"})

    def _end_tasks(self) -> None:
        for task in self.tasks.values():
            if task.reply is None and task.ended:
                done = task.end == "Completed"
                task.reply = task.change() if done else refusal(500, "InternalError")

    def _task(self, path: str) -> Reply:
        task = self.tasks[path.rpartition("/")[2]]
        if path.startswith(TASKS):
            return Reply(200, task.shown())
        return task.reply or Reply(202, task.shown())

    def _log_in(self, body: dict[str, Any]) -> Reply:
        self.log_ins += 1
        user = str(body.get("UserName"))
        account = self._account(user)
        if account is None or not account["Enabled"] or self.passwords.get(user) != body.get("Password"):
            return refusal(401, "ResourceAtUriUnauthorized")
        if len(self.sessions) >= self.most_sessions:
            return refusal(503, "SessionLimitExceeded")
        path, token = f"{SESSIONS}/{secrets.token_hex(4)}", secrets.token_hex(16)
        self.sessions[token] = (path, user)
        self.most_open = max(self.most_open, len(self.sessions))
        made = {
            "@odata.id": path,
            "@odata.type": "#Session.v1_1_1.Session",
            "Id": path.rpartition("/")[2],
            "Name": "Session",
            "UserName": user,
        }
        self.insert(SESSIONS, path, made)
        return Reply(201, made, {"X-Auth-Token": token, "Location": path})

    def _user(self, headers: Any) -> str | None:
        held = self.sessions.get(headers.get("X-Auth-Token") or "")
        return held[1] if held else None

    def _account(self, user: str) -> dict[str, Any] | None:
        found = [one for path, one in self.tree.items() if path.startswith(f"{ACCOUNTS}/")]
        return next((one for one in found if one["UserName"] == user), None)

    def _privileges(self, user: str) -> list[str]:
        account = self._account(user)
        role = self.tree[f"/redfish/v1/AccountService/Roles/{account['RoleId']}"] if account else {}
        return list(role.get("AssignedPrivileges", []))

    def insert(self, collection: str, path: str, made: dict[str, Any]) -> None:
        """Make it a member of the collection."""
        self.tree[path] = made
        self.tree[collection]["Members"].append({"@odata.id": path})
        self._count(collection)

    def _take_out(self, path: str) -> None:
        collection = path.rpartition("/")[0]
        del self.tree[path]
        members = self.tree[collection]["Members"]
        self.tree[collection]["Members"] = [one for one in members if one["@odata.id"] != path]
        self._count(collection)

    def _count(self, collection: str) -> None:
        self.tree[collection]["Members@odata.count"] = len(self.tree[collection]["Members"])

    def _get(self, path: str, _headers: Any, _body: Any, query: str) -> Reply:
        found = self.tree.get(path.rstrip("/"))
        if found is None:
            return refusal(404, "ResourceMissingAtURI")
        shown = copy.deepcopy(found)
        if path == SYSTEM:
            shown["PowerState"] = self._power_state()
        if query.startswith("$expand") and "Members" in shown:
            shown["Members"] = [copy.deepcopy(self.tree[one["@odata.id"]]) for one in shown["Members"]]
        return Reply(200, shown, {"ETag": _tag(found)})

    def _power_state(self) -> str:
        since, towards = getattr(self, "switching", (0.0, ""))
        if time.monotonic() - since < self.faults.switching_s:
            return f"Powering{towards.capitalize()}"
        return self.power.capitalize()

    def _patch(self, path: str, headers: Any, body: dict[str, Any]) -> Reply:
        found = self.tree.get(path)
        if found is None:
            return refusal(404, "ResourceMissingAtURI")
        if self.faults.changes_hands > 0:
            self.faults.changes_hands -= 1
            found["Description"] = secrets.token_hex(4)
        stated = headers.get("If-Match")
        if stated is None:
            return refusal(428, "PreconditionRequired")
        if stated != _tag(found):
            return refusal(412, "PreconditionFailed")
        if len(str(body.get("Password"))) > self.longest_password:
            return refusal(400, "PropertyValueFormatError", quoted=body["Password"])
        if not self.faults.ignore:
            password = body.pop("Password", None)
            if password:
                self.passwords[str(body.get("UserName") or found["UserName"])] = password
            _merge(found, body)
        return Reply(200, found)

    def _delete(self, path: str, _headers: Any, _body: Any) -> Reply:
        if path not in self.tree or path.count("/") < 4:
            return refusal(404, "ResourceMissingAtURI")
        self._take_out(path)
        self.sessions = {token: held for token, held in self.sessions.items() if held[0] != path}
        return Reply(204)

    def _post(self, path: str, _headers: Any, body: dict[str, Any]) -> Reply:
        if path == f"{SYSTEM}/Actions/ComputerSystem.Reset":
            return self._reset(str(body.get("ResetType")))
        if path == f"{LOG}/Actions/LogService.ClearLog":
            for entry in [one["@odata.id"] for one in self.tree[f"{LOG}/Entries"]["Members"]]:
                self._take_out(entry)
            return Reply(204)
        if path == ACCOUNTS:
            return self._new_account(body)
        if path == SUBSCRIPTIONS:
            return self._new_subscription(body)
        return refusal(405, "ActionNotSupported")

    def _reset(self, kind: str) -> Reply:
        if kind not in _RESETS:
            return refusal(400, "ActionParameterValueNotInList")
        if not self.faults.ignore:
            with (self.directory / "resets").open("a") as log:
                log.write(kind + "\n")
            self.switching = (time.monotonic(), _RESETS[kind])
            boot = self.tree[SYSTEM]["Boot"]
            if _RESETS[kind] == "on" and boot["BootSourceOverrideEnabled"] == "Once":
                boot.update(BootSourceOverrideEnabled="Disabled", BootSourceOverrideTarget="None")
            if kind == "PowerCycle":
                self.power = "off"
                threading.Timer(0.5, setattr, (self, "power", "on")).start()
            else:
                self.power = _RESETS[kind]
        return Reply(204)

    @property
    def resets(self) -> list[str]:
        path = self.directory / "resets"
        return path.read_text().split() if path.exists() else []

    def _new_account(self, body: dict[str, Any]) -> Reply:
        if self._account(str(body.get("UserName"))):
            return refusal(400, "ResourceAlreadyExists")
        number = str(
            1 + max(int(one["@odata.id"].rpartition("/")[2]) for one in self.tree[ACCOUNTS]["Members"])
        )
        self.passwords[body["UserName"]] = body.pop("Password")
        pattern = copy.deepcopy(self.tree[f"{ACCOUNTS}/1"])
        role = {"Role": {"@odata.id": f"/redfish/v1/AccountService/Roles/{body['RoleId']}"}}
        path = f"{ACCOUNTS}/{number}"
        self.insert(ACCOUNTS, path, {**pattern, "@odata.id": path, "Id": number, "Links": role, **body})
        return Reply(201, self.tree[path], {"Location": path})

    def _new_subscription(self, body: dict[str, Any]) -> Reply:
        path = f"{SUBSCRIPTIONS}/{secrets.token_hex(4)}"
        kind = "#EventDestination.v1_7_0.EventDestination"
        own = {"@odata.id": path, "@odata.type": kind, "Id": path.rpartition("/")[2], "Name": "Subscription"}
        self.insert(SUBSCRIPTIONS, path, {**own, **body})
        return Reply(201, self.tree[path], {"Location": path})


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Task:
    """A change that was only accepted."""

    number: str
    ends: float
    change: Callable[[], Reply]
    end: str
    reply: Reply | None = None

    @property
    def ended(self) -> bool:
        return time.monotonic() >= self.ends

    def shown(self) -> dict[str, Any]:
        """The Task (DSP0268)."""
        failed = self.reply is not None and self.reply.status >= 400
        error = (self.reply and self.reply.body or {}).get("error", {})
        said = error.get("@Message.ExtendedInfo", [])
        end = "Exception" if failed and self.end == "Completed" else self.end
        return {
            "@odata.id": f"{TASKS}/{self.number}",
            "@odata.type": "#Task.v1_4_0.Task",
            "Id": self.number,
            "Name": "Task",
            "TaskMonitor": f"{MONITORS}/{self.number}",
            "TaskState": "Running" if self.reply is None else end,
            "Messages": said,
        }


def refusal(status: int, message: str, headers: dict[str, str] | None = None, quoted: str = "") -> Reply:
    """An extended error (DSP0266, clause 'Error responses').

    :param quoted: the value that it is about, as the messages of DSP8011 have it.
    """
    said = {
        "@odata.type": "#Message.v1_0_6.Message",
        "MessageId": f"Base.1.4.{message}",
        "Message": f"The service says {message}" + (f" of the value {quoted}." if quoted else "."),
    }
    error = {"code": "Base.1.4.GeneralError", "message": "See ExtendedInfo.", "@Message.ExtendedInfo": [said]}
    return Reply(status, {"error": error}, headers or {})


def _tag(resource: dict[str, Any]) -> str:
    return 'W/"' + hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()[:16] + '"'


def _merge(into: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Broken connections are what the tests make."""


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        # An answer in one piece: two would wait for each other's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            service.connections += 1

        def log_message(self, *_: Any) -> None:
            """Nothing: it would hold passwords up to the terminal."""

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            faults = service.faults
            time.sleep(faults.slow_s)
            reply = service.answer(self.command, self.path, self.headers, body)
            drop = faults.drop
            if drop and self.command == drop[0] and self.path.startswith(drop[1]) and drop[2] > 0:
                faults.drop = (drop[0], drop[1], drop[2] - 1)
                self.close_connection = True
                return
            content = b"" if reply.body is None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            headers = {"Content-Type": "application/json", "OData-Version": "4.0", **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not faults.drip_s:
                self.wfile.write(content)
                return
            for number in range(len(content)):
                self.wfile.write(content[number : number + 1])
                self.wfile.flush()
                time.sleep(faults.drip_s)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

    return Handler
