# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAPALM's own EOS driver, as it is, against the emulated switch.

What the driver sees here is what `net_config` builds on: when a change is only shown, when it is in force,
who takes it back, and what is heard when the change cut the way to the device.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import eos_emulator
import pytest
from eos_device import Fault
from eos_emulator import PASSWORD, STARTUP, USER, Emulator
from napalm import get_network_driver
from napalm.base.exceptions import (
    CommitError,
    ConnectionException,
    MergeConfigException,
    ReplaceConfigException,
)
from pyeapi.eapilib import CommandError
from pyeapi.eapilib import ConnectionError as EapiConnectionError

CHANGE = "interface Ethernet2\n   description to the archive\n   ip address 10.0.1.1/24\n"
CUTS = {
    "shut": "interface Management1\n   shutdown\n",
    "another address": "interface Management1\n   ip address 192.0.2.77/24\n",
    "access list that denies": "ip access-list MGMT\n   deny tcp 192.0.2.0/24 any\n   permit ip any any\n"
    "interface Management1\n   ip access-group MGMT in\n",
    "access list that ends": "ip access-list MGMT\n   permit ip host 198.51.100.1 any\n"
    "interface Management1\n   ip access-group MGMT in\n",
}


Connect = Callable[..., Any]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open drivers that end without a word: one that is forgotten would abort its session, timer or not."""
    opened: list[Any] = []

    def connected(port: int, timeout: float = 5, password: str = PASSWORD, **optional: Any) -> Any:
        optional_args = {"port": port, **optional}
        driver = get_network_driver("eos")("127.0.0.1", USER, password, timeout, optional_args)
        opened.append(driver)
        driver.open()
        return driver

    yield connected
    for driver in opened:
        driver.config_session = None


def running(eos: Emulator) -> str:
    """The configuration in force, as the switch has it: no reading over its own protocol."""
    with eos.switch.changed:
        return eos.switch.text(eos.switch.running, "")


def lose_patience(driver: Any) -> None:
    """From here on the driver waits for a second."""
    driver.device.connection.transport.timeout = 1


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_merge_is_shown_first_and_in_force_after_the_commit(eos: Emulator, connect: Connect) -> None:
    driver, before = connect(eos.port), running(eos)
    driver.load_merge_candidate(config=CHANGE)
    diff = driver.compare_config().splitlines()
    at = diff.index("+   description to the archive")
    assert diff[at - 1 : at + 2] == [" interface Ethernet2", diff[at], "+   ip address 10.0.1.1/24"]
    assert sum(line[0] in "+-" for line in diff) == 2
    assert running(eos) == before
    driver.commit_config()
    assert "   ip address 10.0.1.1/24" in running(eos)
    assert eos.switch.startup == eos.switch.running
    driver.load_merge_candidate(config=CHANGE)
    assert driver.compare_config() == ""


def test_a_replacement_takes_away_what_it_does_not_name(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    text = driver.get_config()["running"]
    driver.load_replace_candidate(config=text)
    assert driver.compare_config() == ""
    driver.discard_config()
    driver.load_replace_candidate(config=text.replace("ntp server 192.0.2.123\n", ""))
    diff = driver.compare_config().splitlines()
    assert [line for line in diff if line[0] in "+-"] == ["-!", "-ntp server 192.0.2.123"]
    driver.commit_config()
    assert "ntp server" not in running(eos)


def test_the_order_of_a_configuration_makes_no_difference(eos: Emulator, connect: Connect) -> None:
    blocks = re.split(r"\n(?=\S)", STARTUP.strip())
    driver = connect(eos.port)
    driver.load_replace_candidate(config="\n\n! remark\n".join(reversed(blocks)))
    assert driver.compare_config() == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("interfac Ethernet2", "Invalid input (at token 0: 'interfac')"),
        ("interface Ethernet2\n   ip adress 10.0.1.1/24", "Invalid input (at token 1: 'adress')"),
        ("ip route 10.9.0.0/16 10.0.0.300", "Invalid input (at token 3: '10.0.0.300')"),
        ("interface Ethernet2\n   mtu 99999", "Invalid input (at token 1: '99999')"),
        ("ip route 10.9.0.0/16", "Incomplete command (at token 2: '10.9.0.0/16')"),
        ("no hostnam", "Invalid input (at token 1: 'hostnam')"),
    ],
)
def test_a_line_it_does_not_know_leaves_no_candidate(
    eos: Emulator, connect: Connect, line: str, said: str
) -> None:
    driver, before = connect(eos.port), running(eos)
    with pytest.raises(MergeConfigException, match=re.escape(said)) as merged:
        driver.load_merge_candidate(config=f"hostname other\n{line}\n")
    assert "1002" in str(merged.value)
    with pytest.raises(ReplaceConfigException, match=re.escape(said)):
        driver.load_replace_candidate(config=f"hostname other\n{line}\n")
    assert running(eos) == before
    assert not [session for session in eos.switch.sessions.values() if session.state == "pending"]


@pytest.mark.parametrize("version", ["4.31.2F", "4.35.0F"])
def test_what_nobody_confirms_goes_back_by_itself(version: str, connect: Connect) -> None:
    with Emulator(version=version) as eos:
        driver, before, saved = connect(eos.port), running(eos), dict(eos.switch.startup)
        driver.load_merge_candidate(config=CHANGE)
        assert not driver.has_pending_commit()
        driver.commit_config(revert_in=2)
        began = time.monotonic()
        assert driver.has_pending_commit()
        (shown,) = driver.device.run_commands(["show configuration sessions detail"])
        assert ("commitTimerSessionName" in shown) == (version == "4.35.0F")
        assert "10.0.1.1/24" in running(eos)
        wait(lambda: running(eos) == before)
        assert 0.7 < time.monotonic() - began < 5
        assert not driver.has_pending_commit()
        assert eos.switch.startup == saved


def test_what_is_confirmed_stays_and_is_saved(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=2)
    driver.confirm_commit()
    time.sleep(2.2)
    assert "10.0.1.1/24" in running(eos)
    assert eos.switch.startup == eos.switch.running
    with pytest.raises(CommitError):
        driver.confirm_commit()


@pytest.mark.parametrize("version", ["4.31.2F", "4.35.0F"])
def test_others_that_come_and_go_do_not_hide_a_pending_commit(version: str, connect: Connect) -> None:
    with Emulator(version=version) as eos:
        driver, other = connect(eos.port), connect(eos.port)
        driver.load_merge_candidate(config=CHANGE)
        driver.commit_config(revert_in=60)
        for _once in range(2):
            with pytest.raises(MergeConfigException):
                other.load_merge_candidate(config="nonsense\n")
        assert other.has_pending_commit()
        driver.confirm_commit()
        assert not other.has_pending_commit()


def test_a_rollback_takes_a_pending_change_back_at_once(eos: Emulator, connect: Connect) -> None:
    driver, before = connect(eos.port), running(eos)
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    driver.rollback()
    assert running(eos) == before
    assert not driver.has_pending_commit()


def test_closing_the_driver_takes_a_pending_change_back(eos: Emulator, connect: Connect) -> None:
    """Who closes before confirming has undone the change; a driver that is garbage collected closes, too."""
    driver, before = connect(eos.port), running(eos)
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    driver.close()
    assert running(eos) == before


def test_a_rollback_after_a_commit_restores_what_was_saved_not_what_was_running(
    eos: Emulator, connect: Connect
) -> None:
    driver = connect(eos.port)
    driver.device.run_commands(["configure", "ntp server 192.0.2.124"])
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config()
    driver.rollback()
    assert "10.0.1.1/24" not in running(eos)
    assert "192.0.2.124" not in running(eos)


def test_a_commit_overwrites_what_others_changed_since_the_load(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    driver.load_merge_candidate(config=CHANGE)
    connect(eos.port).device.run_commands(["configure", "ntp server 192.0.2.124"])
    driver.commit_config()
    assert "192.0.2.124" not in running(eos)


def test_beside_a_pending_commit_there_is_no_other(eos: Emulator, connect: Connect) -> None:
    first, second = connect(eos.port), connect(eos.port)
    first.load_merge_candidate(config=CHANGE)
    first.commit_config(revert_in=60)
    pending = running(eos)
    second.load_merge_candidate(config="hostname other\n")
    with pytest.raises(CommitError, match="already in process"):
        second.commit_config(revert_in=60)
    with pytest.raises(CommandError, match="commit timer running on napalm_"):
        second.commit_config()
    assert running(eos) == pending


def test_there_is_an_end_of_open_sessions(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port, lock_disable=True)
    for number in range(5):
        driver.device.run_commands([f"configure session left-{number}", "end"])
    with pytest.raises(CommandError, match="Maximum number of pending sessions"):
        driver.device.run_commands(["configure session one-too-many"])


@pytest.mark.parametrize("how", CUTS)
def test_a_change_that_cuts_the_way_is_heard_of_no_more_until_it_goes_back(
    eos: Emulator, connect: Connect, how: str
) -> None:
    driver, before = connect(eos.port), running(eos)
    driver.load_merge_candidate(config=CUTS[how])
    lose_patience(driver)
    with pytest.raises(EapiConnectionError, match="timed out"):
        driver.commit_config(revert_in=2)
    assert running(eos) != before
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", eos.port), timeout=0.2).close()
    wait(lambda: running(eos) == before)
    assert connect(eos.port).get_facts()["hostname"] == "eos1"


def test_a_connection_that_stands_hears_nothing_either(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    standing = http.client.HTTPSConnection(
        "127.0.0.1", eos.port, timeout=10, context=driver.device.connection.disable_certificate_verification()
    )
    assert ask(standing, ["show hostname"])["result"][0]["hostname"] == "eos1"
    driver.load_merge_candidate(config=CUTS["shut"])
    lose_patience(driver)
    with pytest.raises(EapiConnectionError):
        driver.commit_config(revert_in=2)
    began = time.monotonic()
    assert ask(standing, ["enable", "configure", "hostname late"])["result"]
    assert time.monotonic() - began > 0.3
    assert "hostname late" in running(eos), "it was done before it arrived, and rolled back"
    standing.close()


def test_without_its_api_the_switch_resets_connections(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    driver.load_merge_candidate(config="management api http-commands\n   shutdown\n")
    driver.commit_config(revert_in=2)
    with pytest.raises(EapiConnectionError, match=r"reset|EOF|closed connection"):
        driver.get_facts()
    wait(lambda: eos.switch.armed is None)
    assert driver.get_facts()


def ask(connection: http.client.HTTPConnection, commands: list[Any]) -> dict[str, Any]:
    """One request by hand, so that the answer is seen as it is on the wire."""
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    params = {"version": 1, "cmds": commands, "format": "json"}
    body = json.dumps({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": "7"})
    connection.request("POST", "/command-api", body, {"Authorization": f"Basic {token}"})
    answer = json.loads(connection.getresponse().read())
    assert isinstance(answer, dict)
    return answer


def test_an_error_stands_where_its_command_stood() -> None:
    with Emulator(tls=False) as plain:
        answer = ask(
            http.client.HTTPConnection("127.0.0.1", plain.port), ["show version", "enable", "show all", "end"]
        )
    assert answer["id"] == "7"
    assert answer["error"]["code"] == 1002
    assert answer["error"]["message"] == "CLI command 3 of 4 'show all' failed: invalid command"
    first, second, failed = answer["error"]["data"]
    assert first["version"] == "4.35.0F"
    assert second == {}
    assert failed == {"errors": ["Invalid input (at token 1: 'all')"]}


def test_without_the_password_nothing_is_told(eos: Emulator, connect: Connect) -> None:
    with pytest.raises((ConnectionException, EapiConnectionError), match="Unauthorized"):
        connect(eos.port, password="wrong")


def test_a_commit_that_fails_on_the_device_changes_nothing(eos: Emulator, connect: Connect) -> None:
    driver, before = connect(eos.port), running(eos)
    eos.switch.faults.append(Fault("error", r" commit", "internal error: no space left on flash"))
    driver.load_merge_candidate(config=CHANGE)
    with pytest.raises(CommandError, match="no space left on flash") as failed:
        driver.commit_config(revert_in=60)
    assert failed.value.error_code == 1000
    assert running(eos) == before
    assert not driver.has_pending_commit()


def test_a_line_can_be_lost_without_a_word(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    eos.switch.faults.append(Fault("skip", r" commit", "description to the archive"))
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config()
    assert "ip address 10.0.1.1/24" in running(eos)
    assert "to the archive" not in running(eos)
    driver.load_merge_candidate(config=CHANGE)
    assert "+   description to the archive" in driver.compare_config()


def test_an_answer_that_breaks_off_says_nothing_of_the_change(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    eos.switch.faults.append(Fault("reset", r" commit"))
    driver.load_merge_candidate(config=CHANGE)
    with pytest.raises((EapiConnectionError, http.client.HTTPException), match=r"IncompleteRead|reset"):
        driver.commit_config(revert_in=60)
    assert "10.0.1.1/24" in running(eos)
    assert driver.has_pending_commit()


def test_a_slow_device_outlasts_the_patience_of_its_caller(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    lose_patience(driver)
    eos.switch.faults.append(Fault("slow", r"show hostname", 1.5))
    with pytest.raises(EapiConnectionError, match="timed out"):
        driver.get_facts()
    assert driver.get_facts()["hostname"] == "eos1"


def test_what_it_tells_follows_from_its_configuration(eos: Emulator, connect: Connect) -> None:
    driver = connect(eos.port)
    driver.load_merge_candidate(
        config="interface Ethernet1\n   shutdown\n   mtu 9000\n"
        + CHANGE
        + "   ip address 10.0.2.1/24 secondary\n"
        "ip route 10.9.0.0/16 10.0.1.9\n"
    )
    assert list(driver.get_route_to("10.0.0.0/30")) == ["10.0.0.0/30"]
    assert "success" in driver.ping("10.0.0.2", count=2)
    driver.commit_config()
    facts, ports = driver.get_facts(), driver.get_interfaces()
    assert (facts["vendor"], facts["fqdn"]) == ("Arista", "eos1.example.net")
    assert facts["interface_list"] == ["Ethernet1", "Ethernet2", "Ethernet3", "Ethernet4", "Management1"]
    assert (ports["Ethernet1"]["is_up"], ports["Ethernet1"]["is_enabled"], ports["Ethernet1"]["mtu"]) == (
        False, False, 9000,
    )  # fmt: skip
    assert ports["Ethernet2"]["is_up"]
    assert ports["Ethernet2"]["description"] == "to the archive"
    assert sorted(driver.get_interfaces_ip()["Ethernet2"]["ipv4"]) == ["10.0.1.1", "10.0.2.1"]
    assert driver.get_route_to("10.0.0.0/30") == {}
    (route,) = driver.get_route_to("10.9.0.0/16")["10.9.0.0/16"]
    assert (route["protocol"], route["next_hop"], route["outgoing_interface"]) == (
        "static", "10.0.1.9", "Ethernet2",
    )  # fmt: skip
    assert driver.ping("10.0.0.2", count=2)["success"]["packet_loss"] == 2
    assert driver.ping("10.9.3.4", count=2)["success"]["packet_loss"] == 0


def test_it_runs_by_hand(connect: Connect) -> None:
    program = Path(eos_emulator.__file__)
    with subprocess.Popen(
        [sys.executable, str(program), "--port", "0", "--fault", "error:commit timer:refused by hand"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            port = int(process.stdout.readline().split(":")[1].split(",")[0])
            driver = connect(port)
            driver.load_merge_candidate(config=CHANGE)
            with pytest.raises(CommandError, match="refused by hand"):
                driver.commit_config(revert_in=60)
            driver.commit_config()
            process.send_signal(signal.SIGINT)
            said, _errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert "CONFIG_SESSION_COMMIT_SUCCESS" in said
    assert process.returncode == 0
