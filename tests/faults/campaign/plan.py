# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a campaign breaks, and what an operator answers: data, and the drawing of trials from a seed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from campaign.acts import Act

HOME, AWAY = "nanning", "dr"
DB, APP, FIREWALL = "nn-db-01", "nn-app-01", "nn-fw-01"
POSTGRES, APPLICATION = f"{DB}/postgresql@15-main.service", f"{APP}/anjianyun-report-app.service"
WITNESS = "liuzhou-wit-01"
LINES = ("nn-dr-1", "nn-dr-2")
#: How often an operator tries before somebody makes the twin anew.
PATIENCE = 6


@dataclass(frozen=True)
class Break:
    """One fault of the twin (module twin_fault)."""

    fault: str
    target: str
    value: str = ""


@dataclass(frozen=True)
class Scenario:
    """One way in which a fault meets a runbook.

    :param fault: the row of the table that it belongs to.
    :param runbook: what runs while it happens; empty: nothing does.
    :param before: broken a few seconds before, while the county goes on reporting.
    :param breaks: broken at the moment that is drawn.
    :param reaction: the runbook that an operator takes when nothing ran, or when what ran is of no use any
        more; empty: none is needed.
    :param mended: lifted after the break and before the operator acts: what is not down any more then.
    :param woken: lifted when the operator is done: it wakes up into another world.
    :param seen_s: how long an operator looks at it before he does anything, when nothing runs.
    :param counted: whether the loss is counted a second way, from the files of the server that is off then.
    :param lives: the old primary is not switched off: a lease after it woke up, its database has to refuse.
    """

    fault: str
    name: str
    runbook: str = ""
    before: tuple[Break, ...] = ()
    breaks: tuple[Break, ...] = ()
    reaction: str = ""
    mended: tuple[Break, ...] = ()
    woken: tuple[Break, ...] = ()
    counted: bool = False
    lives: bool = False
    seen_s: float = 1.0


#: Without power: it closes no connection, and loses what no fsync has pushed out.
DEAD = Break("power_cut", DB)
FROZEN = Break("service_frozen", POSTGRES)
DARK = Break("centre_lost", HOME)
MUTE = Break("bmc_dead", DB)
#: Without its witness no lease can be proved to have run out: a person has to answer.
UNWITNESSED = Break("service_stopped", f"{WITNESS}/anjianyun-lease.service")
CUT = tuple(Break("line_cut", line) for line in LINES)
#: Longer than a lease lasts: what is lost with it shows by then.
LONG_S = 12.0
#: Every way between the centres; the counties still reach the primary. The two DR lines alone are not that:
#: the carrier's network goes on joining the centres.
APART = (*CUT, Break("line_cut", "dr-edge"))
#: Every way out of the primary centre: its people are alone with a primary that lives.
ALONE = (*CUT, Break("line_cut", "nn-edge"))
#: A fault that takes no turn beyond these has a few trials instead of ten.
FEW = {"centre_cut_off": 4, "centres_apart": 4}
FULL = (*(Break("line_filled", line) for line in LINES), Break("line_cut", "dr-edge"))

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("database_killed", "in calm", breaks=(DEAD,), reaction="failover", counted=True),
    Scenario("database_killed", "during a switchover", "switchover", breaks=(DEAD,), reaction="failover"),
    Scenario("centre_lost", "in calm", breaks=(DARK,), reaction="failover", counted=True),
    Scenario("centre_lost", "during a switchover", "switchover", breaks=(DARK,), reaction="failover"),
    Scenario("centre_lost", "in calm, the witness silent", breaks=(DARK, UNWITNESSED), reaction="failover"),
    Scenario("one_line_cut", "during a switchover", "switchover", breaks=CUT[:1]),
    Scenario("one_line_cut", "in calm", breaks=CUT[:1], seen_s=LONG_S),
    Scenario("one_line_cut", "during a failover", "failover", before=(DEAD,), breaks=CUT[:1]),
    Scenario("both_lines_cut", "during a switchover", "switchover", breaks=CUT),
    Scenario("both_lines_cut", "in calm", breaks=CUT, seen_s=LONG_S),
    Scenario("both_lines_cut", "during a failover", "failover", before=(DEAD,), breaks=CUT),
    Scenario(
        "firewall_killed", "in calm", breaks=(Break("machine_killed", FIREWALL),), reaction="failover"
    ),
    Scenario(
        "firewall_killed", "and the server's BMC dead: the primary lives on behind it",
        breaks=(Break("machine_killed", FIREWALL), MUTE), reaction="failover",
        woken=(Break("machine_killed", FIREWALL), MUTE), lives=True,
    ),
    Scenario(
        "firewall_killed", "during a switchover", "switchover", breaks=(Break("machine_killed", FIREWALL),),
        reaction="failover",
    ),
    Scenario(
        "centre_cut_off", "in calm; it comes back after the failover", breaks=ALONE, reaction="failover",
        woken=ALONE, lives=True,
    ),
    Scenario("centres_apart", "in calm", breaks=APART, seen_s=LONG_S),
    Scenario("centres_apart", "and somebody fails over all the same", "failover", before=APART),
    Scenario(
        "application_stopped", "in calm", breaks=(Break("service_stopped", APPLICATION),),
        reaction="switchover",
    ),
    Scenario(
        "application_stopped", "during a switchover", "switchover",
        breaks=(Break("service_stopped", APPLICATION),),
    ),
    Scenario("database_frozen", "in calm", breaks=(FROZEN,), reaction="failover", counted=True),
    Scenario("database_frozen", "during a switchover", "switchover", breaks=(FROZEN,), reaction="failover"),
    Scenario(
        "database_frozen", "and its BMC dead; it wakes up after the failover",
        breaks=(FROZEN, MUTE), reaction="failover", woken=(FROZEN,), lives=True,
    ),
    Scenario(
        "database_frozen", "its whole server, and its BMC dead; it wakes up after the failover",
        breaks=(Break("machine_frozen", DB), MUTE), reaction="failover",
        woken=(Break("machine_frozen", DB),), lives=True,
    ),
    Scenario("disk_full", "in calm", breaks=(Break("disk_full", DB),), reaction="failover", seen_s=LONG_S),
    Scenario(
        "disk_full", "during a switchover", "switchover", breaks=(Break("disk_full", DB),),
        reaction="failover",
    ),
    Scenario(
        "bmc_lying", "says off, the database is frozen", before=(Break("bmc_lying", DB, "off"),),
        breaks=(FROZEN,), reaction="failover",
    ),
    Scenario(
        "bmc_lying", "says on, the database is dead", before=(DEAD,), runbook="failover",
        breaks=(Break("bmc_lying", DB, "on"),),
    ),
    Scenario(
        "bmc_slow", "during a failover", "failover", before=(DEAD,), breaks=(Break("bmc_slow", DB, "20"),)
    ),
    Scenario(
        "bmc_slow", "before a failover", before=(Break("bmc_slow", DB, "20"),), breaks=(DEAD,),
        reaction="failover",
    ),
)  # fmt: skip

