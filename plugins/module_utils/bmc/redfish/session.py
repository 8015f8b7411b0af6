# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Redfish session with one BMC: opened once, used for the whole operation, always given back.

Clauses named here are those of DSP0266, the Redfish Specification.
"""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish import faults, tasks
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.wire import (
    Answer,
    Broken,
    NotSent,
    Wire,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import (
    FAREWELL_S,
    Deadline,
    Target,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Unreachable

ROOT = "/redfish/v1/"
_SESSIONS = "/redfish/v1/SessionService/Sessions"
#: Between two tries when a BMC says that it is busy, and between two looks at a task.
_PAUSE_S = 0.3
#: The service asks to come again, or does so for all.
_BUSY = frozenset({429, 503})
_REDIRECTS = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS = 3
#: Pages of one collection; a service that leads in a circle is left.
_MOST_PAGES = 1000


class Session:
    """An open session. Made by :func:`open_session`."""

    def __init__(self, target: Target, wire: Wire, deadline: Deadline | None = None) -> None:
        self.target = target
        self.wire = wire
        self.deadline = deadline
        self.root: dict[str, Any] = {}
        #: ``session``, or ``basic`` where the service has none.
        self.authentication: str | None = None
        self._headers: dict[str, str] = {}
        self._own: str | None = None
        self._etags: dict[str, str] = {}
        #: What no error may tell: every password that was sent.
        self._secrets = {target.password}

    @property
    def name(self) -> str:
        return self.target.name

    def answer_deadline(self) -> Deadline:
        """Until when the BMC has to answer: ``answer_s``, or the end of the whole operation."""
        return self.target.answer_deadline(self.deadline)

    # Log-in and farewell ----------------------------------------------------------------

    def log_in(self) -> None:
        """Take a session (clause 'Redfish session login authentication').

        :raises errors.WrongPassword: the service does not take the user or the password.
        """
        path = self._sessions_path()
        body = {"UserName": self.target.user, "Password": self.target.password}
        answer = None if path is None else self._exchange("POST", path, "log in", body, once=True)
        if answer is None or answer.status in (404, 405, 501):
            self._without_session()
            return
        if answer.status >= 400:
            raise self._discreet(faults.refusal(self.name, "no session", answer, logging_in=True))
        where = answer.headers.get("Location") or answer.data.get("@odata.id")
        self._own = self._path(str(where)) if where else None
        token = answer.headers.get("X-Auth-Token")
        if not token:
            raise errors.refused(self.name, "no session", errors.BmcError, "its answer has no token")
        self._headers = {"X-Auth-Token": token}
        self.authentication = "session"

    def _sessions_path(self) -> str | None:
        """Where sessions are made; ``None`` when the root tells of none."""
        stated = path_of(self.root.get("Links", {}).get("Sessions"))
        if stated:
            return self._path(stated)
        return _SESSIONS if "SessionService" in self.root else None

    def _without_session(self) -> None:
        """Each request proves itself, inside the same verified TLS (clause 'HTTP Basic authentication').

        Nothing has looked at the password yet, so something that needs one is read.
        """
        pair = f"{self.target.user}:{self.target.password}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        self.authentication = "basic"
        for name in ("Systems", "Managers", "Chassis"):
            if path := path_of(self.root.get(name)):
                self.get(path, "no session")
                return

    def log_out(self) -> None:
        """Give the session back, within a time of its own: it must not be lost with the operation's."""
        if self._own is None:
            return
        deadline = Deadline(FAREWELL_S)
        for _attempt in range(2):
            # The first finds the connection closed when the BMC ended it meanwhile.
            with contextlib.suppress(Broken, NotSent, DatacenterError):
                self.wire.ask("DELETE", self._own, deadline, headers=self._headers)
                break
        self._own = None

    # Questions --------------------------------------------------------------------------

    def get(self, path: str, what: str) -> dict[str, Any]:
        """Read one resource."""
        asked = self._path(path)
        for _hop in range(_MOST_REDIRECTS):
            answer = self._exchange("GET", asked, what)
            if answer.status not in _REDIRECTS:
                break
            asked = self._path(answer.headers.get("Location") or "")
        self._judge(what, answer)
        etag = answer.headers.get("ETag") or answer.data.get("@odata.etag")
        if etag:
            self._etags[path] = str(etag)
        return answer.data

    def etag(self, path: str) -> str | None:
        """The tag of what was last read there; ``None`` when it had none."""
        return self._etags.get(path)

    def linked(self, resource: Mapping[str, Any], name: str, what: str) -> dict[str, Any] | None:
        """The resource that this one links to; ``None`` when there is no link, or nothing behind it."""
        path = path_of(resource.get(name))
        if path is None:
            return None
        try:
            return self.get(path, what)
        except errors.CommandUnsupported:
            return None

    def members(self, path: str, what: str, *, whole: bool = True) -> list[dict[str, Any]]:
        """All members of a collection, page after page.

        :param whole: with all they say; else with ``@odata.id`` alone.
        """
        page = self._first_page(path, what, expand=whole and self._expands())
        found: list[dict[str, Any]] = []
        for _page in range(_MOST_PAGES):
            found += [one for one in page.get("Members") or [] if isinstance(one, dict)]
            asked = page.get("Members@odata.nextLink")
            if not asked:
                break
            page = self.get(str(asked), what)
        if not whole:
            return found
        return [one if len(one) > 1 else self.get(str(path_of(one)), what) for one in found if path_of(one)]

    def _first_page(self, path: str, what: str, *, expand: bool) -> dict[str, Any]:
        if expand:
            # Some say that they can, and then refuse it for one collection or another.
            with contextlib.suppress(errors.CommandUnsupported):
                page = self.get(f"{path}?$expand=.($levels=1)", what)
                # The header's tag is of this answer; that of the collection stands in it, if it is told.
                self._etags.pop(path, None)
                if page.get("@odata.etag"):
                    self._etags[path] = str(page["@odata.etag"])
                return page
        return self.get(path, what)

    def _expands(self) -> bool:
        """Clause 'Query parameters': a service that says so gives a collection's members in one answer."""
        features = self.root.get("ProtocolFeaturesSupported") or {}
        return bool((features.get("ExpandQuery") or {}).get("NoLinks"))

    # Changes ----------------------------------------------------------------------------

    def patch(self, path: str, body: Mapping[str, Any], what: str, *, read_back: bool = True) -> None:
        """Change a resource as it was last read; read it first when it never was.

        A change from another side between is no reason to give up: what is asked for here is a state.

        :param read_back: see :meth:`_settle`.
        """
        if path not in self._etags:
            self.get(path, what)
        etag = self._etags.get(path)
        answer = self._exchange("PATCH", path, what, body, headers={"If-Match": etag} if etag else {})
        if answer.status == 412 and etag:
            self.get(path, what)
            # Some compare a weak tag with their strong one and always find them different.
            fresh = self._etags[path]
            tag = fresh.removeprefix("W/") if fresh == etag else fresh
            answer = self._exchange("PATCH", path, what, body, headers={"If-Match": tag})
        self._etags.pop(path, None)
        self._settle(what, answer, read_back)

    def post(
        self, path: str, body: Mapping[str, Any], what: str, *, once: bool = False, read_back: bool = False
    ) -> None:
        """Call an action, or make a member of a collection.

        :param once: never send it twice.
        :param read_back: see :meth:`_settle`.
        """
        self._settle(what, self._exchange("POST", self._path(path), what, body, once=once), read_back)

    def delete(self, path: str, what: str) -> None:
        self._settle(what, self._exchange("DELETE", self._path(path), what), read_back=True)

    def _settle(self, what: str, answer: Answer, read_back: bool) -> None:
        """See a change to its end: what was only accepted is a task.

        :param read_back: the effect itself is looked at next, so that a task which cannot be followed is no
            error.
        :raises Unreachable: it has not ended in time, or how it ended is not told: it may be done or not.
        """
        self._judge(what, answer)
        deadline = self.answer_deadline()
        followed = tasks.where(answer)
        while state := tasks.pending(answer):
            if followed is None:
                return self._not_told(what, "it accepted it, and gives no task to follow", read_back)
            if deadline.remaining() <= _PAUSE_S:
                raise self._outcome_unknown(what, f"its task is still {state} after {deadline.seconds:.3g} s")
            time.sleep(_PAUSE_S)
            seen = self._exchange("GET", self._path(followed), what)
            if seen.status in (404, 410):
                # Gone is what many do with a monitor whose task has ended.
                return self._not_told(what, "its task is gone", read_back)
            if seen.status == 401:
                raise self._outcome_unknown(what, "it ended the session before its task was seen to end")
            if seen.status not in _BUSY:
                answer = seen
                self._judge(what, answer)
        return None

    def _not_told(self, what: str, cause: str, read_back: bool) -> None:
        if not read_back:
            raise self._outcome_unknown(what, cause)

    def _outcome_unknown(self, what: str, cause: str) -> Unreachable:
        return Unreachable(
            f"{what}: whether it is done is not known",
            device=self.name,
            cause=cause,
            next_step="it may still come; look at the BMC again in a minute",
        )

    # One request ------------------------------------------------------------------------

    def _exchange(
        self,
        method: str,
        path: str,
        what: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Answer:
        """Ask until there is an answer, within the time for one."""
        self._secrets |= faults.secrets_in(body)
        deadline = self.answer_deadline()
        tries = 1 if once else 2
        while True:
            try:
                answer = self.wire.ask(
                    method, path, deadline, body=body, headers={**self._headers, **(headers or {})}
                )
            except NotSent as error:
                raise self._silent(what, str(error)) from error
            except Broken as error:
                tries -= 1
                if not tries or deadline.expired():
                    raise self._silent(what, str(error)) from error
                continue
            busy = answer.status in _BUSY and not once and not _session_limit(answer)
            pause_s = _pause_s(answer)
            if not busy or deadline.remaining() <= pause_s:
                return answer
            time.sleep(pause_s)

    def _judge(self, what: str, answer: Answer) -> None:
        if state := tasks.failed(answer):
            raise self._discreet(faults.failed_task(self.name, what, state, tasks.said(answer)))
        if answer.status >= 400:
            logging_in = self.authentication == "basic"
            raise self._discreet(faults.refusal(self.name, what, answer, logging_in=logging_in))
        if answer.status >= 300:
            raise errors.refused(
                self.name, what, errors.BmcError, f"it leads elsewhere (HTTP {answer.status})"
            )

    def _discreet(self, error: errors.BmcError) -> errors.BmcError:
        """Services quote what they refuse (DSP8011, Base: 'The value %1 for the property ...')."""
        error.cause = faults.without_secrets(str(error.cause), self._secrets)
        error.args = (str(error),)
        return error

    def _silent(self, what: str, cause: str) -> Unreachable:
        return errors.silent(self.name, what, cause, port=f"TCP port {self.target.https_port}")

    def _path(self, stated: str) -> str:
        """The path of a link. It is asked for at this BMC alone, for our token goes with it."""
        parts = urlsplit(stated)
        if parts.netloc:
            # BMCs name themselves by other names than ours. Only the path counts; it is asked for here.
            stated = parts.path + (f"?{parts.query}" if parts.query else "")
        if not stated.startswith("/"):
            raise errors.refused(self.name, "follow a link", errors.BmcError, f"it gave the link '{stated}'")
        return stated


def path_of(link: Any) -> str | None:
    """Where a link leads."""
    path = link.get("@odata.id") if isinstance(link, Mapping) else None
    return str(path) if path else None


def _session_limit(answer: Answer) -> bool:
    return any(name == "SessionLimitExceeded" for name, _text in faults.messages(answer.data))


def _pause_s(answer: Answer) -> float:
    """What it asks for, in seconds; a date is not read."""
    stated = str(answer.headers.get("Retry-After") or "")
    return max(float(stated), _PAUSE_S) if stated.isdigit() else _PAUSE_S


def read_root(session: Session) -> None:
    """Read the service root, which needs no log-in.

    :raises errors.BmcError: what answers there is no Redfish service.
    """
    what = "read the Redfish service root"
    session.root = session.get(ROOT, what)
    if not session.root.get("RedfishVersion"):
        raise errors.refused(
            session.name, what, errors.CommandUnsupported, "what answers there is not Redfish"
        )


@contextmanager
def reach(target: Target, deadline: Deadline | None = None) -> Iterator[Session]:
    """A session that has read the service root and told nobody a password yet.

    :raises errors.CertificateRefused: the BMC's certificate is not signed by the authority.
    :raises Unreachable: no answer within ``target.answer_s``.
    """
    wire = Wire(target)
    try:
        session = Session(target, wire, deadline)
        read_root(session)
        try:
            yield session
        finally:
            session.log_out()
    finally:
        wire.close()


@contextmanager
def open_session(target: Target, deadline: Deadline | None = None) -> Iterator[Session]:
    """Log in, hand out the session, log out whatever happens.

    :param deadline: the end of the whole operation.
    :raises errors.BmcError: the session was refused; the class says why.
    """
    with reach(target, deadline) as session:
        session.log_in()
        yield session
