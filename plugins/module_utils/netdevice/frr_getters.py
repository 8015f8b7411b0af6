# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR's answers in NAPALM's words (``napalm.base.models``). Pure: text and JSON in, dicts out.

Where a device does not know, NAPALM has a value for it: -1 of numbers, an empty text.
"""

from __future__ import annotations

import ipaddress
import re
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

_UNKNOWN_SPEED = 4294967295


def facts(
    version: str, interfaces_json: Mapping[str, Any], uptime: str, names: str, serial: str
) -> dict[str, Any]:
    found = re.search(r"^FRRouting (\S+) \(([^)]*)\)(?: on (\S+))?", version, re.MULTILINE)
    host, _newline, full = names.strip().partition("\n")
    return {
        "vendor": "FRRouting",
        "model": (found[3] if found and found[3] else "").partition("(")[0] or "unknown",
        "os_version": found[1] if found else "",
        "hostname": host,
        "fqdn": full.strip().splitlines()[0] if full.strip() else host,
        "serial_number": serial.strip(),
        "uptime": float(uptime.split()[0]),
        "interface_list": sorted(interfaces_json),
    }


def interfaces(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "is_up": one.get("operationalStatus") == "up",
            "is_enabled": one.get("administrativeStatus") == "up",
            "description": one.get("description", ""),
            "last_flapped": -1.0,
            "speed": float(one["speed"]) if one.get("speed") not in (None, _UNKNOWN_SPEED) else -1.0,
            "mtu": int(one.get("mtu", -1)),
            "mac_address": _mac(one.get("hardwareAddress", "")),
        }
        for name, one in found.items()
    }


def interfaces_ip(found: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name, one in found.items():
        for entry in one.get("ipAddresses", []):
            address = ipaddress.ip_interface(entry["address"])
            family = result.setdefault(name, {}).setdefault(f"ipv{address.version}", {})
            family[str(address.ip)] = {"prefix_length": address.network.prefixlen}
    return result


def interfaces_counters(links: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    def one(link: Mapping[str, Any]) -> dict[str, int]:
        stats = link.get("stats64", {})
        rx, tx = stats.get("rx", {}), stats.get("tx", {})
        return {
            "tx_errors": tx.get("errors", -1), "rx_errors": rx.get("errors", -1),
            "tx_discards": tx.get("dropped", -1), "rx_discards": rx.get("dropped", -1),
            "tx_octets": tx.get("bytes", -1), "rx_octets": rx.get("bytes", -1),
            "tx_unicast_packets": tx.get("packets", -1), "rx_unicast_packets": rx.get("packets", -1),
            "tx_multicast_packets": -1, "rx_multicast_packets": rx.get("multicast", -1),
            "tx_broadcast_packets": -1, "rx_broadcast_packets": -1,
        }  # fmt: skip

    return {link["ifname"]: one(link) for link in links}


def arp_table(neighbours: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"interface": one["dev"], "mac": _mac(one["lladdr"]), "ip": one["dst"], "age": -1.0}
        for one in neighbours
        if one.get("lladdr")
    ]


def bgp_neighbors(neighbours: Mapping[str, Any], summaries: Mapping[str, Any]) -> dict[str, Any]:
    """By VRF, ``default`` called ``global`` as NAPALM does; the families' counts come from the summary."""
    result: dict[str, Any] = {}
    for vrf, peers in neighbours.items():
        families = {
            family.removesuffix("Unicast").lower(): summary
            for family, summary in summaries.get(vrf, {}).items()
            if isinstance(summary, Mapping) and family in ("ipv4Unicast", "ipv6Unicast")
        }
        routers = [summary["routerId"] for summary in families.values() if "routerId" in summary]
        result["global" if vrf == "default" else vrf] = {
            "router_id": routers[0] if routers else "",
            "peers": {
                name: _bgp_peer(name, peer, families)
                for name, peer in peers.items()
                if isinstance(peer, Mapping)
            },
        }
    return result


