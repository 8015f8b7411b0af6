# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role pxe_server: who is answered, who gets the installer, and what the installer's scripts refuse."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from metal import ADDRESS, MAC, SERVER, Metal
from served import KEY, Ran, Served, standing

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.chassis import set_boot
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.connection import connect
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Boot
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.power import Confirmation, set_power

pytestmark = pytest.mark.slow

Client = Callable[..., subprocess.CompletedProcess[str]]
URL = f"http://{SERVER}:80"
STRANGER = "10.1.10.99"


OPTIONS: dict[str, Any] = {"pxe_server_wipe": ["nn-app-01"]}


@dataclass
class Serving(Served):
    """The role has run once, after a check of it."""

    first: Ran = field(default_factory=lambda: Ran(1, ""))

    @property
    def disk(self) -> Path:
        return self.folder / "disk"


@pytest.fixture(scope="module")
def serving(client: str) -> Iterator[Serving]:
    with standing() as made:
        found = Serving(made.folder)
        checked = found.role("--check", "--diff", **OPTIONS, pxe_server_disk=str(found.disk))
        assert checked.rc == 0, checked.output
        assert "+dhcp-host=52:54:00:0a:01:0b" in checked.output
        assert not (found.folder / "etc").exists(), "a check has written"
        found.first = found.role(**OPTIONS, pxe_server_disk=str(found.disk))
        assert found.first.rc == 0, found.first.output
        yield found


