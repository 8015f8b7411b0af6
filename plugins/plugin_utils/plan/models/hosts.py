# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts: what a machine is (class), where it stands, what carries it."""

from __future__ import annotations

from typing import Any, Literal

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import (
    Identifier,
    Mac,
    Model,
    Name,
    NumberRanges,
    Title,
    described,
)

Kind = Literal[
    "physical_server",
    "cloud_host",
    "legacy_server",
    "storage",
    "load_balancer",
    "router",
    "firewall",
    "terminal",
    "control_node",
]

#: Kinds that forward packets: they have a loopback, take part in routing, and no default gateway.
FORWARDING = frozenset({"router", "firewall"})


class Position(Model):
    """Where a device stands in a room."""

    room: Name = described("Room of the same centre.", "同一中心的机房。")
    rack: Name = described("Rack of that room.", "该机房的机柜。")
    unit: int = described(
        "Lowest rack unit it takes, counted from 1 at the bottom.", "所占最低 U 位，自下而上从 1 起。", ge=1
    )
    height_u: int | None = described(
        "Height in rack units; the class's when left out.",
        "高度（U），缺省取自类别。",
        default=None,
        ge=1,
        le=60,
    )
    watts: int | None = described(
        "Greatest power drawn, in watts; the class's when left out.",
        "最大功率（瓦），缺省取自类别。",
        default=None,
        ge=0,
    )
    feeds: list[str] | None = described(
        "Power feeds it is plugged into; all feeds of the rack when left out.",
        "接入的供电路，缺省为机柜的全部供电路。",
        default=None,
        min_length=1,
    )


class HostClass(Model):
    """What many hosts have in common. A host names its class and states only what differs."""

    kind: Kind = described("What kind of host.", "主机种类。")
    os: str | None = described(
        "Operating system, such as debian-12 or frr.", "操作系统，如 debian-12、frr。", default=None
    )
    roles: list[Name] = described(
        "What it does; each role becomes a group.", "承担的角色，每个角色成为一个组。", default_factory=list
    )
    network: str | None = described(
        "Name of the network of its centre it stands in; by kind when left out.",
        "所在的中心网络，缺省按种类。",
        default=None,
    )
    cores: int | None = described("Processor cores.", "处理器核数。", default=None, ge=1)
    memory_gib: int | None = described("Memory in GiB.", "内存（GiB）。", default=None, ge=1)
    disk_gib: int | None = described("Disk in GiB.", "磁盘（GiB）。", default=None, ge=1)
    vendor: str | None = described("Manufacturer.", "厂商。", default=None)
    model: str | None = described("Model.", "型号。", default=None)
    height_u: int | None = described("Height in rack units.", "高度（U）。", default=None, ge=1, le=60)
    watts: int | None = described("Greatest power drawn, in watts.", "最大功率（瓦）。", default=None, ge=0)
    start_s: int | None = described(
        "Seconds from power on until its operating system answers; by kind when left out.",
        "从上电到操作系统应答的秒数，缺省按种类。",
        default=None,
        ge=1,
    )
    bmc: bool | None = described(
        "Has a management controller (BMC); physical servers have one unless said otherwise.",
        "是否带管理控制器（BMC），物理服务器缺省为有。",
        default=None,
    )


class Bmc(Model):
    """A management controller that stands elsewhere than its host's number says, or does not speak IPMI."""

    network: Name | None = described(
        "Network of the centre; the one of purpose bmc when left out.",
        "所在网络，缺省为用途是 bmc 的网络。",
        default=None,
    )
    number: int | None = described(
        "Host number in that network; the host's own number when left out.",
        "在该网络中的主机号，缺省与主机相同。",
        default=None,
        ge=1,
    )
    protocol: Literal["ipmi", "redfish", "auto"] | None = described(
        "What is spoken with it; what the task says when left out.",
        "通信协议，缺省由任务决定。",
        default=None,
    )
    https_port: int | None = described(
        "TCP port of its Redfish service.", "Redfish 服务的 TCP 端口。", default=None, ge=1, le=65535
    )
    ca_file: str | None = described(
        "File on the control node with the certificates of the authority that signed its own.",
        "控制节点上签发其证书的机构的证书文件。",
        default=None,
        min_length=1,
    )
    system: str | None = described(
        "Which server is meant when several stand behind its Redfish service.",
        "其 Redfish 服务后有多台服务器时所指的一台。",
        default=None,
        min_length=1,
    )

    @property
    def spoken_to(self) -> dict[str, Any]:
        """How, as options of a BMC module."""
        return self.model_dump(exclude={"network", "number"}, exclude_none=True)


class HostStatement(Model):
    """What one host and a series of hosts have in common."""

    class_: Name | None = described("Class of the host.", "主机类别。", default=None, alias="class")
    kind: Kind | None = described("Kind, when no class says it.", "主机种类（未给类别时）。", default=None)
    os: str | None = described(
        "Operating system; the class's when left out.", "操作系统，缺省取自类别。", default=None
    )
    roles: list[Name] | None = described(
        "Roles; the class's when left out.", "角色，缺省取自类别。", default=None
    )
    network: str | None = described(
        "Network of its centre; the class's when left out.", "所在网络，缺省取自类别。", default=None
    )
    carried_by: Name | None = described(
        "Physical server of the same centre, or provider, that carries this cloud host.",
        "承载该云主机的同中心物理服务器或服务商。",
        default=None,
    )


class Host(HostStatement):
    """One host."""

    number: int = described(
        "Its number in its network (loopback number for routers and firewalls): its address follows from it "
        "and from nothing else. Never give it to another host later.",
        "在其网络中的编号（路由器和防火墙为环回编号），地址仅由它推出，且永不改派他机。",
        ge=1,
    )
    position: Position | None = described("Where it stands.", "所在机架位置。", default=None)
    bmc: Bmc | bool | None = described(
        "Its BMC: true or false, or where it stands and what it speaks.",
        "其 BMC：有无，或所在位置及通信方式。",
        default=None,
    )
    serial: str | None = described("Serial number.", "序列号。", default=None)
    mac: Mac | None = described(
        "For physical servers: MAC address of the interface in its network, from which it can be installed.",
        "仅物理服务器：其网络中用于装机的网口的 MAC 地址。",
        default=None,
    )
    title: Title | None = described("What people call it.", "名称。", default=None)
    needs: list[Identifier | Name] = described(
        "For control nodes: infrastructure without which runbooks cannot run from it.",
        "仅控制节点：缺之则无法运行操作手册的基础设施。",
        default_factory=list,
    )


class Series(HostStatement):
    """Many hosts alike, each with a number of its own that is also part of its name."""

    name: str = described(
        "Name of each, with {number} in it (or {number:03} for leading zeros).",
        "主机名模板，须含 {number}（或 {number:03}）。",
        pattern=r"^[a-z][a-z0-9-]*\{number(:0[1-9])?\}$",
    )
    numbers: NumberRanges = described(
        "Their numbers: 101-180, or 101-104,107.", "编号范围：101-180，或 101-104,107。"
    )
