# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many Redfish services at once, IPMI and Redfish side by side, and the modules on both."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from bmc_bench import PASSWORD, USER, Simulated
from redfish_bench import SERVICE_PORT, Authority, our_service, target_of
from redfish_service import Service

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors, info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fleet import Pace, ask, bound_s
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.bmc import RedfishBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused, Unreachable

FIRST = 9000
COUNT, DEAD, MISTAKEN = 100, 5, 2


@pytest.fixture
def fleet(namespace: str, authority: Authority, tmp_path: Path) -> Iterator[list[Service]]:
    """So many services; the last ones are dead."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(our_service(tmp_path / str(number), authority, FIRST + number))
            for number in range(COUNT - DEAD)
        ]


def test_a_hundred_services_with_five_dead(fleet: list[Service], authority: Authority) -> None:
    targets = [
        target_of(authority, FIRST + number, name=f"s{number}", answer_s=20.0) for number in range(COUNT)
    ]
    targets[:MISTAKEN] = [replace(one, password="wrong") for one in targets[:MISTAKEN]]
    pace, deadline_s = Pace(at_once=32, attempts=2, backoff_s=0.2), 60.0
    began = time.monotonic()
    outcomes = ask(targets, info.power, deadline_s=deadline_s, pace=pace)
    assert time.monotonic() - began < bound_s(COUNT, pace, deadline_s)
    kinds = [type(outcome.error) for outcome in outcomes]
    assert kinds[:MISTAKEN] == [errors.WrongPassword] * MISTAKEN
    assert kinds[-DEAD:] == [Unreachable] * DEAD
    living = outcomes[MISTAKEN:-DEAD]
    assert [outcome.result["power"] for outcome in living if outcome.result] == ["on"] * len(living)
    # A password that was refused is not tried again; every session was given back.
    assert [service.log_ins for service in fleet] == [1] * len(fleet)
    assert [service.sessions for service in fleet] == [{}] * len(fleet)

    off = ask(
        targets[MISTAKEN:-DEAD],
        lambda bmc: set_power(bmc, "off", Confirmation(2, 0.1, deadline_s)),
        deadline_s=deadline_s,
        pace=pace,
    )
    assert [outcome.error for outcome in off] == [None] * len(living)
    assert [service.power for service in fleet] == ["on"] * MISTAKEN + ["off"] * len(living)
    assert [service.most_open for service in fleet[MISTAKEN:]] == [1] * len(living)
    assert [service.sessions for service in fleet] == [{}] * len(fleet)


# Which protocol ------------------------------------------------------------------------------


def test_auto_takes_redfish_where_it_answers(service: Service, sim: Simulated, authority: Authority) -> None:
    service.power = "off"
    with connect(target_of(authority, SERVICE_PORT, protocol="auto", cipher_suite=3)) as bmc:
        assert isinstance(bmc, RedfishBmc)
        assert bmc.read_status().power == "off"


def test_auto_takes_ipmi_where_nothing_answers_in_redfish(sim: Simulated, authority: Authority) -> None:
    with connect(target_of(authority, SERVICE_PORT, protocol="auto", cipher_suite=3), Deadline(20)) as bmc:
        assert isinstance(bmc, IpmiBmc)
        assert bmc.read_status().power == "on"
    with (
        pytest.raises(Refused, match="password is longer than the 20 bytes"),
        connect(target_of(authority, SERVICE_PORT, protocol="auto", password="x" * 21)),
    ):
        pass


def test_auto_says_when_neither_answers(namespace: str, authority: Authority) -> None:
    dead = target_of(authority, SERVICE_PORT, protocol="auto", answer_s=0.5)
    with pytest.raises(Unreachable, match="neither in Redfish nor in IPMI"), connect(dead):
        pass


def test_auto_does_not_go_round_a_refused_certificate(
    service: Service, sim: Simulated, tmp_path: Path
) -> None:
    other = target_of(Authority(tmp_path / "other"), SERVICE_PORT, protocol="auto", cipher_suite=3)
    with pytest.raises(errors.CertificateRefused), connect(other):
        pass


@pytest.mark.parametrize("said", [b"\x15\x03\x03\x00\x02\x02\x28", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_auto_does_not_go_round_a_refused_handshake(
    sim: Simulated, authority: Authority, said: bytes
) -> None:
    """A TLS alert, something else than TLS, and an end."""

    def answer(server: socket.socket) -> None:
        with server.accept()[0] as taken:
            taken.recv(4096)
            taken.sendall(said)

    with socket.create_server(("127.0.0.1", SERVICE_PORT)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        with (
            pytest.raises(errors.TlsRefused, match="protocol: ipmi"),
            connect(target_of(authority, SERVICE_PORT, protocol="auto", cipher_suite=3)),
        ):
            pass
        thread.join()


def test_auto_offers_a_refused_password_once(service: Service, sim: Simulated, authority: Authority) -> None:
    mistaken = target_of(authority, SERVICE_PORT, protocol="auto", cipher_suite=3, password="wrong")
    with pytest.raises(errors.WrongPassword), connect(mistaken):
        pass
    assert service.log_ins == 1


# The modules -----------------------------------------------------------------------------------

LONG = "a password that is longer than twenty bytes"


def play(folder: Path, authority: Authority, tasks: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """:returns: each task's result under its name, and all that was printed."""
    results = folder / "results.json"
    named = [{**task, "register": task["name"], "ignore_errors": True} for task in tasks]
    everything = ", ".join(f"{task['name']!r}: {task['name']}" for task in tasks)
    named.append(
        {
            "name": "keep",
            "ansible.builtin.copy": {
                "content": f"{{{{ {{ {everything} }} | to_json }}}}",
                "dest": str(results),
            },
        }
    )
    defaults = {
        "user": USER, "password": "{{ bmc_password }}", "cipher_suite": 3,
        "answer_s": 10, "deadline_s": 40, "https_port": SERVICE_PORT, "ca_file": str(authority.ca_file),
    }  # fmt: skip
    playbook = folder / "play.yml"
    playbook.write_text(
        yaml.safe_dump(
            [{"hosts": "localhost", "gather_facts": False, "connection": "local",
              "vars": {"ansible_python_interpreter": sys.executable},
              "module_defaults": {"group/anjianyun.datacenter.bmc": defaults}, "tasks": named}]
        )
    )  # fmt: skip
    secrets = folder / "secrets.yml"
    secrets.touch(mode=0o600)
    secrets.write_text(yaml.safe_dump({"bmc_password": PASSWORD, "long_password": LONG}))
    (folder / "ansible.cfg").touch()
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-vvv", "-i", "localhost,",
         "-e", f"@{secrets}", str(playbook)],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "https_proxy": "http://127.0.0.1:9",
             "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"), "ANSIBLE_REMOTE_TEMP": str(folder / "tmp")},
    )  # fmt: skip
    assert results.exists(), done.stdout + done.stderr
    return json.loads(results.read_text()), done.stdout + done.stderr


