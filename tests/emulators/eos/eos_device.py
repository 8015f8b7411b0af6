# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated switch behind the eAPI: sessions, commit timers, readings, faults (see eos_emulator.py)."""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from eos_config import Editor, Rejected, Tree, clean, diff, parse, render, without

MAX_OPEN, MAX_SAVED = 5, 1
_WHY = {1002: "invalid command", 1003: "unconverted command"}
Answer = dict[str, Any] | str


class CliError(Exception):
    """A command that the device refuses: 1002 it does not know it, 1000 it could not do it."""

    def __init__(self, code: int, error: str) -> None:
        self.code, self.error, self.why = code, error, _WHY.get(code, "could not run command")
        super().__init__(error)


@dataclass
class Session:
    """One configuration session. ``state``: pending, completed or aborted; ``ended`` in Unix seconds."""

    name: str
    candidate: Tree
    state: str = "pending"
    ended: float = 0.0


@dataclass
class Fault:
    """What goes wrong with the commands that ``match``, so many ``times``.

    ``error``: it fails with ``value``; ``skip``: a commit leaves the line ``value`` out and says nothing;
    ``slow``: it takes ``value`` seconds; ``reset``: it is done, and the connection breaks within the answer.
    """

    kind: str
    match: str
    value: Any = None
    times: int = 1