#: Cases in which acknowledged reports are really lost, so that the figure can be held against a second count.
LOSSES: tuple[Scenario, ...] = (
    Scenario(
        "loss_centres_apart", "every way between the centres cut before the database dies", before=APART,
        breaks=(DEAD,), mended=APART, reaction="failover", counted=True,
    ),
    Scenario(
        "loss_lines_full", "the lines full before the database dies", before=FULL, breaks=(DEAD,),
        mended=FULL, reaction="failover", counted=True,
    ),
    Scenario(
        "loss_centre_dark", "every way cut before the centre goes dark", before=APART, breaks=(DARK,),
        mended=APART, reaction="failover", counted=True,
    ),
)  # fmt: skip

#: Faults in the order of the table.
FAULTS = tuple(dict.fromkeys(s.fault for s in (*SCENARIOS, *LOSSES)))

#: What has to be so for an act to have something to do, by runbook and a pattern of the act's name and
#: occurrence: what is broken before the failover that is killed, or that goes before the killed failback.
ACT_NEEDS: tuple[tuple[str, str, tuple[Break, ...]], ...] = (
    ("failover", "may serve alone", (DEAD, UNWITNESSED)),
    ("failover", r"renews the lease.*\(2\)$", (DEAD,)),
    ("failover", "renews the lease", (DEAD, MUTE)),
    ("failback", "have its lease again", (DEAD, MUTE)),
    ("failover", "devices refuse", (DEAD, MUTE, UNWITNESSED)),
    ("failback", "let the old centre through", (DEAD, MUTE, UNWITNESSED)),
    ("failover", "", (DEAD,)),
    ("failback", "", (DEAD,)),
    ("switchover", "", ()),
)


def needs(act: Act) -> tuple[Break, ...]:
    """What is broken for an act's trial."""
    said = f"{act.title} ({act.occurrence})"
    return next(
        breaks
        for runbook, pattern, breaks in ACT_NEEDS
        if runbook == act.runbook and re.search(pattern, said)
    )


def preceded(act: Act) -> bool:
    """Whether a whole failover goes before: the way back of one, or what only a second run of it does."""
    return act.runbook == "failback" or "if nothing waits for it" in act.title


@dataclass(frozen=True)
class Answer:
    """What an operator does when a run stopped with such a text.

    :param then: ``again``: the same command; a runbook's name: that one; ``attest``, ``approve_rpo``: the
        same with that said; ``mend``: what is broken is put right first, then the same command;
        ``stop_old``: the old primary is fenced and stopped first.
    """

    pattern: str
    then: str


#: The playbook of answers, in this order; what none fits is answered with the same again, then mended.
ANSWERS: tuple[Answer, ...] = (
    Answer(r"is a healthy primary", "switchover"),
    Answer(r"lives and serves", "mend"),
    Answer(r"is a primary, too: two writers", "stop_old"),
    Answer(r"the lease service of \S+ does not answer", "mend"),
    Answer(r"nobody answers for it", "attest"),
    Answer(r"may be older than the RPO", "approve_rpo"),
    Answer(r"if it lives in \w+ there is nothing to do", "mend"),
    Answer(r"not a planned move but a failover|this is no planned move but a failover", "failover"),
    Answer(r"no primary that could hand over", "failover"),
    Answer(r"neither \S+ nor its BMC answers", "mend"),
    Answer(r"make room for it or repair it", "mend"),
    Answer(r"replication to \S+ is broken", "mend"),
    Answer(r"may be what is cut off", "mend"),
    Answer(r"silent in ", "mend"),
)


