# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Debian mirror this host uses, read from its own package sources."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Iterator

APT = Path("/etc/apt")
#: What mmdebstrap takes by itself, with security updates, so nothing needs to be said.
DEFAULTS = ("deb.debian.org", "httpredir.debian.org", "ftp.debian.org")
# An archive ends so on every mirror; "debian-security" and vendors' repositories do not.
_ARCHIVE = re.compile(r"https?://(?P<host>[^/\s]+)(?P<path>/\S*)?/debian/?\Z")
_ONE_LINE = re.compile(r"deb\s+(?:\[[^]]*\]\s+)?(?P<uri>\S+)\s")


def mirror(apt: Path = APT) -> str:
    """The host's mirror of the Debian archive; empty when it uses the default, or no Debian at all."""
    for uri in _uris(apt):
        match = _ARCHIVE.match(uri)
        if match:
            return "" if match.group("host") in DEFAULTS else uri
    return ""


def _uris(apt: Path) -> Iterator[str]:
    for path in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        text = ""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = path.read_text(encoding="utf-8")
        if path.suffix == ".sources":
            yield from uris_of_stanzas(text)
        elif path.suffix == ".list":
            yield from uris_of_lines(text)


def uris_of_lines(text: str) -> list[str]:
    """From the old format, one source a line. Pure."""
    return [match.group("uri") for match in map(_ONE_LINE.match, text.splitlines()) if match]


def uris_of_stanzas(text: str) -> list[str]:
    """From the new format (deb822): of every stanza that is in use and holds binary packages. Pure."""
    found: list[str] = []
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields = {
            key.strip().lower(): value.strip()
            for key, colon, value in (line.partition(":") for line in lines)
            if colon and not key[:1].isspace()
        }
        if fields.get("enabled", "yes").lower() != "no" and "deb" in fields.get("types", "").split():
            found += fields.get("uris", "").split()
    return found
