# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bmc_sol_capture asks of a BMC, from its options to its result."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import Call, Each
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.capture import Capture, capture
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def _capture(bmc: Bmc, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    wanted = Capture(
        Path(params["path"]),
        params["seconds"],
        params["until"],
        params["silence_s"],
        params["send"],
        params["stamps"],
        params["plain"],
        params["take_over"],
        params["tail"],
        params["send_secret"],
    )
    return capture(bmc, wanted, check=check)


@contextmanager
def _around(each: Each, check: bool) -> Iterator[list[Target]]:
    """Options that do not fit are told before any console is touched."""
    wrong = []
    for params in each.params.values():
        wrong += [
            f"{name} is not above 0"
            for name in ("seconds", "silence_s")
            if params[name] is not None and params[name] <= 0
        ]
        if params["tail"] < 0:
            wrong.append("tail is below 0")
        if params["until"] is not None:
            try:
                re.compile(params["until"])
            except re.error as error:
                wrong.append(f"until is no regular expression ({error})")
        if params["send"] is not None and params["send_secret"] is not None:
            wrong.append("send and send_secret are both to be typed first")
        if params["path"] is None:
            wrong.append("path is not given")
    paths = Counter(params["path"] for params in each.params.values() if params["path"] is not None)
    wrong += [f"{count} targets have the same path {path}" for path, count in paths.items() if count > 1]
    if wrong:
        causes = "; ".join(dict.fromkeys(wrong))
        raise DatacenterError("the options do not fit", cause=causes, next_step="correct them")
    yield each.targets


SOL_CAPTURE = Call(
    _capture,
    {
        "path": {"type": "path"},
        "seconds": {"type": "float", "default": 60.0},
        "until": {"type": "str"},
        "silence_s": {"type": "float"},
        "send": {"type": "str"},
        "send_secret": {"type": "str", "no_log": True},
        "stamps": {"type": "bool", "default": True},
        "plain": {"type": "bool", "default": True},
        "take_over": {"type": "bool", "default": False},
        "tail": {"type": "int", "default": 20},
    },
    own=("path",),
    around=_around,
    longer_s=lambda params: float(params["seconds"]),
)
