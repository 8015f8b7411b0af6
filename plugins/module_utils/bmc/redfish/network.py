# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC's network in Redfish: its EthernetInterfaces, and its services (ManagerNetworkProtocol)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import LanSettings
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.service import (
    Service,
    unsupported,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import path_of

#: AddressOrigin of IPv4.
_SOURCES = {"Static": "static", "DHCP": "dhcp", "BOOTP": "bootp", "IPv4LinkLocal": "link_local"}
#: Services that can be on or off, by the words the modules have for them.
SERVICES = {
    "ipmi": "IPMI",
    "http": "HTTP",
    "https": "HTTPS",
    "ssh": "SSH",
    "snmp": "SNMP",
    "telnet": "Telnet",
}


def lan(service: Service) -> dict[str, Any]:
    """Addresses of the interface that this session came over."""
    _path, interface = lan_interface(service, "read the BMC's network")
    stated = interface.get("IPv4Addresses") or []
    ours = [one for one in stated if one.get("Address") == service.session.wire.peer]
    address = (ours or stated or [{}])[0]
    mask = address.get("SubnetMask")
    vlan = interface.get("VLAN") or {}
    return {
        "channel": interface.get("Id"),
        "address": address.get("Address"),
        "prefix_length": ipaddress.ip_network(f"0.0.0.0/{mask}").prefixlen if mask else None,
        "source": _SOURCES.get(str(address.get("AddressOrigin")), "unknown"),
        "mac": str(interface.get("MACAddress") or interface.get("PermanentMACAddress") or "").lower() or None,
        "gateway": address.get("Gateway"),
        "vlan": vlan.get("VLANId") if vlan.get("VLANEnable") else None,
    }


def lan_interface(service: Service, what: str) -> tuple[str, dict[str, Any]]:
    """The interface with the address that we talk to; else the only one that is enabled and has one."""
    collection = path_of(service.manager(what).get("EthernetInterfaces"))
    if collection is None:
        raise unsupported(service.session, what, "it does not tell its interfaces")
    found = service.session.members(collection, what)
    ours = [one for one in found if service.session.wire.peer in _addresses(one)]
    usable = ours or [one for one in found if _addresses(one) and one.get("InterfaceEnabled") is not False]
    if len(usable) != 1:
        names = ", ".join(str(one.get("Id")) for one in found) or "none"
        cause = f"{len(usable)} of its interfaces could be the one this session came over (all: {names})"
        raise unsupported(service.session, what, cause)
    return str(path_of(usable[0])), usable[0]


def _addresses(interface: Mapping[str, Any]) -> list[str]:
    stated = [*(interface.get("IPv4Addresses") or []), *(interface.get("IPv6Addresses") or [])]
    return [str(one["Address"]) for one in stated if one.get("Address") and one["Address"] != "0.0.0.0"]


def read_lan(service: Service) -> LanSettings:
    """The network as it is set; Redfish has nothing like IPMI's access of a channel."""
    found = lan(service)
    gateway = found["gateway"]
    return LanSettings(
        address=str(found["address"]),
        prefix_length=int(found["prefix_length"] or 0),
        gateway=None if gateway in (None, "", "0.0.0.0") else str(gateway),
        source=found["source"],
        vlan=found["vlan"],
        access=None,
        mac=str(found["mac"]),
    )


def write_lan(service: Service, now: LanSettings, wanted: LanSettings) -> None:
    """Set what differs, in one change: the service is then reached at the new address or at the old one."""
    what = "write the BMC's network"
    if wanted.access != now.access:
        raise unsupported(service.session, what, "Redfish has no access of a channel")
    path, _interface = lan_interface(service, what)
    body: dict[str, Any] = {}
    # Out of DHCP the service needs an address of its own, also when it is the one that DHCP gave.
    fresh = wanted.source != now.source
    if fresh and wanted.source not in ("static", "dhcp"):
        raise unsupported(service.session, what, f"the source {wanted.source} cannot be set")
    if fresh:
        body["DHCPv4"] = {"DHCPEnabled": wanted.source == "dhcp"}
    placed = ("address", "prefix_length", "gateway")
    moved = any(getattr(wanted, name) != getattr(now, name) for name in placed)
    if wanted.source == "static" and (fresh or moved):
        mask = str(ipaddress.ip_network(f"0.0.0.0/{wanted.prefix_length}").netmask)
        own = {"Address": wanted.address, "SubnetMask": mask, "Gateway": wanted.gateway}
        body["IPv4StaticAddresses"] = [own]
    if wanted.vlan != now.vlan:
        body["VLAN"] = {
            "VLANEnable": wanted.vlan is not None,
            **({"VLANId": wanted.vlan} if wanted.vlan else {}),
        }
    if body:
        service.session.patch(path, body, what)


def services(service: Service) -> dict[str, dict[str, Any]]:
    """Which services the BMC offers: ``enabled`` and ``port`` of each that it tells."""
    _path, protocol = _protocol(service, "read the BMC's services")
    told = {word: protocol.get(name) for word, name in SERVICES.items()}
    return {
        word: {"enabled": one.get("ProtocolEnabled"), "port": one.get("Port")}
        for word, one in told.items()
        if isinstance(one, Mapping)
    }


def write_service(service: Service, word: str, enabled: bool) -> None:
    """Switch one service on or off."""
    what = f"switch the service {word} {'on' if enabled else 'off'}"
    path, protocol = _protocol(service, what)
    if SERVICES[word] not in protocol:
        raise unsupported(service.session, what, f"it does not tell {SERVICES[word]}")
    service.session.patch(path, {SERVICES[word]: {"ProtocolEnabled": enabled}}, what)


def ntp(service: Service) -> dict[str, Any]:
    """``enabled`` and ``servers``."""
    _path, protocol = _protocol(service, "read the time servers")
    told = protocol.get("NTP")
    if not isinstance(told, Mapping):
        raise unsupported(service.session, "read the time servers", "it does not tell NTP")
    return {
        "enabled": told.get("ProtocolEnabled"),
        "servers": [str(one) for one in told.get("NTPServers") or [] if one],
    }


def write_ntp(service: Service, *, enabled: bool, servers: list[str]) -> None:
    """Have the BMC take its time from these servers."""
    what = "write the time servers"
    path, protocol = _protocol(service, what)
    if not isinstance(protocol.get("NTP"), Mapping):
        raise unsupported(service.session, what, "it does not tell NTP")
    service.session.patch(path, {"NTP": {"ProtocolEnabled": enabled, "NTPServers": servers}}, what)


def _protocol(service: Service, what: str) -> tuple[str, dict[str, Any]]:
    path = path_of(service.manager(what).get("NetworkProtocol"))
    if path is None:
        raise unsupported(service.session, what, "it does not tell its network services")
    return path, service.session.get(path, what)
