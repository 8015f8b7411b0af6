# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process: answers holders over UDP, answers root over a socket, and keeps the holder's beat.

Questions are answered by one thread, one after the other, so a refusal that was acknowledged cannot be
overtaken by a grant. The beat has a thread of its own, for it may have to wait for a database.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import threading
from pathlib import Path
from typing import Any

from . import wire
from .granter import Granter
from .holder import BEATS, Holder, boottime

CONTROL_SOCKET = "/run/anjianyun-lease/control"


def say(text: str) -> None:
    """To the journal."""
    print(text, flush=True)


class Service:
    """Granter, and holder where there is a database."""

    def __init__(self, config: dict[str, Any], key: bytes, control: str = CONTROL_SOCKET) -> None:
        self.config = config
        self.key = key
        self.control = Path(control)
        self.granter = Granter(
            config["name"],
            Path(config["state_directory"]) / "granter.json",
            boottime(),
            float(config["lease_s"]),
        )
        self.holder: Holder | None = Holder(config, key, say) if config.get("holder") else None
        self.wakes = threading.Event()

    def run(self) -> None:
        """Until killed. A holder whose thread ends takes the process with it: systemd starts it anew."""
        selector = selectors.DefaultSelector()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wired, self._control_socket() as control:
            wired.bind(("0.0.0.0", int(self.config["port"])))
            selector.register(wired, selectors.EVENT_READ)
            selector.register(control, selectors.EVENT_READ)
            if self.holder:
                threading.Thread(target=self._beats, args=(self.holder,), daemon=True).start()
            say(f"{self.config['name']} grants leases for {', '.join(self.config['services'])}")
            while True:
                for chosen, _events in selector.select():
                    if chosen.fileobj is wired:
                        self._answer(wired)
                    else:
                        self._command(control)

    def _control_socket(self) -> socket.socket:
        self.control.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.control.unlink(missing_ok=True)
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        control.bind(str(self.control))
        self.control.chmod(0o600)
        control.listen(8)
        return control

    def _beats(self, holder: Holder) -> None:
        try:
            while True:
                began = boottime()
                holder.beat()
                local = holder.local
                self.granter.own = (local.system, local.timeline) if local.role == "primary" else None
                self.wakes.wait(max(0.1, holder.lease_s / BEATS - (boottime() - began)))
                self.wakes.clear()
        except Exception as error:
            # A guard that limps is worse than one that starts anew; the gate closes by itself meanwhile.
            say(f"the beat failed: {error!r}")
            os._exit(1)

    def _answer(self, wired: socket.socket) -> None:
        datagram, asker = wired.recvfrom(2 * wire.LARGEST)
        try:
            question = wire.unseal(self.key, datagram)
            if question.get("op") != "ask" or question.get("service") not in self.config["services"]:
                return
            answer = self.granter.ask(question, boottime())
            reply = {
                "nonce": question["nonce"], "granter": self.granter.name,
                "granted": answer.granted, "reason": answer.reason,
            }  # fmt: skip
        except (wire.Forged, KeyError, TypeError, ValueError):
            # Whoever has no key gets no answer.
            return
        with contextlib.suppress(OSError):
            wired.sendto(self._sealed(reply), asker)

    def _sealed(self, reply: dict[str, Any]) -> bytes:
        """A reason may be as long as a person likes; its beginning has to do then."""
        while True:
            try:
                return wire.seal(self.key, reply)
            except ValueError:
                if not reply["reason"]:
                    raise
                reply["reason"] = reply["reason"][: len(reply["reason"]) // 2]

    def _command(self, control: socket.socket) -> None:
        """One line of JSON in, one out."""
        connection, _address = control.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(2)
            try:
                command = json.loads(connection.makefile("r", encoding="utf-8").readline())
                result = self._do(command)
            except (OSError, ValueError, KeyError, TypeError) as error:
                # What cannot be written down was not done, and whoever wants it done has to know.
                result = {"error": f"{type(error).__name__}: {error}"}
            connection.sendall(json.dumps(result).encode() + b"\n")

    def _do(self, command: dict[str, Any]) -> dict[str, Any]:
        op = command["op"]
        if op == "holder":
            return self.holder.status() if self.holder else {"error": "this host holds no lease"}
        if op == "wake":
            self.wakes.set()
            return {}
        holder, changed = str(command["holder"]), False
        if op == "refuse":
            changed = self.granter.refuse(holder, str(command["reason"]), str(command["by"]), boottime())
            if changed:
                say(f"{command['by']} has {holder} refused: {command['reason']}")
        elif op == "allow":
            changed = self.granter.allow(holder)
            if changed:
                say(f"{command['by']} lets {holder} have its lease again")
        elif op != "status":
            raise ValueError(f"no such command: {op}")
        return {"changed": changed, **self.granter.status(holder, boottime())}
