# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill as its files tell it: two planned moves, a lost database server, the failover, the way back.

Each part can be bent before it is written, so that a test says in one line what is wrong with its drill.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain

BASE = 1795645000.0
#: What a monotonic clock reads when the wall reads BASE.
UPTIME = 86400.0
NN, DR = "nn-db-01", "dr-db-01"


@dataclass(frozen=True)
class Move:
    """One phase in seconds since BASE: when nothing was acknowledged, and who wrote afterwards."""

    kind: str
    begins: float
    approved: float
    out: float
    back: float
    ends: float
    database: str
    timeline: int


MOVES = (
    Move("switchover", 8.0, 11.4, 17.0, 18.125, 29.0, DR, 2),
    Move("switchover", 30.0, 33.2, 38.5, 39.75, 51.0, NN, 3),
    Move("failover", 54.9, 58.4, 54.25, 62.0, 67.0, DR, 4),
    Move("failback", 71.0, 74.1, 105.5, 106.75, 118.0, NN, 5),
)
FAILOVER = 3
END = 122.0
PLAN = "590ea80dda693fe036e91de3cbcd91f85609902c1ba2acba19c0d9b734db3667"
OFF = [{"at": f"2026-11-25T22:17:4{i}+00:00", "state": "off"} for i in (0, 1, 2)]

Entry = dict[str, Any]


def reading(text: str, ok: bool = True, **more: str) -> Entry:
    return {"ok": ok, "reading": text, **more}


@dataclass
class Sample:
    """The lines of every file, to be bent and written."""

    entries: list[Entry] = field(default_factory=list)
    client: list[Entry] = field(default_factory=list)
    probe: list[Entry] = field(default_factory=list)
    surviving: set[str] | None = None
    moves: tuple[Move, ...] = MOVES

    def edit(self, wanted: Callable[[Entry], bool], **fields: Any) -> None:
        """Set fields of every line of the journal that is wanted; None takes the field away."""
        found = [entry for entry in self.entries if wanted(entry)]
        assert found, "there is no such line in the sample"
        for entry in found:
            entry.update(fields)
            for key in [key for key, value in fields.items() if value is None]:
                del entry[key]

    def drop(self, wanted: Callable[[Entry], bool]) -> None:
        """Take lines out of the journal; the chain is made when it is written."""
        assert any(wanted(entry) for entry in self.entries), "there is no such line in the sample"
        self.entries = [entry for entry in self.entries if not wanted(entry)]

    def acks(self) -> list[Entry]:
        return [line for line in self.client if line["type"] == "ack"]

    def journal(self) -> str:
        prev, lines = chain.GENESIS, []
        for n, entry in enumerate(self.entries, start=1):
            linked = chain.link(entry, n, prev)
            prev = linked["digest"]
            lines.append(chain.canonical(linked) + "\n")
        return "".join(lines)

    def write(self, directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "journal.jsonl").write_text(self.journal(), encoding="utf-8")
        for name, lines in (("report_client-wuming", self.client), ("write_probe-dr-app-01", self.probe)):
            if lines:
                text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
                (directory / f"{name}.jsonl").write_text(text, encoding="utf-8")
        if self.surviving is not None:
            (directory / "surviving_ids.txt").write_text("\n".join(sorted(self.surviving)) + "\n")
        return directory


def sample(rate: float = 1.0) -> Sample:
    """A drill that passes.

    :param rate: reports a second on each of the twenty connections.
    """
    made = Sample()
    made.entries = _journal()
    made.client = _client(rate)
    made.probe = _probe()
    made.surviving = {line["report_id"] for line in made.acks()}
    return made


def both_clocks(moment: float, suffix: str = "") -> Entry:
    wall, monotonic = ("at", "monotonic") if not suffix else (suffix, f"{suffix}_monotonic")
    return {wall: round(BASE + moment, 4), monotonic: round(UPTIME + moment, 4)}


# The journal


def _journal() -> list[Entry]:
    lines: list[Entry] = []

    def line(at: float, kind: str, phase: str, step: str, task: str, **more: Any) -> None:
        lines.append(
            {
                "at": BASE + at,
                "kind": kind,
                "run": "drill",
                "phase": phase,
                "step": step,
                "task": task,
                **more,
            }
        )

    opened = {
        "runbook": "drill",
        "service": "hidden_danger",
        "from": "nanning",
        "to": "dr",
        "operator": "li.wei",
        "plan": {"name": "rehearsal", "digest": PLAN},
        "world": "twin",
        "twin_id": "rehearsal",
        "versions": {"ansible-core": "2.19.14", "python": "3.11.2"},
    }
    line(0, "run", "", "Open the drill", "Note | the drill is open", state="opened", **opened)
    line(
        0.4,
        "gate",
        "",
        "Open the drill",
        "Gate | faults are injected into a twin only",
        verdict="pass",
        readings=[reading("this is the twin: runs in the network namespace ajy-rehearsal-dr-ctl-01")],
    )
    for move in MOVES:
        _phase(line, move)
    line(END + 1, "run", "", "Judge", "Note | the drill is closed", state="ended")
    return lines


