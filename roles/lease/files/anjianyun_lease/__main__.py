# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``anjianyun-lease``: the service, and what a person at this host can ask it.

anjianyun-lease run              the service (systemd starts it)
anjianyun-lease status HOLDER    what this granter knows of a holder
anjianyun-lease holder           the state of this host's own lease
anjianyun-lease refuse HOLDER --reason TEXT, and allow HOLDER
anjianyun-lease may-open SYSTEM TIMELINE    would a granter let this host be primary? (the boot guard asks)
anjianyun-lease alone --reason TEXT    serve although nobody answers, until somebody does
anjianyun-lease wake             look at once (systemd, after the database has started)
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from . import database
from .durable import keep
from .holder import SILENT, Holder
from .service import CONTROL_SOCKET, Service, say

CONFIG = "/etc/anjianyun/lease.json"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="anjianyun-lease", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default=CONFIG)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run")
    commands.add_parser("holder")
    commands.add_parser("wake")
    for name in ("status", "refuse", "allow"):
        command = commands.add_parser(name)
        command.add_argument("holder")
        if name == "refuse":
            command.add_argument("--reason", required=True)
    opening = commands.add_parser("may-open")
    opening.add_argument("system")
    opening.add_argument("timeline", type=int)
    commands.add_parser("alone").add_argument("--reason", required=True)
    arguments = parser.parse_args()
    config: dict[str, Any] = json.loads(Path(arguments.config).read_text(encoding="utf-8"))
    if arguments.command == "run":
        Service(config, _key(config)).run()
        return 0
    if arguments.command == "may-open":
        return may_open(config, arguments.system, arguments.timeline)
    if arguments.command == "alone":
        return alone(config, arguments.reason)
    command_line = {"op": arguments.command, "by": _who()}
    command_line.update({k: v for k, v in vars(arguments).items() if k in ("holder", "reason")})
    answer = tell(command_line)
    print(json.dumps(answer, indent=1, ensure_ascii=False))
    return 1 if "error" in answer else 0


def tell(command: dict[str, Any]) -> dict[str, Any]:
    """One command to the service of this host."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(5)
        control.connect(CONTROL_SOCKET)
        control.sendall(json.dumps(command).encode() + b"\n")
        return dict(json.loads(control.makefile("r", encoding="utf-8").readline()))


def may_open(config: dict[str, Any], system: str, timeline: int) -> int:
    """0 when a granter grants, 1 when none does; with the reasons. Without the service nothing is granted."""
    try:
        tell({"op": "holder"})
    except OSError as error:
        print(f"the lease service of this host does not answer ({error})")
        return 1
    holder = Holder(config, _key(config), say)
    answers = holder.ask_all(database.Local("down", system, timeline), serving=False, gated=True)
    print("; ".join(f"{name}: {answer.reason}" for name, answer in answers.items()))
    if any(answer.granted for answer in answers.values()):
        return 0
    silent = all(answer.reason.startswith(SILENT) for answer in answers.values())
    return 0 if silent and holder.alone_file.exists() else 1


def alone(config: dict[str, Any], reason: str) -> int:
    """A person answers for it. It ends by itself when anybody answers again."""
    file = Path(config["state_directory"]) / "alone.json"
    keep(file, {"reason": reason, "by": _who(), "at": time.time()})
    print(f"{config['name']} may serve while nobody answers: {reason}")
    return 0


def _key(config: dict[str, Any]) -> bytes:
    return Path(config["key_file"]).read_bytes().strip()


def _who() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


if __name__ == "__main__":
    sys.exit(main())
