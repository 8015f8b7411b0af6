# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that later steps of a room's upgrade call on its servers, and whether they are there.

They are looked for before anything is moved: what lacks one stops in the night's last hour otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

Reading = dict[str, Any]
#: Debian's package of each program.
PACKAGES = {
    "stress-ng": "stress-ng",
    "iperf3": "iperf3",
    "systemctl": "systemd",
    "systemd-run": "systemd",
    "timeout": "coreutils",
    "lsblk": "util-linux",
    "smartctl": "smartmontools",
    "lldpcli": "lldpd",
}
#: What for, in the words of a reading. Without the programs of the first two the step fails.
BURN_IN, LINE_RATE, SURVEY = "the burn-in", "the line's rate", "the survey"
_BURN_IN = ("stress-ng", "systemd-run", "systemctl")
_LINE_FROM, _LINE_TO = ("iperf3", "timeout"), ("iperf3", "systemd-run", "systemctl")
_WITHOUT = (
    "or do without: room_burn_in_hosts names who is loaded, an empty room_line_rate_from measures no line"
)
#: A RAID's own tool is named by the survey, which sees whose it is.
_METAL = ("lsblk", "smartctl", "lldpcli")


def needed(
    burn_in: Iterable[str], line_from: str, line_to: str, surveys: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """By host, each program that is called there and what for.

    :param burn_in: hosts that are to be loaded.
    :param line_from: host from which the line is measured, and ``line_to`` the one to which; empty when
        it is not.
    :param surveys: by host. Of its hardware an operating system tells on real machines only.
    """
    found: dict[str, dict[str, str]] = {}

    def add(host: str, programs: Iterable[str], what: str) -> None:
        for program in programs:
            found.setdefault(host, {}).setdefault(program, what)

    for host in burn_in:
        add(host, _BURN_IN, BURN_IN)
    if line_from and line_to:
        add(line_from, _LINE_FROM, LINE_RATE)
        add(line_to, _LINE_TO, LINE_RATE)
    for host, survey in surveys.items():
        if ((survey or {}).get("inside") or {}).get("kind") == "metal":
            add(host, _METAL, SURVEY)
    return found


def tool_readings(needs: Mapping[str, Mapping[str, str]], told: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """Whether each host has what is called there, a reading a host, and one more for what the survey calls.

    :param needs: of :func:`needed`.
    :param told: results of a loop over ``room_host``, with the paths of the programs
        that are there in ``stdout_lines``.
    """
    by_host = {one.get("room_host"): one for one in told}
    if not needs:
        return [{"ok": True, "reading": "no later step calls a program on a server"}]
    found: list[Reading] = []
    for host, programs in sorted(needs.items()):
        one = by_host.get(host) or {}
        if one.get("rc") != 0:
            found.append(_silent(host, programs, one))
            continue
        there = {PurePosixPath(line.strip()).name for line in one.get("stdout_lines") or ()}
        lacks = {program: what for program, what in programs.items() if program not in there}
        stops = {program: what for program, what in lacks.items() if what != SURVEY}
        found.append(_lacks(host, stops) if stops else _has(host, set(programs) - set(lacks)))
        if len(stops) < len(lacks):
            found.append(_unlooked(host, [program for program in lacks if program not in stops]))
    return found


def _has(host: str, programs: Iterable[str]) -> Reading:
    return {"ok": True, "reading": f"{host} has {', '.join(sorted(programs)) or 'nothing of what is called'}"}


def _silent(host: str, programs: Mapping[str, str], one: Mapping[str, Any]) -> Reading:
    why = str(one.get("msg") or one.get("stderr") or "it did not answer").strip()
    return {
        "ok": None,
        "reading": f"{host}: whether {', '.join(programs)} are there ({why})",
        "way_on": f"see that {host} lets the control node in; {_WITHOUT}",
    }


def _lacks(host: str, stops: Mapping[str, str]) -> Reading:
    said = ", ".join(f"{program} ({what})" for program, what in stops.items())
    return {
        "ok": False,
        "reading": f"{host} lacks {said}",
        "refuse": f"{host} lacks {said}; the run would stop there, with the room up and the service away",
        "way_on": f"{_install(host, stops)}; {_WITHOUT}",
    }


def _unlooked(host: str, programs: list[str]) -> Reading:
    said = ", ".join(programs)
    return {
        "ok": False,
        "reading": f"{host} lacks {said} ({SURVEY})",
        "refuse": f"{host} lacks {said}, so what they tell is not compared when it is back",
        "way_on": f"{_install(host, programs)}, then run this again",
        "approval": "not_looked_at",
        "risk": f"of {host} nobody compares what {said} would tell",
        "this_risk": True,
    }


def _install(host: str, programs: Iterable[str]) -> str:
    return f"on {host}: apt install {' '.join(dict.fromkeys(PACKAGES[program] for program in programs))}"
