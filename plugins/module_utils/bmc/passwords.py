# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BMC's password must be, and the accounts that vendors deliver: rules as data, each with its
source."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

#: Bytes. IPMI 2.0 section 22.30 takes 20 at most; a hash that anybody may ask for (RAKP message 2) makes
#: short ones guessable at leisure, so ours have twelve and more.
SHORTEST, LONGEST = 12, 20
#: Of capitals, small letters, digits and others.
CLASSES = 3

_MLPS = "GB/T 22239 8.1.4.1.a: secrets are complex and changed regularly"
_MLPS_DEFAULTS = "GB/T 22239 8.1.4.2.b: rename or remove default accounts and change default passwords"


@dataclass(frozen=True)
class Default:
    """An account that a vendor delivers, with its well-known password (``None``: one on the device's
    label)."""

    vendor: str
    user: str
    password: str | None


#: From the vendors' manuals and from published lists of them (Rapid7, 'A Penetration Tester's Guide to IPMI
#: and BMCs', 2013). Firmware of late years often has a password of its own on a label; the name is still the
#: same.
DEFAULTS = (
    Default("ASUS iKVM", "admin", "admin"),
    Default("Cisco CIMC", "admin", "password"),
    Default("Dell iDRAC", "root", "calvin"),
    Default("Fujitsu iRMC", "admin", "admin"),
    Default("H3C HDM", "admin", "Password@_"),
    Default("HPE iLO", "Administrator", None),
    Default("Huawei iBMC", "root", "Huawei12#$"),
    Default("Huawei iBMC", "Administrator", "Admin@9000"),
    Default("IBM IMM, Lenovo XCC", "USERID", "PASSW0RD"),
    Default("Inspur", "admin", "admin"),
    Default("Intel", "root", "superuser"),
    Default("OpenBMC", "root", "0penBmc"),
    Default("Oracle ILOM", "root", "changeme"),
    Default("Supermicro", "ADMIN", "ADMIN"),
)
DEFAULT_USERS = frozenset(default.user for default in DEFAULTS)
_DEFAULT_PASSWORDS = frozenset(default.password.lower() for default in DEFAULTS if default.password)


@dataclass(frozen=True)
class Rule:
    """One demand.

    :param holds: password and user name in, whether it is met out.
    :param source: where the demand comes from.
    """

    name: str
    demand: str
    source: str
    holds: Callable[[str, str], bool]


def _classes(password: str) -> int:
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, string.punctuation)
    return sum(any(letter in kind for letter in password) for kind in kinds)


#: Letters from which on a user's name is looked for in a password; below it stands in any.
_TELLING = 3


def _names(password: str, user: str) -> bool:
    name, text = user.lower(), password.lower()
    return len(name) >= _TELLING and (name in text or name[::-1] in text)


def _no_default(password: str) -> bool:
    return not any(known in password.lower() for known in _DEFAULT_PASSWORDS)


RULES = (
    Rule(
        "length",
        f"has {SHORTEST} to {LONGEST} bytes",
        f"{_MLPS}; IPMI 2.0 section 22.30",
        lambda password, _user: SHORTEST <= len(password.encode()) <= LONGEST,
    ),
    Rule(
        "letters",
        "is of printable ASCII without blanks",
        "IPMI 2.0 section 22.30: the field is padded with zeros and has no encoding",
        lambda password, _user: all("!" <= letter <= "~" for letter in password),
    ),
    Rule(
        "classes",
        f"has {CLASSES} of capitals, small letters, digits and other signs",
        _MLPS,
        lambda password, _user: _classes(password) >= CLASSES,
    ),
    Rule(
        "user_name",
        "does not contain the user's name, forwards or backwards",
        _MLPS,
        lambda password, user: not _names(password, user),
    ),
    Rule(
        "default",
        "contains none that a vendor delivers",
        _MLPS_DEFAULTS,
        lambda password, _user: _no_default(password),
    ),
)


def broken_rules(password: str, user: str) -> list[str]:
    """The demands that a password does not meet, as ends of the sentence 'it is not so that it ...'."""
    return [rule.demand for rule in RULES if not rule.holds(password, user)]


#: Signs that no shell, URL or YAML reads as something else.
_SIGNS = "-_.,+=@%"
_ALPHABET = string.ascii_letters + string.digits + _SIGNS
#: The short form of IPMI's field: firmware that cuts off a longer one is common. 16 signs of these are 98
#: bits.
_GENERATED = 16


def generate(user: str) -> str:
    """A password that meets every rule, from the system's source of randomness."""
    while True:
        password = "".join(secrets.choice(_ALPHABET) for _one in range(_GENERATED))
        if not broken_rules(password, user):
            return password
