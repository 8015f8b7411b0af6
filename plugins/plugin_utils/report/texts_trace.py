# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the panel 'critical path' in English and Chinese."""

from __future__ import annotations

#: key -> English, Chinese; as in texts.py, of which it is a part.
TRACE_TEXTS: dict[str, tuple[str, str]] = {
    "path": ("Critical path", "关键路径"),
    "path_failover": (
        "From the approval to the first acknowledged report: {seconds}. Where each tenth of a second went:",
        "从批准到首次确认上报共 {seconds}，以下是每十分之一秒的去向。",
    ),
    "path_planned": (
        "From the last acknowledged report to the first after it: {seconds}. Where each tenth went:",
        "从最后一次确认到恢复后首次确认共 {seconds}，以下是每十分之一秒的去向。",
    ),
    "path_sums": ("Summed up", "合计"),
    "path_none": (
        "No trace was kept of this phase (the callback plugin trace was not enabled).",
        "本阶段没有保留时间轨迹（未启用回调插件 trace）。",
    ),
    "path_note": (
        "From the control node's clock and the modules' own moments. It explains; it is no evidence.",
        "依据控制节点时钟及各模块自报时刻绘制，仅作说明，不作证据。",
    ),
    # What a part of a task was, by the moment that ended it.
    "part_": ("all of it", "全过程"),
    "part_started": ("the module gets there and starts", "模块送达并启动"),
    "part_checkpointed": ("readings, checkpoint", "读数、检查点"),
    "part_stop_sent": ("readings before the stop", "停库前读数"),
    "part_stopped": ("the server stops", "数据库停止"),
    "part_handed": ("the proof gets there", "证明送达"),
    "part_proved": ("the proof is judged", "判定证明"),
    "part_promote_sent": ("slot for the follower", "为跟随者建槽"),
    "part_writable": ("the promotion", "提升为主库"),
    "part_changed_at": ("the device takes the change", "设备接受变更"),
    "part_confirmed_at": ("the device shows the change", "设备显示变更"),
    "part_read": ("a reading", "一次读数"),
    "part_answer": ("the answer comes back", "结果返回"),
    "part_between": ("Ansible, to the next task", "Ansible 转入下一任务"),
    "part_client": ("the application finds it and acknowledges", "应用发现主库并确认"),
    # Whose time a part is.
    "whose_database": ("database", "数据库"),
    "whose_device": ("devices and readings", "设备与读数"),
    "whose_way": ("ways to and fro, Python's start", "往返传输与 Python 启动"),
    "whose_engine": ("Ansible between tasks", "Ansible 任务间隙"),
    "whose_client": ("application and client", "应用与客户端"),
}
