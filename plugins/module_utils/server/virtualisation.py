# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metal, virtual machine or container: whose hardware a system would tell of. Standard library only."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.machine import Machine, NotTold

METAL, VM, CONTAINER, UNKNOWN = "metal", "vm", "container", "unknown"

#: What makers of virtual machines write into the DMI tables (sys_vendor, product_name, bios_vendor,
#: board_vendor), in small letters, by what systemd calls them.
_DMI = {
    "kvm": "kvm", "openstack": "kvm", "kubevirt": "kvm", "amazon ec2": "amazon", "qemu": "qemu",
    "vmware": "vmware", "vmw": "vmware", "innotek": "oracle", "virtualbox": "oracle", "xen": "xen",
    "bochs": "bochs", "parallels": "parallels", "bhyve": "bhyve", "hyper-v": "microsoft",
    "virtual machine": "microsoft", "google compute engine": "google", "apple virtualization": "apple",
}  # fmt: skip
_DMI_FILES = ("product_name", "sys_vendor", "board_vendor", "bios_vendor")
#: systemd's own names of containers; all others are virtual machines.
_CONTAINERS = (
    "openvz", "lxc", "lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "wsl", "proot", "pouch",
    "container-other",
)  # fmt: skip


def kind(machine: Machine) -> dict[str, Any]:
    """What it is.

    :returns: ``kind``, ``technology`` (in systemd's words; None on metal) and ``evidence``. The kind is
        ``unknown`` where nothing says yes or no: then it is not taken for metal.
    """
    asked = _systemd(machine)
    return asked if asked is not None else _sources(machine)


def _said(of: str, technology: str | None, evidence: str) -> dict[str, Any]:
    return {"kind": of, "technology": technology, "evidence": evidence}


def _systemd(machine: Machine) -> dict[str, Any] | None:
    """The answer of systemd-detect-virt, which looks for a container first."""
    tool = machine.tool("systemd-detect-virt")
    if tool is None:
        return None
    try:
        words = machine.run(tool).out.split()
    except NotTold:
        return None
    if len(words) != 1:
        return None
    evidence = f"systemd-detect-virt says {words[0]}"
    if words[0] == "none":
        return _said(METAL, None, evidence)
    return _said(CONTAINER if words[0] in _CONTAINERS else VM, words[0], evidence)


def _sources(machine: Machine) -> dict[str, Any]:
    """What systemd-detect-virt would look at."""
    return _container(machine) or _vm(machine) or _metal(machine)


def _container(machine: Machine) -> dict[str, Any] | None:
    for file in ("/run/systemd/container", "/run/host/container-manager"):
        name = machine.text(file)
        if name:
            return _said(CONTAINER, name, f"{file} says {name}")
    for pair in (machine.text("/proc/1/environ") or "").split("\x00"):
        if pair.startswith("container=") and pair != "container=":
            return _said(CONTAINER, pair.partition("=")[2], f"the environment of process 1 says {pair}")
    for file, name in (("/run/.containerenv", "podman"), ("/.dockerenv", "docker")):
        if machine.path(file).exists():
            return _said(CONTAINER, name, f"there is {file}")
    if machine.path("/proc/vz").exists() and not machine.path("/proc/bc").exists():
        return _said(CONTAINER, "openvz", "there is /proc/vz and no /proc/bc")
    return None


def _vm(machine: Machine) -> dict[str, Any] | None:
    hypervisor = machine.text("/sys/hypervisor/type")
    if hypervisor and "control_d" not in (machine.text("/proc/xen/capabilities") or ""):
        return _said(VM, hypervisor, f"/sys/hypervisor/type says {hypervisor}")
    for file in _DMI_FILES:
        text = machine.text(f"/sys/class/dmi/id/{file}") or ""
        for word, technology in _DMI.items():
            if text.lower().startswith(word):
                return _said(VM, technology, f"/sys/class/dmi/id/{file} says {text}")
    tree = machine.text("/proc/device-tree/hypervisor/compatible")
    if tree:
        return _said(VM, tree, f"the device tree's hypervisor says {tree}")
    if _hypervisor_flag(machine):
        return _said(VM, "vm-other", "/proc/cpuinfo has the flag hypervisor")
    return None


def _flags(machine: Machine) -> list[str] | None:
    """The flags of the first processor; None where it is of a family that has none such."""
    for line in (machine.text("/proc/cpuinfo") or "").splitlines():
        name, _colon, value = line.partition(":")
        if name.strip() == "flags":
            return value.split()
    return None


def _hypervisor_flag(machine: Machine) -> bool:
    return "hypervisor" in (_flags(machine) or ())


def _metal(machine: Machine) -> dict[str, Any]:
    """No trace of anything else. On other processors than Intel's and AMD's a guest's processor looks like a
    real one, so there only a maker's name in the DMI tables says that it is a machine."""
    if _flags(machine) is not None:
        return _said(
            METAL, None, "/proc/cpuinfo has no flag hypervisor, and there is no trace of a container"
        )
    vendor, product = (machine.text(f"/sys/class/dmi/id/{file}") for file in ("sys_vendor", "product_name"))
    if vendor and product:
        return _said(METAL, None, f"/sys/class/dmi/id says {vendor} {product}")
    return _said(UNKNOWN, None, "neither systemd-detect-virt nor /proc and /sys say what this machine is")
