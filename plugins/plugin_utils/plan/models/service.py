# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services under protection, and the infrastructure that they and the runbooks need."""

from __future__ import annotations

from typing import Literal

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import (
    Identifier,
    Model,
    Name,
    Title,
    described,
)


class Database(Model):
    """The database of a service."""

    engine: Literal["postgresql", "mariadb"] = described("Engine.", "数据库引擎。")
    name: Identifier = described("Name of the database.", "库名。")
    port: int = described("TCP port.", "TCP 端口。", ge=1, le=65535)


class Tiers(Model):
    """Which hosts carry a service in one centre."""

    database: Name | None = described("Database server.", "数据库服务器。", default=None)
    application: Name | None = described("Application server.", "应用服务器。", default=None)
    announcer: Name | None = described(
        "Router or firewall that announces the service address while this centre holds it.",
        "本中心持有服务时发布服务地址的路由器或防火墙。",
        default=None,
    )


class Peak(Model):
    """The busiest stretch of change."""

    rate_mbit: float = described("Rate of change during it, in Mbit/s.", "期间变化速率（Mbit/s）。", gt=0)
    lasts_s: int = described("How long it lasts, in seconds.", "持续时间（秒）。", ge=1)


class Lease(Model):
    """The lease on being the primary: a primary that cannot renew it refuses writes by itself."""

    seconds: float = described(
        "How long a lease lasts, in seconds: for so long may a primary that is cut off go on.",
        "租约时长（秒）：主库失联后最多继续接受写入的时间。",
        default=10,
        ge=3,
        le=300,
    )
    witnesses: list[Name] = described(
        "Servers outside of the service's centres that renew the lease, as the other centre's database does.",
        "服务所在中心之外的见证主机，与对方中心的数据库服务器一样可续租。",
        min_length=1,
    )


class Service(Model):
    """A service that is failed over as one."""

    number: int = described(
        "Unique number; its address follows from it.", "唯一编号，服务地址由其推出。", ge=1, le=254
    )
    title: Title = described("What people call it.", "名称。")
    port: int = described("TCP port that clients use.", "客户端使用的 TCP 端口。", ge=1, le=65535)
    priority: int = described(
        "Priority group: 1 is failed over first.", "优先级组，1 最先切换。", default=1, ge=1
    )
    depends_on: list[Identifier | Name] = described(
        "Services and infrastructure without which it does not work.",
        "所依赖的服务与基础设施。",
        default_factory=list,
    )
    rpo_s: float = described(
        "Recovery point objective in seconds: data that may be lost.", "恢复点目标 RPO（秒）。", ge=0
    )
    rto_s: float = described(
        "Recovery time objective in seconds: time that it may be out.", "恢复时间目标 RTO（秒）。", gt=0
    )
    replication: Literal["async", "sync"] = described(
        "How its database is replicated.", "数据库复制方式。", default="async"
    )
    change_rate_mbit: float = described(
        "Rate at which its data change, in Mbit/s, sustained.", "数据持续变化速率（Mbit/s）。", ge=0
    )
    change_peak: Peak | None = described("Its busiest stretch.", "变化高峰。", default=None)
    primary: Name = described("Centre that holds it normally.", "平时所在中心。")
    database: Database | None = described("Its database.", "数据库。", default=None)
    lease: Lease | None = described(
        "Lets a primary that is cut off refuse writes by itself.", "使失联的主库自行拒绝写入。", default=None
    )
    centres: dict[Name, Tiers] = described(
        "Which hosts carry it, by centre.", "各中心承载主机。", min_length=1
    )


class Infrastructure(Model):
    """Something that services or control nodes need: name service, vault, time."""

    title: Title = described("What people call it.", "名称。")
    runs_on: list[Name] = described("Hosts that provide it.", "提供它的主机。", default_factory=list)
    needs: list[Identifier | Name] = described(
        "Services and infrastructure that it needs itself.", "自身所需。", default_factory=list
    )


class Provider(Model):
    """Someone who carries cloud hosts for us."""

    title: Title = described("What people call it.", "名称。")
    contact: Title | None = described(
        "Whom to call when hosts that it carries are to be switched.",
        "需要开关其承载的主机时联系谁。",
        default=None,
    )
