# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers are held by a room's upgrade that has not ended, as the kept journals say. Pure.

A hold lasts longer than any process: people have their hands inside for days. So it is no lock but what the
run's own journal says, which stands in both centres.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.fetch import (
    Copy,
    Entries,
    begins,
    last_run,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals

RUNBOOK = "room upgrade"
APPROVAL = "held"
#: Notes that say which servers it is about, from the moment at which people have said yes to it.
NAMING = ("room_ready", "room_goes_down", "room_dark")
POLICY = "restore_policy_"
#: What a room's upgrade leaves on a BMC, and what a BMC says that does not tell: neither is an original.
NO_ORIGINAL = ("always-off", "unknown")

Reading = dict[str, Any]
Centres = Callable[[str], "str | None"]


@dataclass(frozen=True)
class Hold:
    """A run that has not ended, and the servers that it is about.

    :param state: as its last line of the kind ``run`` says.
    :param since: when they were seen dark, or else when the run took them, in epoch seconds.
    :param dark: whether they were seen off, and are not brought up yet.
    :param where: who holds the journal that says so.
    """

    run: str
    hosts: tuple[str, ...]
    ticket: str
    state: str
    since: float
    dark: bool
    operator: str
    node: str
    where: tuple[str, ...]

    def sentence(self, hosts: Iterable[str]) -> str:
        """What is known of it, the same whenever it is asked: a yes is one to this very sentence."""
        named = ", ".join(sorted(hosts))
        what = (
            f"{named}: dark since {_clock(self.since)}, people may work inside"
            if self.dark
            else f"{named}: taken by a room's upgrade since {_clock(self.since)}"
        )
        return (
            f"{what} ({self.run}, ticket {self.ticket or 'unknown'}, {self.state}; ask {self.operator}, "
            f"who wrote last, on {self.node})"
        )


