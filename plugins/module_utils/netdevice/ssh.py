# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on a device over one SSH connection, with exit codes and without a terminal.

paramiko, and not netmiko: FRR runs on a machine with a shell, where a command has an exit code and its
two outputs, and nothing has to be guessed from prompts.
"""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Mapping
from typing import Any

try:
    import paramiko
    from napalm.base.exceptions import (
        CommandErrorException,
        ConnectAuthError,
        ConnectionClosedException,
        ConnectionException,
    )
except ImportError:
    # The modules say so before they come here (adapter.requires).
    pass

#: Seconds between two signs of life on an idle connection.
KEEPALIVE_S = 5


class Shell:
    """One connection to one device.

    :param options: of NAPALM's names ``port``, ``key_file``, ``passphrase``, ``use_keys``, ``allow_agent``,
        ``ssh_strict`` (an unknown host key is refused unless this is false), ``alt_key_file`` (known hosts
        other than the user's), ``ssh_config_file``; ``sudo`` puts sudo -n before every command.
    """

    def __init__(
        self, host: str, user: str, password: str, timeout_s: float, options: Mapping[str, Any]
    ) -> None:
        self.timeout_s = timeout_s
        self._sudo = bool(options.get("sudo"))
        self._client = paramiko.SSHClient()
        settings = _settings(host, user, options)
        if options.get("alt_key_file"):
            self._client.load_host_keys(os.path.expanduser(options["alt_key_file"]))
        elif settings.get("userknownhostsfile"):
            for name in shlex.split(settings["userknownhostsfile"]):
                if os.path.exists(os.path.expanduser(name)):
                    self._client.load_host_keys(os.path.expanduser(name))
        else:
            self._client.load_system_host_keys()
        strict = bool(options.get("ssh_strict", True))
        self._client.set_missing_host_key_policy(
            paramiko.RejectPolicy() if strict else paramiko.AutoAddPolicy()
        )
        try:
            self._client.connect(
                settings["hostname"],
                port=int(settings["port"]),
                username=settings["user"],
                password=password or None,
                key_filename=settings["key_files"] or None,
                passphrase=options.get("passphrase"),
                timeout=timeout_s,
                banner_timeout=timeout_s,
                auth_timeout=timeout_s,
                allow_agent=bool(options.get("allow_agent", False)),
                look_for_keys=bool(options.get("use_keys", not (password or settings["key_files"]))),
                sock=self._socket(settings, timeout_s),
            )
        except paramiko.AuthenticationException as error:
            raise ConnectAuthError(f"{settings['user']}@{host}: {error}") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise ConnectionException(f"{host}: {error or type(error).__name__}") from error
        transport = self._client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE_S)

    @property
    def alive(self) -> bool:
        transport = self._client.get_transport()
        return transport is not None and transport.is_active()

    def run(self, command: str, *, stdin: str = "", timeout_s: float | None = None) -> str:
        """The output of a command.

        :raises CommandErrorException: when it ends with another code than 0, with what it said.
        :raises ConnectionClosedException: when the connection ends before the command, or it takes too long.
        """
        if self._sudo:
            command = f"sudo -n {command}"
        limit = self.timeout_s if timeout_s is None else timeout_s
        try:
            given, out, err = self._client.exec_command(command, timeout=limit)
            if stdin:
                given.write(stdin)
            given.flush()
            given.channel.shutdown_write()
            said, trouble = out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace")
            code = out.channel.recv_exit_status()
        except (paramiko.SSHException, OSError, EOFError, AttributeError) as error:
            # AttributeError: paramiko's client after it was closed.
            raise ConnectionClosedException(f"the session ended: {error or type(error).__name__}") from error
        if code == -1:
            raise ConnectionClosedException("the session ended before the command did")
        if code:
            said = trouble.strip() or said.strip() or f"exit code {code}"
            raise CommandErrorException(f"{command}: {said}")
        return said

    def close(self) -> None:
        self._client.close()

    def _socket(self, settings: Mapping[str, Any], timeout_s: float) -> Any:
        """A way to the device other than a plain connection; None for that."""
        proxy = settings.get("proxycommand")
        return paramiko.ProxyCommand(proxy) if proxy else None


def _settings(host: str, user: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What ssh's own configuration file says of the host, below what was given."""
    found: dict[str, Any] = {}
    if options.get("ssh_config_file"):
        with open(os.path.expanduser(options["ssh_config_file"]), encoding="utf-8") as file:
            configuration = paramiko.SSHConfig()
            configuration.parse(file)
        found = dict(configuration.lookup(host))
    keys = [options["key_file"]] if options.get("key_file") else list(found.get("identityfile", []))
    return {
        **found,
        "hostname": found.get("hostname", host),
        "port": options.get("port") or found.get("port", socket.getservbyname("ssh")),
        "user": user or found.get("user", "root"),
        "key_files": [os.path.expanduser(key) for key in keys],
    }
