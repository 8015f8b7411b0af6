# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems that move in from legacy servers, and in which order."""

from __future__ import annotations

from typing import Annotated, Literal

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan._pydantic import Field
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import (
    Identifier,
    Model,
    Name,
    Title,
    described,
)

#: A path from the root, none of its parts is '.' or '..', no slash at its end.
AbsolutePath = Annotated[str, Field(pattern=r"^(/([^./][^/]*|\.[^./][^/]*))+$")]
#: A systemd unit.
Unit = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.@-]+\.(service|timer|socket)$")]
#: A time of the day.
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Tree(Model):
    """Files that move."""

    source: AbsolutePath = described("Directory on the legacy server.", "旧服务器上的目录。")
    target: AbsolutePath | None = described(
        "Directory on the new server; the same when left out.", "新服务器上的目录，缺省相同。", default=None
    )


class Setting(Model):
    """A line of a file that says something else at the new place: where the database is, for instance."""

    file: AbsolutePath = described("File on the new server.", "新服务器上的文件。")
    find: str = described("Regular expression of the line.", "匹配该行的正则表达式。", min_length=1)
    put: str = described("The line as it is at the new place.", "新环境中的整行内容。")


class MovedAddress(Model):
    """The address under which people reach a system. It goes with it, so nobody has to be told."""

    number: int = described(
        "Number of its service address, as of services.", "服务地址编号，与服务统一编号。", ge=1, le=254
    )
    announcer: Name = described(
        "Router or firewall that leads to the server which has it now.",
        "把该地址指向当前服务器的路由器或防火墙。",
    )


class Renumbered(Model):
    """An account whose number is somebody else's on the new server."""

    account: str = described("Account, one of users.", "账户，须在 users 中。", min_length=1)
    old_uid: int = described("Its number on the legacy server.", "旧服务器上的用户编号。", ge=1)
    new_uid: int = described("Its number on the new server.", "新服务器上的用户编号。", ge=1)
    old_gid: int = described("Number of its group on the legacy server.", "旧服务器上的组编号。", ge=1)
    new_gid: int = described("Number of its group on the new server.", "新服务器上的组编号。", ge=1)


class MovedApplication(Model):
    """The server part of a system."""

    source: Name = described("Legacy server.", "旧服务器。")
    target: Name = described("New server.", "新服务器。")
    trees: list[Tree] = described("What is copied.", "复制的目录。", min_length=1)
    exclude: list[str] = described(
        "What stays behind of the trees: names, or paths from a tree's root with / in front; * and ?.",
        "各目录中不迁移的内容：名称，或以 / 开头的目录内路径，可用 * 和 ?。",
        default_factory=list,
    )
    files: list[AbsolutePath] = described(
        "Single files outside of the trees: settings, unit files, jobs of cron.",
        "目录以外的单个文件：配置、单元文件、定时任务。",
        default_factory=list,
    )
    jobs: list[AbsolutePath] = described(
        "Files of cron: people's tables and files of cron.d. They are never active on both sides.",
        "cron 文件（用户任务表与 cron.d 文件），两侧绝不同时生效。",
        default_factory=list,
    )
    settings: list[Setting] = described(
        "What its files say otherwise on the new server.",
        "在新服务器上须改写的配置行。",
        default_factory=list,
    )
    packages: list[str] = described(
        "Debian packages that it needs on the new server.",
        "在新服务器上所需的 Debian 软件包。",
        default_factory=list,
    )
    users: list[str] = described(
        "Accounts that keep their numbers on the new server.",
        "在新服务器上保持编号的账户。",
        default_factory=list,
    )
    renumbered: list[Renumbered] = described(
        "Those of them that get another number there. The files of its trees change their owner with them.",
        "其中在新服务器上改用其他编号的账户，其目录中文件的属主随之改变。",
        default_factory=list,
    )
    units: list[Unit] = described(
        "What serves it: stopped on the one side, started on the other.",
        "提供服务的单元：一侧停止，另一侧启动。",
        default_factory=list,
    )
    outbound: list[Unit] = described(
        "What sends something by itself (timers, mail): it never runs on both sides.",
        "会自行对外发送的单元（定时任务、邮件），两侧绝不同时运行。",
        default_factory=list,
    )
    address: MovedAddress | None = described(
        "Where people reach it. Without it, whoever depends on the system is told by hand.",
        "访问地址；缺省时须另行通知依赖方。",
        default=None,
    )
    port: int | None = described(
        "TCP port on which it answers.", "应答的 TCP 端口。", default=None, ge=1, le=65535
    )
    health: str | None = described(
        "Path that answers 200 when it works.", "正常时返回 200 的路径。", default=None, pattern=r"^/\S*$"
    )


