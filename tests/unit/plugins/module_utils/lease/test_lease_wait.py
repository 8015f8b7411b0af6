# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a promotion waits for a lease that nobody can say has run out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.lease import granter


class Host:
    """A granter and its host's clock."""

    def __init__(self, told_at: float | None, refusing: bool = True) -> None:
        self.now, self.told_at, self.refusing = 1000.0, told_at, refusing

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def tell(self, _command: dict[str, Any], _control: str) -> dict[str, Any]:
        told_s_ago = None if self.told_at is None else self.now - self.told_at
        return {"granter": "dr-db-01", "refusing": self.refusing, "told_s_ago": told_s_ago}


def waited(monkeypatch: pytest.MonkeyPatch, host: Host) -> tuple[float, float]:
    """For how long it waited, and for how long the holder is refused then, by its word."""
    monkeypatch.setattr(granter, "tell", host.tell)
    monkeypatch.setattr(granter, "time", host)
    began = host.now
    status = granter.wait_until_refused_for("nn-db-01", 13.1)
    return host.now - began, status["refused_s"]


@pytest.mark.parametrize(
    ("told_at", "waits_s"),
    [(1000.0, 13.1), (995.0, 8.1), (900.0, 0.0), (None, 13.1)],
    ids=["just told", "a while ago", "long ago", "not told since its start"],
)
def test_it_waits_a_whole_lease_from_when_it_was_told(
    monkeypatch: pytest.MonkeyPatch, told_at: float | None, waits_s: float
) -> None:
    waited_s, refused_s = waited(monkeypatch, Host(told_at))
    assert waited_s == pytest.approx(waits_s, abs=0.05)
    assert refused_s >= 13.1


def test_who_does_not_refuse_it_is_not_waited_for_and_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, Host(900.0, refusing=False)) == (0.0, 0.0)
