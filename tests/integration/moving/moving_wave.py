# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wave that is moved by runs which are watched and killed, under a county's load."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from campaign.acts import Act
from campaign.run import POLL_S, Run
from moving_estate import ROOT, Moving

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import ClientLog
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import gaps

#: What the people of both systems have done before a move: what no new server takes is gone.
PEOPLE = {
    "legacy-report-01": r"""cd /; runuser -u postgres -- psql -qX -v ON_ERROR_STOP=1 -d accident <<'END'
DROP EXTENSION IF EXISTS adminpack;
DROP AGGREGATE IF EXISTS accident.array_accum (anyelement);
DROP OPERATOR IF EXISTS accident.% (numeric, NONE);
DROP FUNCTION IF EXISTS accident.percent(numeric);
END""",
    "legacy-app-01": r"""mariadb <<'END'
DROP VIEW IF EXISTS anjian.v_fines;
DROP PROCEDURE IF EXISTS anjian.month_end;
DROP EVENT IF EXISTS anjian.month_end;
DROP USER IF EXISTS old_export@'%';
DROP USER IF EXISTS ''@localhost;
END""",
}
RUN_S = 600.0
UNDER_WAY_S = 0.1
UPLOAD_BYTES = 4096
#: A county's users wait no longer than this where nothing of their system is stopped.
SERVED_S = 10.0


@dataclass(frozen=True)
class System:
    """A system of the plan: from where it moves to where, and how to ask for it there.

    :param load: what the load calls it.
    :param reached: at which address the application reaches its new database.
    :param write: a write as the application's account makes one, taken back at once.
    """

    name: str
    load: str
    source: str
    application: str
    database: str
    reached: str
    address: str
    port: int
    unit: str
    timer: str
    job: str
    write: str


REPORT = System(
    "accident_report", "legacy_report", "legacy-report-01", "nn-app-01", "nn-db-02", "10.1.10.12",
    "10.100.0.82", 8082, "accident.service", "accident-digest.timer", "/etc/cron.d/accident",
    "PGPASSWORD=accident-2013 PGCONNECT_TIMEOUT=3 psql -XAtq -v ON_ERROR_STOP=1 -h $AT -U accident_app"
    " -d accident -c 'BEGIN; UPDATE accident.reports SET attempts = attempts WHERE id IN"
    " (SELECT min(id) FROM accident.reports); ROLLBACK'",
)  # fmt: skip
SITE = System(
    "enterprise_site", "legacy_site", "legacy-app-01", "nn-db-01", "nn-db-01", "127.0.0.1",
    "10.100.0.81", 8081, "anjian.service", "anjian-digest.timer", "/etc/cron.d/anjian",
    "MYSQL_PWD=site-2009 mariadb -h $AT -u anjian -e 'BEGIN; UPDATE reports SET attempts = attempts"
    " LIMIT 1; ROLLBACK' anjian",
)  # fmt: skip


@dataclass
class Killed:
    """One kill: in which act of which run, when, and who took writes then."""

    act: Act
    at: float
    writers: list[str]
    run: Run


@dataclass
class Wave:
    """One system's wave, from its first run to its last."""

    moving: Moving
    system: System
    number: int
    ticket: str
    kills: list[Killed] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.directory = self.moving.directory / self.ticket
        self.directory.mkdir(parents=True)
        self.opens(timedelta(minutes=-1))

    def opens(self, after: timedelta) -> None:
        """The window opens then, for eight hours."""
        begin = datetime.now(UTC) + after
        end = begin + timedelta(hours=8)
        self.window = f"{begin:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"

    # Runs

    def start(self, decision: str = "", *options: str) -> Run:
        """Begin the runbook; the same words go on with the same run."""
        argv = self.moving.playing(
            "playbooks/migration.yml", migration_wave=self.number, migration_ticket=self.ticket,
            migration_window=self.window, migration_run_directory=str(self.directory / "run"),
            dr_approvals=["cutover", *([decision] if decision else [])], migration_decision=decision,
        )  # fmt: skip
        argv += options
        stem = self.directory / f"{len(self.runs) + 1:02d}"
        run = Run(self.moving.entering(*argv), ROOT, self.moving.environment, stem)
        self.runs.append(run)
        return run

    def must(self, decision: str = "", *options: str) -> Run:
        """One that nobody disturbs."""
        run = self.start(decision, *options)
        code = run.wait(RUN_S)
        assert code == 0, run.text[-6000:]
        return run

    def kill_in(self, acts: Iterable[Act], moment: Callable[[Act], float | str], decision: str = "") -> None:
        """Each act in its turn is begun and killed; each run finishes what the one before was killed in.

        :param moment: of an act: in which second of it, or at the beginning of which task of its role.
        """
        for act in acts:
            run = self.start(decision)
            when = moment(act)
            inside = run.wait_inside(act, 1.0, 0.0 if isinstance(when, str) else when, RUN_S)
            if isinstance(when, str):
                inside = inside and until_task(run, when)
                # By now its module has begun.
                time.sleep(UNDER_WAY_S)
            # By turns what it began on the hosts goes on beside the next run, and everything dies at once.
            run.kill("main" if len(self.kills) % 2 else "tree")
            assert inside, f"{act.key} {act.name}: it was over, or never begun\n{run.text[-4000:]}"
            self.kills.append(Killed(act, time.time(), self.writers(), run))

    # Looks

    def takes_writes(self, database: str) -> bool:
        """Whether the application's account can write there, asked from where the application is."""
        old = database == self.system.source
        asked, at = (database, "127.0.0.1") if old else (self.system.application, self.system.reached)
        command = f"AT={at}; {self.system.write} >/dev/null 2>&1 && echo yes || echo no"
        return self.moving.ssh(asked, command) == "yes"

    def writers(self) -> list[str]:
        """The database hosts that take writes; never both."""
        both = (self.system.source, self.system.database)
        found = [host for host in both if self.takes_writes(host)]
        if len(found) == 2:
            # It moved between both looks.
            found = [host for host in found if self.takes_writes(host)]
        assert len(found) < 2, f"{' and '.join(found)} take writes of {self.system.name}"
        return found

    def active(self, host: str, unit: str) -> bool:
        return self.moving.ssh(host, f"systemctl is-active {shlex.quote(unit)} || true") == "active"

    def has(self, host: str, path: str) -> bool:
        return self.moving.ssh(host, f"test -e {shlex.quote(path)} && echo yes || echo no") == "yes"

    def lost(self, log: ClientLog, database: str, application: str) -> tuple[set[str], set[str]]:
        """Acknowledged reports without their row, and without their upload, on these hosts."""
        assert log.damaged == 0
        ids = {ack.report_id for ack in log.acks}
        return (
            ids - self.moving.stored(self.system.load, database),
            ids - self.moving.uploads(self.system.load, ids, UPLOAD_BYTES, application),
        )


def until_task(run: Run, name: str) -> bool:
    """Wait until a task of that name begins; False when the run ends before."""
    while not run.ended:
        if any(event["event"] == "task" and event["name"].endswith(name) for event in run.events()):
            return True
        time.sleep(POLL_S)
    return False


def waits(log: ClientLog, at: float) -> float:
    """For how long nothing was acknowledged around a moment."""
    times = sorted(ack.acked for ack in log.acks)
    return max((gap.seconds for gap in gaps(times, at, at)), default=float("inf"))
