# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease on being the primary: who loses it lets go, who holds it is left alone, who wakes up is too late.

Each test breaks something real, and asks the databases and the application, not the lease's own word.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from campaign import count, verdict
from campaign.ground import Ground
from estate import AWAY, HOME, ROOT, Estate

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import writers
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import parse_probe

LEASE_S = 10
#: The lines that join Nanning to the rest, and those that join the two centres.
OUT_OF_NANNING = ("nn-dr-1", "nn-dr-2", "nn-edge")
OUT_OF_DR = ("nn-dr-1", "nn-dr-2", "dr-edge")
APPROVED = {"dr_approvals": ["switchover", "failover", "failback", "rpo"]}
NN = "nn-ctl-01"
FOLLOWS = "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"
#: A receiver gives up a try that nobody answers after 5 s; the rest is for a busy machine.
RECONNECTS_S = 12


@contextmanager
def broken(estate: Estate, *faults: tuple[str, str]) -> Iterator[None]:
    """Faults in force until the block ends."""
    for fault, target in faults:
        estate.fault("injected", fault, target)
    try:
        yield
    finally:
        for fault, target in faults:
            estate.fault("lifted", fault, target)


def report(estate: Estate, report_id: str) -> str:
    """A client inside Nanning reports to its own centre's application; the status of the answer."""
    body = json.dumps(
        {"report_id": report_id, "enterprise": "lease", "county": "450221", "description": "lease"}
    )
    return estate.ssh(
        "nn-app-01",
        "curl -s -m 3 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json'"
        f" -d '{body}' http://127.0.0.1:8080/reports",
        NN,
    )


def stored(estate: Estate, host: str, report_id: str) -> bool:
    return estate.sql(host, f"SELECT count(*) FROM reports WHERE report_id = '{report_id}'") == "1"


def wait_for_writer(estate: Estate, centre: str, deadline_s: float = 90) -> None:
    end = time.monotonic() + deadline_s
    while estate.writers() != [centre]:
        assert time.monotonic() < end, f"{estate.writers()} accept writes after {deadline_s:g} s"
        time.sleep(1)


def test_a_primary_that_is_cut_off_refuses_its_own_centre_and_serves_again_by_itself(estate: Estate) -> None:
    before = str(uuid.uuid4())
    assert report(estate, before) == "201"

    with broken(estate, *(("line_cut", line) for line in OUT_OF_NANNING)):
        cut_at, refused_after = time.monotonic(), 0.0
        while time.monotonic() - cut_at < LEASE_S + 5:
            if report(estate, str(uuid.uuid4())) != "201":
                refused_after = time.monotonic() - cut_at
                break
        assert LEASE_S / 2 < refused_after < LEASE_S + 5, f"refused after {refused_after:.1f} s"
        journal = "journalctl -u anjianyun-lease | grep 'refuses writes'"
        said = estate.ssh_until("nn-db-01", journal, control=NN)
        assert "Next: mend the lines" in said
        late = str(uuid.uuid4())
        assert report(estate, late) != "201"
        assert estate.sql("dr-db-01", "SELECT pg_is_in_recovery()") == "t", "nobody promoted anybody"

    wait_for_writer(estate, HOME)
    assert stored(estate, "nn-db-01", before)
    assert not stored(estate, "nn-db-01", late)


@contextmanager
def no_way_between_the_centres(estate: Estate) -> Iterator[None]:
    """What one sends the other is lost on its way; both see the rest."""
    rule = "nft add rule ip cut f ip saddr {} ip daddr {} drop"
    made = [
        "nft add table ip cut",
        "nft add chain ip cut f '{ type filter hook forward priority -5; }'",
        rule.format("10.1.0.0/16", "10.2.0.0/16"),
        rule.format("10.2.0.0/16", "10.1.0.0/16"),
    ]
    estate.ssh("nn-rt-01", "; ".join(made), NN)
    try:
        yield
    finally:
        estate.ssh("nn-rt-01", "nft delete table ip cut", NN)


def wait_for_standby(estate: Estate, deadline_s: float) -> None:
    """Until the other centre's database follows the primary at home."""
    estate.ssh_until("nn-db-01", f'runuser -u postgres -- psql -XAtqc "{FOLLOWS}"', deadline_s, NN)


def test_a_lost_way_between_two_living_centres_promotes_nobody(estate: Estate) -> None:
    """Neither sees the other, and both see the witness: the primary lives and is left alone."""
    with no_way_between_the_centres(estate):
        time.sleep(LEASE_S + 2)
        assert report(estate, str(uuid.uuid4())) == "201", "the witness renews its lease"
        done = estate.play(
            "dr_failover.yml", dr_to=AWAY, dr_attestations=["old_primary_cannot_write"], **APPROVED
        )
        assert done.returncode != 0
        assert "nn-db-01 lives and serves: liuzhou-wit-01 gave it a lease" in " ".join(done.stdout.split())
        assert "approve 'living_primary'" in " ".join(done.stdout.split())
        assert estate.sql("dr-db-01", "SELECT pg_is_in_recovery()") == "t"
        assert report(estate, str(uuid.uuid4())) == "201"
    wait_for_standby(estate, RECONNECTS_S)


