# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""net_config and net_facts from the DR centre's control node, over SSH, on routers that run.

The router that is changed is the control node's own way into the network; the other centre's router
looks on. Duration: some 30 s on an idle machine, 8 of them waiting for rollbacks.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from netlab import Lab

CONTROL, ROUTER, OTHER = "dr-ctl-01", "dr-rt-01", "nn-rt-01"
ADDRESS = {ROUTER: "10.2.30.1", OTHER: "10.1.30.1"}
#: An address of the router's that the other centre learns by OSPF.
NEW = "10.255.2.99"
ADD = f"interface lo\n ip address {NEW}/32\n"
CUT = "ip route 10.2.30.11/32 blackhole\n"


class Site:
    """Two routers with sshd, and the modules as the control node runs them."""

    def __init__(self, lab: Lab, archive: Path) -> None:
        self.lab, self.archive = lab, archive
        keys = {str(lab.start_sshd(name)) for name in ADDRESS}
        self.key = keys.pop()
        self.hosts = str(lab.known_hosts(*ADDRESS.values()))
        for name, address in ADDRESS.items():
            ready = f"exec 3<>/dev/tcp/{address}/22"
            lab.wait(f"{name} lets in", "bash", "-c", ready, node=CONTROL)

    def device(self, name: str) -> dict[str, Any]:
        return {
            "driver": "frr", "host": ADDRESS[name], "name": name, "user": "root", "key_file": self.key,
            "optional_args": {"alt_key_file": self.hosts},
        }  # fmt: skip

    def change(self, text: str = "", *, check: bool = False, **options: Any) -> dict[str, Any]:
        given = {"config": text} if text else {}
        words = {"archive_directory": str(self.archive), "confirm_s": 30}
        return self.lab.module(
            CONTROL, "net_config", {**self.device(ROUTER), **words, **given, **options}, check=check
        )

    def running(self) -> str:
        return self.lab[ROUTER].run("vtysh", "-c", "show running-config no-header")

    def boot(self) -> str:
        return self.lab[ROUTER].run("cat", "/etc/frr/frr.conf")

    def outcome(self) -> dict[str, Any]:
        said = self.lab[ROUTER].run("cat", "/run/anjianyun/frr-commit/done/outcome.json", check=False)
        return dict(json.loads(said or "{}"))


@pytest.fixture(scope="module")
def site(network: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield Site(network, tmp_path_factory.mktemp("archive"))
    network[ROUTER].run("pkill", "-f", "frr-commit/guard.py", check=False)


def test_a_good_change_is_confirmed_after_the_other_centre_has_seen_it_and_can_be_taken_back(
    site: Site,
) -> None:
    before = site.running()
    seen = site.change(ADD, check=True)
    assert seen["changed"]
    assert seen["diff"]["prepared"] == f"+ interface lo / ip address {NEW}/32\n"
    assert site.running() == before

    checks = [
        {"kind": "ping", "target": NEW},
        {"kind": "ping", "target": NEW, "via": site.device(OTHER)},
        {"kind": "route_present", "target": NEW, "protocol": "ospf", "via": site.device(OTHER)},
        {"kind": "neighbor_up", "target": "10.255.1.1", "protocol": "ospf"},
    ]
    done = site.change(ADD, checks=checks)

    assert done["confirmed"], done
    assert [one["passed"] for one in done["checks"]] == [True, True, True, True]
    assert f"{NEW}/32" in site.running()
    assert f"{NEW}/32" in site.boot()
    assert NEW in site.lab[OTHER].run("vtysh", "-c", f"show ip route {NEW}/32")
    assert Path(done["archive"]["path"]).read_text() == before
    again = site.change(ADD)
    assert (again["changed"], again["diff"]["prepared"]) == (False, "")

    restored = site.change(state="restored")
    assert restored["confirmed"], restored
    assert restored["diff"]["prepared"] == f"- interface lo / ip address {NEW}/32\n"
    assert site.running() == before


def test_a_change_that_cuts_the_way_to_the_router_is_taken_back_by_the_router(site: Site) -> None:
    before, boot = site.running(), site.boot()
    begun = time.monotonic()
    failed = site.change(CUT, confirm_s=6)
    assert failed["error"]["kind"] == "NotConfirmed", failed
    assert "the device has taken it back by itself" in failed["msg"]
    assert (failed["changed"], failed["rolled_back"], failed["rolled_back_by"]) == (False, True, "device")
    assert time.monotonic() - begun > 6
    # Seen by the router itself, beside the module.
    assert site.outcome()["why"] == "not confirmed within 6 s"
    assert site.running() == before
    assert site.boot() == boot


def test_while_a_change_waits_a_second_is_refused_and_a_restart_brings_the_old_one(site: Site) -> None:
    before = site.running()
    first: dict[str, Any] = {}
    unmet = [{"kind": "route_present", "target": "203.0.113.0/24", "via": site.device(OTHER)}]
    worker = threading.Thread(target=lambda: first.update(site.change(ADD, confirm_s=120, checks=unmet)))
    worker.start()
    site.lab.wait("it waits", "test", "-e", "/run/anjianyun/frr-commit/pending/entered.json", node=ROUTER)

    second = site.change("ip route 203.0.113.0/24 blackhole\n")
    assert second["error"]["kind"] == "Refused", second
    assert "waits for its confirmation already" in second["msg"]

    site.lab.kill_daemons(ROUTER)
    site.lab.start_frr(ROUTER)
    assert site.running() == before
    decided = site.change(state="rolled_back")
    assert (decided["changed"], decided["rolled_back"]) == (True, True), decided
    worker.join()
    assert first["error"]["kind"] == "NotConfirmed", first
    assert site.running() == before


def test_what_the_router_does_not_understand_leaves_nothing_behind(site: Site) -> None:
    before = site.running()
    failed = site.change(ADD + "interface lo\n ip ospf cst 3\n")
    assert failed["error"]["kind"] == "ConfigurationRefused", failed
    assert "ip ospf cst 3" in failed["error"]["cause"]
    assert site.running() == before
    facts = site.lab.module(
        CONTROL, "net_facts",
        {**site.device(ROUTER), "getters": ["facts", "ospf_neighbors", "vlans", "config"]},
    )  # fmt: skip
    assert facts["getters"]["facts"]["hostname"] == ROUTER
    assert facts["getters"]["config"]["candidate"] == ""
    assert {"10.255.1.1", "10.255.2.2"} <= {one["router_id"] for one in facts["getters"]["ospf_neighbors"]}
    assert facts["unsupported"] == ["vlans"]


def test_what_takes_a_session_down_is_named_and_refused_without_approval(site: Site) -> None:
    before = site.running()
    refused = site.change(before.replace("dead-interval 10", "dead-interval 12"), mode="replace")
    assert refused["error"]["kind"] == "Refused", refused
    assert "+ interface nn-dr-1 / ip ospf dead-interval 12" in refused["resets"]
    assert "+ interface nn-dr-1 / ip ospf dead-interval 12\n" in refused["diff"]["prepared"]
    assert "allow_session_reset" in refused["error"]["next_step"]
    assert site.running() == before
