# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation in a process of its own, to be killed: ``python rotation_run.py``, options as JSON on stdin.

``kill_at`` among them is the number of the step at which it kills itself as ``kill -9`` would. Steps are the
moments before and after each write that reaches the disk, each command that sets a password, each log-in.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import rotation
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import accounts, call
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc


class Steps:
    """Counts the moments, and kills at one."""

    def __init__(self, kill_at: int) -> None:
        self.kill_at = kill_at
        self.passed = 0

    def moment(self) -> None:
        self.passed += 1
        if self.passed == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, what: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*words: Any, **more: Any) -> Any:
            self.moment()
            done = what(*words, **more)
            self.moment()
            return done

        return stepped


def main() -> None:
    options = json.load(sys.stdin)
    steps = Steps(options.pop("kill_at", 0))
    own: Any = IpmiBmc
    beside = own.beside

    @contextmanager
    def stepped_beside(*words: Any, **more: Any) -> Iterator[Any]:
        steps.moment()
        with beside(*words, **more) as bmc:
            steps.moment()
            yield bmc

    own.set_password = steps.around(own.set_password)
    own.beside = stepped_beside
    rotation.os = type("Steps", (), {**vars(os), "fsync": staticmethod(steps.around(os.fsync))})  # type: ignore
    spec = accounts.USER.spec()
    defaults = {name: option.get("default") for name, option in spec.items()}
    empty = dict.fromkeys(spec["targets"]["options"])
    options["targets"] = [{**empty, **target} for target in options["targets"]]
    params = {**defaults, **options, "state": "rotated", "on_failure": "hand_over"}
    result = call.run(accounts.USER, params, check=False)
    json.dump({"result": result, "steps": steps.passed}, sys.stdout)


if __name__ == "__main__":
    main()