def _bgp_peer(name: str, peer: Mapping[str, Any], families: Mapping[str, Any]) -> dict[str, Any]:
    up = peer.get("bgpState") == "Established"
    counts = {}
    for family, summary in families.items():
        one = summary.get("peers", {}).get(name)
        if one:
            counts[family] = {
                "received_prefixes": int(one.get("pfxRcd", 0)) if up else -1,
                "accepted_prefixes": int(one.get("pfxRcd", 0)) if up else -1,
                "sent_prefixes": int(one.get("pfxSnt", 0)) if up else -1,
            }
    return {
        "local_as": int(peer.get("localAs", -1)),
        "remote_as": int(peer.get("remoteAs", -1)),
        "remote_id": peer.get("remoteRouterId", ""),
        "is_up": up,
        "is_enabled": not peer.get("adminShutDown", False),
        "description": peer.get("nbrDesc", ""),
        "uptime": int(peer.get("bgpTimerUpMsec", -1000) / 1000) if up else -1,
        "address_family": counts,
    }


def route_to(found: Mapping[str, Any], protocol: str) -> dict[str, Any]:
    """Every next hop of every route, as NAPALM lists them."""
    result: dict[str, Any] = {}
    for prefix, routes in found.items():
        hops = [
            _next_hop(route, hop)
            for route in routes
            if not protocol or route.get("protocol") == protocol.lower()
            for hop in route.get("nexthops", [])
        ]
        if hops:
            result[prefix] = hops
    return result


def _next_hop(route: Mapping[str, Any], hop: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "protocol": route.get("protocol", ""),
        "current_active": bool(hop.get("fib", False) and route.get("selected", False)),
        "last_active": False,
        "age": _age_s(route.get("uptime", "")),
        "next_hop": hop.get("ip", ""),
        "outgoing_interface": hop.get("interfaceName", ""),
        "selected_next_hop": bool(hop.get("fib", False)),
        "preference": int(route.get("distance", 0)),
        "inactive_reason": "" if hop.get("active") else "the next hop is not reachable",
        "routing_table": route.get("vrfName", "default"),
        "protocol_attributes": {"metric": int(route["metric"])} if "metric" in route else {},
    }


def ping(said: Mapping[str, Any], destination: str) -> dict[str, Any]:
    """From what ``network/icmp_echo.py`` says."""
    if "error" in said:
        return {"error": said["error"]}
    times = said["times_ms"]
    return {
        "success": {
            "probes_sent": said["sent"],
            "packet_loss": said["sent"] - len(times),
            "rtt_min": min(times, default=0.0),
            "rtt_max": max(times, default=0.0),
            "rtt_avg": round(statistics.fmean(times), 3) if times else 0.0,
            "rtt_stddev": round(statistics.pstdev(times), 3) if times else 0.0,
            "results": [{"ip_address": destination, "rtt": value} for value in times],
        }
    }


def ospf_neighbors(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """NAPALM has no name for these. FRR 8.4 says ``state``, 9 and newer ``nbrState``."""
    return [
        {
            "router_id": router, "address": one.get("ifaceAddress", one.get("address", "")),
            "interface": str(one.get("ifaceName", "")).partition(":")[0],
            "is_up": str(one.get("nbrState", one.get("state", ""))).startswith("Full"),
            "state": one.get("nbrState", one.get("state", "")),
        }
        for router, sessions in found.get("neighbors", {}).items()
        for one in sessions
    ]  # fmt: skip


def bfd_neighbors(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "address": one["peer"], "interface": one.get("interface", ""),
            "is_up": one.get("status") == "up", "state": one.get("status", ""),
        }
        for one in found
    ]  # fmt: skip


def _age_s(text: str) -> int:
    """FRR's ages: 00:00:48, 1d02h03m, 01w2d03h; -1 when it is none of them."""
    clock = re.fullmatch(r"(\d+):(\d\d):(\d\d)", text)
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])
    parts = re.findall(r"(\d+)([wdhm])", text)
    seconds = {"w": 604800, "d": 86400, "h": 3600, "m": 60}
    return sum(int(number) * seconds[unit] for number, unit in parts) if parts else -1


def _mac(text: str) -> str:
    return text.upper()
