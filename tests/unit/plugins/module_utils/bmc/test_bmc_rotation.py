# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a rotation, which passwords are tried, and what is done when a BMC does not do as it is
told."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, rotation
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import accounts as calls
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Account
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.rotation import (
    Entry,
    Rotation,
    open_ledger,
    rotate,
    ways_in,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)

OLD, NEW, OTHER = "Quiet-Harbour-77", "Broad-Meadow-99", "Tall-Lantern-55"
SILENT = Unreachable("set", device="db", cause="no answer within 5 s")


class FakeBmc:
    """Two accounts; what a password is set to is kept, unless a test has the BMC do otherwise."""

    def __init__(self, password: str = OLD, user: str = "ops") -> None:
        self.passwords = {"ops": password, "monitor": OLD}
        self.target = Target("db", "10.0.0.1", user, self.passwords[user], privilege="administrator")
        self.name = "db"
        self.stores: Any = lambda password: password
        self.answers: list[DatacenterError | None] = []
        self.silent = False
        self.tried: list[tuple[str, str]] = []
        self.sent: list[str] = []

    def accounts(self) -> list[Account]:
        return [Account(2, "ops", True, "administrator"), Account(3, "monitor", True, "user")]

    def set_password(self, account: Account, password: str) -> None:
        self.sent.append(password)
        self.passwords[account.name] = self.stores(password)
        if self.answers and (error := self.answers.pop(0)):
            raise error

    def test_password(self, account: Account, password: str) -> bool | None:
        return None

    @contextmanager
    def beside(self, *, user: str, password: str, privilege: str) -> Iterator[FakeBmc]:
        self.tried.append((user, password))
        if self.silent:
            raise SILENT
        if self.passwords[user] != password:
            raise errors.wrong_password("db")
        yield self


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_SETTLE_S", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rotation.jsonl"


def turn(bmc: FakeBmc, path: Path, wanted: Rotation | None = None, **options: Any) -> dict[str, Any]:
    with open_ledger(path, check=options.get("check", False)) as ledger:
        return rotate(bmc, wanted or Rotation("ops", NEW), ledger, **options)  # type: ignore[arg-type]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def states(path: Path) -> list[str]:
    return [line["state"] for line in lines(path)]