def bmc(name: str, module: str, **options: Any) -> dict[str, Any]:
    one = {} if "targets" in options else {"address": "127.0.0.1"}
    return {"name": name, f"anjianyun.datacenter.{module}": {**one, **options}}


def test_the_modules_give_the_same_over_both(
    service: Service, sim: Simulated, authority: Authority, tmp_path: Path
) -> None:
    def both(name: str, module: str, **options: Any) -> list[dict[str, Any]]:
        return [
            bmc(f"{name}_{protocol}", module, protocol=protocol, **options)
            for protocol in ("ipmi", "redfish")
        ]

    results, output = play(
        tmp_path,
        authority,
        [
            *both("policy", "bmc_restore_policy", policy="previous"),
            *both("boot", "bmc_boot", device="pxe", uefi=True),
            *both("fence", "bmc_fence", interval_s=0.1),
            *both("fence_again", "bmc_fence", interval_s=0.1),
            *both("on", "bmc_power", state="on"),
            *both("info", "bmc_info", gather=["power", "chassis"]),
        ],
    )
    told_apart = {"protocol", "times", "readings", "commands", "at", "last_event", "failed"}

    def alike(result: Any) -> Any:
        if isinstance(result, dict):
            return {name: alike(value) for name, value in result.items() if name not in told_apart}
        return result

    for name in ("policy", "boot", "fence", "fence_again", "on", "info"):
        ipmi, redfish = results[f"{name}_ipmi"], results[f"{name}_redfish"]
        assert alike(ipmi) == alike(redfish), output
        assert redfish["protocol"] == "redfish"
        assert "protocol" not in ipmi
    assert results["fence_redfish"]["fenced"] is True
    assert results["fence_again_redfish"]["changed"] is False
    assert (service.power, sim.power) == ("on", "on")
    assert PASSWORD not in output + json.dumps(results)


def test_one_call_asks_both_and_says_which(
    service: Service, sim: Simulated, authority: Authority, tmp_path: Path
) -> None:
    service.passwords[USER] = LONG
    results, output = play(
        tmp_path,
        authority,
        [
            bmc(
                "fleet", "bmc_info", gather=["power"], protocol="auto", on_failure="hand_over", attempts=1,
                targets=[
                    {"name": "new", "address": "127.0.0.1", "password": "{{ long_password }}"},
                    {"name": "old", "address": "127.0.0.1", "https_port": 9},
                    {"name": "odd", "address": "127.0.0.1", "protocol": "redfish", "https_port": 10},
                ],
            ),
            bmc("too_long", "bmc_info", gather=["power"], protocol="ipmi", password="{{ long_password }}"),
        ],
    )  # fmt: skip
    shares = results["fleet"]["targets"]
    assert {name: share.get("protocol") for name, share in shares.items()} == {
        "new": "redfish", "old": "ipmi", "odd": None,
    }, output  # fmt: skip
    assert shares["odd"]["unreachable"] is True
    assert results["fleet"]["failed_targets"] == ["odd"]
    assert "20 bytes that IPMI has" in results["too_long"]["msg"]
    assert LONG not in output + json.dumps(results)
