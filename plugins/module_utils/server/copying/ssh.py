# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a source: one command line of ssh for all that goes there. No password is ever on it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

#: What ssh itself ends with when there is no session; a command may, too, and then says more on stderr.
NO_SESSION = 255


@dataclass(frozen=True)
class Source:
    """A server that is read over SSH.

    :param key_file: the private key; ``None``: what ssh takes by itself.
    :param known_hosts: by what the host's key is verified; ``None``: the user's own and the system's.
    :param become: commands run under ``sudo -n``.
    :param way: options of ssh that this one session needs besides (see ``pump.py``).
    """

    host: str
    user: str = "root"
    port: int = 22
    key_file: str | None = None
    known_hosts: str | None = None
    become: bool = False
    connect_timeout_s: int = 10
    way: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As a person reads it."""
        return f"{self.user}@{self.host}:{self.port}"

    def ssh(self) -> list[str]:
        """The command line up to the host, which is not on it yet."""
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": self.connect_timeout_s,
            # A line that is cut without a word is noticed after half a minute.
            "ServerAliveInterval": 10,
            "ServerAliveCountMax": 3,
            "ControlPath": "none",
            "ClearAllForwardings": "yes",
            "Compression": "no",
            "LogLevel": "ERROR",
        }
        if has_aes():
            options["Ciphers"] = "^aes128-gcm@openssh.com"
        if self.known_hosts:
            options["UserKnownHostsFile"] = _quoted(self.known_hosts)
            options["GlobalKnownHostsFile"] = "none"
        if self.key_file:
            options["IdentitiesOnly"] = "yes"
            options["IdentityAgent"] = "none"
        argv = ["ssh", "-F", "none", "-T", "-p", str(self.port), "-l", self.user]
        if self.key_file:
            argv += ["-i", self.key_file]
        for key, value in options.items():
            argv += ["-o", f"{key}={value}"]
        return [*argv, *self.way]

    def command(self, text: str) -> list[str]:
        """A command line that runs ``text`` in the source's POSIX shell, whatever the login shell is."""
        inner = f"{'sudo -n ' if self.become else ''}sh -c {shlex.quote(text)}"
        return [*self.ssh(), "--", self.host, inner]

    def ask(self, text: str, *, timeout_s: float, stdin: bytes = b"") -> str:
        """What a short command says.

        :raises Unreachable: when there is no session.
        :raises DatacenterError: when the command fails.
        """
        try:
            done = subprocess.run(
                self.command(text), input=stdin, capture_output=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Unreachable(
                "the source did not answer a command", device=self.name, cause=f"nothing within {timeout_s} s"
            ) from error
        if done.returncode != 0:
            raise self.failure("a command on the source failed", done.returncode, done.stderr)
        return done.stdout.decode("utf-8", "surrogateescape")

    def failure(self, what: str, code: int, stderr: bytes) -> DatacenterError:
        """The error that an exit code and what was said make."""
        said = stderr.decode("utf-8", "replace").strip()[-2000:] or f"it ended with {code} and said nothing"
        if code == NO_SESSION:
            return Unreachable(
                what, device=self.name, cause=said,
                next_step="try the same address, user, key and known_hosts file by hand: ssh has to enter "
                "without a question",
            )  # fmt: skip
        return DatacenterError(what, device=self.name, cause=said)


def has_aes(cpuinfo: str = "/proc/cpuinfo") -> bool:
    """Whether this processor has AES in hardware: AES-GCM then costs a third of ssh's own first choice."""
    try:
        with open(cpuinfo, encoding="utf-8", errors="replace") as file:
            return any(" aes" in line for line in file if line.startswith(("flags", "Features")))
    except OSError:
        return False


def start(argv: Sequence[str], stdin: bytes, stderr: IO[bytes], **more: Any) -> subprocess.Popen[bytes]:
    """Start a command whose output is read as it comes, and give it its whole (short) input."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, **more)
    if process.stdin is None:
        raise DatacenterError(f"{argv[0]} has no standard input")
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except BrokenPipeError:
        pass  # It has ended; its exit code and what it said tell why.
    return process


def source_of(options: Mapping[str, Any]) -> Source:
    """The source that the modules' options name (arguments.py)."""
    return Source(
        host=options["source_host"],
        user=options["source_user"],
        port=options["source_port"],
        key_file=options["source_key_file"],
        known_hosts=options["source_known_hosts"],
        become=options["source_become"],
        connect_timeout_s=options["connect_timeout"],
    )


def _quoted(path: str) -> str:
    """A path as an option of ssh takes it."""
    return f'"{path}"' if " " in path else path
