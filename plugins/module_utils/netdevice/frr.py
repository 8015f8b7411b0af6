# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAPALM driver for FRR 8.4 and newer, over SSH.

The candidate stays on this side until it is committed; what it would change is computed on the router,
by its own frr-reload.py. A commit is entered there by a process that outlives the session and takes the
change back by itself when nobody confirms it (``network/frr_commit.py``, which is sent along).

A merge enters its lines beside the others, ``no ...`` removes; a replace makes the running
configuration the text. The boot configuration is written by ``confirm_commit``, or by a commit without
``revert_in``.

Needs on the router: vtysh, frr-reload.py (package frr-pythontools), python3; a user that may run them
(root, or ``sudo: true``).
"""

from __future__ import annotations

import inspect
import json
import secrets
import shlex
import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import frr_getters
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.redaction import without_secrets
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.ssh import Shell
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network import (
    frr_commit,
    frr_delta,
    frr_text,
    icmp_echo,
)

try:
    from napalm.base import NetworkDriver
    from napalm.base.exceptions import (
        CommandErrorException,
        CommitError,
        ConnectionException,
        MergeConfigException,
        NapalmException,
        ReplaceConfigException,
    )
except ImportError:
    # The modules say so before they come here (adapter.requires); documentation is read without NAPALM.
    NetworkDriver = CommitError = object

#: Seconds without a sign of life after which a session counts as cut; the router gives one every second.
SILENCE_S = 10.0


class PendingCommit(CommitError):
    """A commit of somebody else's waits; nothing of this one was entered."""


