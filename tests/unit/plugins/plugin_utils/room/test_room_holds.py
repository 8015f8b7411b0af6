# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that people have opened are held as long as the run that took them down has not ended."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import holds
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.readings import failing, parse

TICKET = "CHG-1"
ID = "room-nanning-main-CHG-1"


def written(*lines: dict[str, Any], after: bytes = b"", at: float = 1000.0) -> bytes:
    found = chain.judge(after.decode())
    entries, text = list(found.entries), after
    for line in lines:
        head = entries[-1]["digest"] if entries else chain.GENESIS
        placed = {"at": at + len(entries), "run": ID, **line}
        entries.append(chain.link(placed, len(entries) + 1, head))
        text += chain.canonical(entries[-1]).encode() + b"\n"
    return text


def run(state: str, **more: Any) -> dict[str, Any]:
    said = {"runbook": "room upgrade", "world": "estate", "twin_id": None, "operator": "wei"}
    return {
        "kind": "run",
        "state": state,
        "control_node": "dr-ctl-01",
        **(said if state == "opened" else {}),
        **more,
    }


def note(name: str, **data: Any) -> dict[str, Any]:
    return {"kind": "note", "name": name, "data": data}


def policy(host: str, was: str) -> dict[str, Any]:
    return note(f"restore_policy_{host}", policy=was)


READY = note("room_ready", hosts=["a", "b"], ticket=TICKET)
DARK = note("room_dark", hosts=["a", "b"], ticket=TICKET)
OPENED = written(run("opened"))
TAKEN = written(READY, note("room_goes_down", hosts=["a", "b"]), policy("a", "previous"), after=OPENED)
WAITS = written(DARK, run("waiting"), after=TAKEN)
ENDED = written(note("room_rises"), run("resumed"), run("ended"), after=WAITS)


def kept(*texts: tuple[str, bytes], twin_id: str | None = None) -> holds.Kept:
    return holds.judge(texts, "twin" if twin_id else "estate", twin_id)


def refusals(*texts: tuple[str, bytes], hosts: tuple[str, ...] = ("a",), **silent: str) -> list[str]:
    said = holds.readings(kept(*texts), hosts, ["dr"], silent)
    return [reading.sentence() for reading in failing(parse(said))]


def test_one_that_waits_is_refused_with_run_ticket_since_when_and_whom_to_ask() -> None:
    (said,) = refusals(("dr", WAITS))

    for words in ("a: dark since 1970-01-01T00:16:44Z", ID, TICKET, "ask wei", "dr-ctl-01", "waiting",
                  "room_abandon.yml"):  # fmt: skip
        assert words in said


def test_only_the_servers_that_it_names_and_only_from_the_yes_to_its_power_down() -> None:
    assert refusals(("dr", WAITS), hosts=("c",)) == []
    assert refusals(("dr", OPENED)) == []
    assert refusals(("dr", TAKEN), hosts=("b", "c"))[0].startswith("b: taken by a room's upgrade since")


def test_one_that_has_ended_holds_nobody_whatever_an_older_copy_says() -> None:
    assert refusals(("nn", WAITS), ("dr", ENDED)) == []
    assert refusals(("dr", ENDED), ("nn", WAITS)) == []


def test_one_that_went_on_in_two_places_is_held_as_long_as_one_of_them_has_not_ended() -> None:
    assert refusals(("nn", ENDED), ("dr", written(note("other"), after=WAITS)))


def test_the_same_whenever_it_is_asked_so_that_a_yes_can_mean_it() -> None:
    first, later = (holds.readings(kept(("dr", WAITS)), ["a"], ["dr"], {}) for _twice in range(2))

    assert first == later
    assert (first[0]["approval"], first[0]["this_risk"]) == ("held", True)
    assert "danger" in first[0]["risk"]


def test_a_journal_that_was_changed_is_not_known_and_not_none() -> None:
    said = refusals(("dr", WAITS.replace(b'"waiting"', b'"ended"')))

    assert said[0].startswith("not known")
    assert "dr: line" in said[0]
    other = written(run("opened", runbook="switchover")).replace(b"wei", b"lin")
    assert refusals(("dr", other)) == []


