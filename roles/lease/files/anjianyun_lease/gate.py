# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to the database: a rule of the kernel that lets packets pass while a timer of the kernel runs.

Nobody has to be awake to close it. The set ``open`` holds the port for as long as the lease lasts; when the
element's timeout is over the kernel treats it as absent (nft(8), 'timeout'), refuses what comes in with a
reset, so that clients know at once, and holds back what would go out: an acknowledgement of a commit
that was under way must not leave any more.

That timer starts when the kernel takes the element, not when somebody reckoned how long it may run, and a
process may be stopped in between for any time. So opening needs a **ticket**: an element of the set
``fresh`` that the kernel forgets after ``TICKET_S``. It is laid down before the reckoning, and the
transaction that opens takes it away; one that has run out is not there, and the kernel refuses the whole.
"""

from __future__ import annotations

import json
import secrets
import subprocess

TABLE = "ajy_lease"
#: By how many seconds at most the kernel's timer starts after the reckoning: half of what a granter waits
#: longer than a lease lasts (``granter.GRACE_S``).
TICKET_S = 0.5


class GateError(Exception):
    """The kernel did not take the rules."""


class Late(GateError):
    """The ticket had run out: what was reckoned is too old to be put into force."""


def standing(port: int) -> str:
    """The gate itself for ``nft -f``: made if it is not there, and as open as it was."""
    return (
        f"add table inet {TABLE}\n"
        f"add set inet {TABLE} open {{ type inet_service; flags timeout; }}\n"
        f"add set inet {TABLE} fresh {{ type mark; flags timeout; }}\n"
        f"add chain inet {TABLE} input {{ type filter hook input priority -150; policy accept; }}\n"
        f"add chain inet {TABLE} output {{ type filter hook output priority -150; policy accept; }}\n"
        f"flush chain inet {TABLE} input\n"
        f"flush chain inet {TABLE} output\n"
        f"add rule inet {TABLE} input tcp dport {port} tcp dport != @open counter reject with tcp reset\n"
        f"add rule inet {TABLE} output tcp sport {port} tcp sport != @open"
        " tcp flags & rst == 0 counter drop\n"
    )


def opening(port: int, seconds: float, ticket: int) -> str:
    """One transaction: nothing of it happens when the ticket has run out."""
    return (
        f"delete element inet {TABLE} fresh {{ {ticket} }}\n"
        f"flush set inet {TABLE} open\n"
        f"add element inet {TABLE} open {{ {port} timeout {max(1, round(seconds * 1000))}ms }}\n"
    )


def take_ticket(port: int) -> int:
    """Before it is reckoned how long the gate may be open.

    Each ticket has a number of its own: a process that was stopped cannot use a later one.

    :raises GateError: with nft's own words.
    """
    ticket = secrets.randbelow(2**32)
    element = f"add element inet {TABLE} fresh {{ {ticket} timeout {round(TICKET_S * 1000)}ms }}\n"
    _change(standing(port) + element)
    return ticket


def set_open(port: int, seconds: float, ticket: int) -> None:
    """Open for so many seconds, if the ticket is still good.

    :raises GateError: with nft's own words; the gate is as it was, and closes when its time is over.
    """
    try:
        _change(opening(port, seconds, ticket))
    except GateError as error:
        if "No such file or directory" not in str(error):
            raise
        raise Late(f"more than {TICKET_S:g} s went by since it was reckoned for how long") from error


def close(port: int) -> None:
    """At once, and without a ticket: closing is never too late.

    :raises GateError: with nft's own words; the gate is as it was, and closes when its time is over.
    """
    _change(standing(port) + f"flush set inet {TABLE} open\n")


def remaining_s(port: int) -> float | None:
    """Seconds for which the gate is still open; 0 when it is closed, None when there is none."""
    done = _nft(["--json", "list", "set", "inet", TABLE, "open"], "")
    if done.returncode != 0:
        return None
    for item in json.loads(done.stdout).get("nftables", []):
        for element in item.get("set", {}).get("elem", []):
            found = element.get("elem", {}) if isinstance(element, dict) else {}
            if found.get("val") == port:
                return float(found.get("expires", 0))
    return 0.0


def _change(text: str) -> None:
    done = _nft(["-f", "-"], text)
    if done.returncode != 0:
        raise GateError(" ".join(done.stderr.split()) or f"nft ended with {done.returncode}")


def _nft(arguments: list[str], text: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["/usr/sbin/nft", *arguments], input=text, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GateError(str(error)) from error