class FRRDriver(NetworkDriver):
    """One FRR router.

    optional_args, beside those of the SSH connection (``ssh.Shell``): ``pathspace`` (an FRR that is one of
    several on the machine), ``confdir`` (/etc/frr), ``state_directory`` (where a commit that waits keeps
    its state; must not survive a restart), ``silence_s``.
    """

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self.platform = "frr"
        self.profile = [self.platform]
        self.optional_args = dict(optional_args or {})
        self.device: Any = None
        self._candidate = ""
        self._mode = ""
        self._lines: list[frr_delta.Line] = []
        #: Names the commit that this session made, or was given; without one it decides on any that waits.
        self.config_session: str | None = None
        self._silence_s = float(self.optional_args.get("silence_s", SILENCE_S))
        self._where = {
            "state": self.optional_args.get("state_directory", frr_text.STATE),
            "confdir": self.optional_args.get("confdir", "/etc/frr"),
            "pathspace": self.optional_args.get("pathspace"),
        }

    def open(self) -> None:
        self.device = self._connect()

    def _connect(self) -> Shell:
        return Shell(self.hostname, self.username, self.password, float(self.timeout), self.optional_args)

    def close(self) -> None:
        if self.device is not None:
            self.device.close()
            self.device = None

    def is_alive(self) -> dict[str, bool]:
        return {"is_alive": self.device is not None and bool(self.device.alive)}

    # Candidate and commit ---------------------------------------------------------------------

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        self._load("replace", filename, config)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        self._load("merge", filename, config)

    def compare_config(self) -> str:
        if not self._mode:
            return ""
        said = self._ask("compare", text=self._candidate)
        if self._mode == "replace":
            self._lines = frr_delta.parse_replace(said["delta"], self._candidate)
        else:
            self._lines = frr_delta.parse_merge(said["delta"], self._candidate, said["running"])
        return "\n".join(str(line) for line in self._lines)

    @property
    def session_resets(self) -> list[str]:
        """Those lines of the last difference that take down a session which is up."""
        return frr_delta.session_resets(self._lines)

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        if not self._mode:
            raise CommitError("there is no candidate")
        # Known before anything is asked: the answer may be lost, and with it whose change it is.
        owned, self.config_session = self.config_session, f"{int(time.time())}-{secrets.token_hex(8)}"
        try:
            self._ask(
                "begin", text=self._candidate, mode=self._mode, confirm_s=revert_in or 0, message=message,
                token=self.config_session,
            )  # fmt: skip
        except PendingCommit:
            self.config_session = owned
            raise
        finally:
            self.discard_config()

    def has_pending_commit(self) -> bool:
        return bool(self._get_pending_commits())

    def _get_pending_commits(self) -> dict[str, float]:
        """The one that waits, and its seconds: the name is NAPALM's own for EOS (``edges.py``)."""
        said = self._ask("status")
        return {} if said["state"] == "idle" else {said["token"]: said["left_s"]}

    def confirm_commit(self) -> None:
        self._ask("confirm", token=self.config_session)
        self.config_session = None

    def discard_config(self) -> None:
        self._candidate, self._mode, self._lines = "", "", []

    def rollback(self) -> None:
        self.discard_config()
        self._ask("roll_back", token=self.config_session)
        self.config_session = None

    def _load(self, mode: str, filename: str | None, config: str | None) -> None:
        self.discard_config()
        text = config or ""
        if filename is not None:
            with open(filename, encoding="utf-8") as file:
                text = file.read()
        # The mode first: it says which exception a refusal is.
        self._mode = mode
        try:
            self._ask("check", text=text)
        except NapalmException:
            self._mode = ""
            raise
        self._candidate = text

    def _ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Have frr_commit.py answer on the router; it and what it needs are sent with each question."""
        program = frr_commit.prelude(frr_commit.own_parts())
        script = f"{program}module.main({verb!r}, {self._where!r}, {arguments!r})\n"
        # A change that cuts the session must leave time to find that out, and to look for another way.
        confirm_s = arguments.get("confirm_s")
        silence_s = min(self._silence_s, max(3.0, confirm_s / 3)) if confirm_s else self._silence_s
        said = self._device().run("python3 -I -", stdin=script, timeout_s=silence_s)
        try:
            answer = json.loads(said)
        except ValueError as error:
            raise CommandErrorException(f"the router answers: {said.strip()[:300]}") from error
        if "failed" not in answer:
            found: dict[str, Any] = answer["answer"]
            return found
        if answer["kind"] == "config":
            refused = MergeConfigException if self._mode == "merge" else ReplaceConfigException
            raise refused(answer["failed"])
        if answer["kind"] == "pending":
            raise PendingCommit(answer["failed"])
        raise CommitError(answer["failed"])

    # Getters ----------------------------------------------------------------------------------

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, Any]:
        if encoding not in ("text", "json"):
            raise NotImplementedError(f"{encoding} is not a supported encoding")
        if encoding == "json":
            return {command: self._document(command) for command in commands}
        return {command: self._vtysh(command) for command in commands}

    def get_facts(self) -> Any:
        return frr_getters.facts(
            self._vtysh("show version"),
            self._document("show interface"),
            self._run("cat /proc/uptime"),
            self._run("hostname; hostname -f || hostname"),
            self._run("cat /sys/class/dmi/id/product_serial || true"),
        )

    def get_interfaces(self) -> Any:
        return frr_getters.interfaces(self._document("show interface"))

    def get_interfaces_ip(self) -> Any:
        return frr_getters.interfaces_ip(self._document("show interface"))

    def get_interfaces_counters(self) -> Any:
        return frr_getters.interfaces_counters(json.loads(self._run("ip -json -statistics link show")))

    def get_arp_table(self, vrf: str = "") -> Any:
        if vrf:
            raise NotImplementedError("only the default VRF's table can be read")
        return frr_getters.arp_table(json.loads(self._run("ip -json -4 neighbor show")))

    def get_bgp_neighbors(self) -> Any:
        return frr_getters.bgp_neighbors(
            self._document("show bgp vrf all neighbors"), self._document("show bgp vrf all summary")
        )

    def get_route_to(self, destination: str = "", protocol: str = "", longer: bool = False) -> Any:
        kind = "ipv6" if ":" in destination else "ip"
        words = f"show {kind} route {destination}" + (" longer-prefixes" if longer else "")
        return frr_getters.route_to(self._document(words), protocol)

    def get_config(
        self, retrieve: str = "all", full: bool = False, sanitized: bool = False, format: str = "text"
    ) -> Any:
        if format != "text":
            raise NotImplementedError(f"{format} is not a supported format")
        wanted = ("running", "startup", "candidate") if retrieve == "all" else (retrieve,)
        found = dict.fromkeys(("running", "candidate", "startup"), "")
        if "running" in wanted:
            found["running"] = self._vtysh("show running-config no-header")
        if "startup" in wanted:
            parts = [self._where["confdir"], self._where["pathspace"] or "", "frr.conf"]
            name = "/".join(part for part in parts if part)
            found["startup"] = self._run(f"cat {shlex.quote(name)} || true")
        if "candidate" in wanted:
            found["candidate"] = self._candidate
        if sanitized:
            found = {kind: without_secrets(text) for kind, text in found.items()}
        return found

    def ping(
        self,
        destination: str,
        source: str = "",
        ttl: int = 255,
        timeout: int = 2,
        size: int = 100,
        count: int = 5,
        vrf: str = "",
        source_interface: str = "",
    ) -> Any:
        if vrf:
            raise NotImplementedError("ping from a VRF")
        options = {"source": source or source_interface, "count": count, "timeout_s": timeout,
                   "size": size, "ttl": ttl}  # fmt: skip
        script = f"{inspect.getsource(icmp_echo)}\nmain({destination!r}, **{options!r})\n"
        said = self._device().run("python3 -I -", stdin=script, timeout_s=timeout * count + 10.0)
        return frr_getters.ping(json.loads(said), destination)

    def _vtysh(self, command: str) -> str:
        space = f"-N {shlex.quote(self._where['pathspace'])} " if self._where["pathspace"] else ""
        return self._run(f"vtysh {space}-c {shlex.quote(command)}")

    def _document(self, command: str) -> Any:
        said = self._vtysh(f"{command} json")
        try:
            return json.loads(said) if said.strip() else {}
        except ValueError as error:
            raise CommandErrorException(f"{command}: {said.strip()[:200]}") from error

    def _run(self, command: str) -> str:
        return str(self._device().run(command))

    def _device(self) -> Any:
        if self.device is None:
            raise ConnectionException(f"no session with {self.hostname}: it is not open")
        return self.device