# It waits for most of a minute: an unanswered receiver asks again at ever longer distances.
@pytest.mark.slow
def test_a_standby_follows_at_once_when_a_way_lost_for_long_is_back(estate: Estate) -> None:
    with no_way_between_the_centres(estate):
        time.sleep(50)
    wait_for_standby(estate, RECONNECTS_S)


CLIENT = """
import psycopg2, sys
connection = psycopg2.connect(host={host!r}, dbname="hidden_danger", user="dc_probe", password={password!r})
connection.cursor().execute("INSERT INTO drill_probe (probe, node) VALUES ({row!r}, 'frozen')")
print("inserted", flush=True)
sys.stdin.readline()
connection.commit()
print("committed", flush=True)
"""


def client(estate: Estate, row: str) -> subprocess.Popen[str]:
    """A client on Nanning's application server with a transaction open; a line to it lets it commit."""
    kept = yaml.safe_load(estate.variables.read_text())
    code = CLIENT.format(host="10.1.10.11", password=kept["dc_secrets"]["probe"], row=row)
    found = subprocess.Popen(
        ["nsenter", f"--net=/run/netns/ajy-{estate.twin_id}-{NN}", "--", "ssh", "-F",
         f"/run/anjianyun/twin/{estate.twin_id}/ssh/config", "nn-app-01", "python3 -c " + shlex.quote(code)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert found.stdout is not None
    assert found.stdout.readline() == "inserted\n"
    return found


def commit(one: subprocess.Popen[str]) -> None:
    assert one.stdin is not None
    one.stdin.write("\n")
    one.stdin.flush()


def rows_of_the_old_primary(estate: Estate) -> list[str]:
    """What its own data directory holds of the clients' rows, before any runbook rewinds it."""
    assert estate.ssh("nn-db-01", "pgrep -x postgres", NN) == "", "it runs"
    # Where the account postgres may go, which a checkout often is not.
    with tempfile.TemporaryDirectory(prefix="frozen-", dir="/var/tmp") as scratch:
        Path(scratch).chmod(0o755)
        root = Ground(estate.twin_id, estate.directory).names.root("nn-db-01")
        query = "SELECT probe FROM drill_probe WHERE node = 'frozen'"
        return count.held_by(root, Path(scratch), query).read_text().split()


# So do trials of the campaign of faults.
@pytest.mark.slow
def test_a_primary_that_was_frozen_wakes_up_and_writes_nothing(estate: Estate) -> None:
    """Its BMC says 'off' and lies, which its kernel's answer shows, so the lease is the proof.

    Two clients have a transaction open all the while. The word of one comes when the gate is closed. That of
    the other came while it was open, and lay in the frozen server's socket.
    """
    late, early = str(uuid.uuid4()), str(uuid.uuid4())
    clients = [client(estate, late), client(estate, early)]
    with broken(estate, ("bmc_lying", "nn-db-01"), ("machine_frozen", "nn-db-01")):
        commit(clients[1])
        estate.fault("injected", "service_stopped", "liuzhou-wit-01/anjianyun-lease")
        asked = estate.play("dr_failover.yml", dr_to=AWAY, **APPROVED)
        estate.fault("lifted", "service_stopped", "liuzhou-wit-01/anjianyun-lease")
        assert asked.returncode != 0
        # Who gives up here finds what stands, and the way back; this BMC took no restore policy.
        said = " ".join(asked.stdout.split())
        assert estate.bmc_policy("nn-db-01") == "always-on"
        assert "the restore policy of nn-db-01" not in said
        assert "the power of nn-db-01 is off, by the word of its BMC. To take it back: switch it on" in said
        assert "on dr-db-01: anjianyun-lease allow nn-db-01" in said

        done = estate.must("dr_failover.yml", dr_to=AWAY, **APPROVED)
        assert "nn-db-01: lease" in done
        assert "attests" not in done, "nobody had to answer for anything"
        # The other client's word is on its way when the machine wakes up.
        commit(clients[0])
        time.sleep(0.5)
    for one in clients:
        told, _errors = one.communicate(timeout=60)
        assert "committed" not in told
    assert estate.writers() == [AWAY]
    estate.ssh_until("nn-db-01", "grep -a 'stays down' /var/log/anjianyun/guard.log", control=NN)
    assert "refuses writes" in estate.ssh("nn-db-01", "journalctl -u anjianyun-lease")
    held = rows_of_the_old_primary(estate)
    assert late not in held
    assert early not in held

    estate.must("dr_failback.yml", **APPROVED)
    rows = f"SELECT count(*) FROM drill_probe WHERE probe IN ('{late}', '{early}')"
    assert estate.sql("nn-db-01", rows) == "0"


@contextmanager
def probed(estate: Estate, directory: Path) -> Iterator[None]:
    """While the block lasts a probe in each centre tries to write to both databases; there was one writer."""
    ground = Ground(estate.twin_id, estate.directory)
    directory.mkdir()
    ground.start_load(directory)
    try:
        time.sleep(2)
        yield
        time.sleep(2)
    finally:
        ground.stop_load()
    logs = [
        parse_probe(path.parent.name, path.read_text())
        for path in directory.glob("probe-*/write_probe.jsonl")
    ]
    assert len(logs) == 2
    seen = verdict.merge(logs)
    assert seen is not None
    times = [write.started for write in seen.writes]
    found = writers.judge([seen], times[0], times[-1])
    assert found.found is False, found


def dark(estate: Estate, *centres: str) -> None:
    for centre in centres:
        estate.fault("injected", "centre_lost", centre)


@pytest.mark.slow
def test_both_centres_dark_come_back_in_either_order(estate: Estate, tmp_path: Path) -> None:
    for first, second in ((AWAY, HOME), (HOME, AWAY)):
        kept = str(uuid.uuid4())
        assert report(estate, kept) == "201"
        with probed(estate, tmp_path / first):
            dark(estate, HOME, AWAY)
            estate.fault("lifted", "centre_lost", first)
            if first == HOME:
                # A primary that cannot ask anybody stays down and says what to do.
                last = "tail -1 /var/log/anjianyun/guard.log | grep -a 'is silent'"
                said = estate.ssh_until("nn-db-01", last, control=NN)
                assert "anjianyun-guard open --reason" in said
                assert estate.ssh("nn-db-01", "pgrep -x postgres", NN) == ""
            else:
                estate.ssh_until("dr-db-01", "runuser -u postgres -- psql -XAtqc 'SELECT 1'")
                assert estate.sql("dr-db-01", "SELECT pg_is_in_recovery()") == "t"

            estate.fault("lifted", "centre_lost", second)
            wait_for_writer(estate, HOME)
        assert stored(estate, "nn-db-01", kept)


@pytest.mark.slow
def test_both_dark_after_a_failover_the_passed_over_one_is_opened_on_no_advice(
    estate: Estate, tmp_path: Path
) -> None:
    """Neither is a standby, so each waits for the other; only the newer one may be opened, and by hand."""
    with probed(estate, tmp_path / "probes"):
        dark(estate, HOME)
        estate.must("dr_failover.yml", dr_to=AWAY, **APPROVED)
        dark(estate, AWAY)
        for centre in (HOME, AWAY):
            estate.fault("lifted", "centre_lost", centre)
        last = "tail -1 /var/log/anjianyun/guard.log | grep -a 'is silent'"
        old = estate.ssh_until("nn-db-01", last, deadline_s=120, control=NN)
        new = estate.ssh_until("dr-db-01", last, deadline_s=120)
        assert "do not open this one" in old
        assert "guard open --reason" not in old
        assert "guard open --reason" in new

        refused = " ".join(estate.play("dr_failover.yml", dr_to=AWAY, **APPROVED).stdout.split())
        assert "Open the newer one, dr-db-01, and no other" in refused
        assert estate.writers() == []
        opened = "anjianyun-guard open --reason 'it is the newer one' && systemctl start postgresql@15-main"
        estate.ssh("dr-db-01", opened)
        wait_for_writer(estate, AWAY)

        estate.must("dr_failback.yml", **APPROVED)


def test_a_centre_that_is_cut_off_itself_promotes_nothing_whatever_is_attested(estate: Estate) -> None:
    with broken(estate, *(("line_cut", line) for line in OUT_OF_DR)):
        refused = estate.play(
            "dr_failover.yml", dr_to=AWAY, dr_attestations=["old_primary_cannot_write"], **APPROVED
        )
        assert refused.returncode != 0
        assert "dr itself may be what is cut off" in refused.stdout, refused.stdout[-3000:]
        assert "mend the lines of dr, then run this again" in refused.stdout
        assert estate.sql("dr-db-01", "SELECT pg_is_in_recovery()") == "t"
        status = json.loads(estate.ssh("dr-db-01", "anjianyun-lease status nn-db-01"))
        assert status["refusing"] is False
    wait_for_writer(estate, HOME)
    wait_for_standby(estate, RECONNECTS_S)
    # And a move goes on as if nothing had been.
    estate.must("dr_switchover.yml", dr_to=AWAY, **APPROVED)
    estate.must("dr_switchover.yml", dr_to=HOME, **APPROVED)
