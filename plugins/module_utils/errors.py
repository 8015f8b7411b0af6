# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One family of errors: what failed, on which device, why, and what to do next.

Libraries raise these and never print or exit; the one adapter (``adapter.py``) turns
them into an Ansible result. Runs on managed hosts: standard library, Python 3.9.
"""

from __future__ import annotations

from typing import Any, Mapping


class DatacenterError(Exception):
    """Root of every error this collection raises on purpose.

    :param what: what was being done, as a sentence without a full stop.
    :param device: the device, host or file it concerns, by the name a person uses.
    :param cause: why it failed, as far as it is known.
    :param next_step: what the reader can do about it.
    :param result: what had already been done or read (``changed`` included), so that
        a step that breaks half way still says what it has made.
    """

    def __init__(
        self,
        what: str,
        *,
        device: str | None = None,
        cause: str | None = None,
        next_step: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        self.what = what
        self.device = device
        self.cause = cause
        self.next_step = next_step
        self.result: dict[str, Any] = dict(result or {})
        super().__init__(str(self))

    def __str__(self) -> str:
        text = self.what if self.device is None else f"{self.device}: {self.what}"
        if self.cause:
            text = f"{text}: {self.cause}"
        if self.next_step:
            text = f"{text}. Next: {self.next_step}"
        return text

    def fields(self) -> dict[str, Any]:
        """The parts as data, for results, journals and reports."""
        return {
            "kind": type(self).__name__,
            "what": self.what,
            "device": self.device,
            "cause": self.cause,
            "next_step": self.next_step,
        }


class Refused(DatacenterError):
    """Safety could not be proved, so nothing was done."""


class Unreachable(DatacenterError):
    """The device did not answer; nothing is known about its state."""


class DeadlineExceeded(DatacenterError):
    """The state that was waited for did not come within the stated seconds."""
