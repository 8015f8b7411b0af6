# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan."""

from __future__ import annotations

from typing import Literal

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import (
    DivisionCode,
    Identifier,
    Model,
    Name,
    NumberRanges,
    Prefix,
    Title,
    WebAddress,
    described,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.centre import Centre
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.hosts import HostClass, Kind
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.migration import Migration
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.region import (
    Carrier,
    City,
    Line,
    SiteDefaults,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.service import (
    Infrastructure,
    Provider,
    Service,
)


class Header(Model):
    """What the plan is."""

    format: Literal[1] = described("Version of the plan's format.", "规划格式版本。")
    name: Name = described("Name of the estate.", "规划名称。")
    title: Title = described("What people call it.", "名称。")
    assumptions: list[Title] = described(
        "What the plan assumes where the documents it follows are silent.",
        "所依据文件未写明处的假设。",
        default_factory=list,
    )


class Addressing(Model):
    """Where addresses come from. Only unique ids enter, never a position in a list."""

    region: str = described(
        "First two digits of the sites' GB/T 2260 codes.",
        "站点行政区划代码前两位。",
        pattern=r"^[1-9]\d$",
        default="45",
    )
    estate: Prefix = described(
        "The /8 of the estate: centre N has its N-th /16, site ppCCDD the network 100+CC.DD.0/24.",
        "全网 /8：N 号中心为第 N 个 /16，代码 ppCCDD 的站点为 100+CC.DD.0/24。",
        default="10.0.0.0/8",
    )
    services: Prefix = described(
        "Service addresses, by the service's number.", "服务地址段，按服务编号。", default="10.100.0.0/24"
    )
    lines: Prefix = described(
        "The /16 of the lines' /31s: its first half for uplinks by site code, its second by number.",
        "线路 /31 所用 /16：前半按站点代码，后半按线路编号。",
        default="10.254.0.0/16",
    )
    loopbacks: Prefix = described(
        "The /16 of the loopbacks: centre.number, 100+CC.DD for site routers, 200+carrier.number.",
        "环回 /16：中心号.编号、站点 100+CC.DD、运营商 200+编号。",
        default="10.255.0.0/16",
    )


class Naming(Model):
    """The naming standard: <place>-<function>-<number>."""

    functions: dict[str, list[Kind]] = described(
        "Function part of host names, and the kinds of host that may bear it.",
        "主机名中的功能缩写及其适用主机种类。",
    )
    digits: int = described("Least number of digits.", "编号最少位数。", default=2, ge=1, le=6)


class Limits(Model):
    """Ratios that the plan must keep."""

    oversubscription: float = described(
        "Greatest ratio of the rates subscribed below a line to its own rate.",
        "线路收敛比上限。",
        default=8.0,
        gt=0,
    )
    cores_overcommit: float = described(
        "Greatest ratio of cloud hosts' cores to their physical server's.",
        "云主机核数超分上限。",
        default=4.0,
        gt=0,
    )
    memory_overcommit: float = described(
        "Greatest ratio of cloud hosts' memory to their physical server's.",
        "云主机内存超分上限。",
        default=1.0,
        gt=0,
    )
    replication_overhead: float = described(
        "What replication adds to the changed data on the line.",
        "复制在线路上的开销系数。",
        default=1.1,
        ge=1,
    )


class PowerTier(Model):
    """Hosts that are switched on together, after those of the tiers before."""

    name: Name = described("Name of the tier.", "层名。")
    kinds: list[Kind] = described("Kinds of host.", "主机种类。", default_factory=list)
    roles: list[Name] = described(
        "Roles; a host's role counts before its kind.", "角色，优先于种类。", default_factory=list
    )


#: Storage before databases before applications; what carries the control path before all of them.
POWER_TIERS: tuple[tuple[str, tuple[Kind, ...], tuple[str, ...]], ...] = (
    ("network", ("router", "firewall", "load_balancer"), ()),
    ("control", ("control_node",), ()),
    ("storage", ("storage",), ("storage",)),
    ("virtualisation", (), ("virtualisation", "foundation")),
    ("databases", (), ("database",)),
    ("applications", (), ("application",)),
)


def _power_tiers() -> list[PowerTier]:
    return [PowerTier(name=name, kinds=list(kinds), roles=list(roles)) for name, kinds, roles in POWER_TIERS]


class PowerOrder(Model):
    """In which order hosts of a centre are switched on; they are switched off the other way round."""

    tiers: list[PowerTier] = described(
        "Tiers from the first to be switched on; hosts of no tier come last.",
        "自先上电者起的各层，不属任何层的主机最后。",
        default_factory=_power_tiers,
        min_length=1,
    )
    hard_alone: int = described(
        "Servers that one person may have switched off hard in one run; more need a second person.",
        "一次运行中一人可同意强制断电的服务器台数，超过者须第二人同意。",
        default=1,
        ge=0,
    )


class Monitoring(Model):
    """Who watches the estate, and is told when something is switched off on purpose."""

    alertmanager: WebAddress = described(
        "Address of Prometheus Alertmanager, with the path that it may have been given, without /api.",
        "Prometheus Alertmanager 的地址（含所设路径，不含 /api）。",
    )
    ca_file: str | None = described(
        "File on the control node with the certificates of the authority that signed its own.",
        "控制节点上签发其证书的机构的证书文件。",
        default=None,
        min_length=1,
    )


class Retired(Model):
    """Ids that were in use once and must never be given again."""

    centres: list[int] = described("Centre numbers.", "中心编号。", default_factory=list)
    carriers: list[int] = described("Carrier numbers.", "运营商编号。", default_factory=list)
    services: list[int] = described("Service numbers.", "服务编号。", default_factory=list)
    lines: list[int] = described("Line numbers.", "线路编号。", default_factory=list)
    sites: list[DivisionCode] = described("Site codes.", "站点代码。", default_factory=list)
    hosts: dict[str, NumberRanges] = described(
        "Host numbers by network (nn-servers: 12,15-20); loopback numbers under <centre code>-loopbacks.",
        "各网络的主机号（nn-servers: 12,15-20），环回编号写在 <中心简称>-loopbacks。",
        default_factory=dict,
    )


class SitePlan(Model):
    """A plan of one estate: one file, or a folder of files that are read as one."""

    plan: Header = described("What this plan is.", "规划说明。")
    addressing: Addressing = described("Address plan.", "地址规划。", default_factory=Addressing)
    naming: Naming | None = described(
        "Naming standard; not checked when left out.", "命名规范，缺省不检查。", default=None
    )
    limits: Limits = described("Ratios to keep.", "比例限制。", default_factory=Limits)
    classes: dict[Name, HostClass] = described("Classes of hosts.", "主机类别。", default_factory=dict)
    providers: dict[Name, Provider] = described(
        "Who carries cloud hosts.", "云主机服务商。", default_factory=dict
    )
    centres: dict[Name, Centre] = described("Data centres.", "数据中心。", min_length=1)
    carriers: dict[Name, Carrier] = described("Carriers.", "运营商。", default_factory=dict)
    lines: dict[Name, Line] = described(
        "Lines; sites' uplinks are stated with the site.",
        "线路（站点上联写在站点处）。",
        default_factory=dict,
    )
    site_defaults: SiteDefaults = described(
        "Defaults of the sites.", "站点缺省值。", default_factory=SiteDefaults
    )
    cities: dict[Name, City] = described("Cities by slug.", "地级市。", default_factory=dict)
    services: dict[Identifier, Service] = described("Services.", "服务。", default_factory=dict)
    infrastructure: dict[Name, Infrastructure] = described(
        "What services and control nodes need.", "服务与控制节点所需的基础设施。", default_factory=dict
    )
    power_order: PowerOrder = described("Order of power.", "上下电顺序。", default_factory=PowerOrder)
    monitoring: Monitoring | None = described(
        "Monitoring; without it nothing is silenced.", "监控，缺省不静默告警。", default=None
    )
    migration: Migration | None = described(
        "Systems that move in from legacy servers.", "自旧服务器迁入的系统。", default=None
    )
    retired: Retired = described("Ids never to be used again.", "永不再用的编号。", default_factory=Retired)
