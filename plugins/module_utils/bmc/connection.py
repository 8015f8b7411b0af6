# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a target to an open session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import (
    Session,
    open_session,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target, alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Unreachable


@contextmanager
def connect(target: Target, deadline: Deadline | None = None) -> Iterator[IpmiBmc]:
    """Log in, hand out the BMC, log out whatever happens; nobody else of this process is at it meanwhile.

    :param deadline: the end of the whole operation.
    :raises errors.Unreachable: nothing, or not enough, was heard within ``target.answer_s``.
    :raises errors.BmcError: the session was refused; the class says why.
    """
    with alone(target), ExitStack() as stack:
        yield IpmiBmc(_first_that_opens(target, deadline, stack))


def _first_that_opens(target: Target, deadline: Deadline | None, stack: ExitStack) -> Session:
    """The session of the target, or of the first other way in to it that is not known to be closed.

    An address that is silent is not asked again, and no password is offered twice: BMCs lock accounts.
    """
    first: errors.WrongPassword | Unreachable | None = None
    silent: set[str] = set()
    refused: set[tuple[str, str]] = set()
    for way in (target, *target.else_):
        if way.address in silent or (way.user, way.password) in refused:
            continue
        try:
            return stack.enter_context(open_session(way, deadline))
        except Unreachable as error:
            silent.add(way.address)
            first = first or error
        except errors.WrongPassword as error:
            refused.add((way.user, way.password))
            first = first or error
    assert first is not None
    raise first
