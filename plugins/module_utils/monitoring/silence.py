# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A silence that stands, with an end, and is read back; or none. Standard library, Python 3.9.

Which silence is ours is told by its matchers and its comment, which begins with the ticket.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Mapping, Protocol

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.moments import (
    LONGEST,
    as_utc,
    length,
    moment,
    since_epoch,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.ticket import ticket


class Peer(Protocol):
    """Who keeps silences."""

    name: str

    def silences(self) -> list[dict[str, Any]]: ...

    def put(self, silence: Mapping[str, Any]) -> str: ...

    def expire(self, identity: str) -> None: ...


class NotConfirmed(DatacenterError):
    """It said yes, and reading back shows that it is not so."""


@dataclass(frozen=True, order=True)
class Matcher:
    """One label of the alerts that are silenced."""

    name: str
    value: str
    regex: bool
    equal: bool

    def __str__(self) -> str:
        sign = ("=~" if self.equal else "!~") if self.regex else ("=" if self.equal else "!=")
        return f'{self.name}{sign}"{self.value}"'

    def body(self) -> dict[str, Any]:
        """As the API has it."""
        return {"name": self.name, "value": self.value, "isRegex": self.regex, "isEqual": self.equal}


@dataclass(frozen=True)
class Wanted:
    """What is to be silent.

    :param starts: None for at once.
    """

    matchers: tuple[Matcher, ...]
    comment: str
    author: str = ""
    starts: datetime | None = None
    ends: datetime | None = None


def wanted(options: Mapping[str, Any], now: float | None = None) -> Wanted:
    """Read a task's options.

    :raises Refused: with every mistake.
    """
    here = since_epoch(time.time() if now is None else now)
    mistakes: list[str] = []
    number = ""
    try:
        number = ticket(options["ticket"])
    except ValueError as error:
        mistakes.append(f"ticket: {error}")
    comment = " ".join(str(options["comment"]).split())
    if not comment:
        mistakes.append("comment: it is empty")
    matchers = tuple(
        sorted({Matcher(m["name"], m["value"], m["regex"], m["equal"]) for m in options["matchers"]})
    )
    if not matchers:
        mistakes.append("matchers: there are none, and what matches everything would silence everything")
    starts, ends = (_moment(options, key, mistakes) for key in ("starts", "ends"))
    if options["state"] == "present" and ends is not None:
        begins = max(starts or here, here)
        if ends <= begins:
            mistakes.append(f"ends: {options['ends']} is not after its beginning at {as_utc(begins)}")
        elif ends - begins > LONGEST:
            mistakes.append(
                f"ends: it would be silent for {length(ends - begins)}, at most {LONGEST.days} d may be: "
                "extend it when that time has come"
            )
    if mistakes:
        lines = "".join(f"\n  - {mistake}" for mistake in mistakes)
        raise Refused(f"this silence is refused, nothing was changed:{lines}", result={"mistakes": mistakes})
    return Wanted(matchers, f"{number}: {comment}", str(options["author"] or ""), starts, ends)


def _moment(options: Mapping[str, Any], key: str, mistakes: list[str]) -> datetime | None:
    try:
        return moment(options[key]) if options[key] else None
    except ValueError as error:
        mistakes.append(f"{key}: {error}")
        return None


def present(peer: Peer, want: Wanted, dry_run: bool, now: float | None = None) -> dict[str, Any]:
    """Make sure that the silence stands until its end.

    :raises NotConfirmed: when it does not, although it was said to.
    """
    if want.ends is None:
        raise Refused("a silence without an end is never set", device=peer.name, next_step="give ends:")
    here = since_epoch(time.time() if now is None else now)
    # Of several the one that lasts longest: while that stands, the others change nothing.
    found = max(_ours(peer, want), key=lambda silence: moment(silence["endsAt"]), default=None)
    begins = _begins(want, found, here)
    if found is not None and moment(found["endsAt"]) == want.ends and moment(found["startsAt"]) == begins:
        return {"changed": False, **_result(found), "diff": _diff(found, found)}
    body = {
        "matchers": [matcher.body() for matcher in want.matchers],
        "startsAt": found["startsAt"] if found and moment(found["startsAt"]) == begins else as_utc(begins),
        "endsAt": as_utc(want.ends),
        "createdBy": want.author,
        "comment": want.comment,
        **({"id": found["id"]} if found else {}),
    }
    if dry_run:
        state = "active" if begins <= here else "pending"
        after = {"id": "", **body, "status": {"state": state}}
        return {"changed": True, **_result(after), "diff": _diff(found, after)}
    identity = peer.put(body)
    set_ = next((silence for silence in peer.silences() if silence["id"] == identity), None)
    if (
        set_ is None
        or _state(set_) == "expired"
        or moment(set_["endsAt"]) != want.ends
        or not _is(set_, want)
    ):
        raise NotConfirmed(
            "the silence is not as it was set",
            device=peer.name,
            cause=f"it says: {_text(set_).strip() or 'there is none'}",
            next_step="see its own page of silences, and its log",
            result={"changed": True, "id": identity},
        )
    return {"changed": True, **_result(set_), "diff": _diff(found, set_)}


def _begins(want: Wanted, found: Mapping[str, Any] | None, here: datetime) -> datetime:
    """When it is to begin; what has begun stays begun."""
    if found is not None and moment(found["startsAt"]) <= here:
        return moment(found["startsAt"])
    return max(want.starts or here, here)


def absent(peer: Peer, want: Wanted, dry_run: bool) -> dict[str, Any]:
    """Make sure that nothing is silent by this silence any more.

    :raises NotConfirmed: when it still is.
    """
    found = _ours(peer, want)
    result = {
        "changed": bool(found),
        "id": "",
        "state": "absent",
        "expired": [str(silence["id"]) for silence in found],
        "diff": {"before": "".join(_text(silence) for silence in found), "after": ""},
    }
    if found and not dry_run:
        for silence in found:
            peer.expire(str(silence["id"]))
        left = _ours(peer, want)
        if left:
            raise NotConfirmed(
                "the silence still stands",
                device=peer.name,
                cause=f"it says: {_text(left[0]).strip()}",
                next_step="see its own page of silences, and its log",
                result=result,
            )
    return result


def _ours(peer: Peer, want: Wanted) -> list[dict[str, Any]]:
    """The silences with these matchers and this comment that are not over."""
    return [silence for silence in peer.silences() if _state(silence) != "expired" and _is(silence, want)]


def _is(silence: Mapping[str, Any], want: Wanted) -> bool:
    return silence.get("comment") == want.comment and _matchers(silence) == list(want.matchers)


def _matchers(silence: Mapping[str, Any]) -> list[Matcher]:
    """``isEqual`` came with version 0.22; before, all were equal."""
    return sorted(
        Matcher(m["name"], m["value"], bool(m["isRegex"]), bool(m.get("isEqual", True)))
        for m in silence["matchers"]
    )


def _state(silence: Mapping[str, Any]) -> str:
    return str(silence["status"]["state"])


def _result(silence: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(silence["id"]),
        "state": _state(silence),
        "starts": as_utc(moment(silence["startsAt"])),
        "ends": as_utc(moment(silence["endsAt"])),
        "comment": silence["comment"],
        "matchers": [str(matcher) for matcher in _matchers(silence)],
    }


def _diff(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, str]:
    return {"before": _text(before), "after": _text(after)}


def _text(silence: Mapping[str, Any] | None) -> str:
    """A silence as a person reads it; without its id, which a change may renew."""
    if silence is None:
        return ""
    lines = {key: value for key, value in _result(silence).items() if key not in ("id", "state", "matchers")}
    shown = "".join(f"{key}: {value}\n" for key, value in lines.items())
    return f"{{{', '.join(str(matcher) for matcher in _matchers(silence))}}}\n{shown}"
