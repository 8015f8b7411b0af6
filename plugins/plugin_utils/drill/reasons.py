# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a drill did not pass, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.titles import STEPS

#: code -> sentence in English, sentence in Chinese. Figures are filled in.
SENTENCES: dict[str, tuple[str, str]] = {
    "no_phase": ("no phase was begun", "没有开始任何阶段"),
    "phases_missing": ("the drill did not come to: {kinds}", "演练未进行到：{kinds}"),
    "phase_open": ("the phase was begun and not ended", "该阶段已开始但未结束"),
    "run_open": ("the run has not ended", "本次运行尚未结束"),
    "journal_broken": ("the journal cannot be trusted: {cause}", "日志不可信：{cause}"),
    "world_unknown": (
        "the journal does not say in which world it ran",
        "日志未说明运行于孪生环境还是真实环境",
    ),
    "no_client": (
        "no client's log: what a county saw is not known",
        "缺少客户端日志：无法得知县级用户看到的情况",
    ),
    "client_damaged": (
        "{count} lines of the client's log on {host} cannot be read",
        "{host} 上的客户端日志有 {count} 行无法读取",
    ),
    "nothing_acknowledged": ("no report was acknowledged", "没有任何上报得到确认"),
    "outage_silent": (
        "nothing was acknowledged any more: the service did not come back while the client looked",
        "此后再无确认：在客户端观察期间服务未恢复",
    ),
    "outage_early": (
        "nothing was acknowledged before: when the service went out is not known",
        "此前没有确认：服务中断的起点未知",
    ),
    "not_approved": ("nobody approved it, so there is no time to count from", "无人批准，因此没有计时起点"),
    "target_unknown": ("the plan states no {target}", "规划未给出 {target}"),
    "outage_over": (
        "the service was out for {value:.2f} s, promised were {target:g} s",
        "服务中断 {value:.2f} 秒，承诺为 {target:g} 秒",
    ),
    "rto_over": (
        "it took {value:.2f} s from the approval to the first acknowledgement, promised were {target:g} s",
        "从批准到首次确认用时 {value:.2f} 秒，承诺为 {target:g} 秒",
    ),
    "rto_unknown": (
        "the time from the approval to the first acknowledgement is not known",
        "从批准到首次确认的时间未知",
    ),
    "loss_unknown": (
        "nobody asked the surviving database which reports it holds",
        "未查询幸存数据库中保存了哪些上报",
    ),
    "lost": (
        "{count} acknowledged reports are lost; nothing may be lost in it",
        "丢失 {count} 条已确认的上报；该阶段不允许丢失",
    ),
    "rpo_over": (
        "reports up to {value:.2f} s old are lost, accepted were {target:g} s",
        "丢失的上报最早为故障前 {value:.2f} 秒，可接受为 {target:g} 秒",
    ),
    "rpo_unknown": ("how much time the loss goes back is not known", "丢失数据回溯的时间未知"),
    "replication_unknown": (
        "whether commits waited for the other centre is not known",
        "提交是否等待另一中心未知",
    ),
    "writers_overlap": (
        "two writers: {newer} accepted a write on timeline {newer_timeline} while {older} accepted one on "
        "timeline {older_timeline}",
        "双写：{older} 在时间线 {older_timeline} 上接受写入的同时，"
        "{newer} 在时间线 {newer_timeline} 上接受了写入",
    ),
    "writers_after": (
        "two writers: {newer} accepted a write on timeline {newer_timeline} after {older} accepted one on "
        "timeline {older_timeline}",
        "双写：{older} 在时间线 {older_timeline} 上接受写入之后，"
        "{newer} 又在时间线 {newer_timeline} 上接受了写入",
    ),
    "probe_none": (
        "whether there were two writers is not known: no probe tried to write to the databases",
        "是否双写未知：没有探针向数据库尝试写入",
    ),
    "probe_damaged": (
        "whether there were two writers is not known: "
        "{count} lines of the probe's log on {host} cannot be read",
        "是否双写未知：{host} 上的探针日志有 {count} 行无法读取",
    ),
    "probe_one": (
        "whether there were two writers is not known: the probe on {host} asked fewer than two databases",
        "是否双写未知：{host} 上的探针询问的数据库少于两个",
    ),
    "probe_blind": (
        "whether there were two writers is not known: "
        "the probe on {host} did not ask {node} for {value:.1f} s",
        "是否双写未知：{host} 上的探针有 {value:.1f} 秒未询问 {node}",
    ),
    "no_fence": (
        "no proof was written down that the old primary could not write",
        "没有记录证明旧主库已不能写入",
    ),
    "fence_weak": ("the proof does not hold: {why}", "隔离证明不成立：{why}"),
    "opened_before_proof": (
        "the service was open {value:.2f} s before the proof was written down",
        "在写下隔离证明之前 {value:.2f} 秒服务就已开放",
    ),
    "gate_refused": ("the step '{step}' was refused", "步骤「{step}」被门禁拒绝"),
    "verify_failed": ("the effect of the step '{step}' was not there", "步骤「{step}」未达到预期效果"),
}


@dataclass(frozen=True)
class Reason:
    """One reason. ``phase`` is its place among the phases, from 1; 0 for the drill as a whole."""

    code: str
    phase: int = 0
    kind: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        english, chinese = SENTENCES[self.code]
        step = str(self.figures.get("step", ""))
        return {
            "code": self.code,
            "phase": self.phase or None,
            "kind": self.kind or None,
            "text": english.format(**self.figures),
            "text_zh": chinese.format(**{**self.figures, "step": STEPS.get(step, step)}),
        }
