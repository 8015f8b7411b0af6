# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when a holder may serve, and what passes between it and the granters."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from anjianyun_lease import database, gate, holder, wire
from anjianyun_lease.granter import GRACE_S, Answer
from anjianyun_lease.holder import SILENT, Holder, Tenure

KEY = b"a key of the estate"


def test_a_lease_counts_from_before_the_question_left() -> None:
    tenure = Tenure(10, now=100.0)
    tenure.extend(asked_at=101.0)
    assert tenure.left_s(101.0) == 10
    assert not tenure.lapsed(110.9)
    assert tenure.lapsed(111.0)
    assert tenure.left_s(200.0) == 0


def test_a_late_answer_does_not_shorten_a_lease() -> None:
    tenure = Tenure(10, now=100.0)
    tenure.extend(105.0)
    tenure.extend(101.0)
    assert tenure.left_s(105.0) == 10


def test_a_primary_without_a_lease_serves_nobody_and_is_ended_when_it_gets_none() -> None:
    tenure = Tenure(10, now=100.0)
    tenure.wait_for_one(100.0)
    tenure.wait_for_one(109.0)
    assert tenure.left_s(100.0) == 0
    assert tenure.lapsed(110.0)


def test_what_a_former_process_held_goes_on() -> None:
    tenure = Tenure(10, now=100.0, left_s=4.0)
    assert tenure.left_s(100.0) == 4
    assert tenure.lapsed(104.0)


@pytest.mark.parametrize("spoiled", [b"", b"x", b"00 {}", wire.seal(b"another key", {"nonce": "1"})])
def test_what_is_not_sealed_with_our_key_is_no_message(spoiled: bytes) -> None:
    with pytest.raises(wire.Forged):
        wire.unseal(KEY, spoiled)


def test_a_message_comes_back_as_it_was_sealed() -> None:
    assert wire.unseal(KEY, wire.seal(KEY, {"granted": True}))["granted"] is True


@pytest.fixture
def granter() -> Iterator[Callable[[Callable[[dict[str, Any]], list[bytes]]], int]]:
    """A granter on loopback that answers what a test wants it to."""
    sockets = []

    def start(answers: Callable[[dict[str, Any]], list[bytes]]) -> int:
        wired = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wired.bind(("127.0.0.1", 0))
        sockets.append(wired)

        def serve() -> None:
            while True:
                try:
                    datagram, asker = wired.recvfrom(4096)
                except OSError:
                    return
                for reply in answers(wire.unseal(KEY, datagram)):
                    wired.sendto(reply, asker)

        threading.Thread(target=serve, daemon=True).start()
        return int(wired.getsockname()[1])

    yield start
    for wired in sockets:
        wired.close()


