# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one command that reads a server, and what came back of it, section by section.

The same probes run under the server's Python or under its plain shell, and both answers are read by the same
code here: so a document looks the same, whichever it was.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

SOURCE = Path(__file__).parent / "on_source"
#: In the order they are asked; the samples first, before the other probes make load of their own.
PROBES = (
    "samples",
    "system",
    "packages",
    "services",
    "accounts",
    "sudo",
    "cron",
    "mounts",
    "network",
    "sockets",
    "processes",
    "time_locale",
    "mandatory_access",
    "postgresql",
    "mariadb",
    "certificates",
    "references",
    "roots",
    "changed",
)
ROOTS = ("/var/www", "/srv", "/opt", "/home", "/usr/local", "/var/spool/mail", "/var/mail")
PYTHONS = (
    "python3",
    "/usr/libexec/platform-python",
    "/opt/rh/rh-python36/root/bin/python3",
)
_PROBE_FILES = ("probes.sh", "probes_database.sh")
#: What stands for a single quote on the way, and what makes one of it again.
_QUOTE, _AS_IT_WAS = "\f", r"tr '\014' '\047'"
#: The greatest length of one argument is 131,072 bytes; what is quoted on the way grows.
MOST_COMMAND_BYTES = 90_000


@dataclass(frozen=True)
class Section:
    """What one probe said."""

    rc: int
    out: str
    err: str = ""

    @property
    def why(self) -> str | None:
        """Why it is not known, or not wholly; None when it is."""
        if self.rc == 0:
            return None
        return " ".join(self.err.split()) or f"the probe ended with {self.rc}"


@dataclass(frozen=True)
class Answer:
    """What a server said, and what it was asked with (``python 3.6.15`` or ``sh``)."""

    by: str
    sections: Mapping[str, Section]


def _stripped(*names: str) -> str:
    """Shell files without the lines that are comment or empty."""
    lines = [
        line.strip() for name in names for line in (SOURCE / name).read_text(encoding="utf-8").splitlines()
    ]
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def _smuggled(text: str) -> str:
    """A text without single quotes: each shell on the way makes five characters of every one."""
    if _QUOTE in text:
        raise ValueError("a probe has a form feed, by which single quotes are sent")
    return text.replace("'", _QUOTE)


def command(
    mark: str,
    *,
    sample_s: int = 10,
    verify: bool = True,
    long_s: int = 120,
    roots: Iterable[str] = ROOTS,
    probes: Iterable[str] = PROBES,
    python: bool = True,
) -> str:
    """The script, as one command for a POSIX shell.

    :param mark: letters and digits that no output can know, between which the answer stands.
    :param verify: whether files are compared with their packages, which reads all of them.
    :param long_s: how long a search through files may take.
    :param python: false: the plain shell, also where Python is there.
    """
    settings = {
        "A_MARK": mark,
        "A_SAMPLE": str(sample_s),
        "A_VERIFY": str(int(verify)),
        "A_LONG": str(long_s),
        "A_LIMIT": str(2 * long_s + 10 * sample_s),
        "A_ROOTS": " ".join(roots),
        "A_PROBES": " ".join(probes),
    }
    lines = [f"{name}={shlex.quote(value)}; export {name}" for name, value in settings.items()]
    probes, runner = (_smuggled(_stripped(*names)) for names in (_PROBE_FILES, ("runner.sh",)))
    lines.append(f"a=$(printf '%s' '{probes}' | {_AS_IT_WAS}); r=$(printf '%s' '{runner}' | {_AS_IT_WAS})")
    if python:
        packed = base64.b64encode(zlib.compress((SOURCE / "runner.py").read_bytes(), 9)).decode()
        fit = "import sys,json,zlib,base64,subprocess,threading,typing; sys.exit(sys.version_info < (3, 6))"
        load = f'import base64,zlib; exec(zlib.decompress(base64.b64decode("{packed}")))'
        lines.append(
            f'for p in {" ".join(PYTHONS)}; do if "$p" -c {shlex.quote(fit)} >/dev/null 2>&1; '
            f'then exec "$p" -c {shlex.quote(load)} "$a"; fi; done'
        )
    lines += ['eval "$a"', 'eval "$r"']
    return "\n".join(lines)


def read(said: str, mark: str, device: str) -> Answer:
    """Take an answer apart.

    :raises DatacenterError: when it is not whole.
    """
    text = said.replace("\r", "")
    whole = re.search(rf"^@@{mark} (python [0-9.]+|sh)\n(.*)^@@{mark} done$", text, re.DOTALL | re.MULTILINE)
    if whole is None:
        raise DatacenterError(
            "the answer is not whole, so nothing is known",
            device=device,
            cause=f"it ends with {text[-300:].strip()!r}" if text.strip() else "nothing came back",
            next_step=(
                "see that the login reaches a POSIX shell and nothing ends it early, then run this again"
            ),
        )
    by, body = whole[1], whole[2]
    try:
        sections = _unpacked(body) if by != "sh" else _between(body, mark)
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise DatacenterError(
            "the answer cannot be read, so nothing is known",
            device=device,
            cause=str(error),
            next_step="run this again; with 'interpreter: sh' if it stays so",
        ) from error
    return Answer(by, sections)


def _unpacked(body: str) -> dict[str, Section]:
    found = json.loads(zlib.decompress(base64.b64decode(body)))
    return {name: Section(int(one["rc"]), one["out"], one["err"]) for name, one in found.items()}


def _between(body: str, mark: str) -> dict[str, Section]:
    pattern = rf"^@@{mark} begin (\w+)\n(.*?)\n@@{mark} end \1 (\d+) ?([^\n]*)$"
    return {
        found[1]: Section(int(found[3]), found[2], found[4])
        for found in re.finditer(pattern, body, re.DOTALL | re.MULTILINE)
    }
