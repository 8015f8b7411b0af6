# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and changing network namespaces and links, over pyroute2."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, TypeVar

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import mounts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import NAMESPACES
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.network import (
    BRIDGE_FILTER,
    Change,
    LinkState,
    NamespaceState,
)

if TYPE_CHECKING:
    from pyroute2 import IPRoute

T = TypeVar("T")
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_IFF_UP = 1
#: How long a shaped line may hold a packet back before it drops it, in ms.
QUEUE_MS = 50
_READ_SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv4/fib_multipath_hash_policy",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/conf/default/rp_filter",
    "net/ipv6/conf/default/disable_ipv6",
    BRIDGE_FILTER,
)


def burst_bytes(rate_mbit: float) -> int:
    """The token bucket of a line, in bytes.

    4 ms of its rate, so that a coarse timer still fills it; of a slow line up to 32 KiB, so that TCP's
    bursts pass, but never more than it carries in 50 ms: a trickle must not let whole files through at once.
    """
    bytes_a_second = rate_mbit * 1e6 / 8
    return int(max(4096, min(32 * 1024, bytes_a_second * 0.05), bytes_a_second * 0.004))


def in_namespace(name: str | None, work: Callable[[], T]) -> T:
    """Run ``work`` inside a namespace, in a thread that ends with it.

    A thread that has changed its namespace is never given other work, so nothing can
    leak from the twin into the host's own namespace, or back.

    :param name: under ``/run/netns``; None for a new one that nothing else sees.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            if name is None:
                _check(_LIBC.unshare(_CLONE_NEWNET), "make a namespace", "new")
            else:
                descriptor = os.open(NAMESPACES / name, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    _check(_LIBC.setns(descriptor, _CLONE_NEWNET), "enter the namespace", name)
                finally:
                    os.close(descriptor)
            result.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name=f"netns-{name}")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def _check(result: int, what: str, device: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise DatacenterError(
            f"cannot {what}", device=device, cause=os.strerror(number), next_step="run this as root"
        )


def namespaces(prefix: str) -> list[str]:
    """The namespaces whose name begins so; a file that no namespace is mounted on is none."""
    mounted = {m.point for m in mounts.table() if m.kind == "nsfs"}
    with contextlib.suppress(FileNotFoundError):
        return sorted(p.name for p in NAMESPACES.iterdir() if p.name.startswith(prefix) and str(p) in mounted)
    return []


def share_namespaces() -> None:
    """Make ``/run/netns`` a shared mount of its own, as ``ip netns add`` does when it is first used.

    Whoever does that later would hide the namespaces that are there already below a second mount, and
    nobody could remove them any more.
    """
    NAMESPACES.mkdir(parents=True, exist_ok=True)
    if str(NAMESPACES) not in {m.point for m in mounts.table()}:
        mounts.mount(str(NAMESPACES), NAMESPACES, flags=mounts.MS_BIND | mounts.MS_REC)
        mounts.mount("none", NAMESPACES, flags=mounts.MS_SHARED)


def unshare_namespaces() -> None:
    """Undo it when no namespace is left; a later ``ip netns add`` makes it again."""
    # Busy: somebody has made a namespace since we looked, and needs it.
    with contextlib.suppress(FileNotFoundError, DatacenterError):
        if not any(NAMESPACES.iterdir()) and str(NAMESPACES) in {m.point for m in mounts.table()}:
            mounts.unmount(NAMESPACES, deadline_s=0)


def add_namespace(name: str) -> None:
    """Make a namespace that stays, under ``/run/netns``."""
    share_namespaces()
    path = NAMESPACES / name
    path.touch()

    def pin() -> None:
        mounts.mount("/proc/thread-self/ns/net", path, flags=mounts.MS_BIND)

    in_namespace(None, pin)


def delete_namespace(name: str) -> None:
    """Remove a namespace; the kernel takes its links with it."""
    mounts.unmount(NAMESPACES / name, detach=True)
    (NAMESPACES / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _route() -> Iterator[IPRoute]:
    from pyroute2 import IPRoute

    with IPRoute() as route:
        yield route


def own_networks() -> list[tuple[str, str]]:
    """What this namespace has (``has``) and knows a way to (``routes``), the default route aside."""
    with _route() as route:
        found = {("has", f"{each.get_attr('IFA_ADDRESS')}/32") for each in route.get_addr(family=2)}
        for each in route.get_routes(family=2, table=254):
            if each.get_attr("RTA_DST"):
                found.add(("routes", f"{each.get_attr('RTA_DST')}/{each['dst_len']}"))
    return sorted(found)


def missing_features() -> list[str]:
    """What the kernel lacks for the twin's links, tried in a namespace that ends with the trial."""

    def attempt() -> list[str]:
        problems = []
        with _route() as route:
            for kind, options in (("bridge", {}), ("veth", {"peer": {"ifname": "try1"}})):
                try:
                    route.link("add", ifname="try0", kind=kind, **options)
                except Exception as error:
                    problems.append(f"the kernel makes no {kind} links ({error})")
                    continue
                if kind == "veth":
                    try:
                        _shape(route, Change("shape", "", "try0", ("10",)))
                    except Exception as error:
                        problems.append(f"the kernel does not shape with tbf ({error})")
                route.link("del", index=_index(route, "try0"))
        return problems

    return in_namespace(None, attempt)


def read(name: str) -> NamespaceState:
    """A namespace as the kernel has it."""
    return in_namespace(name, _read_here)


