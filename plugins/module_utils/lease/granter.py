# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the granter on this host what to do, and reads what it knows (role ``lease``).

Runs on a witness or a database server: standard library, Python 3.9.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

COMMAND = "/usr/local/sbin/anjianyun-lease"
CONFIG = Path("/etc/anjianyun/lease.json")
CONTROL_SOCKET = "/run/anjianyun-lease/control"
ANSWER_S = 5.0
#: Seconds until a lease that has not run out is looked at again.
LOOK_S = 0.1


def tell(command: dict[str, Any], control: str = CONTROL_SOCKET) -> dict[str, Any]:
    """One command to the granter of this host.

    :raises DatacenterError: when it does not answer, or says that it cannot.
    """
    device = socket.gethostname()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_S)
            connection.connect(control)
            connection.sendall(json.dumps(command).encode() + b"\n")
            answer = json.loads(connection.makefile("r", encoding="utf-8").readline())
    except (OSError, ValueError) as error:
        raise DatacenterError(
            "the lease service does not answer",
            device=device,
            cause=str(error),
            next_step="see 'systemctl status anjianyun-lease' there; playbooks/service.yml deploys it",
        ) from error
    if "error" in answer:
        raise DatacenterError(
            "the lease service refuses the command, and has changed nothing",
            device=device,
            cause=answer["error"],
            next_step="mend what it names there (a full disk needs room), then run this again",
        )
    return dict(answer)


def set_refusal(
    holder: str, *, refused: bool, reason: str, by: str, dry_run: bool, control: str = CONTROL_SOCKET
) -> dict[str, Any]:
    """Let the granter refuse a holder, or no longer; what it says of the holder afterwards."""
    if dry_run:
        status = tell({"op": "status", "holder": holder}, control)
        return {**status, "changed": status["refusing"] is not refused}
    command = {"op": "refuse" if refused else "allow", "holder": holder, "reason": reason, "by": by}
    return tell(command, control)


def serve_alone(reason: str, *, dry_run: bool, config: Path = CONFIG) -> dict[str, Any]:
    """Let the holder on this host serve while nobody answers; it ends by itself when somebody does.

    :raises DatacenterError: when there is no such service here.
    """
    try:
        state_directory = Path(json.loads(config.read_text(encoding="utf-8"))["state_directory"])
        if (state_directory / "alone.json").exists():
            return {"changed": False}
        if not dry_run:
            subprocess.run([COMMAND, "alone", "--reason", reason], capture_output=True, text=True, check=True)
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
        raise DatacenterError(
            "this host cannot be let serve alone",
            device=socket.gethostname(),
            cause=str(getattr(error, "stderr", "") or error).strip(),
            next_step="deploy the lease service there (playbooks/service.yml), then run this again",
        ) from error
    return {"changed": True}


def wait_until_over(holder: str, timeout_s: float, control: str = CONTROL_SOCKET) -> dict[str, Any]:
    """Look until the last lease of the holder has run out, or the time is over; the last look."""
    ends_at = time.monotonic() + timeout_s
    while True:
        status = tell({"op": "status", "holder": holder}, control)
        left = ends_at - time.monotonic()
        if status["over"] or left <= 0:
            return status
        time.sleep(max(0.01, min(LOOK_S, float(status["remaining_s"]), left)))


def wait_until_refused_for(holder: str, seconds: float, control: str = CONTROL_SOCKET) -> dict[str, Any]:
    """Look until the holder has been refused for so long since the granter was last told to; the last look.

    ``refused_s`` says for how long, by this host's clock. A granter that was started anew since, or does not
    say when it was told, is waited for from now on.
    """
    began = time.monotonic()
    while True:
        status = tell({"op": "status", "holder": holder}, control)
        if not status["refusing"]:
            return {**status, "refused_s": 0.0}
        refused_s = max(status.get("told_s_ago") or 0.0, time.monotonic() - began)
        if refused_s >= seconds:
            return {**status, "refused_s": round(refused_s, 3)}
        time.sleep(max(0.01, min(LOOK_S, seconds - refused_s)))


def carry_out(
    state: str, holder: str, *, reason: str, by: str, wait_s: float, refused_for_s: float, dry_run: bool
) -> dict[str, Any]:
    """Bring one holder's lease into a state, or read it.

    :param state: ``read``, ``refused``, ``allowed``; ``held`` and ``alone`` are of this host itself.
    :param wait_s: seconds to wait until the lease has run out.
    :param refused_for_s: seconds for which the holder has to have been refused; 0: that is not waited for.
    :returns: the result of the module ``lease``.
    """
    if state == "held":
        return {"changed": False, **tell({"op": "holder"})}
    if state == "alone":
        return {"holder": holder, **serve_alone(reason, dry_run=dry_run)}
    result: dict[str, Any] = {"changed": False}
    if state != "read":
        result = set_refusal(holder, refused=state == "refused", reason=reason, by=by, dry_run=dry_run)
    if state == "read" or wait_s:
        over = wait_until_over(holder, 0.0 if dry_run else wait_s)
        result = {**over, "changed": result["changed"]}
    if refused_for_s and not dry_run:
        refused = wait_until_refused_for(holder, refused_for_s)
        result = {**refused, "changed": result["changed"]}
    return result
