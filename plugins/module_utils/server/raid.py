# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RAID: what the kernel does itself, and what controllers tell by their makers' tools."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine, NotTold

#: PCI class of RAID controllers, and of SAS controllers, which do RAID as often as not.
_RAID_CLASSES = ("0x0104", "0x0107")
#: PCI vendors of controllers whose tool prints JSON (Broadcom's and Dell's), and those whose tool does not.
_BROADCOM = ("0x1000", "0x1028")
_NO_JSON = {"0x9005": "arcconf or ssacli", "0x103c": "ssacli", "0x1590": "ssacli"}
_JSON_TOOLS = ("storcli64", "storcli", "perccli64", "perccli")

_ARRAY = re.compile(
    r"^(md\S+) : (active|inactive)(?: \((\S+)\))?(?: (raid\d+|linear|multipath|faulty))?(.*)$"
)
_COUNT = re.compile(r"\[(\d+)/(\d+)\] \[([U_]+)\]")
_AT_WORK = re.compile(r"(recovery|resync|reshape|check)\s*=\s*(\S+)")
_MEMBER = re.compile(r"(\S+?)\[\d+\]((?:\(\w\))*)")


def software(machine: Machine) -> list[dict[str, Any]]:
    """The kernel's own arrays: ``name``, ``level``, ``state``, ``degraded``, ``members``, ``failed`` and
    ``at_work``.

    Without /proc/mdstat the kernel has none.
    """
    arrays = mdstat(machine.text("/proc/mdstat") or "")
    tool = machine.tool("mdadm")
    for array in arrays:
        if tool:
            _detail(machine, tool, array)
    return arrays


def mdstat(text: str) -> list[dict[str, Any]]:
    """What /proc/mdstat says. One that is not active, lacks members or has failed ones is degraded."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        begins = _ARRAY.match(line)
        if begins:
            name, state, mode, level, rest = begins.groups()
            members = _MEMBER.findall(rest)
            failed = [member for member, marks in members if "(F)" in marks]
            found.append(
                {
                    "name": name,
                    "level": level,
                    "state": f"{state} ({mode})" if mode else state,
                    "degraded": state != "active" or bool(failed),
                    "members": [member for member, _marks in members],
                    "failed": failed,
                    "at_work": None,
                }
            )
            continue
        if not found:
            continue
        count, work = _COUNT.search(line), _AT_WORK.search(line)
        if count and (int(count.group(2)) < int(count.group(1)) or "_" in count.group(3)):
            found[-1]["degraded"] = True
        if work:
            found[-1]["at_work"] = f"{work.group(1)} {work.group(2)}"
    return found


def _detail(machine: Machine, tool: str, array: dict[str, Any]) -> None:
    """What mdadm says of its state; the worse of the two counts."""
    try:
        said = machine.run(tool, "--detail", f"/dev/{array['name']}")
    except NotTold:
        return
    for line in said.out.splitlines():
        name, _colon, value = line.partition(" : ")
        if name.strip() == "State":
            array["state"] = value.strip()
            array["degraded"] = array["degraded"] or bool(
                {"degraded", "FAILED"} & set(value.replace(",", "").split())
            )


def controllers(machine: Machine) -> list[dict[str, Any]]:
    """The RAID controllers: ``model``, ``serial``, ``state``, ``arrays``, ``drives``, ``batteries``.

    :raises NotTold: there is one whose tool is not there, or prints no JSON.
    """
    present = _present(machine)
    tool = machine.tool(*_JSON_TOOLS)
    if tool is None:
        if not present:
            return []
        raise _no_tool(machine, present)
    told, _code = machine.json(tool, "/call", "show", "all", "J")
    found = megaraid(told)
    if not found and present:
        raise NotTold(
            "ask the RAID controller",
            cause=f"{Path(tool).name} sees no controller; PCI shows {_spoken(present)}",
            next_step="install the tool of its maker, or look at its battery and drives in the BMC",
        )
    return found


def _present(machine: Machine) -> dict[str, str]:
    """PCI addresses of RAID controllers, and their vendors."""
    folder = "/sys/bus/pci/devices"
    return {
        name: machine.text(f"{folder}/{name}/vendor") or "an unknown vendor"
        for name in machine.names(folder)
        if (machine.text(f"{folder}/{name}/class") or "").startswith(_RAID_CLASSES)
    }


def _spoken(present: Mapping[str, str]) -> str:
    return ", ".join(f"{address} of vendor {vendor}" for address, vendor in present.items())


def _no_tool(machine: Machine, present: Mapping[str, str]) -> NotTold:
    makers = {_NO_JSON[vendor] for vendor in present.values() if vendor in _NO_JSON}
    if makers:
        known = machine.tool("ssacli")
        step = "ssacli ctrl all show status detail" if known else f"{' or '.join(sorted(makers))}"
        return NotTold(
            "ask the RAID controller",
            cause=f"{_spoken(present)}: the tool of its maker prints no JSON",
            next_step=f"look yourself with {step}, or in the BMC",
        )
    named = (
        " or ".join(("storcli", "perccli"))
        if set(present.values()) & set(_BROADCOM)
        else "the tool of its maker"
    )
    return NotTold(
        "ask the RAID controller",
        cause=f"{_spoken(present)}, and there is no tool that asks it",
        next_step=f"install {named}",
    )


def megaraid(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What ``storcli /call show all J`` says, which perccli prints alike.

    The short form of some firmware has the identity outside of ``Basics`` and no ``Status``.
    """
    found = []
    for one in told.get("Controllers") or ():
        data = one.get("Response Data") or {}
        basics, status = data.get("Basics") or {}, data.get("Status") or {}
        model = basics.get("Model") or data.get("Product Name")
        if (one.get("Command Status") or {}).get("Status") != "Success" or not model:
            continue
        found.append(
            {
                "model": str(model).strip(),
                "serial": str(basics.get("Serial Number") or data.get("Serial Number") or "").strip() or None,
                "state": status.get("Controller Status"),
                "arrays": [
                    {"name": row.get("DG/VD"), "level": row.get("TYPE"), "state": row.get("State")}
                    for row in _rows(data, "VD LIST")
                ],
                "drives": [
                    {
                        "slot": row.get("EID:Slt"),
                        "model": str(row.get("Model")).strip(),
                        "state": row.get("State"),
                    }
                    for row in _rows(data, "PD LIST")
                ],
                "batteries": [
                    {"model": row.get("Model"), "state": row.get("State")}
                    for key in ("BBU_Info", "Cachevault_Info")
                    for row in _rows(data, key)
                ],
            }
        )
    return found


def _rows(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = data.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
