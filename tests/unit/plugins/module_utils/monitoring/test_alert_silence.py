# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What silence is refused before anything is asked, and that a yes alone is believed from nobody."""

from __future__ import annotations

from typing import Any, Mapping

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.moments import moment
from ansible_collections.anjianyun.datacenter.plugins.module_utils.monitoring.alertmanager import Alertmanager
from ansible_collections.anjianyun.datacenter.plugins.module_utils.monitoring.silence import (
    NotConfirmed,
    absent,
    present,
    wanted,
)

NOW = moment("2026-12-01T14:00Z").timestamp()
OPTIONS: dict[str, Any] = {
    "state": "present",
    "ticket": "CHG-1",
    "comment": "the room is rebuilt",
    "matchers": [{"name": "instance", "value": "nn-.*", "regex": True, "equal": True}],
    "starts": None,
    "ends": "2026-12-01T22:00Z",
    "author": "wei",
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ends": "2026-12-01T22:00"}, "has no zone"),
        ({"ends": "2026-12-01T14:00Z"}, "not after its beginning"),
        ({"starts": "2026-12-01T23:00Z"}, "not after its beginning"),
        ({"ends": "2026-12-15T14:01Z"}, "at most 14 d"),
        ({"ticket": "  "}, "ticket: it is empty"),
        ({"ticket": "a\nb"}, "ticket: it is not one line"),
        ({"comment": " "}, "comment: it is empty"),
        ({"matchers": []}, "would silence everything"),
    ],
)
def test_what_may_not_be_silent_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        wanted({**OPTIONS, **change}, NOW)


def test_a_silence_may_begin_in_a_month_and_last_for_fourteen_days() -> None:
    later = {"starts": "2026-12-31T00:00Z", "ends": "2027-01-14T00:00Z"}
    assert wanted({**OPTIONS, **later}, NOW).comment == "CHG-1: the room is rebuilt"


class Liar:
    """Says yes, and does what it likes."""

    name = "alerts"

    def __init__(self, **set_: Any) -> None:
        self.set_ = {"status": {"state": "active"}, **set_}
        self.kept: list[dict[str, Any]] = []

    def silences(self) -> list[dict[str, Any]]:
        return list(self.kept)

    def put(self, silence: Mapping[str, Any]) -> str:
        self.kept.append({**silence, "id": "1", **self.set_})
        return "1"

    def expire(self, identity: str) -> None:
        pass


@pytest.mark.parametrize(
    "lie",
    [
        {"status": {"state": "expired"}},
        {"endsAt": "2026-12-01T21:00:00.000Z"},
        {"id": "2"},
        {"matchers": [{"name": "instance", "value": "dr-.*", "isRegex": True, "isEqual": True}]},
    ],
)
def test_a_yes_that_reading_back_does_not_confirm_is_none(lie: dict[str, Any]) -> None:
    assert present(Liar(), wanted(OPTIONS, NOW), False, NOW)["state"] == "active"
    with pytest.raises(NotConfirmed, match="not as it was set"):
        present(Liar(**lie), wanted(OPTIONS, NOW), False, NOW)


def test_an_end_that_does_not_end_it_is_none() -> None:
    liar = Liar()
    present(liar, wanted(OPTIONS, NOW), False, NOW)
    with pytest.raises(NotConfirmed, match="still stands"):
        absent(liar, wanted({**OPTIONS, "state": "absent"}, NOW), False)


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        ("alerts:9093", None, "no address"),
        ("ftp://alerts", None, "no address"),
        ("https://alerts:no", None, "no address"),
        ("https://wei:GEHEIM@alerts", None, "a password stands in the address"),
        ("http://alerts", "GEHEIM", "everybody on the way"),
        ("https://alerts", "GEHEIM\n", "not one line"),
    ],
)
def test_an_address_that_would_give_a_secret_away_is_refused(url: str, token: str | None, says: str) -> None:
    with pytest.raises(DatacenterError) as refused:
        Alertmanager(url, token)

    assert says in str(refused.value)
    assert "GEHEIM" not in str(refused.value)
