# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What joins the centres to the region: lines, the carrier, cities and counties."""

from __future__ import annotations

from typing import Literal

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import (
    DivisionCode,
    Model,
    Name,
    Title,
    described,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.hosts import Host

LineKind = Literal["leased", "handover", "patch"]


class End(Model):
    """One end of a line."""

    host: Name = described("Router or firewall at this end.", "该端的路由器或防火墙。")
    interface: str | None = described(
        "Its interface, at most 15 characters; the line's name when left out.",
        "接口名，不超过 15 个字符，缺省为线路名。",
        default=None,
    )


class Line(Model):
    """A line between two devices."""

    number: int = described(
        "Unique number of the line; its addresses follow from it. Never given to another line.",
        "线路唯一编号，地址由其推出，永不改派。",
        ge=1,
        le=16383,
    )
    a: Name | End | None = described(
        "One end: a host's name, or host and interface.", "一端：主机名，或主机与接口。", default=None
    )
    b: Name | End | None = described("The other end.", "另一端。", default=None)
    rate_mbit: int = described("Rate in Mbit/s, each way.", "单向速率（Mbit/s）。", ge=1)
    kind: LineKind = described(
        "leased (rented from a carrier, counted as a line), handover (between a centre and the carrier that "
        "owns its building), patch (a cable inside one place).",
        "leased 租用线路；handover 与机房所属运营商之间的交接；patch 同址跳线。",
        default="leased",
    )
    medium: str = described("What it runs over.", "传输介质。", default="fibre")
    redundancy_group: Name | None = described(
        "Lines that stand in for each other share a group.", "互为备份的线路同属一组。", default=None
    )
    ospf_cost: int = described("OSPF cost at both ends.", "两端的 OSPF 开销。", default=10, ge=1, le=65535)
    oversubscription: float | None = described(
        "Greatest ratio of subscribed rate to its own; that of limits when left out.",
        "收敛比上限，缺省取自 limits。",
        default=None,
        gt=0,
    )


class Uplink(Model):
    """The line of a site towards the region. Its number follows from the site's code."""

    to: Name | None = described(
        "Device at the other end; for a county its city's router when left out.",
        "对端设备，县级缺省为所属市的路由器。",
        default=None,
    )
    rate_mbit: int | None = described("Rate in Mbit/s, each way.", "单向速率（Mbit/s）。", default=None, ge=1)
    name: Name | None = described(
        "Name of the line; the site's slug when left out.", "线路名，缺省为站点名。", default=None
    )
    kind: LineKind | None = described(
        "As for lines; leased when left out.", "同线路，缺省为 leased。", default=None
    )
    medium: str | None = described("What it runs over.", "传输介质。", default=None)
    redundancy_group: Name | None = described("Redundancy group.", "冗余组。", default=None)
    ospf_cost: int | None = described(
        "OSPF cost at both ends; 10 when left out.", "OSPF 开销，缺省 10。", default=None, ge=1, le=65535
    )
    oversubscription: float | None = described(
        "Greatest ratio of the rates below it to its own.",
        "下级总速率与其速率之比的上限。",
        default=None,
        gt=0,
    )


class SiteStatement(Model):
    """What cities and counties have in common; also what defaults may be given for."""

    router: Name | None = described(
        "Name of its router; <slug>-rt-01 when left out.", "路由器名，缺省为 <slug>-rt-01。", default=None
    )
    router_class: Name | None = described("Class of its router.", "路由器类别。", default=None)
    uplink: Uplink | None = described("Its line towards the region.", "上联线路。", default=None)
    accepts_loss_with: Name | None = described(
        "Centre with which this site may be lost, when its only path leads through it.",
        "当唯一路径经过某中心时，接受随该中心一同失联。",
        default=None,
    )


class Site(SiteStatement):
    """A place of the region."""

    code: DivisionCode = described(
        "GB/T 2260 code: its network, loopback and line follow from it.",
        "GB/T 2260 行政区划代码，网络、环回和线路地址由其推出。",
    )
    title: Title = described("What people call it.", "名称。")
    hosts: dict[Name, Host] = described("Hosts at the site.", "站点主机。", default_factory=dict)


class County(Site):
    """A county-level unit."""

    kind: Literal["district", "county", "county_level_city", "autonomous_county"] = described(
        "Kind of county-level unit.", "县级单位类型。", default="county"
    )


class City(Site):
    """A prefecture-level city with its counties."""

    counties: dict[Name, County] = described("Counties by slug.", "所辖县级单位。", default_factory=dict)


class SiteDefaults(Model):
    """What cities and counties state only when they differ from it."""

    city: SiteStatement = described("For cities.", "地级市缺省。", default_factory=SiteStatement)
    county: SiteStatement = described("For counties.", "县级缺省。", default_factory=SiteStatement)


class CarrierNode(Model):
    """A device of the carrier's: drawn in the plan, never managed."""

    number: int = described(
        "Number within the carrier; its loopback follows from it.",
        "运营商内编号，环回地址由其推出。",
        ge=1,
        le=254,
    )
    os: str = described("Operating system that the twin gives it.", "孪生环境中的操作系统。", default="frr")


class Carrier(Model):
    """A carrier's network: nodes of its own, outside all centres."""

    number: int = described("Unique number.", "唯一编号。", ge=1, le=50)
    title: Title = described("What people call it.", "名称。")
    nodes: dict[Name, CarrierNode] = described("Its devices that lines end at.", "线路终接的设备。")