def _read_here() -> NamespaceState:
    with _route() as route:
        links = list(route.get_links())
        addresses: dict[int, set[str]] = {}
        for each in route.get_addr(family=2):
            text = f"{each.get('address') or each.get_attr('IFA_ADDRESS')}/{each['prefixlen']}"
            local = each.get_attr("IFA_LOCAL")
            if local:
                text = f"{local}/{each['prefixlen']}"
            addresses.setdefault(each["index"], set()).add(text)
        rates = {q["index"]: _rate(q) for q in route.get_qdiscs() if q.get_attr("TCA_KIND") == "tbf"}
        gateway = ""
        for each in route.get_default_routes(family=2):
            gateway = each.get_attr("RTA_GATEWAY") or gateway
    by_index = {link["index"]: link.get_attr("IFLA_IFNAME") for link in links}
    states = {}
    for link in links:
        name = link.get_attr("IFLA_IFNAME")
        info = link.get_attr("IFLA_LINKINFO")
        states[name] = LinkState(
            name=name,
            kind=(info.get_attr("IFLA_INFO_KIND") if info else None) or "",
            up=bool(link["flags"] & _IFF_UP),
            mac=link.get_attr("IFLA_ADDRESS") or "",
            master=by_index.get(link.get_attr("IFLA_MASTER"), ""),
            addresses=frozenset(addresses.get(link["index"], ())),
            rate_mbit=rates.get(link["index"], 0),
        )
    sysctls = {BRIDGE_FILTER: "0"}
    for key in _READ_SYSCTLS:
        with contextlib.suppress(OSError):
            sysctls[key] = Path("/proc/sys", key).read_text().strip()
    return NamespaceState(links=states, gateway=gateway, sysctls=sysctls)


def _rate(qdisc: Any) -> float:
    options = qdisc.get_attr("TCA_OPTIONS")
    parameters = options.get_attr("TCA_TBF_PARMS") if options else None
    return float(parameters["rate"]) * 8 / 1e6 if parameters else 0


def apply(changes: list[Change]) -> None:
    """Do the changes in their order; runs of changes in one namespace share one socket."""
    group: list[Change] = []
    for change in changes:
        if change.verb == "add_namespace":
            add_namespace(change.namespace)
        elif change.verb == "delete_namespace":
            delete_namespace(change.namespace)
        elif group and group[-1].namespace != change.namespace:
            _apply_group(group)
            group = [change]
        else:
            group.append(change)
    if group:
        _apply_group(group)


def _apply_group(group: list[Change]) -> None:
    def work() -> None:
        with _route() as route:
            for change in group:
                try:
                    _VERBS[change.verb](route, change)
                except Exception as error:
                    if not _harmless(change.verb, error):
                        raise DatacenterError(
                            f"cannot change the network ({change})",
                            device=change.namespace,
                            cause=str(error),
                            next_step="run this again; if it stays, take the twin down and build it anew",
                        ) from error

    in_namespace(group[0].namespace, work)


def _harmless(verb: str, error: Exception) -> bool:
    """Done already, or gone already."""
    code = getattr(error, "code", None)
    return (verb == "add_address" and code == errno.EEXIST) or (
        verb == "delete_link" and (code == errno.ENODEV or isinstance(error, IndexError))
    )


def _index(route: IPRoute, name: str) -> int:
    return int(route.link_lookup(ifname=name)[0])


def _add_bridge(route: IPRoute, change: Change) -> None:
    # No spanning tree: there is one switch in each LAN, and ports must not wait.
    route.link("add", ifname=change.device, kind="bridge", br_stp_state=0, br_forward_delay=0)


def _add_pair(route: IPRoute, change: Change) -> None:
    namespace, name = change.arguments
    descriptor = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        route.link("add", ifname=change.device, kind="veth", peer={"ifname": name, "net_ns_fd": descriptor})
    finally:
        os.close(descriptor)


def _add_address(route: IPRoute, change: Change) -> None:
    address, _slash, length = change.arguments[0].partition("/")
    route.addr("add", index=_index(route, change.device), address=address, prefixlen=int(length or 32))


def _shape(route: IPRoute, change: Change) -> None:
    rate = float(change.arguments[0])
    route.tc(
        "replace",
        "tbf",
        _index(route, change.device),
        handle=0x10000,
        rate=int(rate * 1e6 / 8),
        burst=burst_bytes(rate),
        latency=f"{QUEUE_MS}ms",
    )


def _set_sysctl(_route: IPRoute, change: Change) -> None:
    key, value = change.arguments
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/sys", key).write_text(value)


_VERBS: dict[str, Callable[[Any, Change], Any]] = {
    "add_bridge": _add_bridge,
    "add_pair": _add_pair,
    "add_address": _add_address,
    "shape": _shape,
    "set_sysctl": _set_sysctl,
    "delete_link": lambda route, c: route.link("del", index=_index(route, c.device)),
    "set_mac": lambda route, c: route.link("set", index=_index(route, c.device), address=c.arguments[0]),
    "set_master": lambda route, c: route.link(
        "set", index=_index(route, c.device), master=_index(route, c.arguments[0])
    ),
    "set_up": lambda route, c: route.link("set", index=_index(route, c.device), state="up"),
    "set_down": lambda route, c: route.link("set", index=_index(route, c.device), state="down"),
    "set_gateway": lambda route, c: route.route("replace", dst="0.0.0.0/0", gateway=c.arguments[0]),
}
VERBS = frozenset(_VERBS) | {"add_namespace", "delete_namespace"}
