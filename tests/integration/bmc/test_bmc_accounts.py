# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts on a simulated BMC; ipmitool and freeipmi are the witnesses, and whoever logs in with a
password."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER, VIEWER, Simulated

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.accounts import (
    Wanted,
    ensure,
    lock_defaults,
    remove,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.rotation import (
    Rotation,
    open_ledger,
    rotate,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused

#: 20 bytes, the longest, and 16, the short form's last.
LONG, SHORT = "Quiet-Harbour-No-777", "Quiet-Harbour-77"


def lets_in(sim: Simulated, user: str, password: str, privilege: str = "USER") -> bool:
    """Whether ipmitool can log in so."""
    command = ["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(sim.port), "-R", "1",
               "-N", "1", "-L", privilege, "-U", user, "-E", "power", "status"]  # fmt: skip
    environment = {**os.environ, "IPMI_PASSWORD": password}
    done = subprocess.run(command, capture_output=True, timeout=15, check=False, env=environment)
    return done.returncode == 0


@contextmanager
def administrator(sim: Simulated, **options: Any) -> Iterator[IpmiBmc]:
    with connect(sim.target(privilege="administrator", **options)) as bmc:
        assert isinstance(bmc, IpmiBmc)
        yield bmc


def line_of(sim: Simulated, name: str) -> list[str]:
    """What ipmitool's list says of an account: number, name, callin, link, messaging, privilege."""
    lines = [line.split() for line in sim.ipmitool("user", "list", "1").splitlines()]
    found = [line for line in lines if len(line) > 1 and line[1] == name]
    return found[0] if found else []


@pytest.mark.parametrize("password", [SHORT, LONG])
def test_an_account_in_four_runs(sim: Simulated, password: str) -> None:
    wanted = Wanted("monitor", "user", password=password)
    with administrator(sim) as bmc:
        foretold = ensure(bmc, wanted, check=True)
        assert (foretold["changed"], foretold["proved"]) == (True, None)
        assert line_of(sim, "monitor") == []

        done = ensure(bmc, wanted)
        assert (done["changed"], done["before"], done["proved"]) == (True, None, "log-in")
        assert done["commands"] == foretold["commands"]
        assert line_of(sim, "monitor")[4:] == ["true", "USER"]
        assert lets_in(sim, "monitor", password)

        for check in (False, True):
            again = ensure(bmc, wanted, check=check)
            assert (again["changed"], again["commands"], again["proved"]) == (False, [], "log-in")
    assert password not in repr(done)


def test_freeipmi_reads_the_same(namespace: str, plugin: Path, tmp_path: Path) -> None:
    sim = Simulated(tmp_path / "sim", plugin, address="127.0.0.9")
    sim.start()
    try:
        with administrator(sim) as bmc:
            ensure(bmc, Wanted("monitor", "operator", password=SHORT))
        # It ends with 1, for the limit of sessions that this BMC does not tell.
        told = sim.freeipmi("ipmi-config", "--checkout", "-S", "User4", privilege="ADMIN", well=(0, 1))
    finally:
        sim.stop()
    said = dict(pair for line in told.splitlines() if len(pair := line.split()) == 2)
    assert said["Username"] == "monitor"
    assert (said["Enable_User"], said["Lan_Enable_IPMI_Msgs"]) == ("Yes", "Yes")
    assert said["Lan_Privilege_Limit"] == "Operator"


def test_a_20_byte_password_is_no_16_byte_one(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        ensure(bmc, Wanted("monitor", "user", password=LONG))
    assert not lets_in(sim, "monitor", LONG[:16])


def test_what_is_set_is_there_after_the_bmc_lost_its_power(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        ensure(bmc, Wanted("monitor", "operator", password=LONG))
    sim.stop()
    sim.start()
    assert lets_in(sim, "monitor", LONG, "OPERATOR")
    assert line_of(sim, "monitor")[-1] == "OPERATOR"


def test_a_password_that_differs_is_set_and_one_that_works_is_not(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        ensure(bmc, Wanted("monitor", "user", password=SHORT))
        changed = ensure(bmc, Wanted("monitor", "user", password=LONG))
        assert [command.split(" of ")[0] for command in changed["commands"]] == ["set the password"]
        assert ensure(bmc, Wanted("monitor", "user", password=LONG))["changed"] is False
    assert lets_in(sim, "monitor", LONG)
    assert not lets_in(sim, "monitor", SHORT)


def test_privilege_and_switch_are_changed_and_read_back(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        assert ensure(bmc, Wanted(VIEWER, "operator"))["changed"] is True
        assert line_of(sim, VIEWER)[4:] == ["true", "OPERATOR"]
        assert lets_in(sim, VIEWER, PASSWORD, "OPERATOR")
        done = ensure(bmc, Wanted(VIEWER, "operator", enabled=False))
        assert (done["before"]["enabled"], done["after"]["enabled"]) == (True, False)
        assert not lets_in(sim, VIEWER, PASSWORD, "OPERATOR")
        assert ensure(bmc, Wanted(VIEWER, "operator", enabled=False))["changed"] is False
        assert ensure(bmc, Wanted(VIEWER, "user"))["changed"] is True
    assert lets_in(sim, VIEWER, PASSWORD)


def test_a_privilege_that_is_not_stated_is_left_alone(sim: Simulated) -> None:
    """An administrator whose password alone is changed stays one; a new account has to be told."""
    with administrator(sim) as bmc:
        ensure(bmc, Wanted("second", "administrator", password=SHORT))
        done = ensure(bmc, Wanted("second", None, password=LONG))
        assert [command.split(" of ")[0] for command in done["commands"]] == ["set the password"]
        assert line_of(sim, "second")[-1] == "ADMINISTRATOR"
        assert lets_in(sim, "second", LONG, "ADMINISTRATOR")
        with pytest.raises(Refused, match="account_privilege"):
            ensure(bmc, Wanted("monitor", None, password=SHORT))
        # This session's own, too: no demotion is refused because none is asked for.
        assert ensure(bmc, Wanted(USER, None, password=PASSWORD))["changed"] is False
    assert line_of(sim, "monitor") == []


def test_an_account_is_removed_in_four_runs(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        assert remove(bmc, VIEWER, check=True)["changed"] is True
        assert lets_in(sim, VIEWER, PASSWORD)
        assert remove(bmc, VIEWER)["after"] is None
        assert line_of(sim, VIEWER) == []
        assert not lets_in(sim, VIEWER, PASSWORD)
        for check in (False, True):
            assert remove(bmc, VIEWER, check=check)["changed"] is False
        # The place is free for the next.
        assert ensure(bmc, Wanted("next", "user", password=SHORT))["after"]["slot"] == 3


@pytest.mark.parametrize(
    "wanted", [Wanted(USER, "administrator", enabled=False), Wanted(USER, "operator"),
               Wanted(USER, "administrator", password=LONG)]
)  # fmt: skip
def test_nobody_locks_himself_out(sim: Simulated, wanted: Wanted) -> None:
    with administrator(sim) as bmc:
        with pytest.raises(Refused, match="account of this very session"):
            ensure(bmc, wanted)
        with pytest.raises(Refused, match="account of this very session"):
            remove(bmc, USER)
    assert lets_in(sim, USER, PASSWORD, "ADMINISTRATOR")


def test_a_weak_password_is_refused_before_anything_is_touched(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        with pytest.raises(Refused, match="too weak") as error:
            ensure(bmc, Wanted("monitor", "user", password="monitor-monitor"))
        assert "monitor-monitor" not in str(error.value)
        assert "user's name" in str(error.value)
    assert line_of(sim, "monitor") == []


def test_vendors_accounts_and_the_anonymous_one_are_locked(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        ensure(bmc, Wanted("ADMIN", "administrator", password=SHORT))
        bmc.set_password(bmc.accounts()[0], PASSWORD)
    # The anonymous account, opened by another client.
    sim.ipmitool("user", "priv", "1", "2", "1")
    sim.ipmitool("channel", "setaccess", "1", "1", "ipmi=on")
    sim.ipmitool("user", "enable", "1")
    with administrator(sim) as bmc:
        foretold = lock_defaults(bmc, check=True)
        assert foretold["locked"] == ["", "ADMIN"]
        assert lets_in(sim, "ADMIN", SHORT, "ADMINISTRATOR")
        assert lock_defaults(bmc)["commands"] == foretold["commands"]
        assert not lets_in(sim, "ADMIN", SHORT, "ADMINISTRATOR")
        assert line_of(sim, "ADMIN")[4] == "false"
        assert [account.name for account in bmc.accounts() if account.enabled] == [USER, VIEWER]
        assert lock_defaults(bmc)["changed"] is False


def test_a_default_account_in_use_stays_and_is_named(sim: Simulated) -> None:
    with administrator(sim) as bmc:
        ensure(bmc, Wanted("root", "administrator", password=SHORT))
    with administrator(sim, user="root", password=SHORT) as bmc:
        done = lock_defaults(bmc)
    assert (done["locked"], [one["name"] for one in done["kept"]]) == ([], ["root"])
    assert "account of this very session" in done["kept"][0]["reason"]


def test_a_bmc_that_says_yes_and_does_nothing_is_found_out(sim: Simulated) -> None:
    sim.fault("ignore")
    with administrator(sim) as bmc, pytest.raises(errors.NotConfirmed, match="reads"):
        ensure(bmc, Wanted(VIEWER, "operator"))


def test_a_bmc_that_cuts_a_password_off_is_found_out(sim: Simulated) -> None:
    sim.fault("cuts")
    with administrator(sim) as bmc, pytest.raises(errors.NotConfirmed, match="nobody can log in"):
        ensure(bmc, Wanted("monitor", "user", password=LONG))
    assert not lets_in(sim, "monitor", LONG)


def test_a_second_log_in_as_the_session_itself_is_one(sim: Simulated) -> None:
    """With the very user and password of an open session: proved by packets, and the session stays."""
    with administrator(sim) as bmc:
        own = bmc.target
        with bmc.beside(user=own.user, password=own.password, privilege="administrator") as second:
            sessions = {one.session.wire.managed_id for one in (bmc, second)}
            # Both are told apart while they are open.
            assert [one.read_status().power for one in (bmc, second, bmc)] == ["on"] * 3
        assert ensure(bmc, Wanted(USER, "administrator", password=PASSWORD))["proved"] == "log-in"
        assert bmc.read_status().power == "on"
        sim.hang()
        with pytest.raises(DatacenterError), bmc.beside(user=own.user, password=own.password):
            pytest.fail("a log-in at a BMC that says nothing")
    assert len(sessions) == 2


def test_the_ledger_lets_in_after_a_bmc_cut_the_new_password_off(sim: Simulated, tmp_path: Path) -> None:
    """The session's own account: the old password must be seen to be gone, and be set again."""
    sim.fault("cuts")
    with (
        administrator(sim) as bmc,
        open_ledger(tmp_path / "ledger") as ledger,
        pytest.raises(errors.NotConfirmed, match="the old one is in force"),
    ):
        rotate(bmc, Rotation(USER, LONG), ledger)
    entry = json.loads((tmp_path / "ledger").read_text().splitlines()[-1])
    assert entry["state"] == "kept"
    assert lets_in(sim, USER, entry["old"], "ADMINISTRATOR")


def test_an_operator_is_told_that_he_may_not(sim: Simulated) -> None:
    with connect(sim.target(privilege="operator")) as bmc, pytest.raises(DatacenterError) as error:
        ensure(bmc, Wanted("monitor", "user", password=LONG))
    assert isinstance(error.value, errors.PrivilegeTooLow)
    assert not lets_in(sim, "monitor", LONG)
