# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which approvals and attestations of a journal still hold. Pure."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

#: What one person may approve where no plan says it.
ALONE = 1


def names(value: Any) -> list[str]:
    """``dr_approvals`` as a list: it may come from a command line as ``a,b``."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(item) for item in value or []]


def find(
    entries: Iterable[Mapping[str, Any]], name: str, plan_digest: str, now: float, risk: str | None = None
) -> dict[str, Any] | None:
    """The last approval of that name that holds: for this very plan, and not expired.

    An approval belongs to one phase of a run: it is used up when that phase has ended.

    :param risk: the risk that must have been approved; any if left out.
    """
    found = None
    for entry in entries:
        if entry["kind"] == "phase" and entry.get("state") == "ends":
            found = None
        same = entry["kind"] == "approval" and entry["name"] == name and entry["plan_digest"] == plan_digest
        if same and (risk is None or entry["risk"] == risk):
            found = dict(entry) if now < float(entry["expires_at"]) else None
    return found


def persons(
    entries: Iterable[Mapping[str, Any]], name: str, risk: str, plan_digest: str, now: float
) -> dict[str, dict[str, Any]]:
    """Each person's approval of that name that holds, for the very same risk.

    One of somebody who may be anybody (see ``Identity.source``) is no person's of his own.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry["kind"] == "phase" and entry.get("state") == "ends":
            found = {}
        same = entry["kind"] == "approval" and (entry["name"], entry["risk"]) == (name, risk)
        own = entry.get("source") == "login"
        if same and own and entry["plan_digest"] == plan_digest and now < float(entry["expires_at"]):
            found[person(entry["operator"])] = dict(entry)
    return found


def told(entries: Iterable[Mapping[str, Any]], name: str, risk: str) -> bool:
    """Whether a gate of this phase has refused with this very risk, so that a yes can mean it."""
    found = False
    for entry in entries:
        if entry["kind"] == "phase" and entry.get("state") == "ends":
            found = False
        if entry["kind"] == "gate" and entry.get("verdict") == "refuse":
            said = [(r.get("approval"), r.get("risk") or r.get("refuse")) for r in entry["readings"]]
            found = found or (name, risk) in said
    return found


def alone(planned: Any, given: int | None) -> int:
    """How many one person may approve: what the plan states, or less when somebody gave less.

    :param planned: what the plan states; what is no count is as if it stated nothing.
    """
    stated = planned if isinstance(planned, int) and not isinstance(planned, bool) and planned >= 0 else ALONE
    return stated if given is None else min(given, stated)


def about(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """What approvals were about in the whole run, under whatever name, whether they still hold or not."""
    found: set[str] = set()
    for entry in entries:
        if entry["kind"] == "approval":
            found.update(entry.get("about") or ())
    return found


def person(operator: str) -> str:
    """Who is behind a name such as ``wei (as root)``."""
    return operator.partition(" (as ")[0]


def attested(
    entries: Iterable[Mapping[str, Any]], name: str, statement: str, now: float
) -> dict[str, Any] | None:
    """The last attestation of that very statement that has not expired, in the phase that has not ended."""
    found = None
    for entry in entries:
        if entry["kind"] == "phase" and entry.get("state") == "ends":
            found = None
        if entry["kind"] == "attestation" and (entry["name"], entry["statement"]) == (name, statement):
            found = dict(entry) if now < float(entry["expires_at"]) else None
    return found


def note(entries: Iterable[Mapping[str, Any]], name: str) -> dict[str, Any] | None:
    """The first note of that name: the original."""
    return next((dict(e) for e in entries if e["kind"] == "note" and e["name"] == name), None)
