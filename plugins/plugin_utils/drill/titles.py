# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the runbooks' steps, which are the names of their plays, in Chinese."""

from __future__ import annotations

#: One that is not here is shown as the runbook has it.
STEPS: dict[str, str] = {
    "Open the drill": "开启演练",
    "See who answers": "查看应答情况",
    "Read what each living host says of itself": "读取各存活主机自述",
    "Prove that nothing can be lost": "证明不会丢失数据",
    "Prove that this is a failover": "证明应当故障切换",
    "Prove that the service is safe where it is": "证明业务在当前位置安全",
    "Stop the outbound jobs in the old centre": "停止原中心的外发作业",
    "Stop the outbound jobs of the old centre, if it lives": "停止原中心的外发作业（若其存活）",
    "Start the outbound jobs in the new centre": "启动新中心的外发作业",
    "Move the service's address": "迁移业务地址",
    "Move the database": "迁移数据库",
    "Let the old primary follow": "使旧主库跟随复制",
    "Fence the old primary": "隔离旧主库",
    "Open the standby": "开放备库",
    "See the service whole": "核验业务完整",
    "Switch the fenced server on": "开启被隔离的服务器",
    "Bring the old primary back as a standby": "旧主库恢复为备库",
    "Restore the policies as they were": "恢复原有上电策略",
    "Judge": "评判",
    "Open the run": "开启运行",
    "Survey the servers": "勘察服务器",
    "See that the other centre can do without this one": "确认另一中心可独立支撑",
    "Take the power down": "按序下电",
    "Wait while people work": "等待施工",
    "Give the power back": "恢复供电",
    "Compare with the survey": "与勘察比对",
    "Burn in": "老化测试",
    "Let the databases follow again": "数据库重新跟随",
    "Confirm and report": "确认并报告",
}