def test_both_passwords_are_down_before_the_bmc_is_told(path: Path) -> None:
    bmc = FakeBmc()
    seen: list[dict[str, Any]] = []

    def store(password: str) -> str:
        seen.extend(lines(path))
        return password

    bmc.stores = store
    done = turn(bmc, path)
    assert [(line["state"], line["old"], line["new"]) for line in seen] == [("pending", OLD, NEW)]
    assert (done["changed"], done["before"], done["after"]) == (True, None, "done")
    assert states(path) == ["pending", "done"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert bmc.passwords["ops"] == NEW
    assert NEW not in repr(done)


def test_a_password_is_made_when_none_is_given(path: Path) -> None:
    bmc = FakeBmc()
    turn(bmc, path, Rotation("ops"))
    assert bmc.passwords["ops"] == lines(path)[-1]["new"] != OLD
    # Again with the same file: the same one, and nothing to do.
    again = FakeBmc(bmc.passwords["ops"])
    assert turn(again, path, Rotation("ops"))["changed"] is False
    assert again.sent == []


def test_check_mode_makes_no_file_and_sends_nothing(path: Path) -> None:
    bmc = FakeBmc()
    assert turn(bmc, path, check=True)["commands"] == ["set the password of account 2 (ops)"]
    assert not path.exists()
    assert bmc.sent == []


@pytest.mark.parametrize("in_force", [OLD, NEW])
def test_what_broke_off_is_finished_from_the_one_that_works(path: Path, in_force: str) -> None:
    with open_ledger(path) as ledger:
        ledger.write(Entry("db", "ops", "pending", OLD, NEW))
    bmc = FakeBmc(in_force)
    done = turn(bmc, path, Rotation("ops"))
    assert (done["before"], done["after"], bmc.passwords["ops"]) == ("pending", "done", NEW)
    assert bmc.sent == ([NEW] if in_force == OLD else [])


def test_the_ways_in_are_those_that_may_be_in_force(path: Path) -> None:
    stated = Target("db", "10.0.0.1", "ops", OTHER)

    def tried(account: str = "ops") -> list[str]:
        with open_ledger(path) as ledger:
            way = ways_in(stated, ledger, account)
        return [one.password for one in (way, *way.else_)]

    assert tried() == [OTHER]
    for state, expected in (
        ("pending", [NEW, OLD, OTHER]),
        ("done", [NEW, OTHER]),
        ("kept", [OLD, OTHER, NEW]),
    ):
        with open_ledger(path) as ledger:
            ledger.write(Entry("db", "ops", state, OLD, NEW))
        assert tried() == expected
    with open_ledger(path) as ledger:
        ledger.write(Entry("db", "ops", "pending", OLD, "Quiet-Harbour-No-777"))
    # A BMC may have kept 16 bytes of it.
    assert tried() == ["Quiet-Harbour-No-777", OLD, OTHER, "Quiet-Harbour-No"]
    with open_ledger(path) as ledger:
        ledger.write(Entry("db", "ops", "kept", OLD, "Quiet-Harbour-No-777"))
    assert tried() == [OLD, OTHER, "Quiet-Harbour-No-777", "Quiet-Harbour-No"]
    assert tried("monitor") == [OTHER]


def test_an_answer_that_does_not_come_is_settled_at_the_door(path: Path) -> None:
    bmc = FakeBmc()
    bmc.answers = [SILENT]
    assert turn(bmc, path)["after"] == "done"


def test_an_outcome_that_is_not_known_leaves_both_open(path: Path) -> None:
    # The task goes on in the BMC: the old password works now, and the new one in a minute.
    bmc = FakeBmc()
    bmc.answers, bmc.stores = [SILENT], lambda _password: OLD
    with pytest.raises(Unreachable, match="run this again with the same file") as error:
        turn(bmc, path)
    assert (error.value.result["after"], states(path), bmc.sent) == ("pending", ["pending"], [NEW])
    bmc.stores, bmc.passwords["ops"] = lambda password: password, NEW
    with open_ledger(path) as ledger:
        bmc.target = ways_in(bmc.target, ledger, "ops")
    assert turn(bmc, path, Rotation("ops"))["after"] == "done"
    assert bmc.sent == [NEW]


@pytest.mark.parametrize("kind", [errors.CommandUnsupported, errors.BmcError])
@pytest.mark.parametrize(("account", "old"), [("ops", None), ("monitor", None), ("monitor", OLD)])
def test_a_password_that_the_bmc_refuses_is_not_the_end(
    path: Path, kind: type[errors.BmcError], account: str, old: str | None
) -> None:
    bmc = FakeBmc()
    bmc.answers, bmc.stores = [errors.refused("db", "set", kind, "not this one")], lambda _password: OLD
    with pytest.raises(errors.NotConfirmed, match="refuses this password: not this one") as error:
        turn(bmc, path, Rotation(account, NEW, old))
    assert (error.value.result["changed"], states(path)) == (False, ["pending", "kept"])
    bmc.stores = lambda password: password
    assert turn(bmc, path, Rotation(account, OTHER, old))["after"] == "done"
    assert bmc.passwords[account] == OTHER


def test_a_no_to_what_was_done_already_is_seen_at_the_door(path: Path) -> None:
    bmc = FakeBmc()
    bmc.answers = [errors.refused("db", "set", errors.NoSessionLeft, "the session has ended")]
    assert turn(bmc, path)["after"] == "done"
    assert states(path) == ["pending", "done"]


def test_a_no_after_which_nobody_gets_in_leaves_both_open(path: Path) -> None:
    bmc = FakeBmc()
    bmc.answers = [errors.refused("db", "set", errors.BmcError, "internal")]
    bmc.stores = lambda _password: "garbled"
    with pytest.raises(errors.NotConfirmed, match="neither the old nor the new"):
        turn(bmc, path)
    assert states(path) == ["pending"]


def test_a_bmc_that_is_gone_leaves_both_in_the_file(path: Path) -> None:
    bmc = FakeBmc()
    bmc.answers, bmc.silent = [SILENT], True
    with pytest.raises(Unreachable, match="run this again with the same file"):
        turn(bmc, path)
    assert [(line["state"], line["old"], line["new"]) for line in lines(path)] == [("pending", OLD, NEW)]


def test_a_bmc_that_stores_another_password_gets_the_old_one_back(path: Path) -> None:
    bmc = FakeBmc()
    bmc.stores = lambda password: "garbled" if password == NEW else password
    with pytest.raises(errors.NotConfirmed, match="the old one is in force") as error:
        turn(bmc, path)
    assert (bmc.sent, bmc.passwords["ops"]) == ([NEW, OLD], OLD)
    assert (error.value.result["changed"], states(path)) == (False, ["pending", "kept"])
    # Another new one may be given now.
    assert turn(FakeBmc(), path, Rotation("ops", OTHER))["after"] == "done"


def test_a_password_that_comes_into_force_a_moment_later_is_waited_for(path: Path) -> None:
    bmc = FakeBmc()
    late: list[str] = []

    def keep_for_later(password: str) -> str:
        late.append(password)
        return OLD

    def log_in(*, user: str, password: str, privilege: str) -> Any:
        # In force after the first look.
        if len(bmc.tried) == 1:
            bmc.passwords["ops"] = late[0]
        return FakeBmc.beside(bmc, user=user, password=password, privilege=privilege)

    bmc.stores = keep_for_later
    bmc.beside = log_in  # type: ignore[method-assign]
    assert turn(bmc, path)["after"] == "done"
    assert (bmc.sent, states(path)) == ([NEW], ["pending", "done"])


def test_a_password_written_off_that_lets_in_after_all_is_the_one(path: Path) -> None:
    """No third one is made: which of three were in force?"""
    with open_ledger(path) as ledger:
        ledger.write(Entry("db", "ops", "kept", OLD, NEW))
    bmc = FakeBmc(NEW)
    assert turn(bmc, path, Rotation("ops"))["after"] == "done"
    assert (bmc.sent, lines(path)[-1]["new"], states(path)) == ([], NEW, ["kept", "done"])


def test_a_bmc_that_lets_nobody_in_any_more_is_reported_as_that(path: Path) -> None:
    bmc = FakeBmc()
    bmc.stores = lambda _password: "garbled"
    with pytest.raises(errors.NotConfirmed, match="neither the old nor the new") as error:
        turn(bmc, path)
    assert (error.value.result["changed"], states(path)) == (True, ["pending"])
    assert not {OLD, NEW} & set(str(error.value).split())


def refusal() -> errors.BmcError:
    return errors.refused("db", "set", errors.BmcError, "it was used before")


def test_a_password_that_the_bmc_refuses_is_not_offered_again(path: Path) -> None:
    bmc = FakeBmc()
    bmc.stores, bmc.answers = lambda _password: OLD, [refusal()]
    with pytest.raises(errors.NotConfirmed, match="refuses this password: it was used before") as error:
        turn(bmc, path)
    assert (error.value.result["changed"], states(path)) == (False, ["pending", "kept"])
    assert bmc.sent == [NEW]
    bmc.stores = lambda password: password
    assert turn(bmc, path, Rotation("ops"))["after"] == "done"
    assert bmc.passwords["ops"] == lines(path)[-1]["new"] != NEW


def test_nor_where_the_old_one_is_not_known(path: Path) -> None:
    bmc = FakeBmc()
    bmc.stores, bmc.answers = lambda _password: OLD, [refusal()]
    with pytest.raises(errors.NotConfirmed, match="the one before is not known") as error:
        turn(bmc, path, Rotation("monitor", NEW))
    assert (error.value.result["changed"], states(path)) == (False, ["pending", "kept"])


def test_a_bmc_that_refuses_the_old_one_when_it_is_set_again_has_lost_both(path: Path) -> None:
    bmc = FakeBmc()
    bmc.stores, bmc.answers = lambda _password: "garbled", [None, refusal()]
    with pytest.raises(errors.NotConfirmed, match="neither the old nor the new") as error:
        turn(bmc, path)
    assert (error.value.result["changed"], states(path)) == (True, ["pending"])


def test_a_door_that_cannot_be_asked_leaves_it_open_and_says_changed(path: Path) -> None:
    bmc = FakeBmc()

    def full(**_words: str) -> Any:
        raise errors.NoSessionLeft("no session", device="db")

    bmc.beside = full  # type: ignore[method-assign]
    with pytest.raises(errors.NoSessionLeft) as error:
        turn(bmc, path)
    assert (error.value.result["changed"], states(path)) == (True, ["pending"])


def test_an_unknown_password_that_was_overwritten_in_vain_is_a_change(path: Path) -> None:
    bmc = FakeBmc()
    bmc.stores = lambda _password: "garbled"
    with pytest.raises(errors.NotConfirmed, match="what is in force is not known") as error:
        turn(bmc, path, Rotation("monitor", NEW))
    assert (error.value.result["changed"], states(path)) == (True, ["pending"])
    # It may be a beginning of it that was kept: the next run looks for that, and has an old one then.
    again = FakeBmc()
    again.passwords["monitor"] = "Quiet-Harbour-No"
    with open_ledger(path) as ledger:
        ledger.write(Entry("db", "monitor", "pending", None, "Quiet-Harbour-No-777"))
    turn(again, path, Rotation("monitor"))
    assert lines(path)[-1]["old"] == "Quiet-Harbour-No"


def test_another_password_is_not_begun_while_one_is_under_way(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger.write(Entry("db", "ops", "pending", OLD, NEW))
    bmc = FakeBmc()
    with pytest.raises(Refused, match="another new password is under way"):
        turn(bmc, path, Rotation("ops", OTHER))
    assert bmc.sent == []


def test_another_account_is_rotated_by_this_session(path: Path) -> None:
    bmc = FakeBmc()
    done = turn(bmc, path, Rotation("monitor", NEW, OLD))
    assert (done["after"], bmc.passwords["monitor"], bmc.passwords["ops"]) == ("done", NEW, OLD)
    assert lines(path)[0]["old"] == OLD
    # Found in force by a log-in, not by the file.
    assert turn(FakeBmc(), path, Rotation("monitor", OTHER, OLD))["changed"] is True


def test_a_weak_password_never_reaches_the_file(path: Path) -> None:
    with pytest.raises(Refused, match="too weak"):
        turn(FakeBmc(), path, Rotation("ops", "calvin"))
    assert path.read_text() == ""


def test_a_torn_last_line_is_cut_off_and_a_strange_one_is_refused(path: Path) -> None:
    turn(FakeBmc(), path)
    whole = path.read_text()
    path.write_text(whole + '{"name": "db", "acc')
    assert turn(FakeBmc(NEW), path)["changed"] is False
    assert path.read_text() == whole
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n" + whole)
    with pytest.raises(DatacenterError, match="line 1 is none of ours"):
        turn(FakeBmc(), path)


def test_two_runs_do_not_share_the_file(path: Path) -> None:
    with open_ledger(path), pytest.raises(Refused, match="another rotation holds the file"):
        turn(FakeBmc(), path)


def test_hosts_of_one_task_wait_for_each_other(path: Path) -> None:
    held = threading.Event()

    def hold() -> None:
        with open_ledger(path) as ledger:
            held.set()
            time.sleep(0.3)
            ledger.write(Entry("db1", "ops", "done", OLD, NEW))

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(5)
    with open_ledger(path, wait_s=10) as ledger:
        # What the other wrote while this one waited is known.
        assert ledger.last("db1", "ops") is not None
    other.join()


def test_a_close_that_fails_costs_no_result(path: Path) -> None:
    with open_ledger(path) as ledger:
        done = rotate(FakeBmc(), Rotation("ops", NEW), ledger)  # type: ignore[arg-type]
        assert ledger._file is not None
        # As a network file system does that has no room.
        os.close(ledger._file.fileno())
    assert done["after"] == "done"


def test_a_session_that_ends_with_the_old_password_costs_no_result(path: Path) -> None:
    bmc = FakeBmc()
    everybody = bmc.accounts()

    def once() -> list[Account]:
        if bmc.sent:
            raise SILENT
        return everybody

    bmc.accounts = once  # type: ignore[method-assign]
    with open_ledger(path) as ledger:
        own = {"state": "rotated", "account": None, "new_password": NEW, "old_password": None,
               "lock_defaults": False, "_ledger": ledger}  # fmt: skip
        done = calls.USER.work(bmc, own, False)  # type: ignore[arg-type]
    assert (done["changed"], done["after"], "accounts" in done) == (True, "done", False)
    assert "were not read" in done["warnings"][0]


def test_no_password_is_shown_by_what_holds_one() -> None:
    shown = repr(Entry("db", "ops", "pending", OLD, NEW)) + repr(Rotation("ops", NEW, OLD))
    target = Target("db", "10.0.0.1", "ops", OLD)
    shown += repr(Target("db", "10.0.0.1", "ops", OLD, else_=(target,)))
    assert OLD not in shown
    assert NEW not in shown
