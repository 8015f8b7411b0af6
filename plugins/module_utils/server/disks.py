# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks as the operating system has them, and what they say of their health. Standard library only."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine, NotTold

_COLUMNS = "NAME,MODEL,SERIAL,SIZE,ROTA,TYPE,TRAN,RM"
#: Block devices that are no hardware, and yet called disks.
_NOT_REAL = ("zram", "ram", "loop", "nbd", "rbd", "drbd", "dm-", "md", "bcache", "fd")
#: Bits of smartctl's exit code (smartctl(8), section 'exit status') with which it read nothing.
_NOT_READ = 0b111
#: Attributes of ATA drives that count what is lost already, by their numbers.
_COUNTED = {5: "reallocated", 187: "reported_uncorrectable", 197: "pending", 198: "offline_uncorrectable"}


def disks(machine: Machine) -> list[dict[str, Any]]:
    """The disks: ``name``, ``model``, ``serial``, ``bytes``, ``rotational``, ``transport``.

    :raises NotTold: lsblk is not there, or says nothing that can be read.
    """
    tool = machine.tool("lsblk")
    if tool is None:
        raise NotTold("list the disks", cause="there is no lsblk", next_step="install util-linux")
    told, _code = machine.json(tool, "--json", "--bytes", "--nodeps", "--output", _COLUMNS)
    return [_disk(one) for one in told.get("blockdevices", ()) if _real(one)]


def _real(one: Mapping[str, Any]) -> bool:
    """Whether it is a drive of this machine. What a BMC shows as a medium is a removable one at USB."""
    name = str(one.get("name"))
    shown = one.get("tran") == "usb" and _yes(one.get("rm"))
    return one.get("type") == "disk" and not name.startswith(_NOT_REAL) and _size(one) > 0 and not shown


def _size(one: Mapping[str, Any]) -> int:
    return int(one.get("size") or 0)


def _yes(value: Any) -> bool:
    """lsblk before 2.33 writes 0 and 1 as text."""
    return value in (True, 1, "1")


def _disk(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "model": _text(one.get("model")),
        "serial": _text(one.get("serial")),
        "bytes": _size(one),
        "rotational": None if one.get("rota") is None else _yes(one["rota"]),
        "transport": one.get("tran"),
    }


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def add_smart(machine: Machine, found: list[dict[str, Any]]) -> dict[str, str]:
    """Put ``smart`` to each disk, None where it is not known.

    :returns: why not, by part (``smart`` for all, ``smart sda`` for one).
    """
    not_told: dict[str, str] = {}
    tool = machine.tool("smartctl")
    if tool is None and found:
        not_told["smart"] = "there is no smartctl. Next: install smartmontools"
    for disk in found:
        disk["smart"] = None
        if tool is None:
            continue
        try:
            disk["smart"] = smart(*machine.json(tool, "--json", "-H", "-A", f"/dev/{disk['name']}"))
        except NotTold as error:
            not_told[f"smart {disk['name']}"] = error.reason()
    return not_told


def smart(told: Mapping[str, Any], code: int) -> dict[str, Any]:
    """What smartctl told of one drive (its JSON, ``json_format_version`` 1.0).

    :returns: ``passed`` (None when the drive does not say), ``failing`` (attributes below their threshold
        now), ``failed_before``, ``hours``, ``celsius``, and of what there is: ``reallocated``, ``pending``,
        ``offline_uncorrectable``, ``reported_uncorrectable``, ``media_errors``, ``wear_percent``,
        ``spare_percent``, ``grown_defects``.
    :raises NotTold: it could not ask the drive.
    """
    stated = told.get("smart_status")
    passed = stated.get("passed") if isinstance(stated, dict) else None
    attributes = (told.get("ata_smart_attributes") or {}).get("table") or []
    log = told.get("nvme_smart_health_information_log") or {}
    if passed is None and not attributes and not log:
        raise _not_read(told, code)
    found: dict[str, Any] = {
        "passed": passed,
        "failing": [one["name"] for one in attributes if one.get("when_failed") == "now"],
        "failed_before": [one["name"] for one in attributes if one.get("when_failed") == "past"],
        "hours": (told.get("power_on_time") or {}).get("hours"),
        "celsius": (told.get("temperature") or {}).get("current"),
    }
    for one in attributes:
        word = _COUNTED.get(one.get("id"))
        if word:
            found[word] = (one.get("raw") or {}).get("value")
    for word, name in (("media_errors", "media_errors"), ("wear_percent", "percentage_used"),
                       ("spare_percent", "available_spare")):  # fmt: skip
        if name in log:
            found[word] = log[name]
    if "scsi_grown_defect_list" in told:
        found["grown_defects"] = told["scsi_grown_defect_list"]
    if log.get("critical_warning"):
        found["passed"] = False
    return found


def _not_read(told: Mapping[str, Any], code: int) -> NotTold:
    messages = [str(one.get("string")) for one in (told.get("smartctl") or {}).get("messages") or ()]
    said = "; ".join(messages) or (
        "smartctl read nothing" if code & _NOT_READ else "the drive tells no health"
    )
    step = "ask the RAID controller's own tool, or smartctl with -d as its manual says, by hand"
    return NotTold(
        "read SMART", cause=said, next_step="run it as root" if "Permission denied" in said else step
    )
