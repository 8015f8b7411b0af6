# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of the panel that shows a run beside the last ones of its kind."""

from __future__ import annotations

#: key -> English, Chinese.
TEXTS: dict[str, tuple[str, str]] = {
    "h_title": ("Beside the last runs", "与最近几次对比"),
    "h_outage": ("outage a county saw", "县级用户所见中断"),
    "h_rto": ("approval to first acknowledgement", "从批准到首次确认"),
    "h_target": ("promised {target}", "承诺 {target}"),
    "h_median": ("median {median}", "中位数 {median}"),
    "h_older": ("earlier", "更早"),
    "h_now": ("this run", "本次"),
    "h_this": ("this run", "本次"),
    "h_began": ("Began", "开始"),
    "h_planned": ("Outage, planned moves", "计划切换最长中断"),
    "h_head": ("Journal head", "日志链尾"),
    "h_other_plan": ("plan was another", "规划不同"),
    "h_note": (
        "Up to ten runs before this one, of the same plan, world, runbook and service. A bar is one run, "
        "this one solid; red did not pass; the dotted line is the median of those before, the amber one the "
        "promise where it is in sight; −n counts lost reports. In the table, the worst of several planned "
        "moves. Figures of earlier runs are those of their own reports: each names the head of the journal "
        "that it was judged from.",
        "本次之前最多十次运行，规划、环境、手册与业务均相同。每根柱为一次运行，实色为本次；红色为未通过；"
        "点线为此前各次的中位数，琥珀色线为承诺值（在图内时）；−n 为丢失的上报数。"
        "表中计划切换有多次时取最差者。以往数字取自各自的报告，并注明其所依据日志的链尾。",
    ),
    "h_left_out": (
        "Records that are damaged or were changed, and therefore left out: {count}.",
        "另有 {count} 份以往记录已损坏或被改动，未予采用。",
    ),
}
