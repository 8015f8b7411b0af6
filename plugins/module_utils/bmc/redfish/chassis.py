# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server in Redfish: power, restore policy, boot device (ComputerSystem, DSP0268)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import (
    OFF,
    ON,
    UNKNOWN,
    Boot,
    Status,
    now,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    allowed,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

#: PowerState. The others (PoweringOn, PoweringOff, Paused) are on the way to somewhere: neither on nor off.
_POWER = {"On": ON, "Off": OFF}

#: PowerRestorePolicy.
_POLICIES = {"AlwaysOff": "always-off", "LastState": "previous", "AlwaysOn": "always-on"}
_POLICY_WORDS = {name: word for word, name in _POLICIES.items()}

#: ResetType for each verb, the first that the service takes. A cycle has the server off in between, which
#: ForceRestart has not; a button pushed in place of GracefulShutdown would switch on a server that is off.
_RESETS = {
    "on": ("On", "ForceOn"),
    "off": ("ForceOff",),
    "soft": ("GracefulShutdown",),
    "cycle": ("PowerCycle",),
    "reset": ("ForceRestart",),
}
_INSTEAD = {"cycle": "use state: off and then state: on", "soft": "shut down through the operating system"}

#: BootSourceOverrideTarget. Redfish knows one Cd, attached from afar or not.
_TARGETS = {
    "none": "None",
    "pxe": "Pxe",
    "disk": "Hdd",
    "diagnostics": "Diags",
    "cdrom": "Cd",
    "setup": "BiosSetup",
    "floppy": "Floppy",
}
_DEVICES = {target: device for device, target in _TARGETS.items()}
_TARGET, _ENABLED, _MODE = (f"BootSourceOverride{part}" for part in ("Target", "Enabled", "Mode"))


def read_status(service: Service) -> Status:
    """Power and restore policy; ``unknown`` with the cause when there is an error or no answer."""
    try:
        system = service.system("read the power state")
    except Refused:
        # Nobody said which server: no reading of any of them is an answer.
        raise
    except DatacenterError as error:
        return Status(now(), UNKNOWN, UNKNOWN, cause=error.cause or error.what, answered=False)
    stated = system.get("PowerState")
    power = _POWER.get(str(stated), UNKNOWN)
    return Status(
        now(),
        power,
        _POLICIES.get(str(system.get("PowerRestorePolicy")), UNKNOWN),
        tuple(_faults(system.get("Status"))),
        cause=None if power != UNKNOWN else f"its power state is {stated or 'not told'}",
    )


def _faults(status: Any) -> list[str]:
    """What the service says is wrong with the server as a whole."""
    if not isinstance(status, Mapping):
        return []
    told = [str(one["Message"]) for one in status.get("Conditions") or [] if one.get("Message")]
    health = str(status.get("Health") or "OK")
    return told or ([] if health == "OK" else [f"health {health.lower()}"])


def control(service: Service, verb: str, *, once: bool) -> None:
    """Give one power command (action ``#ComputerSystem.Reset``)."""
    session = service.session
    what = f"power {verb}"
    system = service.system(what)
    action = (system.get("Actions") or {}).get("#ComputerSystem.Reset") or {}
    if not action.get("target"):
        raise unsupported(session, what, "it has no action to reset the server")
    taken = allowed(session, action, "ResetType")
    reset = next((one for one in _RESETS[verb] if taken is None or one in taken), None)
    if reset is None:
        error = unsupported(
            session, what, f"it takes {', '.join(taken or []) or 'nothing'}, and none of these is it"
        )
        error.next_step = _INSTEAD.get(verb, error.next_step)
        raise error
    # A reset alone leaves no trace in the power state.
    read_back = verb != "reset"
    session.post(str(action["target"]), {"ResetType": reset}, what, once=once, read_back=read_back)


def write_restore_policy(service: Service, policy: str) -> None:
    """Set what the server does when power returns."""
    what = f"set the power-restore policy to {policy}"
    if service.system(what).get("PowerRestorePolicy") is None:
        raise unsupported(service.session, what, "it does not tell PowerRestorePolicy")
    service.session.patch(service.system_path(), {"PowerRestorePolicy": _POLICY_WORDS[policy]}, what)


def _boot_place(service: Service, what: str) -> tuple[str, dict[str, Any]]:
    """Where the boot override is written, and as what it stands there.

    Some services take it for the next start in their settings object (clause 'Settings resource').
    """
    system = service.system(what)
    settings = path_of((system.get("@Redfish.Settings") or {}).get("SettingsObject"))
    if settings is not None:
        pending = service.session.get(settings, what).get("Boot") or {}
        if _TARGET in pending:
            return settings, pending
    boot = system.get("Boot") or {}
    if _TARGET not in boot:
        raise unsupported(service.session, what, "it does not tell a boot override")
    return service.system_path(), boot


def read_boot(service: Service) -> Boot:
    """The boot device that the next start is told to use."""
    _place, boot = _boot_place(service, "read the boot device")
    target = str(boot.get(_TARGET) or "None")
    enabled = str(boot.get(_ENABLED) or "Disabled")
    if enabled == "Disabled" or target == "None":
        return Boot()
    return Boot(_DEVICES.get(target, target), enabled == "Continuous", boot.get(_MODE) == "UEFI")


def boot_override(wanted: Boot) -> dict[str, Any]:
    """The properties of ``Boot`` for it."""
    if wanted.device == "none":
        return {_ENABLED: "Disabled", _TARGET: "None"}
    return {
        _ENABLED: "Continuous" if wanted.persistent else "Once",
        _TARGET: _TARGETS.get(wanted.device, wanted.device),
        _MODE: "UEFI" if wanted.uefi else "Legacy",
    }


def describe_boot(wanted: Boot) -> str:
    """What :func:`write_boot` changes."""
    return "set Boot " + ", ".join(f"{name}={value}" for name, value in boot_override(wanted).items())


def write_boot(service: Service, wanted: Boot) -> None:
    """Tell the server what to start from next."""
    session = service.session
    what = f"set the boot device to {wanted.device}"
    if wanted.device not in _TARGETS:
        error = unsupported(session, what, "Redfish does not tell a device attached from afar from others")
        error.next_step = "use cdrom or disk, or ask over IPMI"
        raise error
    place, boot = _boot_place(service, what)
    body = boot_override(wanted)
    taken = boot.get(f"{_TARGET}@Redfish.AllowableValues")
    if isinstance(taken, list) and body[_TARGET] not in taken and wanted.device != "none":
        raise unsupported(session, what, f"it takes {', '.join(map(str, taken))}")
    if _MODE not in boot:
        if wanted.uefi:
            raise unsupported(session, what, "it does not tell the boot mode, so UEFI cannot be asked for")
        body.pop(_MODE, None)
    session.patch(place, {"Boot": body}, what)
