# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's operating system can tell of the machine that it runs on. Standard library only.

Of a virtual machine or a container nothing is told but that it is one: what can be seen there is its host's,
or made up by it.
"""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server import (
    disks,
    nics,
    raid,
    smbios,
    virtualisation,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine, NotTold

#: What is told on metal, and nowhere else.
PARTS = (
    "identity", "processors", "memory", "disks", "software_raid", "raid_controllers", "nics", "neighbours",
)  # fmt: skip


def survey(machine: Machine | None = None) -> dict[str, Any]:
    """Everything, as far as it can be told.

    :returns: ``kind``, ``technology``, ``evidence``, each of :data:`PARTS` (None when it cannot be told) and
        ``not_told`` with the reason and the next step by part.
    """
    at = machine or Machine()
    found: dict[str, Any] = {**virtualisation.kind(at), **dict.fromkeys(PARTS), "not_told": {}}
    if found["kind"] != virtualisation.METAL:
        found["not_told"] = {"hardware": _why_not(found)}
        return found
    not_told: dict[str, str] = found["not_told"]
    _tables(at, found, not_told)
    reads: dict[str, Callable[[Machine], Any]] = {
        "disks": disks.disks,
        "software_raid": raid.software,
        "raid_controllers": raid.controllers,
        "nics": nics.nics,
        "neighbours": nics.neighbours,
    }
    for part, read in reads.items():
        try:
            found[part] = read(at)
        except NotTold as error:
            not_told[part] = error.reason()
    not_told.update(disks.add_smart(at, found["disks"] or []))
    return found


def _why_not(found: dict[str, Any]) -> str:
    if found["kind"] == virtualisation.UNKNOWN:
        return f"{found['evidence']}. Next: install systemd, or say by hand what it is"
    what = "virtual machine" if found["kind"] == virtualisation.VM else "container"
    return f"it is a {what} ({found['evidence']}), and knows nothing of the machine below. Next: ask that one"


def _tables(machine: Machine, found: dict[str, Any], not_told: dict[str, str]) -> None:
    """What stands in the DMI tables; firmware may have left out each of them."""
    try:
        structures = smbios.read(machine)
    except NotTold as error:
        not_told.update(dict.fromkeys(("identity", "processors", "memory"), error.reason()))
        return
    found["identity"] = smbios.identity(structures)
    for part, read in (("processors", smbios.processors), ("memory", smbios.memory)):
        found[part] = read(structures) or None
        if found[part] is None:
            not_told[part] = f"the firmware's tables say nothing of it ({smbios.TABLES}). Next: ask the BMC"
