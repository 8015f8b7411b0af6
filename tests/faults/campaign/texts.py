# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the pages, in both languages."""

from __future__ import annotations

from typing import Any

TEXTS: dict[str, dict[str, Any]] = {
    "en": {
        "head": """# Faults under the runbooks

[简体中文](faults.zh-CN.md)

This page is written by a program from what it measured: `make faults` breaks a twin of the rehearsal estate while
a county reports and a probe in each centre tries to write straight to both databases every 100 ms. Each trial
ends with the service at home again and its standby streaming.""",
        "drawn": "Seed {seeds}, {trials} trials, revision {revisions}. Machine: {machine}; median load {load} "
        "(above the number of cores, times are longer than they need be). "
        "The same seed draws the same trials: `make faults SEED={seeds}`.",
        "faults": "What happens, by fault and runbook",
        "faults_text": "Outage and RTO: median / worst in seconds. The outage is the longest pause between two "
        "acknowledgements, from the fault until the operator was done, his waiting included; the RTO counts from "
        "the failover's approval. Lost: acknowledged reports that the surviving database does not hold, of all "
        "acknowledged. *Runs* tells what the operator typed in turn, the way home included.",
        "fault_columns": [
            "fault", "when", "n", "the operator sees", "runs", "outage s", "RTO s", "lost", "two writers",
        ],
        "losses": "When something really is lost",
        "losses_text": "Replication is asynchronous here. The lines are cut or full before, while the county goes "
        "on reporting, and then the primary dies. The second count does not use the judge: a copy of the dead "
        "server's data directory is opened without a network, and its ids are compared with the survivor's by "
        "`sort` and `comm`.",
        "loss_columns": [
            "case", "trial", "acknowledged", "reported lost", "second count", "equal", "two writers",
        ],
        "control": "The control: without fence, proof and lease",
        "control_text": "The standby is promoted with `pg_ctlcluster` beside its living primary, as no runbook does. "
        "The probe says two_writers: **{two}**; the writer changed {moves} times, and {lost} acknowledged reports "
        "are in the losing database alone. So the probe sees what it is there for.",
        "no_control": "The control has not been run.",
        "kills": "Killed inside each act",
        "kills_text": "The run is killed with SIGKILL inside the act, at a moment drawn from the seed; the same "
        "command is run again after at most two seconds. *group*: the process group alone dies and what it began on "
        "the hosts goes on; *all*: its workers and connections die as well. Checked each time: the second run ends "
        "well, the journal is whole (`tools/journal.py verify`), it still holds the restore policy that was found "
        "first, one timeline for each move of the writer, no server switched twice. These are the runbooks that move a "
        "service; the order of power and the room's upgrade go on from what the devices say, and have tests of "
        "their own.",
        "kill_columns": ["act", "", "killed after", "what died", "same again", "outage s", "lost", "finding"],
        "findings": "Findings",
        "no_findings": "None.",
        "reports_stop": "reports are not acknowledged any more",
        "nothing": "nothing: the run ends well, or the service goes on",
        "goes_on": "nothing is run", "stopped": "stopped", "missed": "not hit", "found": "see below", "none": "none",
        "tree": "all", "main": "group", "yes": "yes", "no": "no",
    },
    "zh": {
        "head": """# 运行手册下的故障

[English](faults.md)

本页由程序根据测量结果生成：`make faults` 在演练环境的孪生体上注入故障，同时有县级终端持续上报，
两个中心各有一个探针每 100 毫秒直接向两个数据库尝试写入。每次试验结束时，业务回到主中心，备库恢复流复制。""",
        "drawn": "种子 {seeds}，共 {trials} 次试验，版本 {revisions}。机器：{machine}；负载中位数 {load}（高于核数时，各项时间会偏长）。"
        "相同的种子得到相同的试验：`make faults SEED={seeds}`。",
        "faults": "各故障与运行手册下的结果",
        "faults_text": "中断与 RTO：中位数 / 最差值（秒）。中断是从故障到操作员完成处置之间两次确认的最长间隔，"
        "包括操作员的等待；RTO 从故障切换获批开始计算。丢失：已确认但存活数据库中没有的上报数 / 全部已确认数。"
        "「执行」列依次列出操作员输入的命令，包括回切。运行手册的输出为英文原文。",
        "fault_columns": ["故障", "时机", "次数", "操作员看到", "执行", "中断（秒）", "RTO（秒）", "丢失", "双写"],
        "losses": "确有丢失的情形",
        "losses_text": "此处为异步复制。先切断或塞满线路，县级终端继续上报，然后主库死亡。第二次计数不使用评判程序："
        "把死亡服务器的数据目录复制一份，在无网络的环境中打开，用 `sort` 和 `comm` 与存活数据库的编号比较。",
        "loss_columns": ["情形", "试验", "已确认", "报告的丢失", "第二次计数", "一致", "双写"],
        "control": "对照：没有隔离、证明与租约",
        "control_text": "在主库仍存活时用 `pg_ctlcluster` 直接提升备库（任何运行手册都不会这样做）。"
        "探针得到 two_writers: **{two}**；写入方变化 {moves} 次，{lost} 条已确认的上报只存在于被放弃的数据库中。"
        "这说明探针确实能看到双写。",
        "no_control": "尚未运行对照试验。",
        "kills": "在每个动作中被杀死",
        "kills_text": "在动作进行中、由种子决定的时刻用 SIGKILL 杀死运行；最多两秒后再次执行同一条命令。"
        "「进程组」：只有控制进程组死亡，已在主机上开始的动作继续；「全部」：其工作进程与连接一并死亡。"
        "每次检查：第二次运行顺利结束；日志完整（`tools/journal.py verify`），且仍保存最初读到的电源恢复策略；"
        "每次移动写入方只产生一条时间线；没有服务器被开关两次。这里是移动业务的三个运行手册；电源顺序与机房升级"
        "依据设备的实际状态继续，另有测试。",
        "kill_columns": ["动作", "", "杀死于", "被杀死的", "再次执行", "中断（秒）", "丢失", "发现"],
        "findings": "发现",
        "no_findings": "无。",
        "reports_stop": "上报不再得到确认",
        "nothing": "无异常：运行顺利结束，或业务照常",
        "goes_on": "无需执行", "stopped": "停止", "missed": "未命中", "found": "见下文", "none": "无",
        "tree": "全部", "main": "进程组", "yes": "是", "no": "否",
    },
}  # fmt: skip

