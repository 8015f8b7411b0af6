# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Centres: rooms, racks, power, networks, and the hosts that stand in them."""

from __future__ import annotations

from typing import Literal

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import (
    Model,
    Name,
    Prefix,
    Title,
    described,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.hosts import Host, Series

Purpose = Literal["servers", "bmc", "management", "storage", "other"]


class Ups(Model):
    """The UPS that a feed hangs on."""

    name: Name = described("Its name.", "名称。")
    watts: int = described("What it can carry, in watts.", "可承载功率（瓦）。", ge=1)
    charge_percent: int = described(
        "Charge that lasts for another orderly shutdown, in percent: with less nothing is switched on.",
        "足够再次有序关机的电量（百分比），低于此值不上电。",
        default=50,
        ge=1,
        le=100,
    )


class Starts(Model):
    """How servers of a room may be switched on, so that what they draw at once stays under the budget."""

    per_pdu: int = described(
        "Servers that start at once on one PDU (one feed in one rack).",
        "单个 PDU（一个机柜的一路供电）上同时启动的服务器数。",
        default=2,
        ge=1,
    )
    # IBM's manual of its sequenced PDU (9080-M9S, 'Power-on sequencing') shows 5 s from outlet to outlet.
    per_second: float = described(
        "Starts in the room in one second; 0.2 is one every five seconds.",
        "机房每秒启动数，0.2 即每五秒一台。",
        default=0.2,
        gt=0,
    )
    # The spike of empty capacitors (tens of milliseconds) is the cord's, not the BMC's: a server that its
    # BMC switches on has its supplies charged. What is left are fans at full speed and disks that spin up.
    inrush_factor: float = described(
        "What a server draws while it starts, as a multiple of its greatest power.",
        "启动期间功率与最大功率之比。",
        default=1.5,
        ge=1,
    )
    inrush_s: int = described(
        "How long that lasts, in seconds.", "启动冲击持续时间（秒）。", default=10, ge=1
    )


class Feed(Model):
    """One independent supply of power to a room."""

    watts: int = described(
        "What it can carry, in watts. With two feeds each must carry everything alone.",
        "可承载功率（瓦）。双路供电时每一路都须能独自承载全部负载。",
        ge=1,
    )
    order: int = described("Order in which feeds are switched on.", "上电顺序。", default=1, ge=1)
    ups: Ups | None = described("The UPS it hangs on.", "所接的 UPS。", default=None)


class Rack(Model):
    """One rack."""

    units: int = described("Height in rack units.", "高度（U）。", default=42, ge=1, le=60)
    feeds: list[str] | None = described(
        "Feeds of the room that reach it; all of them when left out.",
        "到达该机柜的供电路，缺省为机房全部。",
        default=None,
    )
    watts: int | None = described(
        "What one feed can carry in this rack, in watts.",
        "本机柜每路供电可承载功率（瓦）。",
        default=None,
        ge=1,
    )
    order: int = described("Order of power-on within the room.", "机房内上电顺序。", default=1, ge=1)


class Room(Model):
    """One room of a centre."""

    title: Title | None = described("What people call it.", "名称。", default=None)
    area_m2: float | None = described("Floor area in square metres.", "面积（平方米）。", default=None, gt=0)
    feeds: dict[str, Feed] = described(
        "Power feeds by name (A, B).", "供电路（A、B）。", default_factory=dict
    )
    racks: dict[Name, Rack] = described("Racks by name.", "机柜。", default_factory=dict)
    starts: Starts = described(
        "How its servers may be switched on.", "服务器启动限制。", default_factory=Starts
    )


class Network(Model):
    """A network of a centre. Its prefix follows from the centre's number and its own."""

    number: int = described(
        "Third octet of its prefix: network 10 of centre 1 is 10.1.10.0/24.",
        "前缀第三段：1 号中心的 10 号网络即 10.1.10.0/24。",
        ge=0,
        le=255,
    )
    prefix_length: int = described("Length of the prefix.", "前缀长度。", default=24, ge=16, le=30)
    prefix: Prefix | None = described(
        "The prefix itself, for a network that exists already and does not follow the address plan.",
        "直接给出前缀，仅用于不遵循地址规划的既有网络。",
        default=None,
    )
    purpose: Purpose = described("What stands in it.", "用途。")
    gateway: Name | None = described(
        "Router or firewall that is its gateway.", "作为网关的路由器或防火墙。", default=None
    )
    gateway_number: int = described("Host number of the gateway.", "网关的主机号。", default=1, ge=1)


class Centre(Model):
    """A data centre."""

    number: int = described(
        "Unique number, second octet of its addresses. Never given to another centre.",
        "唯一编号，即其地址第二段，永不改派。",
        ge=1,
        le=99,
    )
    code: Name = described(
        "Short code with which its hosts' names begin.", "简称，其主机名以此开头。", max_length=8
    )
    title: Title = described("What people call it.", "名称。")
    rooms: dict[Name, Room] = described("Rooms by name.", "机房。", default_factory=dict)
    networks: dict[Name, Network] = described("Networks by name.", "网络。", default_factory=dict)
    hosts: dict[Name, Host] = described("Hosts by name.", "主机。", default_factory=dict)
    series: list[Series] = described("Many hosts alike.", "成批主机。", default_factory=list)
