# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic behind the RPO finding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.checks.replication import (
    lag_s,
    needed_mbit,
)


@pytest.mark.parametrize(
    ("rate", "line", "lasts", "lag"),
    [(600, 500, 3600, 600), (500, 500, 3600, 0), (100, 500, 600, 0), (110, 50, 600, 327.27)],
)
def test_the_standby_falls_behind_by_what_the_line_does_not_take(
    rate: float, line: float, lasts: float, lag: float
) -> None:
    assert lag_s(rate, line, lasts) == pytest.approx(lag, abs=0.01)


@given(rate=st.floats(1, 1e5), lasts=st.floats(1, 1e6), share=st.floats(0, 0.99))
def test_the_rate_asked_for_keeps_the_rpo_and_no_less_does(rate: float, lasts: float, share: float) -> None:
    rpo = share * lasts
    line = needed_mbit(rate, rpo, lasts)
    assert lag_s(rate, line, lasts) == pytest.approx(rpo, rel=1e-6, abs=1e-6 * lasts)
    assert lag_s(rate, line * 0.9, lasts) > rpo