def test_who_does_not_tell_makes_it_unknown() -> None:
    (said,) = refusals(("nn", OPENED), dr="no route")

    assert said.startswith("not known")
    assert "dr: no route" in said


def test_where_a_dark_centre_must_not_keep_a_service_away_silence_is_told_and_a_hold_refuses() -> None:
    silent = {"dr": "no route"}
    (told,) = holds.readings(kept(("nn", OPENED)), ["a"], ["nn"], silent, silence_passes=True)
    held, also = holds.readings(kept(("nn", WAITS)), ["a"], ["nn"], silent, silence_passes=True)

    assert told["ok"] is True
    assert "dr: no route" in told["reading"]
    assert held["ok"] is False
    assert also["ok"] is True


def test_a_rehearsal_holds_nothing_of_the_estate() -> None:
    twin = written(run("opened", world="twin", twin_id="t1"), READY, DARK)

    assert kept(("dr", twin)).holds == []
    assert kept(("dr", twin), twin_id="t2").holds == []
    assert [hold.hosts for hold in kept(("dr", twin), twin_id="t1").holds] == [("a", "b")]


@pytest.mark.parametrize(
    ("hosts", "silent", "excused"),
    [
        (["nn-1"], {"nn-app"}, {"nn-app"}),
        (["nn-1"], {"dr-app", "nn-app"}, set()),
        (["nn-1"], {"dr-app"}, set()),
        (["nn-1", "dr-1"], {"nn-app"}, set()),
        (["stranger"], {"nn-app"}, set()),
    ],
)
def test_silence_of_the_dark_centre_is_no_surprise_when_the_other_one_tells(
    hosts: list[str], silent: set[str], excused: set[str]
) -> None:
    def centre(name: str) -> str | None:
        return None if name == "stranger" else name[:2]

    assert holds.excused(hosts, ["nn-app", "dr-app"], silent, centre) == excused
    assert holds.excused(hosts, ["nn-app"], {"nn-app"}, centre) == set()


def test_another_upgrade_gets_no_yes_and_is_told_both_ways_on() -> None:
    (said,) = holds.readings(kept(("dr", WAITS)), ["a"], ["dr"], {}, approvable=False)

    assert "approval" not in said
    assert "goes on with it" in said["way_on"]
    assert "room_abandon.yml" in said["way_on"]
    # That somebody does not answer may be approved: it may be dead for good.
    (said,) = holds.readings(kept(), ["a"], [], {"dr": "no route"}, approvable=False)
    assert said["approval"] == "held"


# The restore policies from before


ABANDONED = written(run("abandoned", reason="announced anew"), after=WAITS)


def test_one_that_was_abandoned_holds_nobody_and_its_originals_are_found() -> None:
    found = kept(("nn", WAITS), ("dr", ABANDONED))

    assert found.holds == []
    assert found.policies == {"a": {"policy": "previous", "run": ID}}


def test_what_an_upgrade_left_is_no_original_of_the_next_one() -> None:
    second = written(
        run("opened"), READY, policy("a", "always-off"), policy("b", "unknown"), run("abandoned"), at=2000.0
    )

    assert kept(("dr", ABANDONED), ("dr", second)).policies["a"]["policy"] == "previous"
    assert "b" not in kept(("dr", second)).policies


def test_the_newest_one_that_knows_counts() -> None:
    gone = run("abandoned", run="later")
    second = written(run("opened", run="later"), READY, policy("a", "always-on"), gone, at=2000.0)

    for order in ((ABANDONED, second), (second, ABANDONED)):
        assert kept(*(("dr", text) for text in order)).policies["a"] == {
            "policy": "always-on",
            "run": "later",
        }


def test_one_that_was_closed_gave_them_back_so_what_was_before_is_history() -> None:
    closed = written(run("opened"), READY, policy("a", "previous"), DARK, run("ended"), at=5000.0)

    assert kept(("dr", ABANDONED), ("dr", closed)).policies == {}
    again = written(run("opened"), READY, policy("a", "always-on"), run("abandoned"), at=9000.0)
    assert kept(("dr", closed), ("dr", again)).policies["a"]["policy"] == "always-on"
