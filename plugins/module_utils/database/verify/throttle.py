# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing waits while the servers have something better to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DeadlineExceeded

#: Seconds for which a measure counts.
FRESH_S = 2.0

Measure = Callable[[], Optional[float]]


@dataclass(frozen=True)
class Limit:
    """A measure that must not be passed; one that is not known is not held to be passed."""

    what: str
    measure: Measure
    most: float


class Throttle:
    """Called before each part.

    :param rest_s: seconds of rest before each part, in each session.
    :param patience_s: it gives up when a limit is passed for so long.
    """

    def __init__(
        self,
        limits: tuple[Limit, ...] = (),
        rest_s: float = 0.0,
        patience_s: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits, self._rest_s, self._patience_s = limits, rest_s, patience_s
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._passed = ""
        #: Seconds that all sessions together have waited.
        self.waited_s = 0.0

    def wait(self, say: Callable[[str], None] = lambda _why: None) -> None:
        """Until it may go on.

        :param say: told why it waits, and the empty text when it goes on.
        :raises DeadlineExceeded: it waited for ``patience_s``.
        """
        begun = self._clock()
        if self._rest_s:
            self._sleep(self._rest_s)
        while True:
            passed = self._look()
            if not passed:
                break
            say(passed)
            if self._clock() - begun > self._patience_s:
                raise DeadlineExceeded(
                    "comparing was held up for too long",
                    cause=passed,
                    next_step="run it again when there is less to do; what has been compared is kept",
                )
            self._sleep(FRESH_S)
        say("")
        with self._lock:
            self.waited_s += self._clock() - begun

    def _look(self) -> str:
        """What is passed; measured by one thread for all."""
        with self._lock:
            if self._read_at is None or self._clock() - self._read_at >= FRESH_S:
                self._passed = ""
                for limit in self._limits:
                    value = limit.measure()
                    if value is not None and value > limit.most:
                        self._passed = f"{limit.what}: {value:g}, more than {limit.most:g}"
                self._read_at = self._clock()
            return self._passed