def _phase(line: Callable[..., None], move: Move) -> None:
    kind, new = move.kind, move.database
    old = NN if new == DR else DR
    home = "dr" if new == DR else "nanning"

    def write(at: float, what: str, step: str, task: str, **more: Any) -> None:
        line(at, what, kind, step, task, **more)

    triggers = {"failover": f"machine_killed at {NN}", "failback": "machine_killed lifted"}
    write(
        move.begins,
        "phase",
        "See who answers",
        "Note | the phase begins",
        state="begins",
        trigger=triggers.get(kind, "rehearsal of the planned move"),
        replication="async",
        rto_target_s=30.0,
        rpo_target_s=60.0,
    )
    prove = {
        "switchover": "Prove that nothing can be lost",
        "failover": "Prove that this is a failover",
        "failback": "Prove that the service is safe where it is",
    }[kind]
    write(
        move.approved - 0.5,
        "gate",
        prove,
        "Gate | everything stands in the world that is meant",
        verdict="pass",
        readings=[
            reading("the control node stands in the twin: runs in ajy-rehearsal-dr-ctl-01"),
            reading(f"{new}, dr-app-01, dr-fw-01 stand in the same world"),
        ],
    )
    if kind == "failover":
        write(
            move.approved - 0.2,
            "measure",
            prove,
            "Measure | what the standby may lack",
            name="lag",
            data={"lag_s": 0.4, "basis": "last message 0.4 s ago", "rpo_target_s": 60},
        )
    write(
        move.approved,
        "approval",
        prove,
        f"Gate | the {kind} is approved",
        name=kind,
        given="beforehand",
        operator="li.wei",
        plan_digest=PLAN,
        expires_at=BASE + move.approved + 3600,
        risk=f"{old} is stopped and {new} is promoted; clients wait for a few seconds",
    )
    if kind == "failover":
        _fenced(write, move)
    else:
        _planned(write, move, old, new)
    write(
        move.ends - 1,
        "verify",
        "See the service whole",
        f"Verify | the service lives in {home}",
        verdict="pass",
        readings=[
            reading(f"{new} is primary on timeline {move.timeline}"),
            reading(f"the application in {home} writes to {new}"),
            reading("archive on, last archived 000000010000000000000006"),
        ],
    )
    write(move.ends, "phase", "See the service whole", "Note | the phase ends", state="ends")


def _fenced(write: Callable[..., None], move: Move) -> None:
    at = move.approved + 2.0
    step = "Fence the old primary"
    write(
        at - 1.6,
        "note",
        step,
        "Note | the restore policy as it was",
        name=f"restore_policy_{NN}",
        data={"policy": "previous"},
    )
    write(
        at,
        "verify",
        step,
        "Verify | it is proved that the old primary cannot write",
        verdict="pass",
        readings=[reading(f"{NN}: bmc, off off off")],
    )
    write(
        at + 0.1,
        "proof",
        step,
        "Note | the proof",
        method="bmc",
        device=NN,
        readings=OFF,
        data={"host": NN, "readings": ["off", "off", "off"], "restore_policy": "always-off", "at": BASE + at},
    )
    write(
        move.back + 0.6,
        "verify",
        "Open the standby",
        f"Verify | {DR} accepts writes",
        verdict="pass",
        readings=[reading(f"{DR} is primary on timeline {move.timeline}")],
    )
    write(
        move.back + 1.8,
        "verify",
        "Open the standby",
        "Verify | packets of the counties go to dr",
        verdict="pass",
        readings=[reading("seen from liuzhou-rt-01, guilin-rt-01, 10.100.0.1/32 leads to 10.255.2.2")],
    )


