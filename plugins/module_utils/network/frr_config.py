# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's whole configuration: the difference first, then applied without a restart, then read back.

FRR's own frr-reload.py computes the difference and enters it. What it does not know is added here:
which routes only a runbook may move, and which lines end a session while it carries traffic.
Standard library, Python 3.9.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import tempfile
import uuid
from typing import Any, Callable, Iterable, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network import (
    frr_commit,
    frr_kept,
    frr_text,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr import Frr
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_delta import (
    parse_replace,
    session_resets,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_kept import with_routes
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.frr_text import complaints
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.routes import neighbours_in
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.service_address import routes_in

RELOAD = "/usr/lib/frr/frr-reload.py"
DAEMONS = ("zebra", "staticd", "ospfd", "bfdd")
TIMEOUT_S = 60.0
_REMOVES = re.compile(r"^no ip (route|prefix-list) ")
_NOISE = re.compile(r"^(!|frr version |Building configuration|Current configuration|end$|exit$|$)")


@dataclasses.dataclass(frozen=True)
class Delta:
    """What has to be entered, each command with the context it belongs to."""

    delete: tuple[str, ...]
    add: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """As a person reads it."""
        # frr-reload.py enters the removal of a route or a prefix with what is added.
        return [
            *(f"- {line}" for line in self.delete),
            *(f"{'-' if _REMOVES.match(line) else '+'} {line}" for line in self.add),
        ]


def apply_configuration(
    frr: Frr,
    text: str,
    *,
    service_prefixes: Sequence[str],
    reset_sessions: bool,
    dry_run: bool,
    confirm_s: float = 0,
) -> dict[str, Any]:
    """Make a router's configuration what a text says, and save it.

    :param service_prefixes: the static routes to these stay as the device has them: where a service
        is announced is moved by a runbook, and no text knows it.
    :param reset_sessions: enter also what takes an adjacency down that is up.
    :param confirm_s: seconds after which the router takes the change back by itself, unless
        :func:`confirm_configuration` came; it is saved then and not before. 0: it stands at once.
    :raises Refused: when sessions would be reset and that was not allowed.
    """
    (neighbours,), running = frr.read(
        ["show ip ospf neighbor json"], text="show running-config", daemons=DAEMONS
    )
    kept = kept_routes(running, service_prefixes)
    wanted = with_routes(text, kept)
    output = _run(frr, wanted, "--test")
    delta = parse_delta(output)
    full = [one for one in neighbours_in(neighbours) if one["full"]]
    unsaved = significant(running.splitlines()) != significant(frr.saved_lines())
    result: dict[str, Any] = {
        "changed": bool(delta.lines) or unsaved,
        "delta": delta.lines,
        "resets": session_resets(parse_replace(output, wanted)) if full else [],
        "kept_routes": kept,
        "saved": not unsaved,
        "token": "",
    }
    waits = result["changed"] and frr_kept.waiting()
    if dry_run:
        reasons = {
            "it takes OSPF sessions down": bool(result["resets"]) and not reset_sessions,
            "a change of this router waits for its confirmation": waits,
        }
        result["warnings"] = [f"this will be refused: {reason}" for reason, so in reasons.items() if so]
    if dry_run or not result["changed"]:
        return result
    if waits:
        raise Refused(
            "a change of this router waits for its confirmation",
            device=frr.device,
            cause="what is entered meanwhile is taken back with it, and saving would save it unconfirmed",
            next_step="see whose it is; net_config with state confirmed or rolled_back, then run this again",
            result={**result, "changed": False},
        )
    if result["resets"] and not reset_sessions:
        raise Refused(
            "this change would take OSPF sessions down that carry traffic",
            device=frr.device,
            cause=f"{'; '.join(result['resets'])}; up: {', '.join(one['interface'] for one in full)}",
            next_step="do it when the other path is up, with frr_router_reset_sessions=true",
            result={**result, "changed": False},
        )
    if delta.lines and confirm_s:
        result.update(token=uuid.uuid4().hex, saved=False)
        _asked(frr, frr_commit.begin, wanted, "replace", confirm_s, "frr_config", result["token"])
    elif delta.lines:
        _reload(frr, wanted)
    left = parse_delta(_run(frr, wanted, "--test")) if delta.lines else Delta((), ())
    if left.lines:
        back = f"; the router takes it back within {confirm_s:g} s" if confirm_s else ""
        raise DatacenterError(
            "the router did not take the whole configuration",
            device=frr.device,
            cause="; ".join(left.lines) + back,
            next_step="enter these with vtysh and see what it says",
            result=result,
        )
    if result["token"]:
        return result
    frr.configure([])
    return {**result, "saved": True}


def confirm_configuration(
    frr: Frr, text: str, token: str, *, service_prefixes: Sequence[str]
) -> dict[str, Any]:
    """Let a change stand that was entered with ``confirm_s``, and save it.

    Whoever calls this has reached the router anew: that is what the confirmation proves.

    :param token: what :func:`apply_configuration` called the change.
    :raises Refused: when the router runs something else by now, or has taken the change back.
    """
    running = frr.read([], text="show running-config", daemons=DAEMONS)[1]
    kept = kept_routes(running, service_prefixes)
    left = parse_delta(_run(frr, with_routes(text, kept), "--test"))
    if left.lines:
        raise Refused(
            "the change was not confirmed: the router does not run what was entered",
            device=frr.device,
            cause="; ".join(left.lines),
            next_step="it takes the change back by itself if it has not yet; run this again",
        )
    _asked(frr, frr_commit.confirm, token)
    return {
        "changed": True, "delta": [], "resets": [], "kept_routes": kept, "saved": True, "token": token,
    }  # fmt: skip


def _asked(frr: Frr, verb: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Have a change entered or confirmed by the program that a router runs for NAPALM as well."""
    # The guard outlives this module, and takes its own text along.
    frr_commit.PARTS.update(frr_commit.own_parts())
    try:
        return verb(frr_text.Router(frr_text.STATE), *arguments)
    except frr_text.Failed as error:
        raise DatacenterError(
            "the router does not take the change" if verb is frr_commit.begin else "it was not confirmed",
            device=frr.device,
            cause=str(error),
            next_step="nothing stays of it: the router runs what it ran before, or goes back to it by itself;"
            " correct the cause and run this again",
        ) from error


def kept_routes(running: str, prefixes: Iterable[str]) -> list[str]:
    """The lines of a running configuration that say where services are announced."""
    return [
        f"ip route {prefix} {next_hop}" + (f" tag {tag}" if tag else "")
        for prefix in sorted(prefixes)
        for next_hop, tag in routes_in(running, prefix)
    ]


def parse_delta(output: str) -> Delta:
    """What frr-reload.py --test says, each line after the context it is entered in."""
    parts: dict[str, list[str]] = {"Lines To Delete": [], "Lines To Add": []}
    part: list[str] | None = None
    context = ""
    for line in output.splitlines():
        if line in parts:
            part = parts[line]
        elif part is not None and line.strip() and not line.startswith("==="):
            if line.startswith(" "):
                if part and part[-1] == context:
                    part.pop()
                part.append(f"{context} / {line.strip()}")
            elif line.strip() not in ("exit", "!"):
                context = line
                part.append(line)
    return Delta(tuple(parts["Lines To Delete"]), tuple(parts["Lines To Add"]))


def significant(lines: Iterable[str]) -> set[str]:
    """The lines of a configuration that say something, in no order."""
    return {line.strip() for line in lines if not _NOISE.match(line.strip())}


def _reload(frr: Frr, text: str) -> None:
    _run(frr, text, "--reload", "--overwrite")


def _run(frr: Frr, text: str, *mode: str) -> str:
    # A file, and not the standard input: frr-reload.py would read nothing there, and compute a difference
    # that removes everything.
    with tempfile.NamedTemporaryFile("w", prefix="frr-", suffix=".conf") as file:
        file.write(text)
        file.flush()
        os.chmod(file.name, 0o644)
        try:
            done = subprocess.run(
                [RELOAD, *mode, "--stdout", file.name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError as error:
            raise DatacenterError(
                "the configuration cannot be compared",
                device=frr.device,
                cause=f"there is no {RELOAD}",
                next_step="install the package frr-pythontools",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise DatacenterError(
                f"frr-reload.py did not end within {TIMEOUT_S:g} s",
                device=frr.device,
                next_step="see which daemon hangs, then run this again",
            ) from error
    errors = complaints(done.stdout.replace("\\n", "\n").splitlines())
    if done.returncode or errors:
        raise DatacenterError(
            "the router does not understand the configuration",
            device=frr.device,
            cause="; ".join(errors) or done.stderr.strip() or f"frr-reload.py ended with {done.returncode}",
            next_step="nothing was entered where this is a comparison; correct the template or the plan",
        )
    return done.stdout
