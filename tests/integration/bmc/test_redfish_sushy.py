# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against a Redfish service that is not ours: sushy-tools' emulator, over HTTPS.

It has no sessions, accounts, event log, restore policy, ETags, manager interfaces, power cycle, nor extended
errors; its fake driver takes up to eleven seconds for a change of power, as hardware does. Machines that
really boot and die behind it are in ``tests/integration/twin/test_twin_redfish.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bmc_bench import USER
from redfish_bench import Authority, Sushy, curl, target_of

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import chassis, errors, info
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.fence import fence
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Boot
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

PORT = 8444
#: The emulator is one thread of Python; a slow one.
SLOW_S = 10.0
PATIENT = Confirmation(readings=2, interval_s=0.3, deadline_s=40)


@pytest.fixture(scope="module")
def sushy(namespace: str, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sushy]:
    made = Sushy(tmp_path_factory.mktemp("sushy"), authority, PORT, ("nn-db-01", "nn-db-02"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def seen(sushy: Sushy, name: str) -> tuple[str, str]:
    """Power state and boot device, as curl sees them."""
    found = curl(sushy.authority, PORT, f"/redfish/v1/Systems/{sushy.uuid(name)}", user=USER)
    return found["PowerState"], found["Boot"]["BootSourceOverrideTarget"]


def test_power_reaches_the_machine_and_another_client_sees_it(sushy: Sushy) -> None:
    target = target_of(sushy.authority, PORT, system="nn-db-01", answer_s=SLOW_S)
    with connect(target, Deadline(60)) as bmc:
        off = set_power(bmc, "off", PATIENT)
        assert (seen(sushy, "nn-db-01")[0], sushy.power("nn-db-01")) == ("Off", "Off")
        again = set_power(bmc, "off", PATIENT)
        on = set_power(bmc, "on", PATIENT)
    assert (off["changed"], again["changed"], on["changed"]) == (True, False, True)
    assert (seen(sushy, "nn-db-01")[0], sushy.power("nn-db-01")) == ("On", "On")
    assert sushy.power("nn-db-02") == "On"
    assert {name for name, _state in sushy.told} == {"nn-db-01"}


def test_a_boot_device_is_read_back(sushy: Sushy) -> None:
    target = target_of(sushy.authority, PORT, system=sushy.uuid("nn-db-02"), answer_s=SLOW_S)
    with connect(target, Deadline(30)) as bmc:
        chassis.set_boot(bmc, Boot("disk", True, True))
        done = chassis.set_boot(bmc, Boot("pxe", True, True))
        again = chassis.set_boot(bmc, Boot("pxe", True, True))
        assert (done["changed"], again["changed"]) == (True, False)
        assert seen(sushy, "nn-db-02")[1] == "Pxe"
        # It knows no single start: it takes the change, and says that it is for ever.
        with pytest.raises(errors.NotConfirmed, match="persistent"):
            chassis.set_boot(bmc, Boot("cdrom", False, True))


def test_which_of_its_servers_has_to_be_said(sushy: Sushy) -> None:
    target = target_of(sushy.authority, PORT, answer_s=SLOW_S)
    with connect(target) as bmc, pytest.raises(Refused, match="2 stand behind"):
        set_power(bmc, "off", PATIENT)


def test_what_it_lacks_is_said_not_guessed(sushy: Sushy) -> None:
    target = target_of(sushy.authority, PORT, system="nn-db-02", answer_s=SLOW_S)
    with connect(target, Deadline(60)) as bmc:
        found = info.gather(bmc, list(info.SUBSETS))
        with pytest.raises(errors.CommandUnsupported, match="state: off and then state: on"):
            set_power(bmc, "cycle", PATIENT)
        with pytest.raises(errors.CommandUnsupported, match="require_restore_policy"):
            fence(bmc, PATIENT)
    assert set(found["unsupported"]) == {"lan", "sel", "power_reading"}
    assert found["chassis"]["restore_policy"] == "unknown"
    assert found["firmware"]["version"] == "1.00"
    assert found["firmware"]["session"]["authentication"] == "basic"
    assert found["fru"]["chassis_serial_number"] == "437XR1138R2"
    # It breaks over the storage of a server that has none.
    assert "HTTP 500" in found["fru"]["not_told"]["drives"]
    assert {one["name"] for one in found["sensors"]} >= {"CPU Temp"}
    assert seen(sushy, "nn-db-02")[0] == "On"


def test_a_wrong_password_is_told(sushy: Sushy) -> None:
    target = target_of(sushy.authority, PORT, system="nn-db-01", password="wrong", answer_s=SLOW_S)
    with pytest.raises(errors.WrongPassword), connect(target):
        pass


def test_a_foreign_certificate_is_refused(sushy: Sushy, tmp_path: Path) -> None:
    target = target_of(Authority(tmp_path / "other"), PORT, system="nn-db-01")
    with pytest.raises(errors.CertificateRefused), connect(target):
        pass