FAULT_TITLES: dict[str, dict[str, str]] = {
    "database_killed": {"en": "the primary's database server without power", "zh": "主库服务器断电"},
    "centre_lost": {"en": "the primary centre dark, its BMCs as well", "zh": "主中心及其 BMC 全部断电"},
    "one_line_cut": {"en": "one DR line cut", "zh": "一条灾备线路中断"},
    "both_lines_cut": {
        "en": "both DR lines cut (the carrier's network still joins the centres)",
        "zh": "两条灾备线路中断（运营商网络仍连通两中心）",
    },
    "centre_cut_off": {
        "en": "every way out of the primary centre cut, its primary lives",
        "zh": "主中心对外通路全部中断，主库仍在运行",
    },
    "centres_apart": {
        "en": "every way between the centres cut, both live",
        "zh": "两中心间所有通路中断，双方均在运行",
    },
    "firewall_killed": {"en": "the primary centre's firewall killed", "zh": "主中心防火墙被杀死"},
    "application_stopped": {"en": "the application stopped", "zh": "应用停止"},
    "database_frozen": {"en": "the database frozen (SIGSTOP)", "zh": "数据库冻结（SIGSTOP）"},
    "disk_full": {"en": "the primary's disk full", "zh": "主库磁盘写满"},
    "bmc_lying": {"en": "a lying BMC", "zh": "BMC 说谎"},
    "bmc_slow": {"en": "a slow BMC (20 s an answer)", "zh": "BMC 迟缓（每次应答 20 秒）"},
}

WAYS: dict[str, dict[str, str]] = {
    "in calm": {"en": "nothing runs", "zh": "无运行手册在执行"},
    "in calm, the witness silent": {
        "en": "nothing runs; the witness silent, too", "zh": "无运行手册在执行，见证节点亦无应答",
    },
    "in calm; it comes back after the failover": {
        "en": "nothing runs; it comes back after the failover", "zh": "无运行手册在执行；故障切换后恢复",
    },
    "and somebody fails over all the same": {
        "en": "and somebody runs a failover all the same", "zh": "仍有人执行故障切换",
    },
    "and the server's BMC dead: the primary lives on behind it": {
        "en": "the server's BMC dead as well: the primary lives on behind it; both come back after the failover",
        "zh": "服务器 BMC 亦失效：主库在其后继续运行；故障切换后恢复",
    },
    "during a switchover": {"en": "during a switchover", "zh": "计划切换期间"},
    "during a failover": {"en": "during a failover", "zh": "故障切换期间"},
    "before a failover": {"en": "before a failover", "zh": "故障切换之前"},
    "and its BMC dead; it wakes up after the failover": {
        "en": "its BMC dead; it wakes up after the failover", "zh": "BMC 亦失效；故障切换后数据库醒来",
    },
    "its whole server, and its BMC dead; it wakes up after the failover": {
        "en": "its whole server frozen, its BMC dead; it wakes up after the failover",
        "zh": "整台服务器冻结，BMC 亦失效；故障切换后醒来",
    },
    "says off, the database is frozen": {"en": "says off, the database is frozen", "zh": "谎称关机，数据库已冻结"},
    "says on, the database is dead": {
        "en": "says on, during the failover of a dead database", "zh": "谎称开机，数据库已死，故障切换期间",
    },
    "every way between the centres cut before the database dies": {
        "en": "every way between the centres cut, then the database dies", "zh": "两中心间所有通路中断，随后主库死亡",
    },
    "the lines full before the database dies": {
        "en": "the lines full, then the database dies", "zh": "线路塞满，随后主库死亡",
    },
    "every way cut before the centre goes dark": {
        "en": "every way cut, then the centre goes dark", "zh": "所有通路中断，随后主中心断电",
    },
}  # fmt: skip
