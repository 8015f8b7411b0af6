# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redfish session: who lets it in, how long it waits, what it sends twice, and that it is given back."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from bmc_bench import PASSWORD, USER, VIEWER
from redfish_bench import SERVICE_PORT, Authority
from redfish_service import SYSTEM, Faults, Service

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import chassis, errors, info, rotation
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.bmc import RedfishBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)

QUICK = Confirmation(readings=2, interval_s=0.05, deadline_s=5)


# Who it is, and who may ---------------------------------------------------------------------


def test_a_certificate_of_another_authority_is_refused_before_a_password_is_told(
    service: Service, target: Any, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other")
    with (
        pytest.raises(errors.CertificateRefused, match="ca_file"),
        connect(target(ca_file=str(other.ca_file))),
    ):
        raise AssertionError("it was let in")
    with pytest.raises(errors.CertificateRefused), connect(target(ca_file=None)):
        raise AssertionError("the machine's own authorities took it")
    assert service.asked == []


def test_a_certificate_for_another_address_is_refused(
    namespace: str, authority: Authority, target: Any, tmp_path: Path
) -> None:
    service = Service(tmp_path / "s", {USER: PASSWORD}, SERVICE_PORT)
    service.start(*authority.sign("elsewhere", subject="IP:127.0.0.9"))
    try:
        with pytest.raises(errors.CertificateRefused, match="IP address mismatch"), connect(target()):
            raise AssertionError("it was let in")
    finally:
        service.stop()
    assert service.asked == []


def test_a_file_that_is_no_certificate_is_said(service: Service, target: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "none.pem"
    with pytest.raises(DatacenterError, match="cannot be read"), connect(target(ca_file=str(wrong))):
        pass
    wrong.write_text("nothing")
    with pytest.raises(DatacenterError, match="cannot be read"), connect(target(ca_file=str(wrong))):
        pass


def test_a_wrong_password_is_told_from_a_low_role(service: Service, target: Any) -> None:
    with pytest.raises(errors.WrongPassword, match="lock the account"), connect(target(password="wrong")):
        pass
    assert service.log_ins == 1
    with connect(target(user=VIEWER)) as bmc:
        assert bmc.read_status().power == "on"
        with pytest.raises(errors.PrivilegeTooLow, match="InsufficientPrivilege"):
            set_power(bmc, "off", QUICK)
    assert service.power == "on"


def test_all_sessions_taken_is_told(service: Service, target: Any) -> None:
    service.most_sessions = 1
    with connect(target()), pytest.raises(errors.NoSessionLeft), connect(target(port=1)):
        pass


def test_a_session_that_ended_is_told_and_nothing_is_repeated(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        bmc.read_status()
        service.sessions.clear()
        with pytest.raises(errors.NoSessionLeft):
            bmc.control("off")
    assert service.power == "on"
    assert service.log_ins == 1


def test_several_servers_behind_one_service_are_not_guessed(service: Service, target: Any) -> None:
    second = "/redfish/v1/Systems/2"
    service.tree[second] = {**service.tree[SYSTEM], "@odata.id": second, "Id": "2", "Name": "nn-db-02"}
    service.tree["/redfish/v1/Systems"]["Members"].append({"@odata.id": second})
    with connect(target()) as bmc, pytest.raises(Refused, match="2 stand behind this service: 1, 2"):
        set_power(bmc, "off", QUICK)
    for name in ("2", "nn-db-02"):
        with connect(target(system=name)) as bmc:
            assert isinstance(bmc, RedfishBmc)
            assert bmc.service.system_path() == second
    with connect(target(system="nn-db-09")) as bmc, pytest.raises(Refused, match="nn-db-09"):
        bmc.read_boot()
    assert service.power == "on"


# The wire ------------------------------------------------------------------------------------


def test_the_environments_proxy_is_not_used(
    service: Service, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with connect(target()) as bmc:
        assert bmc.read_status().power == "on"


def test_an_answer_byte_by_byte_ends_at_the_deadline(service: Service, target: Any) -> None:
    with connect(target(answer_s=1.0), Deadline(10)) as bmc:
        service.faults.drip_s = 0.1
        began = time.monotonic()
        with pytest.raises(Unreachable, match="no whole answer within 1 s"):
            bmc.firmware()
        assert time.monotonic() - began < 2
        service.faults.drip_s = 0


def test_one_deadline_holds_the_whole_operation(service: Service, target: Any) -> None:
    service.faults.slow_s = 0.4
    began = time.monotonic()
    with pytest.raises(DatacenterError), connect(target(), Deadline(1.5)) as bmc:
        info.gather(bmc, ["fru"])
    assert time.monotonic() - began < 1.5 + 2.0 + 0.5
    _drained(service)


def test_a_silent_service_is_unreachable(namespace: str, target: Any) -> None:
    with socket.create_server(("127.0.0.1", SERVICE_PORT)):
        began = time.monotonic()
        with pytest.raises(Unreachable), connect(target(answer_s=0.5)):
            pass
        assert time.monotonic() - began < 1.5
    with pytest.raises(Unreachable, match=f"TCP port {SERVICE_PORT}"), connect(target()):
        pass


def test_what_is_no_redfish_is_said(namespace: str, target: Any, authority: Authority) -> None:
    def answer(server: socket.socket) -> None:
        taken = server.accept()[0]
        with taken:
            taken.recv(100)
            taken.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>")

    with socket.create_server(("127.0.0.1", SERVICE_PORT)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        with pytest.raises(errors.TlsRefused, match=f"port {SERVICE_PORT} speaks HTTPS"), connect(target()):
            pass
        thread.join()


def test_a_dropped_answer_is_asked_for_again_where_that_does_no_harm(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        service.faults.drop = ("GET", SYSTEM, 1)
        assert bmc.read_status().power == "on"
        service.faults.drop = ("POST", f"{SYSTEM}/Actions", 1)
        set_power(bmc, "off", QUICK)
    assert service.resets == ["ForceOff", "ForceOff"]


@pytest.mark.parametrize("verb", ["cycle", "reset"])
def test_a_reset_whose_answer_is_lost_is_not_sent_twice(service: Service, target: Any, verb: str) -> None:
    with connect(target()) as bmc:
        service.faults.drop = ("POST", f"{SYSTEM}/Actions", 1)
        with pytest.raises(Unreachable, match="whether the server did it is not known"):
            set_power(bmc, verb, QUICK)
    assert len(service.resets) == 1


def test_a_busy_service_is_asked_again(service: Service, target: Any) -> None:
    with connect(target(answer_s=5)) as bmc:
        service.faults.busy = 1
        assert bmc.read_status().power == "on"
        service.faults.say = ("POST", SYSTEM, 503, "ServiceTemporarilyUnavailable")
        with pytest.raises(errors.NotNow):
            bmc.control("reset", once=True)
        assert [method for method, _path in service.asked].count("POST") == 2, "the log-in, and once"
    assert service.resets == []


@pytest.mark.parametrize("kind", ["monitor", "task"])
def test_a_change_that_is_a_task_is_seen_to_its_end(service: Service, target: Any, kind: str) -> None:
    service.faults.task = (kind, 0.5, "Completed")
    with connect(target(answer_s=3)) as bmc:
        assert chassis.set_restore_policy(bmc, "always-off")["changed"] is True
        set_power(bmc, "off", QUICK)
        service.faults.task = (kind, 0.5, "Exception")
        with pytest.raises(errors.BmcError, match="InternalError"):
            chassis.set_restore_policy(bmc, "previous")
        service.faults.task = (kind, 60, "Completed")
        with pytest.raises(Unreachable, match="its task is still Running after 3 s"):
            chassis.set_restore_policy(bmc, "previous")
    assert service.tree[SYSTEM]["PowerRestorePolicy"] == "AlwaysOff"
    assert (service.power, service.resets) == ("off", ["ForceOff"])


@pytest.mark.parametrize("kind", ["monitor", "task"])
def test_a_password_that_a_task_sets_late_is_not_lost(
    service: Service, target: Any, tmp_path: Path, kind: str
) -> None:
    new, path = "Broad-Meadow-Long-99", tmp_path / "rotation.jsonl"
    way = target(answer_s=1.0)
    service.faults.task = (kind, 6.0, "Completed")
    ends = time.monotonic() + 6.5
    with pytest.raises(Unreachable, match="run this again with the same file"):
        _rotate(way, path, new)
    assert (service.passwords[USER], [one["state"] for one in _noted(path)]) == (PASSWORD, ["pending"])
    time.sleep(max(0.0, ends - time.monotonic()))
    service.faults = Faults()
    assert _rotate(way, path)["after"] == "done"
    assert service.passwords[USER] == new
    assert service.asked.count(("PATCH", "/redfish/v1/AccountService/Accounts/1")) == 1


def test_somebody_elses_change_between_does_not_lose_ours(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        service.faults.changes_hands = 1
        chassis.set_restore_policy(bmc, "always-off")
        service.faults.changes_hands = 2
        with pytest.raises(errors.NotNow, match="PreconditionFailed"):
            chassis.set_restore_policy(bmc, "previous")


@pytest.mark.parametrize("where", ["GET", "POST"])
def test_a_session_is_given_back_after_an_error(service: Service, target: Any, where: str) -> None:
    service.faults.say = (where, SYSTEM, 500, "InternalError")
    with pytest.raises(DatacenterError), connect(target()) as bmc:
        set_power(bmc, "off", QUICK)
    assert service.log_ins == 1
    with pytest.raises(RuntimeError), connect(target()):
        raise RuntimeError("what nobody thought of")


def test_a_session_is_given_back_over_a_connection_that_has_ended(service: Service, target: Any) -> None:
    with connect(target()) as bmc:
        service.faults.drop = ("GET", SYSTEM, 2)
        assert bmc.read_status().power == "unknown"
    assert "DELETE" in [method for method, _path in service.asked]


def test_no_secret_is_logged(service: Service, target: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with connect(target()) as bmc:
        token = next(iter(service.sessions))
        bmc.read_status()
        assert PASSWORD not in repr(bmc.__dict__) + repr(target())
    with pytest.raises(errors.WrongPassword) as caught, connect(target(password=PASSWORD + "x")):
        pass
    assert "/redfish/v1/" in caplog.text, "the log was looked at"
    assert PASSWORD not in caplog.text + repr(caught.value.fields())
    assert token not in caplog.text


def test_a_password_that_is_refused_is_not_told_and_another_may_follow(
    service: Service, target: Any, tmp_path: Path
) -> None:
    path = tmp_path / "rotation.jsonl"
    service.longest_password = 15
    with pytest.raises(errors.NotConfirmed, match="of the value \\*+ ") as caught:
        _rotate(target(), path)
    assert [one["state"] for one in _noted(path)] == ["pending", "kept"]
    assert _noted(path)[0]["new"] not in repr([caught.value, caught.value.fields(), caught.value.result])
    assert _rotate(target(), path, "Broad-Meadow-99")["after"] == "done"
    assert service.passwords[USER] == "Broad-Meadow-99"


def _rotate(way: Target, path: Path, new: str | None = None) -> dict[str, Any]:
    with (
        rotation.open_ledger(path) as ledger,
        connect(rotation.ways_in(way, ledger, USER)) as bmc,
    ):
        return rotation.rotate(bmc, rotation.Rotation(USER, new), ledger)


def _noted(ledger: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ledger.read_text().splitlines()]


def _drained(service: Service) -> None:
    """The last farewell may still be under way: it is slow here on purpose."""
    end = time.monotonic() + 3
    service.faults = Faults()
    while service.sessions and time.monotonic() < end:
        time.sleep(0.02)
