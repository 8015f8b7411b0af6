# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real sshd of its own keys, on a port of the loopback, that the test's own user enters."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import time
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying.ssh import Source


class Sshd:
    """Started by the constructor, ended by :meth:`stop`.

    :param path: what the PATH of its sessions is: so a source without rsync or Python can be made.
    """

    def __init__(self, root: Path, path: str | None = None) -> None:
        self.root = root
        self.port = _free_port()
        for name in ("host", "client"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(root / name)], check=True
            )  # fmt: skip
        (root / "keys").write_text((root / "client.pub").read_text())
        (root / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {(root / 'host.pub').read_text()}")
        # The PATH of a session is sshd's own compiled one; what a source lacks is made by its environment.
        setting = f"SetEnv PATH={path}\n" if path else ""
        (root / "config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {root}/host\n"
            f"AuthorizedKeysFile {root}/keys\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin prohibit-password\nPidFile none\nLogLevel ERROR\n{setting}"
        )
        # What Debian's unit makes before it starts sshd.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", str(root / "config")], stderr=subprocess.DEVNULL
        )
        self._wait()

    def source(self) -> Source:
        """The way in, as a module has it."""
        return Source(
            host="127.0.0.1",
            user=pwd.getpwuid(os.geteuid()).pw_name,
            port=self.port,
            key_file=str(self.root / "client"),
            known_hosts=str(self.root / "known_hosts"),
        )

    def options(self) -> dict[str, object]:
        """The same as options of the modules."""
        source = self.source()
        return {
            "source_host": source.host,
            "source_user": source.user,
            "source_port": source.port,
            "source_key_file": source.key_file,
            "source_known_hosts": source.known_hosts,
        }

    def stop(self) -> None:
        """End it; its sessions end with their clients."""
        self.process.terminate()
        self.process.wait(10)

    def _wait(self) -> None:
        for _attempt in range(100):
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as peer:
                    if peer.recv(4) == b"SSH-":
                        return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise TimeoutError("sshd does not greet")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