def test_only_the_answer_to_this_very_question_counts(granter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that was recorded yesterday grants nothing today."""
    monkeypatch.setattr(holder, "ANSWER_S", 0.2)
    old = wire.seal(KEY, {"nonce": "yesterday", "granted": True, "reason": "granted"})
    port = granter(lambda question: [b"noise", old])
    assert not holder.ask(KEY, "127.0.0.1", port, {"op": "ask"}).granted
    port = granter(
        lambda question: [old, wire.seal(KEY, {"nonce": question["nonce"], "granted": True, "reason": "yes"})]
    )
    assert holder.ask(KEY, "127.0.0.1", port, {"op": "ask"}) == Answer(True, "yes")


def test_a_datagram_that_is_lost_is_sent_again(granter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "ANSWER_S", 0.4)
    came: list[str] = []

    def answers(question: dict[str, Any]) -> list[bytes]:
        came.append(question["nonce"])
        if len(came) == 1:
            return []
        return [wire.seal(KEY, {"nonce": question["nonce"], "granted": True, "reason": "yes"})]

    assert holder.ask(KEY, "127.0.0.1", granter(answers), {"op": "ask"}).granted
    assert len(set(came)) == 1


def test_silence_grants_nothing_and_says_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unbound:
        unbound.bind(("127.0.0.1", 0))
        port = unbound.getsockname()[1]
    answer = holder.ask(KEY, "127.0.0.1", port, {"op": "ask"})
    assert not answer.granted
    assert answer.reason.startswith(SILENT)


def test_the_gate_opens_in_one_transaction_that_needs_its_ticket() -> None:
    """Flushing and opening apart would refuse clients in between, at each beat."""
    text = gate.opening(5432, 9.98, ticket=77)
    assert "5432 timeout 9980ms" in text
    assert text.index("fresh { 77 }") < text.index("flush set") < text.index("add element")
    assert "open { 5432" not in gate.standing(5432)


def test_a_ticket_runs_out_well_before_the_granter_stops_waiting() -> None:
    assert gate.TICKET_S <= GRACE_S / 2


class Bench:
    """A holder whose clock, database, granters and gate are at hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        self.now = 1000.0
        self.database = database.Local("primary", "7", 2)
        self.grants = True
        self.reason = "silent: no answer"
        self.open_until = 0.0
        self.too_long = 0.0
        """By how much the gate was ever timed to stay open past the lease."""
        self.tickets: list[float] = []
        self.pauses: dict[str, list[float]] = {"read": [], "ticket": [], "commit": []}
        """Seconds for which this host is stopped behind a reading, or on its way to the kernel, once each."""
        self.ended: list[float] = []
        self.said: list[str] = []
        monkeypatch.setattr(holder, "boottime", lambda: self.now)
        monkeypatch.setattr(gate, "remaining_s", lambda port: None)
        monkeypatch.setattr(gate, "take_ticket", self._take_ticket)
        monkeypatch.setattr(gate, "set_open", self._set_open)
        monkeypatch.setattr(gate, "close", self._close)
        monkeypatch.setattr(database, "read", self._read)
        monkeypatch.setattr(database, "end", self._end)
        self.asked: list[dict[str, Any]] = []
        monkeypatch.setattr(holder, "ask", self._ask)
        config = {
            "lease_s": 10, "state_directory": str(tmp_path),
            "holder": {"name": "nn-db-01", "service": "s", "port": 5432,
                       "granters": [{"name": "dr-db-01", "address": "", "port": 0}]},
        }  # fmt: skip
        self.holder = Holder(config, KEY, self.said.append)

    def _ask(self, key: bytes, address: str, port: int, question: dict[str, Any]) -> Answer:
        self.asked.append(question)
        return Answer(self.grants, "granted" if self.grants else self.reason)

    def _read(self, config: dict[str, Any]) -> database.Local:
        found = self.database
        self._stop("read")
        return found

    def _stop(self, step: str) -> None:
        self.now += self.pauses[step].pop(0) if self.pauses[step] else 0.0

    def _take_ticket(self, port: int) -> int:
        self._stop("ticket")
        self.tickets.append(self.now)
        return len(self.tickets) - 1

    def _set_open(self, port: int, seconds: float, ticket: int) -> None:
        """As the kernel does it: its timer starts now, and a ticket that has run out opens nothing."""
        self._stop("commit")
        if self.now - self.tickets[ticket] >= gate.TICKET_S:
            raise gate.Late("late")
        self.open_until = self.now + seconds
        self.too_long = max(self.too_long, self.open_until - self.holder.tenure.serves_until)

    def _close(self, port: int) -> None:
        self.open_until = 0.0

    def _end(self, config: dict[str, Any]) -> str:
        self.ended.append(self.now)
        return ""

    def beat(self, seconds_later: float = 2.0) -> None:
        self.now += seconds_later
        self.holder.beat()

    def lets_in(self) -> bool:
        return self.now < self.open_until


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Bench:
    return Bench(monkeypatch, tmp_path)


def test_a_primary_that_is_granted_its_lease_serves(bench: Bench) -> None:
    for _beat in range(20):
        bench.beat()
        assert bench.lets_in()
    assert not bench.ended


def test_every_question_says_who_else_is_asked(bench: Bench) -> None:
    bench.beat()
    assert bench.asked
    assert all(question["asks"] == ["dr-db-01"] for question in bench.asked)
    assert all(abs(question["wall"] - time.time()) < 60 for question in bench.asked)


def test_a_question_that_names_many_granters_fits_into_a_datagram() -> None:
    names = [f"liuzhou-witness-{number:02}" for number in range(20)]
    asked = {
        "op": "ask", "service": "hidden_danger", "holder": "nn-db-01", "lease_s": 10.0, "asks": names,
        "system": "7" * 19, "timeline": 2**31, "serving": True, "gated": True, "nonce": "0" * 24,
    }  # fmt: skip
    assert wire.seal(KEY, asked)


def test_a_primary_that_nobody_answers_closes_in_time_and_is_ended(bench: Bench) -> None:
    bench.beat()
    bench.grants = False
    for _beat in range(4):
        bench.beat()
        assert bench.lets_in(), "one lease long it goes on"
    bench.beat()
    assert not bench.lets_in()
    bench.beat()
    assert bench.ended
    assert any("refuses writes" in text and "Next:" in text for text in bench.said)


def test_a_host_that_was_paused_ends_the_database_before_it_asks_anybody(bench: Bench) -> None:
    """Granters that would still grant make no difference: others may have acted meanwhile."""
    bench.beat()
    bench.beat(seconds_later=60.0)
    assert bench.ended == [bench.now]


@pytest.mark.parametrize("step", ["read", "ticket", "commit"])
@pytest.mark.parametrize("pause_s", [0.4, 0.6, 3.0, 9.0, 60.0])
def test_a_holder_stopped_on_its_way_to_the_kernel_keeps_nothing_open_past_its_lease(
    bench: Bench, step: str, pause_s: float
) -> None:
    """The kernel's timer starts when nft commits, and nft may be stopped as long as anybody."""
    bench.beat()
    bench.grants = False
    bench.pauses[step] = [0.0, pause_s]
    bench.beat()
    bench.beat()
    assert bench.too_long < gate.TICKET_S


def test_a_ticket_that_ran_out_once_is_no_missing_gate(bench: Bench) -> None:
    bench.beat()
    bench.pauses["commit"] = [0.6]
    bench.beat()
    assert bench.lets_in()
    assert not any("the gate cannot be set" in text for text in bench.said)
    bench.pauses["commit"] = [0.6, 0.6]
    bench.beat()
    assert any("the gate cannot be set" in text for text in bench.said)
    assert bench.lets_in(), "it is as open as it was"


def test_a_frozen_database_is_ended_too(bench: Bench) -> None:
    bench.beat()
    bench.grants, bench.database = False, database.Local("silent")
    for _beat in range(7):
        bench.beat()
    assert bench.ended


def test_a_standby_needs_nobody(bench: Bench) -> None:
    bench.grants, bench.database = False, database.Local("standby", "7", 0)
    for _beat in range(20):
        bench.beat()
        assert bench.lets_in()
    assert not bench.ended


@pytest.mark.parametrize("pause_s", [3.0, 9.0, 60.0])
def test_what_a_standby_said_before_its_host_was_stopped_opens_nothing_for_longer(
    bench: Bench, pause_s: float
) -> None:
    """It may have been promoted, and passed over again, meanwhile."""
    bench.database = database.Local("standby", "7", 0)
    bench.beat()
    asked_at = bench.now + 2.0
    bench.pauses["read"] = [pause_s]
    bench.beat()
    assert bench.open_until <= asked_at + 10.0
    assert bench.lets_in() == (pause_s < 10.0)


def test_a_server_that_has_not_said_what_it_is_gets_no_visitors_and_is_left_alone(bench: Bench) -> None:
    bench.database = database.Local("silent")
    for _beat in range(20):
        bench.beat()
        assert not bench.lets_in()
    assert not bench.ended


def test_a_refused_primary_does_not_serve_alone_whatever_a_person_said(bench: Bench, tmp_path: Any) -> None:
    (tmp_path / "alone.json").write_text('{"reason": "the other centre burnt down"}')
    bench.grants = False
    bench.beat()
    assert bench.lets_in()
    assert bench.holder.state == "alone"
    bench.reason = "liuzhou-wit-01 was told to refuse"
    for _beat in range(7):
        bench.beat()
    assert not bench.lets_in()
    assert bench.ended


def test_serving_alone_ends_when_somebody_answers(bench: Bench, tmp_path: Any) -> None:
    (tmp_path / "alone.json").write_text('{"reason": "the other centre burnt down"}')
    bench.beat()
    assert bench.holder.state == "holds"
    assert not (tmp_path / "alone.json").exists()