def _planned(write: Callable[..., None], move: Move, old: str, new: str) -> None:
    if move.kind == "failback":
        write(
            move.approved + 14,
            "verify",
            "Switch the fenced server on",
            f"Verify | {NN} is up, and does not accept writes",
            verdict="pass",
            readings=[reading(f"{NN} answers"), reading("its database is stopped")],
        )
        write(
            move.approved + 22,
            "verify",
            "Bring the old primary back as a standby",
            f"Verify | {NN} streams from {DR}",
            verdict="pass",
            readings=[reading(f"{NN} is streaming on {DR}")],
        )
        write(
            move.approved + 24,
            "verify",
            "Restore the policies as they were",
            "Verify | the restore policy is what it was",
            verdict="pass",
            readings=[reading(f"the restore policy of {NN} is previous")],
        )
    write(
        move.out - 1.2,
        "verify",
        "Move the service's address",
        "Verify | packets of the counties go there",
        verdict="pass",
        readings=[reading("seen from liuzhou-rt-01, 10.100.0.1/32 leads to 10.255.2.2")],
    )
    write(
        move.back + 0.4,
        "verify",
        "Move the database",
        f"Verify | one writer, and it is {new}",
        verdict="pass",
        readings=[reading(f"{new} is primary on timeline {move.timeline}"), reading(f"{old} is stopped")],
    )
    write(
        move.back + 0.5,
        "proof",
        "Move the database",
        "Note | what the promotion was shown",
        method="shutdown",
        device=old,
        readings=[],
        data={
            "host": old,
            "shutdown_lsn": "0/1800028",
            "state": "shut down",
            "system_identifier": "7712236586842407056",
            "timeline": move.timeline - 1,
        },
    )
    write(
        move.back + 5,
        "verify",
        "Let the old primary follow",
        f"Verify | {old} streams from {new}",
        verdict="pass",
        readings=[reading(f"{old} is streaming on {new}")],
    )


# The client and the probe


def writer(moment: float) -> tuple[str, int]:
    """Which database acknowledges at a moment, and on which timeline."""
    found = [(move.database, move.timeline) for move in MOVES if move.back <= moment]
    return found[-1] if found else (NN, 1)


def ack(report_id: str, connection: int, moment: float, attempts: int = 1) -> Entry:
    database, timeline = writer(moment)
    return {
        "type": "ack",
        "report_id": report_id,
        "connection": connection,
        "attempts": attempts,
        "sent": BASE + moment - 0.02,
        "sent_monotonic": UPTIME + moment - 0.02,
        **both_clocks(moment, "acked"),
        "timeline": timeline,
        "database": database,
        "centre": "dr" if database == DR else "nanning",
    }


def _client(rate: float) -> list[Entry]:
    chance = random.Random(7)
    lines: list[Entry] = [
        {
            "type": "start",
            "url": "http://10.100.0.1/reports",
            "connections": 20,
            "rate": rate,
            "timeout_s": 1.0,
            "retry_s": 0.1,
            **both_clocks(2.0),
        }
    ]
    for connection in range(20):
        moment, number = 2.0 + connection / 20 / rate, 0
        while moment < END:
            number += 1
            name = f"{connection:02d}-{number:05d}"
            acked = moment + 0.004 + chance.random() * 0.03
            gap = next((m for m in MOVES if m.out < acked < m.back), None)
            if gap is None:
                lines.append(ack(name, connection, acked))
                moment += 1 / rate
                continue
            attempts, asked = 1, moment + 1.0
            while asked < gap.back:
                error = "TimeoutError: timed out"
                lines.append(
                    {
                        "type": "retry",
                        "report_id": name,
                        "error": error,
                        "attempt": attempts,
                        **both_clocks(asked),
                    }
                )
                attempts, asked = attempts + 1, asked + 1.1
            acked = gap.back + connection * 0.011
            lines.append(ack(name, connection, acked, attempts))
            # Back on its own beat, so that the connections stay spread evenly.
            moment += math.ceil((acked - moment) * rate) / rate
    # Each outage begins and ends exactly where the moves say.
    for place, move in enumerate(MOVES):
        lines.append(ack(f"last-{place}", 0, move.out))
        lines.append(ack(f"first-{place}", 0, move.back))
    lines.append({"type": "end", **both_clocks(END)})
    return sorted(lines, key=lambda line: float(line["acked"] if "acked" in line else line["at"]))


def _probe() -> list[Entry]:
    lines: list[Entry] = [
        {
            "type": "start",
            "probe": "probe-1",
            "nodes": [NN, DR],
            "interval_s": 0.1,
            "answer_s": 0.5,
            **both_clocks(4.0),
        }
    ]
    for tick in range(40, int(END * 10)):
        moment = tick / 10
        node, timeline = writer(moment)
        if not any(move.out <= moment <= move.back for move in MOVES):
            lines.append(
                {
                    "type": "write",
                    "node": node,
                    "id": tick,
                    "timeline": timeline,
                    "lsn": "0/1",
                    "control_timeline": timeline,
                    **both_clocks(moment, "started"),
                    **both_clocks(moment + 0.006, "ended"),
                }
            )
        if tick % 10 == 0:
            for one in (NN, DR):
                lines.append(
                    {
                        "type": "count",
                        "node": one,
                        "attempts": 10,
                        "refusals": {} if one == node else {"read_only": 10},
                        **both_clocks(moment),
                    }
                )
    lines.append({"type": "end", **both_clocks(END)})
    return lines
