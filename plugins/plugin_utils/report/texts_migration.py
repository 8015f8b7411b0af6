# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proof of a migration says, in English and Chinese."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "heading": ("Proof of a migration", "迁移证明"),
    "pass": ("Passed", "通过"),
    "fail": ("Not passed", "未通过"),
    "waits": ("Waits", "等待决定"),
    "pass_sentence": (
        "Every system was moved and confirmed, and nothing that was compared is missing or different.",
        "各系统均已迁移并确认，所比对的数据无缺失、无差异。",
    ),
    "fail_sentence": ("The evidence speaks against it:", "证据不支持通过："),
    "waits_sentence": (
        "Some systems are not decided yet: their window has not come, or nobody has confirmed them.",
        "部分系统尚未决定：未到窗口，或尚无人确认。",
    ),
    "ticket": ("Ticket", "工单"),
    "window": ("Window", "变更窗口"),
    "world": ("World", "环境"),
    "started": ("Began", "开始"),
    "ended": ("Last line", "最后记录"),
    "systems": ("Systems", "系统"),
    "system": ("System", "系统"),
    "state": ("State", "状态"),
    "confirmed": ("confirmed", "已确认"),
    "taken back": ("taken back", "已回退"),
    "stopped": ("stopped", "已中止"),
    "out": ("Users waited", "用户等待"),
    "allowed": ("allowed {seconds:g} s", "允许 {seconds:g} 秒"),
    "refused": ("Writes refused", "拒绝写入"),
    "rows": ("Databases", "数据库"),
    "files": ("Files", "文件"),
    "identical": ("identical", "一致"),
    "different": ("{count} differences", "{count} 处差异"),
    "not_compared": ("not compared", "未比对"),
    "copied": ("Copied", "复制量"),
    "kept": ("Source kept", "源端保留"),
    "days": ("{days} days", "{days} 天"),
    "acts": ("The cutover, act by act", "切换过程"),
    "act": ("Act", "动作"),
    "at": ("Seconds from the stop of writes", "自停止写入起（秒）"),
    "compared": ("What was compared", "比对范围"),
    "table": ("Table", "表"),
    "count": ("Rows", "行数"),
    "some_rows": ("{count} rows", "{count} 行"),
    "digest": ("Digest of both sides", "两侧摘要"),
    "left_out": (
        "Left out by the word of whoever ordered the move: {names}.",
        "按下令迁移者的指定未比对：{names}。",
    ),
    "files_bytes": (
        "{entries} files and directories ({mib} MiB) byte for byte, before the window.",
        "窗口前逐字节比对 {entries} 个文件和目录（{mib} MiB）。",
    ),
    "files_names": (
        "{entries} of them with everything stopped: kinds, owners, rights, links, sizes and times.",
        "停机后比对 {entries} 项：类型、属主、权限、链接、大小与时间。",
    ),
    "went_back": ("Files that went back to the old server", "回传到旧服务器的文件"),
    "back_counts": (
        "{made} made there, {altered} altered, {removed} removed. {entries} files compared afterwards:",
        "新增 {made} 个，修改 {altered} 个，删除 {removed} 个。回传后比对 {entries} 个文件：",
    ),
    "back_kept": (
        "What was overwritten or removed is kept on the old server in {kept}: {files} files.",
        "被覆盖或删除的内容保留在旧服务器 {kept}，共 {files} 个文件。",
    ),
    "back_more": ("and {count} more", "另有 {count} 个"),
    "made": ("made", "新增"),
    "altered": ("altered", "修改"),
    "removed": ("removed", "删除"),
    "differences": ("Differences", "差异"),
    "more": ("and {count} more, in report.json", "另有 {count} 处，见 report.json"),
    "approvals": ("Approvals", "批准"),
    "who": ("Who", "批准人"),
    "what": ("What", "事项"),
    "risk": ("What was told", "已告知的风险"),
    "journal": ("Journal", "日志"),
    "journal_note": (
        "{entries} lines, the last one sealed {head}. The page is made from them alone.",
        "共 {entries} 条，链尾 {head}。本页仅据此生成。",
    ),
}
