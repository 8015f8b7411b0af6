# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules for network devices, and what they ask the library for.

Documented in ``doc_fragments/netdevice.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.archive import (
    Archive,
    read_archive,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.change import (
    Change,
    apply_change,
    confirm_pending,
    roll_back_pending,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.checks import (
    KINDS,
    PROTOCOLS,
    Check,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import Device

STATES = ("present", "restored", "confirmed", "rolled_back")
_SECRET = re.compile(r"password|secret|passphrase|token", re.IGNORECASE)


def device_argument_spec() -> dict[str, dict[str, Any]]:
    """Which device, and how to talk to it."""
    return {
        "driver": {"type": "str", "required": True},
        "host": {"type": "str", "required": True},
        "name": {"type": "str"},
        "user": {"type": "str", "required": True},
        "password": {"type": "str", "no_log": True},
        "key_file": {"type": "path"},
        "port": {"type": "int"},
        "timeout": {"type": "float", "default": 30},
        "optional_args": {"type": "dict", "default": {}},
    }


def change_argument_spec() -> dict[str, dict[str, Any]]:
    """What is to become of its configuration."""
    check = {
        "kind": {"type": "str", "required": True, "choices": list(KINDS)},
        "target": {"type": "str", "required": True},
        "via": {"type": "dict", "options": device_argument_spec()},
        "protocol": {"type": "str", "choices": list(PROTOCOLS)},
        "next_hop": {"type": "str"},
        "source": {"type": "str"},
    }
    return {
        "state": {"type": "str", "default": "present", "choices": list(STATES)},
        "config": {"type": "str"},
        "src": {"type": "path"},
        "mode": {"type": "str", "default": "merge", "choices": ["merge", "replace"]},
        "confirm_s": {"type": "int", "default": 120},
        "checks": {"type": "list", "elements": "dict", "default": [], "options": check},
        "allow_session_reset": {"type": "bool", "default": False},
        "archive_directory": {"type": "path"},
        "comment": {"type": "str", "default": ""},
    }  # fmt: skip


def secrets(params: Mapping[str, Any]) -> set[str]:
    """What stands in a driver's own arguments and must not be logged; the rest is marked in the spec."""
    devices = [params, *(check["via"] for check in params.get("checks") or [] if check["via"])]
    return {
        value
        for device in devices
        for name, value in (device.get("optional_args") or {}).items()
        if _SECRET.search(name) and isinstance(value, str) and value
    }


def device_from(params: Mapping[str, Any]) -> Device:
    """The device meant."""
    return Device(
        name=params["name"] or params["host"],
        driver=params["driver"],
        host=params["host"],
        user=params["user"],
        password=params["password"] or "",
        key_file=params["key_file"],
        port=params["port"],
        timeout_s=params["timeout"],
        optional_args=params["optional_args"] or {},
    )


def check_from(params: Mapping[str, Any], device: Device) -> Check:
    """A check; what only a device can tell is asked of the changed one when none is named."""
    via = device_from(params["via"]) if params["via"] else None
    if via is None and params["kind"] != "ping":
        via = device
    words = {name: params[name] or "" for name in ("protocol", "next_hop", "source")}
    return Check(params["kind"], params["target"], via, **words)


def serve(params: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Do what the options of net_config ask for; the result has a ``diff`` whenever it has a change."""
    device = device_from(params)
    if params["state"] in ("confirmed", "rolled_back"):
        decide = confirm_pending if params["state"] == "confirmed" else roll_back_pending
        result = decide(device, dry_run=dry_run)
        after = {"confirmed": "confirmed", "rolled_back": "taken back"}[params["state"]]
        shown = (
            ("a change that waits for its confirmation\n", f"{after}\n") if result["changed"] else ("", "")
        )
        return {**result, "diff": {"before": shown[0], "after": shown[1]}}
    archive = Archive(Path(params["archive_directory"])) if params["archive_directory"] else None
    change = Change(
        text=_text(params, device, archive),
        mode="replace" if params["state"] == "restored" else params["mode"],
        confirm_s=params["confirm_s"],
        allow_session_reset=params["allow_session_reset"],
        message=params["comment"],
    )
    checks = [check_from(one, device) for one in params["checks"]]
    try:
        result = apply_change(device, change, checks=checks, archive=archive, dry_run=dry_run)
    except DatacenterError as error:
        error.result = _shown(error.result)
        raise
    return _shown(result)


def _shown(result: Mapping[str, Any]) -> dict[str, Any]:
    """The difference where Ansible looks for it."""
    text = result.get("diff_text", "")
    rest = {name: value for name, value in result.items() if name != "diff_text"}
    return {**rest, "diff": {"prepared": f"{text}\n" if text else ""}} if "diff_text" in result else rest


def _text(params: Mapping[str, Any], device: Device, archive: Archive | None) -> str:
    if params["state"] == "restored":
        if params["src"]:
            return read_archive(Path(params["src"]), device.name)
        if archive is None:
            raise DatacenterError(
                "it is not said what is to be restored", device=device.name,
                next_step="name the archive with src, or its folder with archive_directory",
            )  # fmt: skip
        return read_archive(archive.newest(device.name), device.name)
    if params["config"] is not None:
        return str(params["config"])
    try:
        return Path(params["src"]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DatacenterError(
            "the configuration cannot be read", device=device.name, cause=f"{params['src']}: {error}",
            next_step="src is a file of the control node; a template is rendered with config and a lookup",
        ) from error  # fmt: skip