class MovedDatabase(Model):
    """The databases of a system, all on one server."""

    engine: Literal["postgresql", "mariadb"] = described("Engine.", "数据库引擎。")
    source: Name = described("Legacy server.", "旧服务器。")
    target: Name = described("New server.", "新服务器。")
    names: list[Identifier] = described("Databases.", "库名。", min_length=1)
    path: Literal["follow", "offline"] = described(
        "follow: copied while it is used, changes flow until the cutover. offline: for a source that cannot "
        "replicate and must not be restarted; copied in the window, for out_s at most, without a way back "
        "that keeps what was written since.",
        "follow：在线复制，切换前持续同步变更；offline：源库无法复制且不可重启时，在窗口内停写后复制，"
        "停写不超过 out_s，回退时不保留切换后写入的数据。",
        default="follow",
    )


class Dependant(Model):
    """Who asks a system where it stands, not by its address, and has to be told where it stands now."""

    host: Name = described("Server on which it runs.", "其所在服务器。")
    asks: Name = described("New server that it asks from then on.", "迁移后所访问的新服务器。")
    port: int = described("TCP port that it asks there.", "所访问的 TCP 端口。", ge=1, le=65535)
    settings: list[Setting] = described(
        "What its files say otherwise from then on.", "此后须改写的配置行。", min_length=1
    )
    units: list[Unit] = described(
        "What reads these files: reloaded, or restarted where it cannot reload.",
        "读取这些文件的单元：重新加载，不支持时重启。",
        default_factory=list,
    )


class MovedSystem(Model):
    """What moves as one: it is cut over, and goes back, as a whole."""

    title: Title = described("What people call it.", "名称。")
    wave: int = described("Wave in which it moves.", "迁移批次。", ge=1)
    needs: list[Identifier] = described(
        "Systems that have to be moved before it, or in the same wave.",
        "须先于它或同批迁移的系统。",
        default_factory=list,
    )
    application: MovedApplication | None = described("Its server part.", "应用部分。", default=None)
    database: MovedDatabase | None = described("Its databases.", "数据库部分。", default=None)
    dependants: list[Dependant] = described(
        "Who has to be told where it stands, and is told back when it goes back.",
        "须告知新位置的依赖方；回退时改回。",
        default_factory=list,
    )
    out_s: float = described(
        "Seconds that it may be out at the cutover.", "切换时允许中断的秒数。", default=60, gt=0
    )
    keep_days: int = described(
        "Days for which the source is kept, frozen, after the move.",
        "迁移后源端冻结保留的天数。",
        default=30,
        ge=1,
    )


class Hours(Model):
    """Part of the day, and how much of the line copying may take in it."""

    start: Clock = described("From this time of the day on (HH:MM).", "自此时刻（HH:MM）。")
    end: Clock = described(
        "To this time of the day; over midnight when it is before the start.", "至此时刻，早于起始则跨午夜。"
    )
    mbit: float = described("Mbit/s at most.", "上限（Mbit/s）。", gt=0)


class Migration(Model):
    """The move into the estate."""

    systems: dict[Identifier, MovedSystem] = described("Systems.", "迁移的系统。", min_length=1)
    copying: list[Hours] = described(
        "Limits of copying by the hour; without limit at other times.",
        "按时段限制复制带宽，其余时间不限。",
        default_factory=list,
    )
