# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings and their verdict: what a gate or a verify is made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Iterable, Mapping


@dataclass(frozen=True)
class Reading:
    """One thing that was looked at.

    :param ok: True, False, or None when it is not known; nothing dangerous is done on unknown.
    :param approval: the name of the approval that lets a gate pass all the same.
    :param this_risk: whether only a yes to this very risk does, and not one to another of that name.
    """

    ok: bool | None
    reading: str
    refuse: str = ""
    way_on: str = ""
    expected: str = ""
    approval: str = ""
    risk: str = ""
    this_risk: bool = False
    approved: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For the journal: what is empty is left out."""
        kept = {"ok": self.ok, "reading": self.reading}
        if self.ok is not True:
            for name in ("refuse", "way_on", "expected", "approval", "risk", "approved"):
                if getattr(self, name):
                    kept[name] = getattr(self, name)
        return kept

    def sentence(self) -> str:
        """Why it does not pass, and how to go on."""
        what = self.refuse or (
            f"{self.reading}, expected: {self.expected}" if self.expected else self.reading
        )
        if self.ok is None:
            what = f"not known: {what}"
        return f"{what}. Next: {self.way_on}" if self.way_on else what


#: What an item of ``that`` may have; whether it was approved is not for it to say.
_KEYS = tuple(field.name for field in fields(Reading) if field.name != "approved")


def parse(items: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """Read a task's ``that`` list.

    :raises ValueError: for an item without ``ok`` or ``reading``, or with a key of no meaning.
    """
    found = []
    for item in items:
        if set(item) - set(_KEYS) or "reading" not in item or "ok" not in item:
            raise ValueError(f"an item has ok and reading, and may have {', '.join(_KEYS[2:])}: {item}")
        texts: dict[str, Any] = {
            key: str(value)
            for key, value in item.items()
            if key not in ("ok", "this_risk") and value is not None
        }
        # What is neither yes nor no is the stricter one.
        strict = _truth(item.get("this_risk", False)) is not False
        found.append(Reading(ok=_truth(item["ok"]), this_risk=strict, **texts))
    return found


def _truth(value: Any) -> bool | None:
    """Only a real yes is yes, and only a real no is no."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).strip().lower())


def failing(readings: Iterable[Reading]) -> list[Reading]:
    """Those that neither are so nor were approved."""
    return [reading for reading in readings if reading.ok is not True and not reading.approved]