@pytest.fixture
def other(client: str) -> Client:
    """Runs something on another machine of the network, at the address that is given."""
    inside = ["ip", "netns", "exec", client]

    def run(address: str, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        subprocess.run(["ip", "-n", client, "addr", "flush", "dev", "eth0"], check=True)
        subprocess.run(["ip", "-n", client, "addr", "add", f"{address}/24", "dev", "eth0"], check=True)
        return subprocess.run(
            [*inside, *command], capture_output=True, text=True, check=False, timeout=30, **options
        )

    return run


def offer(other: Client, mac: str, architecture: int = 0, user_class: str = "", wait_s: float = 4) -> Any:
    client = Path(__file__).with_name("dhcp_client.py")
    words = [
        sys.executable,
        str(client),
        "eth0",
        mac,
        str(wait_s),
        str(architecture),
        *([user_class] * bool(user_class)),
    ]
    return json.loads(other(STRANGER, *words).stdout)


def fetch(other: Client, address: str, path: str, *more: str) -> str:
    """Status and text."""
    return other(address, "curl", "-s", "-m", "5", "-w", "%{http_code}", *more, f"{URL}{path}").stdout


def test_a_check_writes_nothing_and_a_second_run_changes_nothing(serving: Serving) -> None:
    assert serving.first.changed > 0
    second = serving.role(**OPTIONS, pxe_server_disk=str(serving.disk))

    assert second.rc == 0
    assert second.changed == 0, second.output


def test_dhcp_answers_whom_it_was_told_and_nobody_else(serving: Serving, other: Client) -> None:
    bios, uefi = offer(other, MAC), offer(other, MAC, architecture=7)
    ipxe, stranger = offer(other, MAC, user_class="iPXE"), offer(other, "52:54:00:99:99:99", wait_s=3)

    assert bios == {"address": ADDRESS, "router": "10.1.10.1", "file": "undionly.kpxe"}
    assert uefi["file"] == "snponly.efi"
    assert ipxe["file"] == f"{URL}/hosts/nn-db-01/boot.ipxe"
    assert stranger is None
    assert offer(other, "52:54:00:99:99:99", user_class="iPXE", wait_s=3) is None
    loaded, kept = serving.folder / "loaded", Path("/usr/lib/ipxe/undionly.kpxe")
    other(STRANGER, "curl", "-s", "-m", "20", f"tftp://{SERVER}/undionly.kpxe", "-o", str(loaded))
    assert hashlib.sha256(loaded.read_bytes()).digest() == hashlib.sha256(kept.read_bytes()).digest()


def test_the_installer_is_for_who_is_armed_until_it_says_installed(serving: Serving, other: Client) -> None:
    served, boot = serving, "/hosts/nn-db-01/boot.ipxe"
    assert "sanboot" in fetch(other, ADDRESS, boot)

    armed_by = served.role(tasks="arm", pxe_server_hosts=["nn-db-01"])
    assert armed_by.rc == 0, armed_by.output
    armed, foreign = fetch(other, ADDRESS, boot), fetch(other, STRANGER, boot)
    assert "/installer/linux" in armed
    assert foreign.endswith("403")
    assert fetch(other, STRANGER, "/hosts/nn-db-01/preseed.cfg").endswith("403")
    assert fetch(other, STRANGER, "/boot/nn-db-01.ipxe", "-X", "DELETE").endswith("403")
    assert fetch(other, STRANGER, "/installer/linux", "-o", "/dev/null").endswith("403")
    assert "/installer/linux" in fetch(other, ADDRESS, boot), "a stranger disarmed it"
    # The end of the installation, as the installer runs it; the new system is a folder.
    target = served.folder / "target"
    target.mkdir()
    served.command("in-target", '#!/bin/sh\nexec "$@"\n')
    script = served.folder / "late.sh"
    script.write_text(
        fetch(other, ADDRESS, "/hosts/nn-db-01/late.sh").removesuffix("200").replace("/target", str(target))
    )
    path = {**os.environ, "PATH": f"{served.folder}/bin:{os.environ['PATH']}"}
    ended = other(ADDRESS, "sh", str(script), env=path)

    assert ended.returncode == 0, ended.stderr
    assert (target / "root/.ssh/authorized_keys").read_text() == f"{KEY}\n"
    assert "PasswordAuthentication no" in (target / "etc/ssh/sshd_config.d/10-anjianyun.conf").read_text()
    assert "sanboot" in fetch(other, ADDRESS, boot)
    # Where it cannot be said, the installation does not end as if all were well.
    assert other(STRANGER, "sh", str(script), env=path).returncode != 0


@pytest.mark.parametrize(
    ("content", "host", "said"),
    [
        (b"", "nn-db-01", "writes"),
        (b"\x55\xaa", "nn-db-01", "disk-not-empty"),
        (b"\x55\xaa", "nn-app-01", "writes"),
        (None, "nn-app-01", "no-such-disk"),
    ],
)
def test_a_disk_is_written_to_when_it_is_empty_or_may_be_wiped(
    serving: Serving, other: Client, content: bytes | None, host: str, said: str
) -> None:
    serving.disk.unlink(missing_ok=True)
    (serving.folder / "done").unlink(missing_ok=True)
    if content is not None:
        with serving.disk.open("wb") as file:
            file.truncate(8 << 20)
            file.seek(510)
            file.write(content)
    for name in ("debconf-set", "poweroff", "sleep"):
        serving.command(name, f'#!/bin/sh\necho {name} "$@" >> {serving.folder}/done\n')
    # A file is no block device; for the rest it is the disk.
    script = serving.folder / "disk.sh"
    script.write_text((serving.folder / f"files/hosts/{host}/disk.sh").read_text().replace("-b", "-f"))
    before = len(serving.log())
    path = {**os.environ, "PATH": f"{serving.folder}/bin:{os.environ['PATH']}"}
    other(ADDRESS, "sh", str(script), env=path)

    done = (serving.folder / "done").read_text()
    assert [line["asked"].rpartition("/")[2] for line in serving.log()[before:]] == [said]
    assert ("poweroff -f" in done) == (said != "writes")
    assert ("partman/confirm true" in done) == (said == "writes")


def test_a_server_that_is_not_armed_starts_from_its_disk(serving: Serving, metal: Metal) -> None:
    """Its BMC is told to start it over the network, and iPXE leads it to the disk."""
    with connect(metal.target()) as bmc:
        set_boot(bmc, Boot("pxe"))
        set_power(bmc, "on", Confirmation(2, 0.2, 10))
    end = time.monotonic() + 90
    while "started from its disk" not in metal.console and time.monotonic() < end:
        time.sleep(0.2)

    assert metal.orders == ["nc"]
    assert [line["served"] for line in serving.log() if line["asked"] == "/hosts/nn-db-01/boot.ipxe"][-1] == (
        "/boot/disk.ipxe"
    )
    assert "started from its disk" in metal.console


def test_files_that_are_not_what_is_stated_are_not_served(serving: Serving) -> None:
    brought = serving.folder / "brought"
    brought.mkdir()
    for name in ("linux", "initrd.gz"):
        (brought / name).write_text(name)
    stated = {
        "linux": hashlib.sha256(b"linux").hexdigest(),
        "initrd.gz": hashlib.sha256(b"another").hexdigest(),
    }

    ran = serving.role(
        "--check", **OPTIONS, pxe_server_disk=str(serving.disk), pxe_server_installer_package="",
        pxe_server_installer_directory=str(brought), pxe_server_installer_sha256=stated,
    )  # fmt: skip

    assert ran.rc != 0
    assert "initrd.gz in" in ran.output
    assert "is missing or not the file that is stated" in " ".join(ran.output.split())


def test_what_is_left_behind_is_disarmed_and_nothing_stays_in_the_end(serving: Serving) -> None:
    left, meant = serving.run / "boot" / "nn-db-09.ipxe", serving.run / "boot" / "nn-db-01.ipxe"
    left.write_text("left behind")
    meant.write_text("armed")

    again = serving.role(**OPTIONS, pxe_server_disk=str(serving.disk))
    assert again.rc == 0, again.output
    assert (left.exists(), meant.exists()) == (False, True)

    gone, after = serving.role(pxe_server_state="absent"), serving.role(pxe_server_state="absent")
    assert (gone.rc, after.rc, after.changed) == (0, 0, 0), gone.output + after.output
    assert not serving.run.exists()
    assert list(serving.units.glob("*.service")) == []
