#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a run's journal, without Ansible.

    tools/journal.py verify build/drill/journal.jsonl --seal 137:5f3c...

The seal stands in the report (report.json, ``journal``) and on a host of the other centre. Without one a cut
tail, or a chain that was computed again, does not show, and that is said. Exit code 0: whole; 1: it is not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import chain


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="say whether a journal is whole")
    verify.add_argument("journal", type=Path)
    verify.add_argument("--seal", type=chain.parse_seal, help="LINES:HEAD, as it was kept elsewhere")
    arguments = parser.parse_args(argv)
    try:
        found = chain.judge(chain.text_of(arguments.journal.read_bytes()), arguments.seal)
    except OSError as error:
        print(f"{arguments.journal}: cannot be read: {error}", file=sys.stderr)
        return 1
    for problem in found.problems:
        print(f"{arguments.journal}: {problem}", file=sys.stderr)
    if found.torn:
        print(f"{arguments.journal}: the last line has no end: a run was killed while it wrote it")
    if not found.sealed:
        print(f"{arguments.journal}: no seal was given, so a cut tail would not show")
    print(f"{arguments.journal}: {'whole' if found.whole else 'NOT whole'}, seal {found.seal}")
    return 0 if found.whole else 1


if __name__ == "__main__":
    sys.exit(main())
