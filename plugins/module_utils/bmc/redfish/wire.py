# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS to one BMC, held to the caller's clock: every read and write ends at one deadline.

urllib3 speaks HTTP. It knows no proxies of the environment, no ``.netrc``, and writes no header or body into
a log; its own retries and redirects are off. What it cannot do is end an answer that comes byte by byte, for
its time-outs count anew with each: the socket does that.
"""

from __future__ import annotations

import functools
import json
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.target import Deadline, Target
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: No answer of a BMC is longer; one that is, is not read to its end.
MOST_BYTES = 16 * 1024 * 1024
#: A time-out of 0 would mean 'do not wait', which TLS says in other errors.
_LEAST_S = 0.001


class NotSent(Exception):
    """There was no connection, so the BMC has not seen the request."""


class Broken(Exception):
    """The connection ended, or fell silent, before the answer was whole; what the BMC did is not known."""


@dataclass(frozen=True)
class Answer:
    """What came back. ``data`` is empty when the answer has no body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    data: dict[str, Any] = field(default_factory=dict, repr=False)


class _Clock(threading.local):
    """Of the request that this thread is at: a session stays with its thread."""

    left: Callable[[], float] | None = None


_clock = _Clock()


class _TimedSocket(ssl.SSLSocket):
    """Every read and write gets what is left of the request's time."""

    def _bound(self) -> None:
        if _clock.left is not None:
            left = _clock.left()
            if left <= 0:
                raise TimeoutError("the time for this answer is over")
            self.settimeout(max(left, _LEAST_S))

    def read(self, *args: Any, **options: Any) -> Any:
        self._bound()
        return super().read(*args, **options)

    def send(self, *args: Any, **options: Any) -> int:
        self._bound()
        return super().send(*args, **options)


@functools.lru_cache(maxsize=64)
def _context(ca_file: str | None, _changed_at: int) -> ssl.SSLContext:
    """Certificates are always verified, by the stated authority or by the machine's own."""
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = _TimedSocket
    return context


def verifying_context(target: Target) -> ssl.SSLContext:
    """:raises DatacenterError: the file of the authority cannot be used."""
    ca_file = target.ca_file
    try:
        return _context(ca_file, os.stat(ca_file).st_mtime_ns if ca_file else 0)
    except (OSError, ValueError) as error:
        raise DatacenterError(
            f"the certificates of {ca_file or 'this machine'} cannot be read",
            device=target.name,
            cause=str(error),
            next_step="give by ca_file the certificate, in PEM, of the authority that signed the BMC's",
        ) from error


class Wire:
    """One connection, kept open between requests and made anew when the BMC closed it."""

    def __init__(self, target: Target) -> None:
        requires("urllib3")
        import urllib3
        from urllib3.connection import HTTPSConnection

        wire = self
        #: The other end's address and the version of TLS, once connected.
        self.peer: str | None = None
        self.tls: str | None = None

        class Connection(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                opened: Any = self.sock
                wire.peer, wire.tls = opened.getpeername()[0], opened.version()

        self._target = target
        self._pool = urllib3.HTTPSConnectionPool(
            target.address,
            target.https_port,
            maxsize=1,
            ssl_context=verifying_context(target),
            cert_reqs="CERT_REQUIRED",
        )
        self._pool.ConnectionCls = Connection

    def ask(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its whole answer.

        :raises NotSent: there is no connection.
        :raises Broken: there was one, and no whole answer.
        :raises errors.CertificateRefused: the BMC's certificate does not prove who it is.
        :raises errors.TlsRefused: no TLS session came about.
        :raises errors.BmcError: what came is no answer of Redfish.
        """
        import urllib3.exceptions as wrong

        sent = {"Accept": "application/json", "Accept-Encoding": "identity", "OData-Version": "4.0"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        left = max(deadline.remaining(), _LEAST_S)
        _clock.left = deadline.remaining
        try:
            response = self._pool.request(
                method,
                path,
                body=None if body is None else json.dumps(body).encode(),
                headers={**sent, **(headers or {})},
                retries=False,
                redirect=False,
                timeout=left,
                preload_content=False,
            )
            try:
                content = response.read(MOST_BYTES + 1)
            finally:
                # What was not read to its end is not used again.
                if not response.closed:
                    response.close()
        except wrong.SSLError as error:
            raise self._untrusted(error) from error
        except (wrong.NewConnectionError, wrong.ConnectTimeoutError) as error:
            raise NotSent(self._no_connection(error, deadline)) from error
        except (wrong.TimeoutError, TimeoutError) as error:
            raise Broken(f"no whole answer within {deadline.seconds:.3g} s") from error
        except (wrong.HTTPError, OSError) as error:
            raise Broken(f"the connection broke ({_said(error)})") from error
        finally:
            _clock.left = None
        return Answer(
            response.status, response.headers, self._decoded(method, path, response.status, content)
        )

    def close(self) -> None:
        """End the connection."""
        self._pool.close()

    def _no_connection(self, error: Exception, deadline: Deadline) -> str:
        if isinstance(error, TimeoutError) or "timed out" in str(error):
            return f"no connection within {deadline.seconds:.3g} s"
        return _said(error)

    def _untrusted(self, error: Exception) -> errors.BmcError:
        inner = next((one for one in _chain(error) if isinstance(one, ssl.SSLError)), error)
        if isinstance(inner, ssl.SSLCertVerificationError):
            return errors.certificate_refused(self._target.name, inner.verify_message or str(inner))
        cause = str(getattr(inner, "reason", None) or inner)
        return errors.tls_refused(self._target.name, cause, self._target.https_port)

    def _decoded(self, method: str, path: str, status: int, content: bytes) -> dict[str, Any]:
        cause = None
        found: Any = {}
        if len(content) > MOST_BYTES:
            cause = f"its answer is longer than {MOST_BYTES} bytes"
        elif content.strip():
            try:
                found = json.loads(content)
            except ValueError:
                cause = "its answer is not JSON"
            else:
                if not isinstance(found, dict):
                    cause = "its answer is no JSON object"
        # An error page of the web server in front is told by its status.
        if cause is None or status >= 400:
            return found if isinstance(found, dict) else {}
        raise errors.BmcError(
            f"{method} {path}", device=self._target.name, cause=cause, next_step="see the BMC's own log"
        )


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
        error = inner or error.__cause__ or error.__context__
    return found


def _said(error: BaseException) -> str:
    """The system's own word of it, without the library's objects."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return str(error).rpartition(": ")[2] or type(error).__name__