@dataclass
class Kept:
    """What the journals say.

    :param policies: each host's restore policy as it was before the upgrades that nobody closed, with
        ``policy`` and the ``run`` that wrote it down.
    :param unread: a sentence for each journal that does not tell.
    """

    holds: list[Hold] = field(default_factory=list)
    policies: dict[str, dict[str, str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def judge(journals: Iterable[tuple[str, bytes]], world: str, twin_id: str | None) -> Kept:
    """What all these journals, of whom some are copies of one another, say of this world.

    :param journals: who holds it, and its text.
    """
    kept = Kept()
    runs: dict[str, list[Copy]] = {}
    for where, text in journals:
        judged = chain.judge(chain.text_of(text))
        opened = next((entry for entry in judged.entries if entry.get("kind") == "run"), None)
        if opened is not None and (
            opened.get("runbook") != RUNBOOK
            or (opened.get("world"), opened.get("twin_id")) != (world, twin_id)
        ):
            # A rehearsal's servers have the estate's names.
            continue
        if not judged.whole:
            kept.unread.append(f"{where}: {'; '.join(judged.problems[:3])}")
        elif opened is not None:
            runs.setdefault(judged.entries[0]["digest"], []).append(Copy(where, text, judged.entries))
    ends = [copy for same in runs.values() for copy in _ends(same)]
    kept.holds = sorted(
        (
            _hold(copy, runs[copy.entries[0]["digest"]])
            for copy in ends
            if _named(copy.entries) and not copy.ended
        ),
        key=lambda hold: (hold.since, hold.run),
    )
    kept.policies = _policies(ends)
    return kept


def _ends(same: Sequence[Copy]) -> list[Copy]:
    """The copies that are no other's beginning: one, or several where somebody went on in two places."""
    found: list[Copy] = []
    for copy in sorted(same, key=lambda one: len(one.entries), reverse=True):
        if not any(begins(longer.entries, copy.entries) for longer in found):
            found.append(copy)
    return found


def _named(entries: Entries) -> list[str]:
    notes = (approvals.note(entries, name) for name in NAMING)
    return sorted({str(host) for note in notes if note for host in note["data"].get("hosts") or ()})


def _hold(copy: Copy, same: Iterable[Copy]) -> Hold:
    entries = copy.entries
    last = last_run(entries) or {}
    notes = {name: approvals.note(entries, name) for name in (*NAMING, "room_rises")}
    dark = notes["room_dark"] if notes["room_rises"] is None else None
    told = [note for name in reversed(NAMING) if (note := notes[name]) is not None]
    return Hold(
        run=str(last.get("run") or "a run"),
        hosts=tuple(_named(entries)),
        ticket=next((str(note["data"]["ticket"]) for note in told if note["data"].get("ticket")), ""),
        state=str(last.get("state") or "unknown"),
        since=float((dark or told[-1])["at"]),
        dark=dark is not None,
        operator=str(last.get("operator") or _last(entries, "operator") or "an unknown operator"),
        node=str(last.get("control_node") or "an unknown control node"),
        where=tuple(sorted({one.where for one in same if len(one.entries) == len(entries)})),
    )


def _last(entries: Entries, key: str) -> Any:
    """What the last line that says it says; a run that waits does not name whoever let it wait again."""
    return next((entry[key] for entry in reversed(entries) if entry.get(key)), None)


def _policies(ends: Iterable[Copy]) -> dict[str, dict[str, str]]:
    """Of the runs that were not closed, what the newest one that knows it wrote down of each host.

    A run that was closed gave its servers back what they had, so what was written before that is history.
    """
    closed: dict[str, float] = {}
    found: dict[str, tuple[float, str, str]] = {}
    ends = list(ends)
    for copy in ends:
        last = last_run(copy.entries)
        if last is not None and last["state"] == "ended":
            for host in _named(copy.entries):
                closed[host] = max(closed.get(host, 0.0), float(last["at"]))
    for copy in ends:
        last = last_run(copy.entries)
        if last is None or last["state"] == "ended":
            continue
        for host, policy, at in _written(copy.entries):
            if policy not in NO_ORIGINAL and at > closed.get(host, 0.0):
                found[host] = max(found.get(host, (0.0, "", "")), (at, policy, str(last.get("run", ""))))
    return {host: {"policy": policy, "run": run} for host, (_at, policy, run) in sorted(found.items())}


def _written(entries: Entries) -> Iterable[tuple[str, str, float]]:
    seen: set[str] = set()
    for entry in entries:
        name = str(entry.get("name", ""))
        if entry["kind"] == "note" and name.startswith(POLICY) and name not in seen:
            # The first word stays.
            seen.add(name)
            yield name.removeprefix(POLICY), str(entry["data"].get("policy") or "unknown"), float(entry["at"])


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


# What a gate judges


def excused(
    hosts: Iterable[str], keepers: Iterable[str], silent: Iterable[str], centres: Centres
) -> set[str]:
    """Who of the silent need not be heard: the hosts' own centre, when the keepers of all others tell.

    No server goes dark before a keeper of another centre holds the journal (tasks/room_down.yml), and what is
    dark cannot answer. So those of other centres know of every hold.

    :param centres: the centre of a host; None where it is not known.
    """
    home = {centres(host) for host in hosts}
    if len(home) != 1 or None in home:
        return set()
    quiet = set(silent)
    others = {name for name in keepers if centres(name) not in home}
    return quiet - others if others and not others & quiet else set()


def readings(
    kept: Kept,
    hosts: Iterable[str],
    asked: Sequence[str],
    silent: Mapping[str, str],
    approvable: bool = True,
    silence_passes: bool = False,
) -> list[Reading]:
    """Whether nobody upgrades these servers.

    :param asked: who was asked for journals and answered.
    :param silent: who may have one and did not tell, and why. Nobody is no answer, so it is not known then.
    :param approvable: whether a person may say yes to a hold. Of two upgrades of one server the second takes
        what the first has left for what was there, so it waits, or the first is ended.
    :param silence_passes: silence is told and stops nobody: where a dark centre must not keep a service away.
    """
    wanted = sorted(set(hosts))
    found = [
        _held(hold.sentence(names), hold, approvable)
        for hold in kept.holds
        if (names := set(hold.hosts) & set(wanted))
    ]
    unknown = [*kept.unread, *(f"{name}: {why}" for name, why in sorted(silent.items()))]
    if unknown:
        because = _unknown(", ".join(wanted), "; ".join(unknown))
        found.append({"ok": True, "reading": because["reading"]} if silence_passes else because)
    if found:
        return found
    return [
        {
            "ok": True,
            "reading": f"no room's upgrade that has not ended names {', '.join(wanted) or 'anybody'} "
            f"(journals read from {', '.join(asked)})",
        }
    ]


def _held(sentence: str, hold: Hold, approvable: bool) -> Reading:
    found: Reading = {
        "ok": False,
        "reading": sentence,
        "refuse": sentence,
        "way_on": f"let {hold.operator} end that upgrade (the same command with its ticket goes on with it); "
        f"where nobody will, end it: playbooks/room_abandon.yml -e room_run={hold.run} -e room_reason=...",
    }
    if approvable:
        found |= {
            "approval": APPROVAL,
            "risk": f"{sentence}: whoever has his hands inside is in danger",
            "this_risk": True,
        }
    return found


def _unknown(wanted: str, why: str) -> Reading:
    return {
        "ok": None,
        "reading": f"not all journals of rooms' upgrades could be read: {why}",
        "refuse": f"whether people work inside of {wanted}: not all journals could be read ({why})",
        "way_on": "see that they answer; or ask who upgrades a room, see that nobody works on them, say so",
        "approval": APPROVAL,
        "risk": f"somebody may have his hands inside of {wanted}, and {why} does not tell",
        "this_risk": True,
    }
