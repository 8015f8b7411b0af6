# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus Alertmanager over its API v2 (api/v2/openapi.yaml of prometheus/alertmanager).

Standard library, Python 3.9. No redirection is followed: the token is for the address that was given.
"""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any, Mapping
from urllib.parse import urlsplit

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    Unreachable,
)

#: No list of silences is larger; a page that somebody else serves may be.
_LARGEST_BYTES = 16 * 1024 * 1024
_SHOWN = 300


class CertificateRefused(DatacenterError):
    """The certificate does not prove that it is this Alertmanager; nothing was told to it."""


class Alertmanager:
    """One Alertmanager.

    :param url: where it is, with the path that it may have been given, without ``/api``.
    :param token: sent as a bearer token, over TLS alone.
    :param ca_file: certificates of the authority that signed its own; this machine's if left out.
    :param timeout_s: of each step of the connection.
    :raises DatacenterError: when it cannot be spoken to that way.
    """

    def __init__(
        self, url: str, token: str | None = None, ca_file: str | None = None, timeout_s: float = 10
    ) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query:
            raise DatacenterError(
                "this is no address of an Alertmanager",
                device=parts.hostname or "alertmanager",
                next_step="give it as https://HOST:PORT, with the path that it may have been given",
            )
        self.name = parts.hostname
        if parts.username or parts.password:
            raise DatacenterError(
                "a password stands in the address", device=self.name, next_step="give a token by token:"
            )
        if token and parts.scheme != "https":
            raise DatacenterError(
                "the token was not sent",
                device=self.name,
                cause="its address begins with http, so everybody on the way would read it",
                next_step="give its https address",
            )
        if token and not (token.isascii() and token.isprintable()):
            raise DatacenterError(
                "the token was not sent",
                device=self.name,
                cause="it is not one line of ASCII",
                next_step="give it without what a file or an editor has put behind it",
            )
        self._prefix = parts.path.rstrip("/")
        self._headers = {
            "Accept": "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        self._host, self._port, self._timeout_s = parts.hostname, port, timeout_s
        self._context = self._verifying(ca_file) if parts.scheme == "https" else None

    def _verifying(self, ca_file: str | None) -> ssl.SSLContext:
        """Certificates are always verified."""
        try:
            return ssl.create_default_context(cafile=ca_file)
        except (OSError, ValueError) as error:
            raise DatacenterError(
                f"the certificates of {ca_file} cannot be read",
                device=self.name,
                cause=str(error),
                next_step="give by ca_file the certificate, in PEM, of the authority that signed its own",
            ) from error

    def silences(self) -> list[dict[str, Any]]:
        """All silences that it knows, those that are over as well."""
        found = self._ask("GET", "/api/v2/silences", "its silences cannot be read")
        if not isinstance(found, list) or not all(isinstance(item, dict) and "id" in item for item in found):
            raise self._other("its silences cannot be read", "its answer is no list of silences")
        return found

    def put(self, silence: Mapping[str, Any]) -> str:
        """Make a silence, or change the one whose ``id`` is given; its id, which may be a new one."""
        found = self._ask("POST", "/api/v2/silences", "the silence cannot be set", silence)
        if not isinstance(found, dict) or not found.get("silenceID"):
            raise self._other("the silence may be set or not", "its answer has no silenceID")
        return str(found["silenceID"])

    def expire(self, identity: str) -> None:
        """End a silence now."""
        self._ask("DELETE", f"/api/v2/silence/{identity}", "the silence cannot be ended")

    def _ask(self, method: str, path: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
        connection = (
            http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
            if self._context is None
            else http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout_s, context=self._context
            )
        )
        headers = {**self._headers, **({"Content-Type": "application/json"} if body is not None else {})}
        try:
            connection.request(
                method, self._prefix + path, None if body is None else json.dumps(body), headers
            )
            answer = connection.getresponse()
            data = answer.read(_LARGEST_BYTES + 1)
        except ssl.SSLCertVerificationError as error:
            raise CertificateRefused(
                what,
                device=self.name,
                cause=error.verify_message,
                next_step="give by ca_file the certificate of the authority that signed its own, and the "
                "address as the certificate names it; there is no way without",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(
                what,
                device=self.name,
                cause=str(error) or type(error).__name__,
                next_step="see that it runs and that this host reaches it, then run this again: it goes by "
                "what is set",
            ) from error
        finally:
            connection.close()
        return self._judge(what, answer, data)

    def _judge(self, what: str, answer: http.client.HTTPResponse, data: bytes) -> Any:
        if answer.status in (401, 403):
            raise DatacenterError(
                what,
                device=self.name,
                cause=f"it does not accept this token (HTTP {answer.status})",
                next_step="give by token: one that may set silences",
            )
        if 300 <= answer.status < 400:
            raise DatacenterError(
                what,
                device=self.name,
                cause=f"it sends on to {answer.getheader('Location')} (HTTP {answer.status})",
                next_step="give that address, if it is the one that is meant",
            )
        text = data.decode(errors="replace").strip()
        if answer.status != 200:
            raise self._other(what, f"HTTP {answer.status}: {text[:_SHOWN] or 'without a reason'}")
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            raise self._other(what, f"its answer is no JSON: {text[:_SHOWN]!r}") from error

    def _other(self, what: str, cause: str) -> DatacenterError:
        return DatacenterError(
            what,
            device=self.name,
            cause=cause,
            next_step="see that the address is Alertmanager's own (API v2, from version 0.16), and its log",
        )