@dataclass(frozen=True)
class Command:
    """A runbook as an operator types it."""

    runbook: str
    to: str
    approvals: tuple[str, ...] = ()
    attestations: tuple[str, ...] = ()

    def variables(self, lost_at: str | None) -> dict[str, object]:
        """Its extra variables."""
        found: dict[str, object] = {"dr_approvals": [self.runbook, *self.approvals]}
        found["dr_home" if self.runbook == "failback" else "dr_to"] = self.to
        if self.attestations:
            found["dr_attestations"] = list(self.attestations)
        if self.runbook == "failover" and lost_at:
            found["dr_lost_at"] = lost_at
        return found


def command(runbook: str, to: str = AWAY) -> Command:
    """The plain command; a failback names the home."""
    return Command(runbook, HOME if runbook == "failback" else to)


def killed_command(act: Act, to: str) -> Command:
    """The command whose run is killed inside the act; one that follows an attestation is given it."""
    plain = command(act.runbook, to)
    unproved = act.runbook == "failover" and {MUTE, UNWITNESSED} <= set(needs(act))
    return replace(plain, attestations=("old_primary_cannot_write",)) if unproved else plain


def answer(said: str, last: Command, tries: int, fallen: str = "") -> tuple[Command, str]:
    """The next command, and what is done before it: ``mend``, ``stop_old`` or nothing.

    :param said: what the run said, in one line.
    :param tries: how often this very command was tried.
    :param fallen: the runbook that the scenario's operator turns to when the planned one is of no use.
    """
    found = next((a for a in ANSWERS if re.search(a.pattern, said)), None)
    then = found.then if found else ("again" if tries < 2 else "mend")
    stuck = "mend" if tries > 1 else ""
    if then == "attest":
        # Attested and refused all the same: then something else is wrong.
        attested = replace(last, attestations=("old_primary_cannot_write",))
        return attested, "mend" if attested == last else ""
    if then == "approve_rpo":
        return replace(last, approvals=(*last.approvals, "rpo")), stuck
    if then == "failover" and fallen != "failover":
        return last, "mend"
    if then in ("failover", "switchover"):
        return Command(then, last.to, (), last.attestations), stuck
    return last, "" if then == "again" else then


@dataclass(frozen=True)
class Trial:
    """One trial, drawn.

    :param moment: where in a runbook's, or act's, usual time it happens, from 0 to 1.
    :param pause_s: until the operator types the next command.
    :param victim: ``tree``: the process group and all its children die; ``main``: the group alone does, and
        what it began goes on by itself.
    """

    name: str
    kind: str
    seed: int
    moment: float
    pause_s: float
    victim: str
    scenario: Scenario | None = None
    act: Act | None = field(default=None)

    @property
    def runbook(self) -> str:
        """What runs when it happens."""
        return self.act.runbook if self.act else self.scenario.runbook if self.scenario else ""

    @property
    def subject(self) -> str:
        if self.act is not None:
            return f"{self.act.key} {self.act.title}"
        return f"{self.scenario.fault}, {self.scenario.name}" if self.scenario else self.name


def _drawn(
    name: str, kind: str, seed: int, scenario: Scenario | None = None, act: Act | None = None
) -> Trial:
    # A generator of its own for each trial: leaving some out does not change the others.
    random = Random(f"{seed}/{name}")
    return Trial(
        name, kind, seed,
        moment=round(random.uniform(0.02, 0.98), 4),
        pause_s=round(random.uniform(0.0, 2.0), 3),
        victim=random.choice(("tree", "main")),
        scenario=scenario, act=act,
    )  # fmt: skip


def draw(
    seed: int, acts: Iterable[Act], trials: int = 10, scenarios: Sequence[Scenario] = SCENARIOS,
    losses: Sequence[Scenario] = LOSSES, loss_trials: int = 3,
) -> list[Trial]:  # fmt: skip
    """The campaign: the control, every fault once, every act, and then the faults in turn again.

    So one that is cut short has covered every fault alike.
    """
    found = [_drawn("control", "control", seed)]
    by_fault: dict[str, list[Scenario]] = {}
    for scenario in (*scenarios, *losses):
        by_fault.setdefault(scenario.fault, []).append(scenario)
    turns = {**FEW, **{scenario.fault: loss_trials for scenario in losses}}
    for turn in range(trials):
        for fault, ways in by_fault.items():
            if turn < turns.get(fault, trials):
                found.append(_drawn(f"{fault}.{turn + 1:02d}", "fault", seed, ways[turn % len(ways)]))
        if turn == 0:
            found += [_drawn(f"kill.{act.key}", "kill", seed, act=act) for act in acts]
    return found
