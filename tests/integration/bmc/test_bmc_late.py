# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC that is slow: its password is not called wrong, and answers that come after nobody
waits for them any more are not taken for others."""

from __future__ import annotations

import pytest
from bmc_bench import Simulated
from lossy import RELAY, slow_answers

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline

APP, CHASSIS = 0x06, 0x00
#: Its first byte says at bit 0 whether the server is on.
GET_CHASSIS_STATUS = GET_DEVICE_ID = 0x01


@pytest.mark.parametrize("first", [APP, CHASSIS])
def test_a_late_answer_is_not_that_to_the_next_command(sim: Simulated, first: int) -> None:
    """Neither one to another command of the same number, nor one to the same command a moment ago."""
    slow_s = 0.0
    with slow_answers(RELAY, sim.port, lambda _data: slow_s), connect(sim.target(port=RELAY)) as bmc:
        assert isinstance(bmc, IpmiBmc)
        wire = bmc.session.wire
        slow_s = 0.8
        begun = Deadline(0.5)
        given = wire.exchange(first, GET_DEVICE_ID, [], deadline=begun.remaining, patience_s=None)
        assert given is None
        sim.power = "off"
        answer = wire.exchange(
            CHASSIS, GET_CHASSIS_STATUS, [], deadline=Deadline(3).remaining, patience_s=None
        )
        assert answer is not None
        assert (answer["netfn"], answer["data"][0] & 1) == (CHASSIS + 1, 0)
        slow_s = 0.0


#: Payload types of RMCP+ (IPMI 2.0 table 13-16), in the sixth byte of a packet.
RAKP2, RAKP4 = 0x13, 0x15


def is_of(data: bytes, payload: int) -> bool:
    return data[4] == 0x06 and data[5] & 0x3F == payload


@pytest.mark.parametrize("payload", [RAKP2, RAKP4])
def test_a_bmc_that_needs_seconds_for_its_sums_is_logged_in_to(sim: Simulated, payload: int) -> None:
    """Longer than pyghmi waits before it begins anew."""
    with (
        slow_answers(RELAY, sim.port, lambda data: 1.8 if is_of(data, payload) else 0.0),
        connect(sim.target(port=RELAY, answer_s=5.0)) as bmc,
    ):
        assert bmc.read_status().power == "on"


@pytest.mark.parametrize("payload", [RAKP2, RAKP4])
def test_what_it_says_to_an_attempt_given_up_is_no_wrong_password(sim: Simulated, payload: int) -> None:
    """The first answer comes when the second attempt waits for its own."""
    delays = iter([1.7, 0.6])
    with (
        slow_answers(RELAY, sim.port, lambda data: next(delays, 0.0) if is_of(data, payload) else 0.0),
        connect(sim.target(port=RELAY, answer_s=3.0)) as bmc,
    ):
        assert bmc.read_status().power == "on"
        assert next(delays, None) is None
