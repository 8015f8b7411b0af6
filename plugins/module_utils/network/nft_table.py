# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of a firewall: compared in the kernel's own words, loaded in one transaction, read back.

nft writes rules back in another form than they were given. So the text is loaded into a network
namespace that exists for this alone, and both are listed by the same program: what is equal there
is equal. Standard library, Python 3.9.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.files import (
    read_text,
    replace_text,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.network.nft import Nft

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,254}$")


def set_table(nft: Nft, *, family: str, name: str, text: str, path: Path, dry_run: bool) -> dict[str, Any]:
    """Make one table what a text says, now and at the next start; leave every other table alone.

    :param text: what a boot loads. What it includes from other files is for the boot only.
    :raises DatacenterError: when nft refuses the text, or the kernel does not show it.
    """
    if not _NAME.match(name):
        raise DatacenterError(f"a table cannot be called '{name}'", device=nft.device)
    loaded = without_includes(text)
    # Before anything is changed: a text that cannot be loaded must not wait for the next start.
    wanted = nft.would_list(loaded, family, name)
    before, saved = nft.listing(family, name), read_text(path)
    result: dict[str, Any] = {
        "changed": before != wanted or saved != text,
        "table": f"{family} {name}",
        "in_force": before == wanted,
        "saved": saved == text,
        "before": before,
        "after": wanted if dry_run else before,
    }
    if dry_run or not result["changed"]:
        return result
    if before != wanted:
        nft.load(loaded)
        result["after"] = nft.listing(family, name)
        if result["after"] != wanted:
            raise DatacenterError(
                f"the kernel does not show the table {family} {name} as it was loaded",
                device=nft.device,
                next_step=f"see nft list table {family} {name}, and who else changes rules there",
                result=result,
            )
    # Saved last: what a boot brings has been in force once.
    replace_text(path, text, 0o755)
    return {**result, "in_force": True, "saved": True}


def without_includes(text: str) -> str:
    """A text without the files it includes: they hold other tables, which are in force already."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("include "))
