# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR's configuration on this machine as a text: read, compared, checked, entered, saved.

Sent to a router together with ``frr_commit.py`` and run there by its own Python: standard library, Python
3.9, and nothing else of this collection.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from typing import Any, Iterable, Iterator

#: Where a change that waits keeps its state, unless its author says otherwise; must not survive a restart.
STATE = "/run/anjianyun/frr-commit"
#: Seconds that one call of vtysh or frr-reload.py may take.
CALL_S = 60.0
#: So often frr-reload.py is given a configuration until nothing is left to be entered.
PASSES = 3
#: vtysh: "% Unknown command", "line 5: % ..."; frr-reload.py: "2026-11-25 22:17:18,267 ERROR: ...", in red.
_COMPLAINT = re.compile(r"(line \d+: *)?%|\d{4}-\d\d-\d\d [\d:,]+ +(\x1b\[\d+m)? *(ERROR|CRITICAL)\b")


class Failed(Exception):
    """What is said to the other side. Kind: config, pending, none, device."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Router:
    """FRR on this machine.

    :param state: folder for what waits; one that does not survive a restart.
    :param pathspace: the name of an FRR that is one of several on this machine (``-N``).
    """

    def __init__(self, state: str, confdir: str = "/etc/frr", pathspace: str | None = None) -> None:
        self.state = os.path.join(state, pathspace) if pathspace else state
        self.confdir = confdir
        self.pathspace = pathspace
        self.boot_file = os.path.join(confdir, pathspace or "", "frr.conf")
        os.makedirs(self.state, mode=0o700, exist_ok=True)

    def path(self, *names: str) -> str:
        return os.path.join(self.state, *names)

    def vtysh(self, *arguments: str, config_dir: str | None = None) -> str:
        argv = ["vtysh"]
        if config_dir or self.confdir != "/etc/frr":
            argv += ["--config_dir", config_dir or self.confdir]
        argv += (["-N", self.pathspace] if self.pathspace else []) + list(arguments)
        return self._call("config" if "-f" in arguments else "device", argv)

    def running(self) -> str:
        text = self.vtysh("-c", "show running-config no-header")
        if "frr defaults" not in text and "frr version" not in text:
            raise Failed("device", "vtysh shows no running configuration: is zebra running?")
        return text

    def check(self, text: str) -> dict[str, Any]:
        """Refuse what vtysh does not know, before anything is entered."""
        if not text.strip():
            raise Failed("config", "the configuration is empty")
        with self._place(text) as place:
            self.vtysh("-m", "-f", os.path.join(place, "frr.conf"))
        return {}

    def delta(self, text: str) -> str:
        """What frr-reload.py would enter to make the running configuration this text."""
        return self._reload(text, "--test")

    def replace(self, text: str) -> str:
        """Make the running configuration a text; what is left to do afterwards.

        frr-reload.py needs more than one pass at times: it enters 'no bfd' and then, to remove one of its
        profiles, the context again, which is born anew by that.
        """
        left = ""
        for _pass in range(PASSES):
            self._reload(text, "--reload")
            left = self.delta(text)
            if "Lines To" not in left:
                return ""
        return left

    def merge(self, text: str) -> None:
        with self._place(text) as place:
            self.vtysh("-f", os.path.join(place, "frr.conf"))

    def save(self) -> None:
        said = self.vtysh("-c", "write memory")
        if "[OK]" not in said:
            raise Failed("device", f"the boot configuration was not written: {said.strip()[-300:]}")

    def boot_text(self) -> str | None:
        try:
            with open(self.boot_file, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def restore_boot(self, text: str | None) -> None:
        """Somebody may have typed 'write' while the change waited."""
        if text is not None and self.boot_text() != text:
            rewrite(self.boot_file, text)

    @contextlib.contextmanager
    def _place(self, text: str) -> Iterator[str]:
        # frr-reload.py writes the boot configuration at its end, unless it is told that the file which it
        # reads IS the boot configuration: so it gets a folder of its own with that file in it.
        place = self.path(f"place-{os.getpid()}")
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(os.path.join(place, self.pathspace or ""), mode=0o700)
        write(os.path.join(place, "frr.conf"), text if text.endswith("\n") else text + "\n", 0o600)
        write(os.path.join(place, self.pathspace or "", "vtysh.conf"), "", 0o600)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _reload(self, text: str, how: str) -> str:
        with self._place(text) as place:
            argv = ["/usr/lib/frr/frr-reload.py", how, "--stdout", "--confdir", place]
            argv += (["-N", self.pathspace] if self.pathspace else []) + [os.path.join(place, "frr.conf")]
            return self._call("config", argv)

    def _call(self, kind: str, argv: list[str]) -> str:
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CALL_S, check=False
            )
        except FileNotFoundError as error:
            raise Failed("device", f"{argv[0]} is not found (packages frr and frr-pythontools)") from error
        except subprocess.TimeoutExpired as error:
            raise Failed("device", f"{argv[0]} did not end within {CALL_S:g} s") from error
        said = (done.stdout + done.stderr).replace("\\n", "\n").splitlines()
        errors = complaints(said)
        if done.returncode or errors:
            if "is not running" in done.stderr or "failed to connect" in done.stderr:
                kind = "device"
            raise Failed(kind, ";\n".join(errors) or " ".join(said[-3:]) or f"exit code {done.returncode}")
        return done.stdout


def complaints(lines: Iterable[str]) -> list[str]:
    """Those lines of vtysh's and frr-reload.py's answers that say what went wrong.

    Told by how they begin: what a configuration has in a description is no trouble.
    """
    return [line.strip() for line in lines if _COMPLAINT.match(line.strip())]


def write(path: str, text: str, mode: int) -> None:
    """A whole file or none."""
    beside = path + ".new"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def rewrite(path: str, text: str) -> None:
    """The same, and who owned the file that was there owns the new one."""
    beside = path + ".rollback"
    kept = os.stat(path) if os.path.exists(path) else None
    write(beside, text, 0o640)
    if kept:
        os.chown(beside, kept.st_uid, kept.st_gid)
        os.chmod(beside, kept.st_mode & 0o777)
    os.replace(beside, path)


def read(*names: str) -> Any:
    with open(os.path.join(*names), encoding="utf-8") as file:
        return file.read()


def note(folder: str, name: str, **facts: Any) -> None:
    write(os.path.join(folder, name), json.dumps(facts), 0o600)


def noted(*names: str) -> dict[str, Any] | None:
    try:
        return json.loads(read(*names))
    except (FileNotFoundError, NotADirectoryError):
        return None
