# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR on this device, through vtysh: many questions in one call, changes that are saved.

A call costs some 35 ms, nearly all of it vtysh's own start, so what belongs together is asked
together. vtysh leaves a daemon that is dead out of its answers without a word: an empty routing
table and no routing table look alike. Therefore every call asks which daemons run.
Standard library, Python 3.9.
"""

from __future__ import annotations

import json
import platform
import subprocess
import time
from pathlib import Path
from typing import Any, Iterator, Sequence

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Unreachable,
)

CONFIG_DIRECTORY = Path("/etc/frr")
#: Where `write memory` puts the configuration: all in one file, or a file for each daemon.
SAVED_FILES = ("frr.conf", "zebra.conf", "staticd.conf")
RESTART = "start it with systemctl restart frr, and see what the log says of its end"


class Frr:
    """The daemons of one device.

    :param timeout_s: seconds that one call of vtysh may take; a daemon that hangs makes it hang.
    """

    def __init__(self, timeout_s: float = 5.0, vtysh: str = "vtysh") -> None:
        self.timeout_s = timeout_s
        self._vtysh = vtysh
        self.device = platform.node()

    def read(
        self, documents: Sequence[str], *, text: str = "", daemons: Sequence[str] = ()
    ) -> tuple[list[Any], str]:
        """Ask several things in one call.

        :param documents: commands that answer with JSON.
        :param text: one command that answers with text.
        :param daemons: which must be alive for the answers to mean anything.
        :returns: the documents, and the text.
        :raises Unreachable: when one of the daemons does not run.
        """
        commands = ["show daemons", *documents, *([text] if text else [])]
        return self._parse(self._run(commands), len(documents), daemons)

    def configure(self, commands: Sequence[str], *, save: bool = True) -> None:
        """Enter configuration commands and save, in one call.

        :param save: false leaves the boot configuration alone.
        :raises DatacenterError: when a command is refused, or the configuration cannot be saved; the
            ones before it are in effect then, which the error's result says.
        """
        output = self._run(["configure terminal", *commands, "end", *(["write memory"] if save else [])])
        refused = [line for line in output.splitlines() if line.startswith("%")]
        if refused:
            raise DatacenterError(
                "the router refuses a command",
                device=self.device,
                cause="; ".join(refused),
                next_step="see what stands in its configuration with vtysh -c 'show running-config'",
                result={"changed": True, "commands": list(commands)},
            )
        if save and "[OK]" not in output:
            raise DatacenterError(
                "the change is in effect but was not saved, a restart would lose it",
                device=self.device,
                cause=output.strip().splitlines()[-1] if output.strip() else "write memory said nothing",
                next_step=f"look at space and rights of {CONFIG_DIRECTORY}, then run this again",
                result={"changed": True, "commands": list(commands)},
            )

    def saved_lines(self) -> set[str]:
        """The lines that will be in effect after a restart."""
        lines: set[str] = set()
        for name in SAVED_FILES:
            path = CONFIG_DIRECTORY / name
            try:
                lines |= set(path.read_text(encoding="utf-8").splitlines())
            except FileNotFoundError:
                continue
            except OSError as error:
                raise DatacenterError(
                    "the saved configuration cannot be read", device=str(path), cause=str(error)
                ) from error
        return {line.strip() for line in lines}

    def _run(self, commands: Sequence[str]) -> str:
        argv = [self._vtysh]
        for command in commands:
            argv += ["-c", command]
        begun = time.monotonic()
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self.timeout_s,
                check=False,
            )
        except FileNotFoundError as error:
            raise DatacenterError(
                "there is no FRR on this device",
                device=self.device,
                cause=f"{self._vtysh} is not found",
                next_step="install the package frr, or name another device",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise Unreachable(
                f"no answer from FRR within {time.monotonic() - begun:.1f} s",
                device=self.device,
                cause="a daemon hangs",
                next_step="systemctl restart frr; the routes in the kernel stay while zebra is away",
            ) from error
        if done.returncode:
            raise self._error(done.stderr.strip() or done.stdout.strip(), commands)
        return done.stdout

    def _error(self, said: str, commands: Sequence[str]) -> DatacenterError:
        cause = said.splitlines()[-1] if said else "vtysh says nothing"
        if "not running" in said or "failed to connect" in said:
            what = cause if "not running" in cause else "FRR does not run"
            return Unreachable(what, device=self.device, cause=cause, next_step=RESTART)
        return DatacenterError(
            "vtysh failed", device=self.device, cause=f"{cause} (asked: {'; '.join(commands)})"
        )

    def _parse(self, output: str, documents: int, daemons: Sequence[str]) -> tuple[list[Any], str]:
        alive, _newline, rest = output.partition("\n")
        dead = [daemon for daemon in daemons if daemon not in alive.split()]
        if dead:
            raise Unreachable(
                f"{', '.join(dead)} is not running", device=self.device,
                cause=f"of FRR's daemons only these answer: {' '.join(alive.split()) or 'none'}",
                next_step=RESTART,
            )  # fmt: skip
        found, decoder = [], json.JSONDecoder()
        for _number in range(documents):
            rest = rest.lstrip()
            try:
                document, end = decoder.raw_decode(rest)
            except ValueError as error:
                raise DatacenterError(
                    "the router's answer cannot be read",
                    device=self.device,
                    cause=rest.strip().partition("\n")[0][:200] or "it is empty",
                    next_step="look whether OSPF is configured there; the role frr_router does it",
                ) from error
            found.append(document)
            rest = rest[end:]
        return found, rest


def poll(timeout_s: float, pause_s: float = 0.015) -> Iterator[float]:
    """Yield the seconds since the start, at once and then after each pause, until the time is over."""
    begun = time.monotonic()
    while True:
        elapsed = time.monotonic() - begun
        yield elapsed
        if elapsed >= timeout_s:
            return
        time.sleep(pause_s)