class Switch:
    """The state of the device, all of it changed under one lock, as EOS has one ConfigAgent."""

    def __init__(self, startup: str, version: str = "4.35.0F", client: str = "192.0.2.10") -> None:
        self.running = parse(startup)
        self.startup, self.version, self.client = copy.deepcopy(self.running), version, client
        self.files: dict[str, str] = {}
        self.sessions: dict[str, Session] = {}
        self.faults: list[Fault] = []
        #: State of each neighbour of BFD, by address and interface.
        self.bfd: dict[tuple[str, str], str] = {}
        self.log: list[str] = []
        self.born = time.monotonic()
        self.changed = threading.Condition(threading.RLock())
        self.armed: tuple[str, float, Tree] | None = None  # session, deadline (monotonic), what it replaced
        self.notify: Callable[[], None] = lambda: None
        self._timer: threading.Timer | None = None
        self._address = self.value("ip address", "interface Management1")

    def value(self, setting: str, section: str | None = None) -> str | None:
        lines = self.running if section is None else self.running.get(section, {})
        return next((line[len(setting) + 1 :] for line in lines if line.startswith(f"{setting} ")), None)

    def reachable(self) -> bool:
        """Whether packets of the client still arrive at the address it knows."""
        port = "interface Management1"
        if "shutdown" in self.running[port] or self.value("ip address", port) != self._address:
            return False
        name = (self.value("ip access-group", port) or "").split(" ")[0]
        entries = self.running.get(f"ip access-list {name}", {})
        for entry in sorted(entries, key=lambda line: int(line.split()[0])):
            _number, action, protocol, source, *rest = entry.split()
            network = {"any": "0.0.0.0/0", "host": rest[0]}.get(source, source)
            if protocol in ("ip", "tcp") and ip_address(self.client) in ip_network(network, strict=False):
                return action == "permit"
        return not entries

    def served(self) -> bool:
        return "no shutdown" in self.running.get("management api http-commands", {})

    def put(self, tree: Tree) -> None:
        self.running = tree
        self.notify()
        self.changed.notify_all()

    def open(self, name: str) -> Session:
        found = self.sessions.get(name)
        if found and found.state != "pending":
            raise CliError(1000, f"Cannot enter session {name} (already {found.state})")
        if not found and sum(one.state == "pending" for one in self.sessions.values()) >= MAX_OPEN:
            raise CliError(1000, "Maximum number of pending sessions has been reached")
        return self.sessions.setdefault(name, found or Session(name, copy.deepcopy(self.running)))

    def known(self, name: str, doing: str) -> Session:
        session = self.sessions.get(name)
        if session is None or session.state != "pending":
            state = session.state if session else "not found"
            raise CliError(1000, f"Cannot {doing} session {name} ({state})")
        return session

    def commit(self, name: str, seconds: int | None, skip: list[str]) -> None:
        if self.armed and self.armed[0] == name and seconds is None:
            self.disarm()
            self.log.append(f"CONFIG_SESSION_COMMIT_SUCCESS: {name} confirmed")
            return
        if self.armed:
            raise CliError(1000, f"Cannot commit session {name} (commit timer running on {self.armed[0]})")
        session = self.known(name, "commit")
        before, after = self.running, copy.deepcopy(session.candidate)
        for line in skip:
            after = without(after, line)
        if seconds is not None:
            self.armed = (name, time.monotonic() + seconds, before)
            self._timer = threading.Timer(seconds, self._expire, (name,))
            self._timer.start()
        self.end(session, "completed")
        self.log.append(f"CONFIG_SESSION_COMMIT_SUCCESS: {name}, timer {seconds}")
        self.put(after)

    def end(self, session: Session, state: str) -> None:
        session.state, session.ended = state, time.time()
        ended = sorted((one for one in self.sessions.values() if one.ended), key=lambda one: one.ended)
        for old in ended[:-MAX_SAVED]:
            if not self.armed or old.name != self.armed[0]:
                del self.sessions[old.name]

    def abort(self, name: str) -> None:
        if self.armed and self.armed[0] == name:
            self._roll_back("CANCELED")
        else:
            self.end(self.known(name, "abort"), "aborted")
            self.log.append(f"CONFIG_SESSION_ABORTED: {name}")

    def _expire(self, name: str) -> None:
        with self.changed:
            if self.armed and self.armed[0] == name:
                self._roll_back("EXPIRED")

    def _roll_back(self, why: str) -> None:
        assert self.armed
        name, _timer, before = self.armed
        self.disarm()
        if name in self.sessions:
            self.end(self.sessions[name], "aborted")
        self.log.append(f"CONFIG_SESSION_COMMIT_TIMER_{why}: {name} has been rolled back")
        self.put(before)

    def disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.armed = self._timer = None

    def text(self, tree: Tree, command: str) -> str:
        head = f"! Command: {command}\n! device: {self.value('hostname')} (cEOSLab, EOS-{self.version})"
        return "\n".join([head, *render(tree), "!", "end", ""])

    def interfaces(self) -> dict[str, Tree]:
        return {line.split()[1]: tree for line, tree in self.running.items() if line.startswith("interface ")}

    def routes(self, wanted: str) -> dict[str, dict[str, Any]]:
        """Connected ones, and static ones whose next hop is on one: a prefix as it is, an address's best."""
        found: dict[str, dict[str, Any]] = {}
        for name, tree in self.interfaces().items():
            for line in tree if "shutdown" not in tree else ():
                if line.startswith("ip address "):
                    network = str(ip_interface(line.split()[2]).network)
                    found[network] = {"routeType": "connected", "preference": 0}
                    found[network]["vias"] = [{"interface": name}]
        for words in [line.split() for line in self.running if line.startswith("ip route ")]:
            for network in [net for net in found if found[net]["routeType"] == "connected"]:
                if words[3][0].isdigit() and ip_address(words[3]) in ip_network(network):
                    via = {"nexthopAddr": words[3], "interface": found[network]["vias"][0]["interface"]}
                    route = found.setdefault(words[2], {"routeType": "static", "preference": 1, "vias": []})
                    route["vias"].append(via)
        if "/" not in wanted:
            covering = [net for net in found if ip_address(wanted) in ip_network(net)]
            wanted = max(covering, key=lambda net: int(net.split("/")[1]), default=wanted)
        return {wanted: {**found[wanted], "routeAction": "forward"}} if wanted in found else {}


