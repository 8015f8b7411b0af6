# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyghmi's decoders of FRU, sensors and events on our session: what is asked, and for how long, is ours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


@contextmanager
def decoders(session: Session, what: str) -> Iterator[Any]:
    """pyghmi's command object on our session, with our deadline per command."""
    from pyghmi import exceptions
    from pyghmi.ipmi.command import Command

    class OnSession(Command):
        def __init__(self) -> None:
            self.ipmi_session = session.wire
            self.bmc = session.target.address
            self.onlogon = self._sdrcachedir = self._sdr = self._oem = None
            self._netchannel = self._ipv6support = self.certverify = None
            self._oemknown = False
            self.kwargs: dict[str, Any] = {}

    # They ask past Session.command, which claims by itself.
    session.claim()
    session.wire.helper_deadline = lambda: _answer_left(session)
    try:
        yield OnSession()
    except exceptions.IpmiException as error:
        code = getattr(error, "ipmicode", 0)
        if code:
            raise errors.command_failed(session.name, what, code) from error
        raise errors.silent(session.name, what, str(error)) from error
    except (IndexError, KeyError, ValueError, TypeError, struct.error) as error:
        raise DatacenterError(
            what,
            device=session.name,
            cause=f"the BMC's records cannot be decoded ({type(error).__name__}: {error})",
            next_step="leave this subset out",
        ) from error
    finally:
        session.wire.helper_deadline = None


def _answer_left(session: Session) -> float:
    return session.answer_deadline().remaining()


def health(value: int) -> str:
    from pyghmi.constants import Health

    for name in ("Failed", "Critical", "Warning"):
        if value & getattr(Health, name):
            return name.lower()
    return "ok"


def moment(seconds: int) -> str | None:
    """A time stamp of the BMC's clock; values before 2^29 count from its start, not from 1970."""
    if seconds in (0, 0xFFFFFFFF) or seconds < 0x20000000:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")
