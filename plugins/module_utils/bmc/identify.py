# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locator light, read back where the BMC tells."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import OFF, ON, UNKNOWN, Bmc

#: Seconds that IPMI has room for.
MOST_S = 255
TIMED = "timed"


def set_identify(bmc: Bmc, seconds: int | None, *, check: bool = False) -> dict[str, Any]:
    """Light the locator for so many seconds, put it out (0), or light it until told otherwise (``None``).

    For a time it is lit anew each time, as nobody can tell how much of the last time is left.

    :returns: ``changed``, ``before``, ``after``, ``commands``, ``confirmed`` (whether it was read back).
    :raises errors.NotConfirmed: the BMC said yes and tells another state.
    """
    wanted = ON if seconds is None else TIMED if seconds else OFF
    before = bmc.read_identify()
    if before == wanted != TIMED:
        return _result(before, before, [], confirmed=True)
    commands = [f"identify {wanted}" + (f" {seconds} s" if wanted == TIMED else "")]
    if check:
        return _result(before, wanted, commands, confirmed=False)
    lit = time.monotonic()
    bmc.write_identify(seconds)
    after = bmc.read_identify()
    over = wanted == TIMED and after == OFF and time.monotonic() - lit >= (seconds or 0)
    if after not in (wanted, UNKNOWN) and not over:
        raise errors.NotConfirmed(
            f"the locator is {after} after it was told {wanted}",
            device=bmc.name,
            cause="the BMC accepted the command without, or with another, effect",
            next_step="look at the server; mark it by hand",
            result={**_result(before, after, commands, confirmed=False), "changed": after != before},
        )
    return _result(before, wanted if after == UNKNOWN else after, commands, confirmed=after != UNKNOWN)


def _result(before: str, after: str, commands: list[str], *, confirmed: bool) -> dict[str, Any]:
    return {
        "changed": bool(commands),
        "before": before,
        "after": after,
        "commands": commands,
        "confirmed": confirmed,
    }
