# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a target to an open session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import open_session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target, alone


@contextmanager
def connect(target: Target, deadline: Deadline | None = None) -> Iterator[IpmiBmc]:
    """Log in, hand out the BMC, log out whatever happens; nobody else of this process is at it meanwhile.

    :param deadline: the end of the whole operation.
    :raises errors.Unreachable: nothing, or not enough, was heard within ``target.answer_s``.
    :raises errors.BmcError: the session was refused; the class says why.
    """
    with alone(target), open_session(target, deadline) as session:
        yield IpmiBmc(session)
