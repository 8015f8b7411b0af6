# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resources of a service belong to the server that is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.session import Session, path_of
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused

#: By what a person may name a system.
_NAMES = ("Id", "Name", "UUID", "SerialNumber", "HostName", "AssetTag")
#: Systems that a refusal lists.
_TOLD = 20


class Service:
    """The paths of one server's resources, looked for once a session; what they say is read each time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._system: str | None = None

    def system(self, what: str) -> dict[str, Any]:
        """The server (ComputerSystem), read now.

        :raises Refused: several systems stand behind the service and it is not said which is meant.
        """
        return self.session.get(self.system_path(), what)

    def system_path(self) -> str:
        if self._system is None:
            self._system = self._find_system()
        return self._system

    def _find_system(self) -> str:
        what = "find the server"
        paths = self._paths("Systems", what)
        wanted = self.session.target.system
        if wanted is None:
            if len(paths) == 1:
                return paths[0]
            if not paths:
                raise unsupported(self.session, what, "it has no systems")
            raise Refused(
                "it is not said which of its servers is meant, so nothing was done",
                device=self.session.name,
                cause=f"{len(paths)} stand behind this service: {_listed(paths)}",
                next_step="name one by 'system'",
            )
        named = [path for path in paths if _last(path) == wanted]
        named = named or [path for path in paths if self._is_called(path, wanted)]
        if len(named) == 1:
            return named[0]
        raise Refused(
            f"the server '{wanted}' is not to be told among those of this service, so nothing was done",
            device=self.session.name,
            cause=f"{len(named)} of these are called so: {_listed(paths) or 'none'}",
            next_step="name one by its id",
        )

    def _is_called(self, path: str, wanted: str) -> bool:
        found = self.session.get(path, "read a system")
        return wanted in (found.get(name) for name in _NAMES)

    def _paths(self, collection: str, what: str) -> list[str]:
        link = path_of(self.session.root.get(collection))
        if link is None:
            return []
        return [str(path_of(one)) for one in self.session.members(link, what, whole=False) if path_of(one)]

    def manager_path(self) -> str:
        """The BMC itself (Manager)."""
        links = self.system("find the BMC's own resource").get("Links") or {}
        paths = [path_of(one) for one in links.get("ManagedBy") or []]
        found = [path for path in paths if path] or self._paths("Managers", "find the BMC's own resource")
        if not found:
            raise unsupported(self.session, "find the BMC's own resource", "it has no managers")
        return found[0]

    def manager(self, what: str) -> dict[str, Any]:
        return self.session.get(self.manager_path(), what)

    def chassis(self, what: str) -> list[dict[str, Any]]:
        """What the server is built into; the first is its own."""
        links = self.system(what).get("Links") or {}
        paths = [path for path in map(path_of, links.get("Chassis") or []) if path]
        # Only of a service with one server all chassis are that server's.
        if not paths and len(self._paths("Systems", what)) == 1:
            paths = self._paths("Chassis", what)
        return [self.session.get(path, what) for path in paths]

    def of_root(self, name: str, what: str) -> dict[str, Any]:
        """A service of the root (``AccountService``, ``UpdateService``...)."""
        found = self.session.linked(self.session.root, name, what)
        if found is None:
            raise unsupported(self.session, what, f"it has no {name}")
        return found


def unsupported(session: Session, what: str, cause: str) -> errors.BmcError:
    return errors.refused(session.name, what, errors.CommandUnsupported, cause)


def allowed(session: Session, action: Mapping[str, Any], parameter: str) -> list[str] | None:
    """The values that an action takes; ``None`` when the service does not tell (clause 'Action info')."""
    stated = action.get(f"{parameter}@Redfish.AllowableValues")
    if isinstance(stated, list):
        return [str(value) for value in stated]
    info = action.get("@Redfish.ActionInfo")
    if not info:
        return None
    for one in session.get(str(info), "read what an action takes").get("Parameters") or []:
        if one.get("Name") == parameter and isinstance(one.get("AllowableValues"), list):
            return [str(value) for value in one["AllowableValues"]]
    return None


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _TOLD} more" if len(paths) > _TOLD else ""
    return ", ".join(_last(path) for path in paths[:_TOLD]) + more
