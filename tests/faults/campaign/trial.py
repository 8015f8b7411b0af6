# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One trial: load, a runbook, a fault or a kill at its moment, answers, the way home, a verdict."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from estate import DATABASES, ROOT

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import parse_client, parse_probe
from campaign import count, verdict
from campaign.acts import Act
from campaign.ground import TERMINAL, Ground, Lost
from campaign.keep import Story, Switches, Usual
from campaign.plan import (
    AWAY,
    DB,
    HOME,
    PATIENCE,
    Break,
    Command,
    Scenario,
    Trial,
    answer,
    command,
    killed_command,
    needs,
    preceded,
)  # fmt: skip
from campaign.run import Run, gist

RUN_S = 400.0
#: Before nobody has measured them.
USUAL_ACT_S, USUAL_RUN_S = 0.8, 15.0
HEALTHY_S = 90.0
KILL_TRIES = 3
#: What an operator sees for so long before he does anything, and the county goes on after he is done.
SEEN_S, AFTER_S = 1.0, 1.0
#: What a guard may take beyond the lease until its database has ended.
LEASE_MORE_S = 5.0
#: What keeps a database from being written to without a lease: taken away for the control alone.
LEASE, LEASE_TABLE = "anjianyun-lease.service", "ajy_lease"


class Trialist:
    """Carries trials out on a ground, one after the other."""

    def __init__(self, ground: Ground, out: Path, acts: list[Act]) -> None:
        self.ground, self.out, self.acts = ground, out, acts
        self.usual = Usual(out / "usual.json")

    def carry_out(self, trial: Trial) -> dict[str, Any]:
        """The trial's line of results; with ``remade`` the twin has to be made anew before the next."""
        began = time.time()
        story = self._story(trial)
        result: dict[str, Any] = {
            "trial": trial.name, "kind": trial.kind, "seed": trial.seed, "subject": trial.subject,
            "moment": trial.moment, "pause_s": trial.pause_s, "victim": trial.victim, "at": round(began),
            "runbook": trial.runbook,
        }  # fmt: skip
        lost = ""
        try:
            self._begin(trial, story)
            before = self._timeline()
            policies = {node: self.ground.policy(node) for node in DATABASES.values()}
            with Switches(self.ground) as switches:
                self._act_out(trial, story, switches)
                stays = trial.act is not None and trial.act.runbook == "switchover"
                self.go_home(story, stay=stays)
                time.sleep(AFTER_S)
                # In this order: what is acknowledged after the ids were read would count as lost.
                self.ground.stop_load()
                surviving = self._surviving(story)
            result.update(self._judge(story, surviving, before, policies, switches))
        except Exception as error:
            # Whatever it is, it is this trial's finding, and the next begins on a new twin.
            lost = f"{type(error).__name__}: {str(error)[-600:]}"
            self.ground.stop_load()
            story.problems.append(f"the twin was made anew: {lost}")
        return {
            **result, "steps": story.steps, "problems": story.problems, "notes": story.notes,
            "inside": story.inside,
            "offset_s": story.offset_s, "remade": bool(lost), "seconds": round(time.time() - began, 1),
        }  # fmt: skip

    # Parts of a trial

    def _story(self, trial: Trial) -> Story:
        directory = self.out / "trials" / trial.name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        return Story(directory)

    def _begin(self, trial: Trial, story: Story) -> None:
        """The start state, an empty table, and the load."""
        if not self.ground.until_healthy(HEALTHY_S) or (
            self.ground.primaries() != [HOME] and (trial.act is None or trial.act.runbook != "switchover")
        ):
            self.go_home(Story(story.directory))
        (centre, *_others) = self.ground.primaries()
        self.ground.query(DATABASES[centre], "TRUNCATE reports")
        self.ground.start_load(story.directory)
        story.loaded = True
        self._until_acknowledged(story, 20)

    def _act_out(self, trial: Trial, story: Story, switches: Switches) -> None:
        if trial.kind == "control":
            self._control(story)
        elif trial.act is not None:
            self._kill(trial, trial.act, story, switches)
        elif trial.scenario is not None:
            self._fault(trial, trial.scenario, story)

    def _break(self, breaks: tuple[Break, ...], story: Story) -> None:
        story.broken = story.broken or time.time()
        if any(
            each.fault in ("power_cut", "machine_killed", "centre_lost", "service_frozen", "machine_frozen")
            for each in breaks
        ):
            story.lost_at = time.strftime("%Y-%m-%dT%H:%M:%S")
        for each in breaks:
            try:
                self.ground.inject((each,))
            except DatacenterError as error:
                if not each.fault.startswith("service_"):
                    raise
                # At that moment nothing was there to break: a database that the switchover had stopped.
                story.notes.append(f"{each.fault} at {each.target}: {error}")

    def _fault(self, trial: Trial, scenario: Scenario, story: Story) -> None:
        if scenario.before:
            self._break(scenario.before, story)
            time.sleep(SEEN_S + 2 * trial.moment)
        run, last, code = None, None, 0
        if scenario.runbook:
            last = command(scenario.runbook)
            run = self.ground.start(last, story.directory, story.lost_at)
            self._sleep_while(run, trial.moment * self.usual.of(scenario.runbook, USUAL_RUN_S))
        else:
            time.sleep(2 * trial.moment)
        if not (scenario.before and scenario.runbook):
            story.broken = None
        self._break(scenario.breaks, story)
        self.ground.lift(scenario.mended)
        if run is not None and last is not None:
            code = self._ended(run, last, story)
        else:
            time.sleep(scenario.seen_s)
        if last is not None and code:
            time.sleep(trial.pause_s)
            self._answers(story, last, scenario.reaction)
        elif scenario.reaction and not self._serves(story):
            self._operate(story, command(scenario.reaction), scenario.reaction)
        story.done = time.time()
        if not self._serves(story, 5):
            story.problems.append("the operator was done, and the service was not there")
        if scenario.woken:
            self.ground.lift(scenario.woken)
        if scenario.lives:
            self._refuses(story)
        if scenario.counted:
            self._count(story)

    def _refuses(self, story: Story) -> None:
        """Hold the old primary, awake again, to its lease: when that is over, nobody may write there."""
        end = time.monotonic() + self.ground.lease_s + LEASE_MORE_S
        wrote = True
        while wrote and time.monotonic() < end:
            time.sleep(1)
            wrote = self.ground.writes(DB)
        if wrote:
            story.problems.append(f"{DB} still writes on its own a lease after it woke up")

    def _kill(self, trial: Trial, act: Act, story: Story, switches: Switches) -> None:
        """Kill a run inside the act, and run the same command again."""
        self._make_needed(act, story)
        to = AWAY if act.runbook != "switchover" or self.ground.primaries() == [HOME] else HOME
        last = killed_command(act, to)
        usual_s = self.usual.of(act.key, USUAL_ACT_S)
        moment = trial.moment
        for tries in range(1, KILL_TRIES + 1):
            story.broken = time.time()
            run = self.ground.start(last, story.directory, story.lost_at)
            story.inside = run.wait_inside(act, moment, usual_s, RUN_S)
            if story.inside:
                story.offset_s = round(moment * usual_s, 3)
                run.kill(trial.victim)
                self._step(story, last, -9, run, "killed")
                break
            self._ended(run, last, story)
            # It was quicker than usual: nearer to its beginning, on the same way once more.
            moment /= 2
            if tries < KILL_TRIES:
                self.go_home(story, stay=act.runbook == "switchover")
                switches.again()
                self._make_needed(act, story)
                if act.runbook == "switchover":
                    last = killed_command(act, AWAY if self.ground.primaries() == [HOME] else HOME)
        else:
            story.problems.append("no kill came inside the act")
            story.done = time.time()
            return
        time.sleep(trial.pause_s)
        if self._run(story, last):
            story.problems.append(f"the same command again did not finish: {story.steps[-1]['said']}")
            self._answers(story, last, "")
        story.done = time.time()

    def _make_needed(self, act: Act, story: Story) -> None:
        breaks = needs(act)
        if not breaks:
            return
        self._break(breaks, story)
        time.sleep(SEEN_S)
        if preceded(act):
            self._operate(story, command("failover"), "failover")
            self.ground.mend(fenced=(DB,))

    def _control(self, story: Story) -> None:
        """No fence, no proof, no lease: a standby is promoted beside its living primary."""
        story.broken = time.time()
        for node in DATABASES.values():
            self.ground.within(node, "systemctl", "stop", LEASE)
            self.ground.within(node, "nft", "delete", "table", "inet", LEASE_TABLE)
        self.ground.within(DATABASES[AWAY], "pg_ctlcluster", "15", "main", "promote", timeout_s=30)
        time.sleep(3)
        self._step(story, command("failover"), 0, None, "promoted with pg_ctlcluster, without any proof")
        story.done = time.time()
        # The way home is a failover's: the old one is switched off, and comes back as a standby.
        self._break((Break("machine_killed", DB),), story)
        self.ground.within(DATABASES[AWAY], "systemctl", "start", LEASE)

    # The operator

    def _run(self, story: Story, last: Command) -> int:
        run = self.ground.start(last, story.directory, story.lost_at)
        return self._ended(run, last, story)

    def _ended(self, run: Run, last: Command, story: Story) -> int:
        code = run.wait(RUN_S)
        self._step(story, last, code, run)
        if not code and len([s for s in story.steps if s["runbook"] == last.runbook]) == 1:
            self.usual.learn(run, last.runbook, self.acts)
        return code

    def _step(self, story: Story, last: Command, code: int, run: Run | None, said: str = "") -> None:
        story.steps.append(
            {
                "runbook": last.runbook, "to": last.to, "code": code, "seconds": run.seconds if run else 0,
                "attested": bool(last.attestations), "approved": list(last.approvals),
                "said": said or (gist(run.text) if run is not None and code else "done"),
            }
        )  # fmt: skip

    def _operate(self, story: Story, first: Command, fallen: str) -> bool:
        """Run it, and answer what it says until it is done."""
        return not self._run(story, first) or self._answers(story, first, fallen)

    def _answers(self, story: Story, last: Command, fallen: str) -> bool:
        """Answer what the last run said, as the playbook of answers tells, until one is done."""
        for _try in range(PATIENCE):
            tries = sum(
                (s["runbook"], s["to"], s["attested"]) == (last.runbook, last.to, bool(last.attestations))
                for s in story.steps
            )
            following, before = answer(story.steps[-1]["said"], last, tries, fallen)
            if before == "stop_old":
                self._stop_old()
            elif before == "mend":
                fenced = (DB,) if following.runbook == "failover" else ()
                self.ground.mend(fenced)
                time.sleep(SEEN_S)
            last = following
            if not self._run(story, last):
                return True
        story.problems.append(f"given up after {PATIENCE} answers: {story.steps[-1]['said']}")
        return False

    def _stop_old(self) -> None:
        """Fence the old primary on the spot, as the failback's gate tells."""
        self.ground.within(DB, "anjianyun-guard", "fence", "--reason", "two writers")
        self.ground.within(DB, "systemctl", "stop", "postgresql@15-main.service", timeout_s=60)

    def go_home(self, story: Story, stay: bool = False) -> None:
        """Mend everything and bring the service home, as the runbooks do it.

        :param stay: leave it in the centre where it is, as long as all is well.
        :raises Lost: when that cannot be done.
        """
        primaries = self.ground.primaries()
        if len(primaries) > 1:
            # An old primary that woke up: whether it wrote is for the probes to say.
            self._stop_old()
            primaries = [AWAY]
        away = primaries == [AWAY]
        self.ground.mend(fenced=(DB,) if away else ())
        if stay and self.ground.until_healthy(5):
            return
        if not primaries:
            primaries = self._until_primary(30)
        if not primaries:
            self._operate(story, command("failover"), "failover")
            self.ground.mend(fenced=(DB,))
            primaries = self.ground.primaries()
        if primaries == [AWAY]:
            planned = self.ground.until_healthy(2)
            self._operate(story, command("switchover", HOME) if planned else command("failback"), "")
        elif self.ground.outbound() != [HOME] or not self._serves(story, 5, HOME):
            # A planned move that was begun and given up: the same move homewards puts the rest back.
            self._operate(story, command("switchover", HOME), "")
        if not self.ground.until_healthy(HEALTHY_S) or self.ground.primaries() != [HOME]:
            raise Lost(f"the databases are {self.ground.roles()}, faults {self.ground.faults.listed()}")

    def _until_primary(self, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        while not (found := self.ground.primaries()) and time.monotonic() < end:
            time.sleep(0.5)
        return found

    # Evidence

    def _acks(self, story: Story, since: float) -> Iterator[dict[str, Any]]:
        with contextlib.suppress(OSError), (story.directory / "report_client.jsonl").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 100_000))
            for line in file.read().decode(errors="replace").split("\n")[1:-1]:
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    if found["type"] == "ack" and found["acked"] >= since:
                        yield found

    def _serves(self, story: Story, seconds: float = 3.0, centre: str = "") -> bool:
        """Whether the county gets an acknowledgement from now on within so many seconds."""
        if not story.loaded:
            return True
        since, end = time.time(), time.monotonic() + seconds
        while time.monotonic() < end:
            if any(not centre or ack.get("centre") in ("", None, centre) for ack in self._acks(story, since)):
                return True
            time.sleep(0.1)
        return False

    def _until_acknowledged(self, story: Story, seconds: float) -> None:
        if not self._serves(story, seconds):
            raise Lost("the county gets no acknowledgement before anything is broken")

    def _sleep_while(self, run: Run, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not run.ended:
            time.sleep(0.02)

    def _timeline(self) -> int:
        return max((role["timeline"] for role in self.ground.roles().values()), default=0)

    def _surviving(self, story: Story) -> Path | None:
        (centre,) = self.ground.primaries()
        said = self.ground.query(DATABASES[centre], "SELECT report_id FROM reports", timeout_s=30)
        if not said:
            return None
        file = story.directory / "surviving_ids.txt"
        file.write_text(said + "\n")
        return file

    def _count(self, story: Story) -> None:
        """Keep what the dead primary held, before the way home rewinds it."""
        # Where the account postgres may go, which a checkout often is not.
        with tempfile.TemporaryDirectory(prefix="faults-", dir="/var/tmp") as scratch:
            Path(scratch).chmod(0o755)
            if self.ground.on(DB):
                # No proof by the BMC was had: what a running database holds moves, and is no second count.
                story.notes.append(f"not counted a second time: {DB} is on")
                return
            found = count.ids_of_the_dead(self.ground, DB, Path(scratch))
            story.counted_ids = story.directory / "dead_ids.txt"
            shutil.copy(found, story.counted_ids)

    def _judge(
        self,
        story: Story,
        surviving: Path | None,
        timeline: int,
        policies: dict[str, str],
        switches: Switches,
    ) -> dict[str, Any]:
        client = parse_client(TERMINAL, (story.directory / "report_client.jsonl").read_text())
        probes = [
            parse_probe(path.parent.name.removeprefix("probe-"), path.read_text())
            for path in sorted(story.directory.glob("probe-*/write_probe.jsonl"))
        ]
        runs = sorted((story.directory / ".anjianyun/runs").glob("*/journal.jsonl"))
        journals = {path.parent.name: path.read_text(errors="surrogateescape") for path in runs}
        ids = frozenset(surviving.read_text().split()) if surviving else None
        found = verdict.figures(
            client, probes, ids, (story.broken or 0.0, story.done or time.time()),
            verdict.approvals_at(journals, "failover"),
        )  # fmt: skip
        promotions = self._timeline() - timeline
        story.problems += verdict.ledger_problems(journals, policies)
        story.problems += [f"tools/journal.py: {said}" for said in map(self._verified, runs) if said]
        story.problems += verdict.once_problems(promotions, found.moves, switches.seen)
        changed = {n: self.ground.policy(n) for n in policies if self.ground.policy(n) != policies[n]}
        if changed:
            story.problems.append(f"restore policies are not what they were: {changed}")
        if self.ground.outbound() != self.ground.primaries():
            story.problems.append(f"outbound jobs run in {self.ground.outbound() or 'no centre'}")
        counted = None
        if story.counted_ids is not None and surviving is not None:
            counted = count.missing(story.counted_ids, surviving)
        return {
            **found.__dict__, "promotions": promotions, "counted": counted, "ledgers": len(runs),
            "switched": switches.seen,
        }  # fmt: skip

    @staticmethod
    def _verified(journal: Path) -> str:
        """What tools/journal.py has against it; empty when nothing."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools/journal.py"), "verify", str(journal)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stderr.strip() if done.returncode else ""
