# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of the report's part about a machine room."""

from __future__ import annotations

#: key -> English, Chinese.
TEXTS: dict[str, tuple[str, str]] = {
    "heading_room": ("Room upgrade report", "机房改造报告"),
    "r_title": ("The room", "机房"),
    "r_ticket": ("Ticket", "工单"),
    "r_window": ("Windows", "变更窗口"),
    "r_nodes": ("Control nodes", "控制节点"),
    "r_pauses": ("Left to people", "交由人员"),
    "r_pauses_value": ("{count} times", "{count} 次"),
    "r_dark": ("Without power", "断电时长"),
    "r_backup": ("Backup that was restored and read", "已恢复并读取的备份"),
    "r_way": ("How it went", "过程"),
    "r_opened": ("begun", "开始"),
    "r_ready": ("ready", "就绪"),
    "r_evacuated": ("evacuated", "业务已疏散"),
    "r_dark_at": ("dark", "已断电"),
    "r_rises": ("power back", "恢复供电"),
    "r_whole": ("compared", "比对完成"),
    "r_burned_in": ("burned in", "老化完成"),
    "r_home": ("home", "业务回迁"),
    "r_servers": ("Servers, before and after", "服务器：改造前后"),
    "r_server": ("Server", "服务器"),
    "r_serial": ("Serial number", "序列号"),
    "r_parts": ("Parts", "部件"),
    "r_processors": ("processors", "处理器"),
    "r_memory": ("memory modules", "内存条"),
    "r_drives": ("drives", "磁盘"),
    "r_plan": ("Against the plan", "与规划比对"),
    "r_survey": ("After against before", "改造后与改造前比对"),
    "r_same": ("no difference", "无差异"),
    "r_not_compared": ("not compared", "未比对"),
    "r_not_told": ("Not told", "未知"),
    "r_servers_note": (
        "Read out of band by the BMC, and from inside on metal alone. What nobody could tell is named, and "
        "counts as neither equal nor different.",
        "由 BMC 带外读取，仅物理机另作带内读取。无法得知的项目已列明，既不算相同也不算不同。",
    ),
    "r_answers": ("Physical environment, GB/T 22239-2019, 8.1.1", "安全物理环境，GB/T 22239-2019，8.1.1"),
    "r_clause": ("Clause", "条款"),
    "r_answer": ("Answer", "结论"),
    "r_by": ("By, at", "核查人、时间"),
    "r_evidence": ("Note, evidence", "说明、证据"),
    "r_met": ("met", "符合"),
    "r_not_met": ("not met", "不符合"),
    "r_not_applicable": ("does not apply", "不适用"),
    "r_open": ("open", "未答"),
    "r_before": ("answered before: {count}", "此前答复 {count} 次"),
    "r_answers_note": (
        "The texts are paraphrases of the standard's. Evidence is named by its SHA-256 and lies in the run's "
        "folder evidence/.",
        "条款文字为标准内容的转述。证据以 SHA-256 标识，存放于运行目录的 evidence/ 中。",
    ),
    "r_burn_in": ("Burn-in", "老化测试"),
    "r_hours": ("{hours} h", "{hours} 小时"),
    "r_days": ("{days} days", "{days} 天"),
    "r_minutes": ("{minutes} min", "{minutes} 分钟"),
}
