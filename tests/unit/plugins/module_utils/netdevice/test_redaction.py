# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a device carries no secret, and is still to be read."""

from __future__ import annotations

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.redaction import without_secrets
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.session import Device, translated


@pytest.mark.parametrize(
    "line",
    [
        "isis password md5 GEHEIM",
        " area-password clear GEHEIM",
        "domain-password md5 GEHEIM",
        "username a password 0 GEHEIM",
        "username a secret sha512 $6$GEHEIM",
        "enable secret 5 $1$GEHEIM",
        "enable password GEHEIM",
        "neighbor 192.0.2.7 password 7 GEHEIM",
        "+ interface a / ip ospf authentication-key GEHEIM",
        "ip ospf message-digest-key 1 md5 7 GEHEIM",
        "area 0 virtual-link 192.0.2.1 message-digest-key 1 md5 GEHEIM",
        "ip rip authentication string GEHEIM",
        "vrrp 1 authentication text GEHEIM",
        "tacacs-server key 7 GEHEIM",
        "radius-server host 192.0.2.1 auth-port 1812 key GEHEIM",
        "crypto isakmp key GEHEIM address 192.0.2.1",
        "pre-shared-key ascii-text GEHEIM",
        "ntp authentication-key 1 md5 GEHEIM",
        "- key chain a / key 1 / key-string GEHEIM",
        "snmp-server user u g v3 auth md5 GEHEIM priv aes GEHEIM",
        "snmp-server user u g v3 localized f5717f auth sha GEHEIM",
        "snmp-server community GEHEIM ro",
        "snmp-server host 192.0.2.1 version 2c GEHEIM",
        "isis authentication key 7 GEHEIM",
    ],
)
def test_after_the_word_that_announces_it_the_rest_is_gone(line: str) -> None:
    said = without_secrets(f"hostname a\n{line} und mehr\nhostname b")
    assert "GEHEIM" not in said
    assert "mehr" not in said
    before, _removed, after = said.partition(" <removed>\n")
    assert (before.split("\n")[0], after) == ("hostname a", "hostname b")
    assert line.startswith(before.split("\n")[1])


@pytest.mark.parametrize(
    "line",
    [
        "key chain east",
        "ip rip authentication key-chain east",
        "- key chain east / key 1",
        "ntp server 192.0.2.1 key 5",
        "ntp trusted-key 5",
        "username a ssh-key ssh-rsa AAAAB3NzaC1yc2E a@b",
        "username a sshkey ssh-ed25519 AAAAC3NzaC1lZDI1 a@b",
        "service password-encryption",
        "no ip ospf message-digest-key 1",
        "ip ospf authentication message-digest",
        "set community 65000:1 additive",
        "neighbor 192.0.2.7 send-community both",
        "bgp community-list standard a permit 65000:1",
        "AuthenticationException: Authentication failed: the key file is missing",
        "host key for server '192.0.2.1' does not match: got 'AAAA', expected 'BBBB'",
    ],
)
def test_names_and_public_keys_stay(line: str) -> None:
    assert without_secrets(f"a\n{line}\nb") == f"a\n{line}\nb"


def test_what_a_device_says_of_a_line_does_not_repeat_its_secret() -> None:
    said = "CLI command 3 'username a secret sha512 $6$GEHEIM' failed:\n invalid input (at token 4)"
    with pytest.raises(DatacenterError) as failed, translated(Device("r1", "eos", "192.0.2.1", "root"), "x"):
        raise RuntimeError(said)
    assert "GEHEIM" not in str(failed.value)
    assert "invalid input (at token 4)" in str(failed.value)
