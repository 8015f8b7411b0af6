# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's own words in English and Chinese. What devices and people said is shown as it was said."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.texts_trace import TRACE_TEXTS

#: key -> English, Chinese. Markup of ours is allowed in them; values are escaped when they are filled in.
TEXTS: dict[str, tuple[str, str]] = {
    "heading_drill": ("Drill report", "灾备演练报告"),
    "heading_run": ("Run report", "运行报告"),
    "pass": ("Passed", "通过"),
    "fail": ("Failed", "未通过"),
    "pass_sentence": (
        "Every promise was kept, and the evidence shows it.",
        "所有承诺均已兑现，并有证据证明。",
    ),
    "fail_sentence": (
        "The evidence does not show that every promise was kept:",
        "证据未能表明所有承诺均已兑现：",
    ),
    "twin": ("Twin", "孪生环境"),
    "estate": ("Estate", "真实环境"),
    "world_unknown": ("World not known", "环境未知"),
    "twin_sentence": (
        "Rehearsed on a twin of the estate on one machine. The estate itself was not touched.",
        "在单机孪生环境中演练，未触及真实环境。",
    ),
    "estate_sentence": ("This was done in the real estate.", "本次操作在真实环境中进行。"),
    "world_unknown_sentence": ("The journal does not say where it ran.", "日志未说明运行环境。"),
    "service": ("Service", "业务"),
    "plan": ("Plan", "规划"),
    "moved": ("From and to", "起止中心"),
    "operator": ("Operator", "操作人"),
    "started": ("Began", "开始"),
    "ended": ("Ended", "结束"),
    "whole_of": ("{seconds} in all", "共 {seconds}"),
    "key_figures": ("Key figures", "关键指标"),
    "outage": ("Longest outage", "最长中断"),
    "outage_note": (
        "what a county saw; planned moves: {planned}",
        "县级用户所见；计划切换最长 {planned}",
    ),
    "rto": ("Recovery time (RTO)", "恢复时间（RTO）"),
    "rto_note": (
        "approval to first acknowledgement; promised {target}",
        "从批准到首次确认；承诺 {target}",
    ),
    "rto_none": ("no failover in this run", "本次运行没有故障切换"),
    "rpo": ("Data loss (RPO)", "数据丢失（RPO）"),
    "rpo_note": (
        "age of the oldest lost report; accepted {target}",
        "最早丢失上报距故障的时间；可接受 {target}",
    ),
    "lost": ("Lost reports", "丢失的上报"),
    "lost_note": ("acknowledged, and not in the surviving database", "已确认但幸存数据库中没有"),
    "writers": ("Two writers", "双写"),
    "writers_note": (
        "{writes} direct writes of the probe were accepted",
        "探针直接写入被接受 {writes} 次",
    ),
    "yes": ("yes", "是"),
    "no": ("never", "无"),
    "not_known": ("not known", "未知"),
    "acknowledged": ("Acknowledged", "已确认的上报"),
    "acknowledged_note": ("reports; {retries} attempts were repeated", "条；重试 {retries} 次"),
    "at_a_glance": ("Phases", "各阶段"),
    "phase": ("Phase", "阶段"),
    "switchover": ("Switchover", "计划切换"),
    "failover": ("Failover", "故障切换"),
    "failback": ("Failback", "回切"),
    "trigger": ("Ordered for", "触发原因"),
    "out": ("Outage", "中断"),
    "connection": ("Worst connection", "最差单连接"),
    "recovery": ("Recovery", "恢复"),
    "promised": ("Promised", "承诺"),
    "loss": ("Loss", "丢失"),
    "accepted": ("Accepted", "可接受"),
    "verdict": ("Verdict", "结论"),
    "judged_note": (
        "A failover is held to its recovery time, from the approval on. A planned move is held to "
        "its outage, "
        "because the service works until it begins. A planned move may lose nothing.",
        "故障切换以批准后的恢复时间为准；计划切换与回切在中断开始前业务一直可用，因此以中断时间为准，"
        "且不允许丢失任何数据。",
    ),
    "client_view": ("What the county saw", "县级用户所见"),
    "client_note": (
        "Acknowledged reports (up) and repeated attempts (down) in bins of {bin} s. Shaded: the longest "
        "outage of each phase. Dashed: the approval.",
        "每 {bin} 秒内已确认的上报（向上）与重试（向下）。阴影：各阶段最长中断。虚线：批准时刻。",
    ),
    "around_outage": ("Around the outage", "中断前后"),
    "chart_none": ("There is no client's log to draw.", "没有可绘制的客户端日志。"),
    "axis_time": ("s", "秒"),
    "steps": ("Steps", "步骤"),
    "steps_note": (
        "A step begins where the one before ended. Shaded: the outage. Dashed: the approval.",
        "每一步从上一步结束时开始。阴影：中断。虚线：批准时刻。",
    ),
    "fence": ("Fencing proof", "隔离证明"),
    "proof": ("Proof that the old primary could not write", "旧主库不能写入的证明"),
    "measures": ("Measured on the way", "过程中的测量"),
    "fence_none": ("No proof was written down.", "未记录任何证明。"),
    "method": ("Method", "方式"),
    "device": ("Device", "设备"),
    "proved_at": ("Written down", "记录时间"),
    "readings": ("Readings", "读数"),
    "lease_over": ("refuses it, and the last lease has run out", "拒绝续租，且最后一次租约已到期"),
    "lease_runs": ("a lease may still run", "租约可能仍有效"),
    "shown": ("Shown to the promotion", "提升主库时出示"),
    "method_bmc": (
        "BMC: switched off, read as off again and again, and kept off",
        "BMC：已断电，多次读数均为关机，且保持关机",
    ),
    "method_network": (
        "Network: refused by the surviving devices, and attested by a person",
        "网络：幸存设备拒绝其流量，并由人员证明",
    ),
    "method_lease": ("Lease: run out, and not renewable", "租约：已到期且无法续约"),
    "method_attested": ("Attested by a person", "由人员证明"),
    "method_shutdown": ("Clean shutdown", "正常关闭"),
    "approvals": ("Approvals and attestations", "批准与证明"),
    "approvals_none": ("There are none.", "无。"),
    "who": ("Who", "何人"),
    "when": ("When", "何时"),
    "what": ("What", "事项"),
    "risk": ("Knowing the risk", "已知风险"),
    "expires": ("Until", "有效期至"),
    "approval": ("approval", "批准"),
    "attestation": ("attestation", "证明"),
    "given_interactive": ("at the terminal", "终端交互"),
    "given_beforehand": ("given beforehand", "事先给出"),
    "gates": ("Gates and verifications", "门禁与核验"),
    "evidence_note": (
        "Readings are shown as the devices gave them, and are not translated.",
        "读数按设备原文显示，不作翻译。",
    ),
    "gate": ("gate", "门禁"),
    "verify": ("verify", "核验"),
    "v_pass": ("passed", "通过"),
    "v_approved": ("approved", "经批准"),
    "v_refuse": ("refused", "拒绝"),
    "v_fail": ("failed", "失败"),
    "v_predicted": ("predicted", "预测"),
    "v_superseded": ("run again", "已重跑"),
    "way_on": ("Next", "下一步"),
    "before": ("Outside of the phases", "阶段之外"),
    "diffs": ("Changes of device configurations", "设备配置变更"),
    "environment": ("Environment", "环境"),
    "run": ("Run", "运行编号"),
    "world": ("World", "运行环境"),
    "plan_digest": ("Digest of the plan", "规划摘要"),
    "version": ("Version of {name}", "{name} 版本"),
    "client": ("Client", "客户端"),
    "client_value": (
        "{host}: {connections} connections, {acknowledged} acknowledged, {retries} retries, "
        "{pending} open at the end",
        "{host}：{connections} 个连接，确认 {acknowledged} 条，重试 {retries} 次，结束时未决 {pending} 条",
    ),
    "journal": ("Journal", "日志"),
    "journal_lines": ("Lines", "行数"),
    "journal_head": ("Digest of the last line", "末行摘要"),
    "journal_state": ("Chain", "链校验"),
    "verified": ("verified: no line was changed, added or removed", "已校验：没有行被修改、增加或删除"),
    "not_verified": ("not verified", "未通过校验"),
    "journal_note": (
        "Compare the digest with the one that was sealed at the other centre: a chain alone does not "
        "show a cut "
        "tail, or that all of it was computed again.",
        "请与另一中心封存的摘要比对：仅凭链本身无法发现末尾被截断或整条链被重新计算。",
    ),
    "torn": (
        "The last line has no end: a run was killed while it wrote it.",
        "末行不完整：运行在写入时被终止。",
    ),
    "definitions": ("What the figures mean", "指标定义"),
    "def_outage": (
        "<b>Outage</b>: from the last acknowledgement before to the first one after, over all "
        "connections of the "
        "county, the longest in the phase. A disaster's outage begins before its runbook.",
        "<b>中断</b>：县级所有连接中，中断前最后一次确认到中断后首次确认的时间，取该阶段最长者。灾难"
        "造成的中断早于操作手册开始。",
    ),
    "def_rto": (
        "<b>Recovery time</b>: from the approval to the first acknowledgement after the outage.",
        "<b>恢复时间</b>：从批准到中断后首次确认。",
    ),
    "def_lost": (
        "<b>Lost reports</b>: in the client's log of acknowledgements, and not in the database that "
        "survived. "
        "A report that nobody acknowledged is repeated, never lost.",
        "<b>丢失的上报</b>：客户端日志中已确认、但幸存数据库中不存在的上报。未被确认的上报会重试，不算丢失。",
    ),
    "def_writers": (
        "<b>Two writers</b>: a probe tries to write straight to both databases every 100 ms. Two "
        "accepted writes "
        "that overlap, or one on an older timeline after one on a newer, are two writers.",
        "<b>双写</b>：探针每 100 毫秒直接向两个数据库尝试写入。两次被接受的写入重叠，或在新时间线之后"
        "又在旧时间线上被接受，即为双写。",
    ),
    "def_clocks": (
        "<b>Clocks</b>: in the estate each host has its own. Gaps are measured on the client's alone; times "
        "between the journal and the client are as good as the hosts' time service.",
        "<b>时钟</b>：真实环境中各主机使用各自的时钟。中断仅按客户端时钟测量；日志与客户端之间的时间精度取决于主机对时服务。",
    ),
    "def_unknown": (
        "<b>—</b>: not known. What is not known counts against the drill.",
        "<b>—</b>：未知。未知即计为不利。",
    ),
    "limits": ("What a twin cannot show", "孪生环境无法证明的事项"),
    "limit_cache": (
        "A drive that loses its own cache: with power_cut and centre_lost a server loses what no fsync has "
        "pushed out of its page cache, with machine_killed nothing; what its drive was given is kept.",
        "磁盘自身缓存的丢失：power_cut 与 centre_lost 会丢失页缓存中未经 fsync 落盘的数据，"
        "machine_killed 则不会；已交给磁盘的数据均视为已保存。",
    ),
    "limit_hardware": (
        "Hardware seen from inside: disks that fail, controllers, memory, real clocks.",
        "从内部看到的硬件：磁盘故障、控制器、内存、真实时钟。",
    ),
    "limit_firmware": (
        "Real firmware: how long a server takes to start, what its BMC does besides the protocol.",
        "真实固件：服务器启动耗时，BMC 在协议之外的行为。",
    ),
    "limit_vendor": (
        "Switches and routers of the vendors: the twin routes with FRR and filters with nftables.",
        "厂商交换机与路由器：孪生环境使用 FRR 路由、nftables 过滤。",
    ),
    "limit_load": (
        "The estate's own load and size: machines of a twin share one host's cores, disk and clock.",
        "真实环境的负载与规模：孪生服务器共用一台主机的处理器、磁盘和时钟。",
    ),
    "made_from": (
        "Made from the files of evidence beside this page alone. One file, no script, nothing is loaded.",
        "本页仅由同目录下的证据文件生成。单一文件，无脚本，不加载任何外部内容。",
    ),
    **TRACE_TEXTS,
}
