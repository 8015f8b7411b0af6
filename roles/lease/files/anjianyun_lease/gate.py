# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to the database: a rule of the kernel that lets packets pass while a timer of the kernel runs.

Nobody has to be awake to close it. The set ``open`` holds the port for as long as the lease lasts; when the
element's timeout is over the kernel treats it as absent (nft(8), 'timeout'), refuses what comes in with a
reset, so that clients know at once, and holds back what would go out: an acknowledgement of a commit
that was under way must not leave any more.
"""

from __future__ import annotations

import json
import subprocess

TABLE = "ajy_lease"


class GateError(Exception):
    """The kernel did not take the rules."""


def rules(port: int, seconds: float) -> str:
    """The whole gate as one transaction for ``nft -f``: made if it is not there, open for so many seconds."""
    element = f"add element inet {TABLE} open {{ {port} timeout {max(1, round(seconds * 1000))}ms }}\n"
    return (
        f"add table inet {TABLE}\n"
        f"add set inet {TABLE} open {{ type inet_service; flags timeout; }}\n"
        f"add chain inet {TABLE} input {{ type filter hook input priority -150; policy accept; }}\n"
        f"add chain inet {TABLE} output {{ type filter hook output priority -150; policy accept; }}\n"
        f"flush chain inet {TABLE} input\n"
        f"flush chain inet {TABLE} output\n"
        f"add rule inet {TABLE} input tcp dport {port} tcp dport != @open counter reject with tcp reset\n"
        f"add rule inet {TABLE} output tcp sport {port} tcp sport != @open"
        " tcp flags & rst == 0 counter drop\n"
        f"flush set inet {TABLE} open\n" + (element if seconds > 0 else "")
    )


def set_open(port: int, seconds: float) -> None:
    """Open for so many seconds from now, or close with 0.

    :raises GateError: with nft's own words; the gate is as it was, and closes when its time is over.
    """
    done = _nft(["-f", "-"], rules(port, seconds))
    if done.returncode != 0:
        raise GateError(" ".join(done.stderr.split()) or f"nft ended with {done.returncode}")


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


def remove() -> None:
    """Take the gate away. For a host that holds nothing any more."""
    _nft(["delete", "table", "inet", TABLE], "")


def _nft(arguments: list[str], text: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["/usr/sbin/nft", *arguments], input=text, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GateError(str(error)) from error