@dataclass
class Shell:
    """The command line of one request: in what mode it is, and what goes wrong with it."""

    switch: Switch
    enabled: bool = False
    editor: Editor | None = None
    session: Session | None = None
    resets: bool = False
    slow: float = 0.0
    skip: list[str] = field(default_factory=list)

    def run(self, command: str, form: str) -> dict[str, Any]:
        """One command's result, as it stands in the answer."""
        with self.switch.changed:
            self._faults(command)
            answer = self._dispatch(" ".join(command.split()))
        if form == "text":
            rows = answer if isinstance(answer, str) else "\n".join(f"{k}: {v}" for k, v in answer.items())
            return {"output": rows}
        if isinstance(answer, str) and answer:
            raise CliError(1003, "Command cannot be used over the API at this time. "
                                 "To see ASCII output, set format='text' in your request")  # fmt: skip
        return answer if isinstance(answer, dict) else {}

    def _faults(self, command: str) -> None:
        for fault in self.switch.faults:
            if fault.times > 0 and re.search(fault.match, command):
                fault.times -= 1
                self.resets |= fault.kind == "reset"
                self.slow += fault.value if fault.kind == "slow" else 0
                self.skip += [fault.value] if fault.kind == "skip" else []
                if fault.kind == "error":
                    raise CliError(1000, str(fault.value))

    def _dispatch(self, command: str) -> Answer:
        for pattern, does in COMMANDS:
            if found := re.fullmatch(pattern, command):
                if not self.enabled and not re.match(r"enable|show (?!running|startup|session)", command):
                    break
                return does(self, *found.groups()) or ""
        if not command:
            return ""
        if not self.editor:
            words = command.split()
            place = 0 if not self.enabled or len(words) == 1 else 1
            raise CliError(1002, f"Invalid input (at token {place}: '{words[place]}')")
        try:
            self.editor.line(command)
        except Rejected as error:
            raise CliError(1002, str(error)) from None
        self.switch.put(self.switch.running)
        return ""

    def enable(self) -> None:
        self.enabled = True

    def version(self) -> Answer:
        up, name = time.monotonic() - self.switch.born, self.switch.version
        return {"modelName": "cEOSLab", "serialNumber": "EMULATED1", "uptime": up, "version": name,
                "internalVersion": f"{name}-emulated", "bootupTimestamp": time.time() - up}  # fmt: skip

    def hostname(self) -> Answer:
        name, domain = self.switch.value("hostname") or "localhost", self.switch.value("dns domain")
        return {"hostname": name, "fqdn": f"{name}.{domain}" if domain else name}

    def configure(self, name: str | None) -> None:
        self.session = self.switch.open(name) if name else None
        self.editor = Editor(self.session.candidate if self.session else self.switch.running)

    def leave(self, word: str) -> None:
        if word == "exit" and self.editor and len(self.editor.path) > 1:
            self.editor.path.pop()
        else:
            self.editor = self.session = None

    def _within(self, name: str | None) -> Session:
        session = self.switch.sessions.get(name) if name else self.session
        if session is None:
            raise CliError(
                1000, f"Session {name} does not exist" if name else "Not in a configuration session"
            )
        return session

    def clean(self) -> None:
        self._within(None).candidate = clean()
        self.editor = Editor(self._within(None).candidate)

    def commit(self, name: str | None, clock: str | None) -> None:
        hours, minutes, seconds = [int(part) for part in (clock or "0:0:0").split(":")]
        timer = hours * 3600 + minutes * 60 + seconds if clock else None
        self.switch.commit(name or self._within(None).name, timer, self.skip)
        self.leave("end")

    def abort(self, name: str | None) -> None:
        self.switch.abort(name or self._within(None).name)
        self.leave("end")

    def candidate(self, name: str | None, diffs: str | None) -> Answer:
        session = self._within(name)
        if diffs:
            return diff(self.switch.running, session.candidate, session.name)
        return self.switch.text(session.candidate, f"show session-config named {session.name}")

    def sessions(self, detail: str | None) -> Answer:
        """Until EOS 4.31 the session tells of its timer; since 4.32 the timer stands apart."""
        armed, deadline, _before = self.switch.armed or ("", 0.0, None)
        old = [int(part) for part in re.findall(r"\d+", self.switch.version)[:2]] < [4, 32]
        rows: dict[str, dict[str, Any]] = {}
        for one in self.switch.sessions.values():
            state = one.state if old or one.state != "completed" else "committed"
            rows[one.name] = {"state": state, "completedTime": one.ended} if one.ended else {"state": state}
            if old and one.name == armed:
                rows[one.name].update(state="pendingCommitTimer", commitBy=deadline - self.switch.born)
        found: dict[str, Any] = {"sessions": rows, "maxSavedSessions": MAX_SAVED, "maxOpenSessions": MAX_OPEN}
        if armed and not old and detail:
            found |= {"commitTimerSessionName": armed, "commitTimerExpireTime": deadline - self.switch.born}
        return found

    def copy(self, source: str, target: str) -> Answer:
        tree = {"running-config": self.switch.running, "startup-config": self.switch.startup}.get(source)
        if tree is None:
            tree = self._file(source)
        if target == "startup-config":
            self.switch.startup = copy.deepcopy(tree)
            return ""
        self.switch.files[target] = self.switch.text(tree, f"show {source}")
        return "Copy completed successfully."

    def _file(self, name: str) -> Tree:
        if name not in self.switch.files:
            raise CliError(1000, f"Error opening {name} (No such file or directory)")
        return parse(self.switch.files[name])

    def interfaces(self) -> Answer:
        rows = {}
        for number, (name, tree) in enumerate(self.switch.interfaces().items()):
            words = {line.split()[0]: line.partition(" ")[2] for line in tree}
            state = ("down", "disabled") if "shutdown" in tree else ("up", "connected")
            rows[name] = {"lineProtocolStatus": state[0], "interfaceStatus": state[1], "bandwidth": 10**9,
                          "description": words.get("description", ""), "hardware": "ethernet",
                          "mtu": int(words.get("mtu", 1500)),
                          "physicalAddress": f"02:00:00:00:01:{number:02x}"}  # fmt: skip
        return {"interfaces": rows}

    def addresses(self) -> Answer:
        rows = {}
        for name, tree in self.switch.interfaces().items():
            found = [line.split()[2:] for line in sorted(tree, key=len) if line.startswith("ip address ")]
            pairs = [{"address": w[0].split("/")[0], "maskLen": int(w[0].split("/")[1])} for w in found]
            if pairs:
                first = {"primaryIp": pairs[0], "secondaryIpsOrderedList": pairs[1:]}
                rows[name] = {"interfaceAddress": first}
        return {"interfaces": rows}

    def show_config(self, which: str) -> Answer:
        return self.switch.text(getattr(self.switch, which), f"show {which}-config")

    def vrfs(self) -> Answer:
        return {"vrfs": {"default": {"routeDistinguisher": "", "interfaces": [*self.switch.interfaces()]}}}

    def routes(self, wanted: str, kind: str | None) -> Answer:
        found = self.switch.routes(wanted)
        routes = {net: route for net, route in found.items() if kind in (None, route["routeType"])}
        return {"vrfs": {"default": {"routes": routes}}}

    def bfd(self) -> Answer:
        neighbours = {
            address: {"peerStats": {interface: {"status": state}}}
            for (address, interface), state in self.switch.bfd.items()
        }
        return {"vrfs": {"default": {"ipv4Neighbors": neighbours, "ipv6Neighbors": {}}}}

    def ping(self, target: str, count: str) -> Answer:
        answers = int(count) if self.switch.routes(target) else 0
        rows = [f"80 bytes from {target}: icmp_seq={n} ttl=64 time=0.1 ms" for n in range(1, answers + 1)]
        lost = 100 - 100 * answers // int(count)
        end = f"{count} packets transmitted, {answers} received, {lost}% packet loss"
        return "\n".join([f"PING {target} ({target}) 72(100) bytes of data.", *rows, "", end])


