# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a BMC, told apart, and the tables by which it is.

Codes: IPMI 2.0 rev 1.1, table 5-2 (completion codes) and table 13-15 (RMCP+ and RAKP
status codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)


class BmcError(DatacenterError):
    """The BMC answered, and the answer is no.

    ``completion`` is the completion code, when it was one.
    """

    completion: int | None = None


class WrongPassword(BmcError):
    """The user name or the password is not the BMC's."""


class CipherRefused(BmcError):
    """The BMC does not offer the cipher suite that was asked for; none weaker was tried."""


class CertificateRefused(BmcError):
    """The certificate of the BMC does not prove that it is this BMC; nothing was told to it."""


class TlsRefused(BmcError):
    """Something answers at the HTTPS port, and no TLS session came about; nothing was told to it."""


class PrivilegeTooLow(BmcError):
    """The account may not do this."""


class NoSessionLeft(BmcError):
    """All sessions of the BMC, or of the account, are taken."""


class CommandUnsupported(BmcError):
    """The BMC does not know the command, or not this value of it."""


class NotNow(BmcError):
    """The BMC knows the command but cannot do it in the state it is in."""


class NotConfirmed(BmcError):
    """The BMC said yes, and reading back shows that it is not so."""


class LogChanged(BmcError):
    """The event log took a record since it was read, so it was not erased."""


class SensorAlarm(BmcError):
    """A sensor is as bad as it may not be, or one that must be known cannot be read."""


class StateUnknown(Refused):
    """On or off is not known, so nothing was done."""


#: RMCP+ and RAKP status codes that mean one of the above (the rest are a plain BmcError).
SESSION_STATUS: Mapping[int, tuple[type[BmcError], str]] = {
    0x01: (NoSessionLeft, "it has no resources for another session"),
    0x04: (CipherRefused, "it does not know the authentication algorithm"),
    0x05: (CipherRefused, "it does not know the integrity algorithm"),
    0x09: (PrivilegeTooLow, "it does not give this account the privilege level asked for"),
    0x0A: (PrivilegeTooLow, "it does not give this account the privilege level asked for"),
    0x0B: (NoSessionLeft, "it has no session left at this privilege level"),
    0x0D: (WrongPassword, "it does not know the user name"),
    0x0F: (WrongPassword, "it did not accept the proof of the password"),
    0x10: (CipherRefused, "it does not know the encryption algorithm"),
    0x11: (CipherRefused, "it has no cipher suite that matches"),
}

#: The session's privilege level is too low for the command (table 5-2).
NOT_PRIVILEGED = 0xD4

#: Completion codes of commands, where the class says more than the code.
COMPLETION: Mapping[int, tuple[type[BmcError], str]] = {
    0xC1: (CommandUnsupported, "it does not know the command"),
    0xC2: (CommandUnsupported, "it does not know the command at this unit"),
    0xC9: (CommandUnsupported, "it does not take this value"),
    0xCC: (CommandUnsupported, "it does not take this value"),
    0x80: (CommandUnsupported, "it does not know this parameter"),
    0xCB: (CommandUnsupported, "it has no such sensor, data or record"),
    NOT_PRIVILEGED: (PrivilegeTooLow, "the account's privilege does not reach"),
    0xD5: (NotNow, "it cannot do that in its present state"),
    0xD6: (CommandUnsupported, "the function is switched off in it"),
}

#: Node busy, time-out inside, firmware update, initialisation: worth asking again.
BUSY = frozenset({0xC0, 0xC3, 0xD1, 0xD2, 0xCE})

_NEXT_STEP: Mapping[type[DatacenterError], str] = {
    WrongPassword: "check the user and password given for this BMC; a few more tries may lock the account",
    CipherRefused: "enable cipher suite 17 on the BMC, or accept the weaker one by cipher_suite: 3",
    CertificateRefused: "give by ca_file the certificate of the authority that signed the BMC's, and the "
    "address as the certificate names it; there is no way without",
    PrivilegeTooLow: "use an account with a higher privilege, or ask for a lower one by 'privilege'",
    NoSessionLeft: "wait a minute for stale sessions to end, or close them on the BMC",
    CommandUnsupported: "see the vendor's list of what it supports; firmware may add it",
    NotNow: "look at the server's state (bmc_info) and try again",
}


def session_refused(device: str, status: int, during: str, cipher_suite: int) -> BmcError:
    """The error for a status code with which the BMC refused a session."""
    kind, cause = SESSION_STATUS.get(status, (BmcError, f"status 0x{status:02x}"))
    return _error(
        kind, f"no session with cipher suite {cipher_suite} ({during})", device, f"{cause} (0x{status:02x})"
    )


def wrong_password(device: str) -> BmcError:
    return _error(WrongPassword, "no session", device, "the password is not the BMC's")


def privilege_too_low(device: str, what: str, cause: str) -> BmcError:
    return _error(PrivilegeTooLow, what, device, cause)


def cipher_refused(device: str, cipher_suite: int, cause: str) -> BmcError:
    return _error(CipherRefused, f"no session with cipher suite {cipher_suite}", device, cause)


def certificate_refused(device: str, cause: str) -> BmcError:
    return _error(CertificateRefused, "no session over TLS", device, cause)


def tls_refused(device: str, cause: str, port: int) -> BmcError:
    error = _error(TlsRefused, "no session over TLS", device, cause)
    error.next_step = (
        f"see whether its port {port} speaks HTTPS, at TLS 1.2 or newer; "
        "a BMC that has no Redfish is asked by protocol: ipmi"
    )
    return error


def refused(device: str, what: str, kind: type[BmcError], cause: str) -> BmcError:
    """The error for an answer that was no, when its kind is known already."""
    return _error(kind, what, device, cause)


def command_failed(device: str, what: str, code: int) -> BmcError:
    """The error for a completion code other than 0."""
    kind, cause = COMPLETION.get(code, (BmcError, "it gave an error"))
    error = _error(kind, what, device, f"{cause} (completion code 0x{code:02x})")
    error.completion = code
    return error


def silent(
    device: str,
    what: str,
    cause: str,
    result: Mapping[str, Any] | None = None,
    port: str = "UDP port 623",
) -> Unreachable:
    """The error for a BMC that does not answer."""
    return Unreachable(
        what,
        device=device,
        cause=cause,
        next_step=f"check power and cabling of the BMC, the route to it and {port}; "
        "a BMC without power says nothing about its server",
        result=result,
    )


def _error(kind: type[BmcError], what: str, device: str, cause: str) -> BmcError:
    return kind(what, device=device, cause=cause, next_step=_NEXT_STEP.get(kind, "see the BMC's own log"))
