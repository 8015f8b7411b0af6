# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a target to an open session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.bmc import IpmiBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import open_session
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.model import Bmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import session as redfish
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.bmc import RedfishBmc
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import (
    Deadline,
    Target,
    alone,
    over_ipmi_limits,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)


@contextmanager
def connect(target: Target, deadline: Deadline | None = None) -> Iterator[Bmc]:
    """Log in, hand out the BMC, log out whatever happens; nobody else of this process is at it meanwhile.

    :param deadline: the end of the whole operation.
    :raises errors.Unreachable: nothing, or not enough, was heard within ``target.answer_s``.
    :raises errors.BmcError: the session was refused; the class says why.
    """
    with alone(target), ExitStack() as stack:
        yield _first_that_opens(target, deadline, stack)


def _first_that_opens(target: Target, deadline: Deadline | None, stack: ExitStack) -> Bmc:
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
            return _open(way, deadline, stack)
        except Unreachable as error:
            silent.add(way.address)
            first = first or error
        except errors.WrongPassword as error:
            refused.add((way.user, way.password))
            first = first or error
    raise first or AssertionError("there is always the target itself")


def _open(target: Target, deadline: Deadline | None, stack: ExitStack) -> Bmc:
    if target.protocol == "ipmi":
        return IpmiBmc(stack.enter_context(open_session(target, deadline)))
    if target.protocol == "redfish":
        return RedfishBmc(stack.enter_context(redfish.open_session(target, deadline)))
    return _detected(target, deadline, stack)


def _detected(target: Target, deadline: Deadline | None, stack: ExitStack) -> Bmc:
    """Redfish where its root answers, which is asked without a password; IPMI where nothing does.

    A service that answers and cannot be trusted, or has no time, is not gone round: whoever can stand in its
    place would else choose the protocol, and IPMI's log-in hands out a hash. Who keeps it from answering does
    so all the same, for a BMC without Redfish looks no different. And a password that was refused is not
    offered a second time.
    """
    try:
        session = stack.enter_context(redfish.reach(target, deadline))
    except (errors.CertificateRefused, errors.TlsRefused, errors.NotNow):
        raise
    except (errors.BmcError, Unreachable) as error:
        return _over_ipmi(target, deadline, stack, error)
    session.log_in()
    return RedfishBmc(session)


def _over_ipmi(
    target: Target, deadline: Deadline | None, stack: ExitStack, without: DatacenterError
) -> IpmiBmc:
    """:param without: why it is not Redfish."""
    if too_long := over_ipmi_limits(target.user, target.password):
        raise Refused(
            "it does not answer in Redfish, and IPMI cannot take this account",
            device=target.name,
            cause="; ".join([str(without.cause), *too_long]),
            next_step="use a shorter password, or see why Redfish does not answer",
        ) from without
    try:
        return IpmiBmc(stack.enter_context(open_session(target, deadline)))
    except Unreachable as error:
        cause = f"IPMI: {error.cause}; Redfish before it: {without.what}, {without.cause}"
        raise errors.silent(
            target.name,
            "it answers neither in Redfish nor in IPMI",
            cause,
            port=f"TCP port {target.https_port} and UDP port {target.port}",
        ) from error