COMMANDS: tuple[tuple[str, Callable[..., Answer | None]], ...] = (
    ("enable", Shell.enable), ("show version", Shell.version), ("show hostname", Shell.hostname),
    (r"configure(?: terminal| session (\S+))?", Shell.configure), ("(end|exit)", Shell.leave),
    ("rollback clean-config", Shell.clean), (r"(?:configure session (\S+) )?abort", Shell.abort),
    (r"(?:configure session (\S+) )?commit(?: timer (\d+:\d\d:\d\d))?", Shell.commit),
    (r"show session-config(?: named (\S+))?( diffs)?(?: sanitized)?", Shell.candidate),
    (r"show configuration sessions( detail)?", Shell.sessions),
    (r"copy (running-config|startup-config|flash:\S+) (startup-config|flash:\S+)", Shell.copy),
    (r"write(?: memory)?", lambda shell: shell.copy("running-config", "startup-config")),
    (r"configure replace (flash:\S+)", lambda shell, name: shell.switch.put(shell._file(name))),
    (r"show (running|startup)-config(?: all)?(?: sanitized)?", Shell.show_config),
    ("show interfaces", Shell.interfaces), ("show ip interface", Shell.addresses),
    ("show ipv6 interface", lambda shell: {"interfaces": {}}), ("show vrf", Shell.vrfs),
    (r"show ip route vrf default ([\d./]+) ?(connected|static)? ?detail", Shell.routes),
    ("show bfd peers", Shell.bfd),
    (r"ping ([\d.]+)(?: timeout \d+)?(?: size \d+)? repeat (\d+)(?: (?:source|interface) \S+)*", Shell.ping),
)  # fmt: skip
