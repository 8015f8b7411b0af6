# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network devices under NAPALM, from the control node: the driver, a session, its errors told apart.

The whole library, whatever the device:

    device = Device("nn-rt-01", driver="frr", host="10.1.30.1", user="root", key_file="id_ed25519")
    with open_session(device) as session:              # a napalm NetworkDriver that is open
        session.get_facts()
    apply_change(device, Change(text, mode="merge", confirm_s=120), checks=[...], archive=Archive(path))
    confirm_pending(device); roll_back_pending(device) # change.py

``driver`` is one of ours (``OURS``), or whatever ``napalm.get_network_driver`` finds. ``optional_args``
goes to the driver as it is, so an eAPI on a port of its own is
``Device(..., driver="eos", optional_args={"transport": "http", "port": 8080})``.

What drivers do differently beyond NAPALM's interface stands in ``edges.py``.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Refused,
    Unreachable,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import edges
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice.redaction import without_secrets

if TYPE_CHECKING:
    from napalm.base import NetworkDriver

#: Drivers of this collection: the module below this package, and the class in it.
OURS = {"frr": ("frr", "FRRDriver")}
# How NAPALM's own drivers refuse a commit while another waits.
_RIVAL = re.compile(r"pending commit.* already")
_PACKAGE = "ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice"


@dataclass(frozen=True)
class Device:
    """A device and how to talk to it.

    :param name: what people call it; stands in every error.
    :param timeout_s: seconds that connecting, and one answer, may take.
    """

    name: str
    driver: str
    host: str
    user: str
    password: str = field(default="", repr=False)
    key_file: str | None = None
    port: int | None = None
    timeout_s: float = 30.0
    optional_args: Mapping[str, Any] = field(default_factory=dict, repr=False)


class ConfigurationRefused(DatacenterError):
    """The device does not take the candidate; nothing is in effect."""


class Unsupported(DatacenterError):
    """The device's driver has no such ability."""


def get_driver(name: str) -> type[NetworkDriver]:
    """The class of a driver: ours first, then NAPALM's own and the community's.

    :raises DatacenterError: when there is none of that name.
    """
    from napalm.base import get_network_driver
    from napalm.base.exceptions import ModuleImportError

    plain = name.lower().replace("-", "")
    if plain in OURS:
        module, cls = OURS[plain]
        found: type[NetworkDriver] = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), cls)
        return found
    try:
        return get_network_driver(name)
    except (ModuleImportError, ImportError) as error:
        raise DatacenterError(
            f"there is no driver {name!r}",
            cause=str(error),
            next_step=f"name one of {', '.join(OURS)}, eos, ios, iosxr_netconf, junos, nxos_ssh, or install"
            f" the community's napalm-{plain} for the interpreter of Ansible",
        ) from error


@contextlib.contextmanager
def open_session(device: Device, timeout_s: float | None = None) -> Iterator[NetworkDriver]:
    """An open session; closed at the end, without touching a commit that waits for its confirmation.

    :param timeout_s: seconds that connecting may take; an answer has the device's own.

    :raises Unreachable: when the device does not answer, or stops answering.
    :raises DatacenterError: every other trouble of the driver's, told with the device's name.
    """
    options = dict(device.optional_args)
    if device.port is not None:
        options["port"] = device.port
    if device.key_file is not None:
        options["key_file"] = device.key_file
    timeout = device.timeout_s if timeout_s is None else timeout_s
    # NAPALM's drivers hand it to libraries that want whole seconds.
    session = get_driver(device.driver)(
        device.host, device.user, device.password, timeout=max(1, round(timeout)), optional_args=options
    )
    with translated(device, "no session with the device", unknown=Unreachable):
        session.open()
    if timeout != device.timeout_s:
        edges.answer_within(session, device.timeout_s)
    try:
        yield session
    finally:
        edges.take_handle(session)
        with contextlib.suppress(Exception):
            session.close()


@contextlib.contextmanager
def translated(device: Device, what: str, unknown: type[DatacenterError] = DatacenterError) -> Iterator[None]:
    """Turn what drivers raise into this collection's errors.

    :param unknown: class for what is not known to mean something else.
    """
    try:
        yield
    except DatacenterError:
        raise
    except NotImplementedError as error:
        raise Unsupported(
            what, device=device.name,
            cause=f"the driver {device.driver} cannot do that: {_plain(str(error))}".removesuffix(": "),
        ) from error  # fmt: skip
    except Exception as error:
        raise _known(device, what, error, unknown) from error


def _known(device: Device, what: str, error: Exception, unknown: type[DatacenterError]) -> DatacenterError:
    """Drivers raise NAPALM's errors and those of the library below; all are told by their names."""
    names = {cls.__name__ for cls in type(error).__mro__}
    cause = f"{type(error).__name__}: {_plain(str(error))}" if str(error) else type(error).__name__
    said = str(error).lower()
    if "ConnectAuthError" in names or "AuthenticationException" in names or "unauthorized" in said:
        return DatacenterError(
            "the device refuses the user", device=device.name, cause=cause,
            next_step=f"try user {device.user} by hand on {device.host}",
        )  # fmt: skip
    if names & {"ReplaceConfigException", "MergeConfigException"}:
        return ConfigurationRefused(
            "the device refuses the configuration", device=device.name, cause=cause,
            next_step="correct the lines that it names; nothing of it is in effect",
        )  # fmt: skip
    if "PendingCommit" in names or ("CommitError" in names and _RIVAL.search(said)):
        return Refused(
            "a change of this device waits for its confirmation already", device=device.name, cause=cause,
            next_step="see whose it is; then state confirmed or rolled_back, or wait until its time is over",
        )  # fmt: skip
    if names & {"LockError", "SessionLockedException"}:
        return Refused(
            "somebody else is configuring the device", device=device.name, cause=cause,
            next_step="see who, then run this again",
        )  # fmt: skip
    # HTTPException: pyeapi lets an answer through that breaks off (http.client.IncompleteRead).
    lost = {"ConnectionException", "ConnectionError", "SSHException", "EOFError", "OSError", "HTTPException",
            "ConnectionClosedException", "ReadTimeout", "ConnectClosedError"}  # fmt: skip
    kind = Unreachable if names & lost and "FileNotFoundError" not in names else unknown
    step = f"see whether {device.host} answers from here, and by which way" if kind is Unreachable else None
    return kind(what, device=device.name, cause=cause, next_step=step)


def _plain(text: str) -> str:
    """On one line, after what it quotes of the configuration has lost its secrets line by line."""
    return re.sub(r"\s+", " ", without_secrets(text)).strip()[:600]
