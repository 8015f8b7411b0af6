# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redfish service says when it says no, told apart.

Status codes and extended errors: DSP0266 (Redfish Specification), clauses 'Status codes' and 'Error
responses'; messages: the registry Base of DSP8011.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc import errors
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.redfish.wire import Answer

#: By the last part of a message's id (``Base.1.8.InsufficientPrivilege``); it says more than the status does.
_BY_MESSAGE: Mapping[str, type[errors.BmcError]] = {
    **dict.fromkeys(
        ("SessionLimitExceeded", "NoValidSession", "SessionTerminated"),
        errors.NoSessionLeft,
    ),
    **dict.fromkeys(
        (
            "InsufficientPrivilege",
            "AccessDenied",
            "PasswordChangeRequired",
            "RestrictedPrivilege",
            "RestrictedRole",
            "AccountForSessionNoLongerExists",
            "ResourceAtUriUnauthorized",
        ),
        errors.PrivilegeTooLow,
    ),
    **dict.fromkeys(
        (
            "ActionNotSupported",
            "ActionParameterNotSupported",
            "ActionParameterUnknown",
            "ActionParameterValueFormatError",
            "ActionParameterValueNotInList",
            "ActionParameterValueTypeError",
            "OperationNotAllowed",
            "PropertyNotWritable",
            "PropertyUnknown",
            "PropertyValueFormatError",
            "PropertyValueIncorrect",
            "PropertyValueNotInList",
            "PropertyValueOutOfRange",
            "PropertyValueTypeError",
            "QueryNotSupported",
            "QueryNotSupportedOnResource",
            "ResourceMissingAtURI",
            "ResourceNotFound",
        ),
        errors.CommandUnsupported,
    ),
    **dict.fromkeys(
        (
            "ChassisPowerStateOffRequired",
            "ChassisPowerStateOnRequired",
            "ConditionInRelatedResource",
            "OperationTimeout",
            "PreconditionFailed",
            "PropertyValueConflict",
            "ResourceExhaustion",
            "ResourceInStandby",
            "ResourceInUse",
            "ServiceInUnknownState",
            "ServiceShuttingDown",
            "ServiceTemporarilyUnavailable",
        ),
        errors.NotNow,
    ),
}

_BY_STATUS: Mapping[int, type[errors.BmcError]] = {
    401: errors.WrongPassword,
    403: errors.PrivilegeTooLow,
    404: errors.CommandUnsupported,
    405: errors.CommandUnsupported,
    409: errors.NotNow,
    410: errors.CommandUnsupported,
    412: errors.NotNow,
    423: errors.NotNow,
    429: errors.NotNow,
    501: errors.CommandUnsupported,
    503: errors.NotNow,
}

#: Of the registries' messages, those that tell less than any other beside them.
_VAGUE = frozenset({"GeneralError", "Success"})
#: As Ansible itself hides a value.
_HIDDEN = "********"


def messages(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The extended messages of an answer as (last part of the id, text)."""
    error = data.get("error")
    inside = error if isinstance(error, dict) else {}
    stated = inside.get("@Message.ExtendedInfo") or data.get("@Message.ExtendedInfo") or []
    found = []
    for one in [stated] if isinstance(stated, dict) else stated:
        if isinstance(one, dict):
            name = str(one.get("MessageId") or "").rpartition(".")[2]
            found.append((name, str(one.get("Message") or "").strip()))
    if not found and inside:
        found.append(
            (str(inside.get("code") or "").rpartition(".")[2], str(inside.get("message") or "").strip())
        )
    return [pair for pair in found if any(pair)]


def _summary(data: Mapping[str, Any]) -> str:
    error = data.get("error")
    return str(error.get("message") or "").strip() if isinstance(error, dict) else ""


def secrets_in(body: Any) -> set[str]:
    """The values in a request that no message may repeat."""
    if isinstance(body, list):
        return set().union(*map(secrets_in, body))
    if not isinstance(body, Mapping):
        return set()
    own = {str(value) for name, value in body.items() if name.endswith("Password") and value}
    return own.union(*map(secrets_in, body.values()))


def without_secrets(text: str, secrets: set[str]) -> str:
    """The text with each of them, as it is or as JSON or HTML would write it, replaced."""
    shapes = {shape for one in secrets for shape in (one, json.dumps(one)[1:-1], html.escape(one))}
    # The longest first: one may be the beginning of another.
    for shape in sorted(filter(None, shapes), key=len, reverse=True):
        text = text.replace(shape, _HIDDEN)
    return text


def refusal(device: str, what: str, answer: Answer, *, logging_in: bool = False) -> errors.BmcError:
    """The error for an answer whose status is 400 or more.

    :param logging_in: the request carried the password, so that it is what a 401 is about.
    """
    said = messages(answer.data)
    kind = _kind(said) or _BY_STATUS.get(answer.status, errors.BmcError)
    if answer.status == 401:
        # A session whose password was taken before is what it is about otherwise.
        kind = errors.WrongPassword if logging_in else errors.NoSessionLeft
    words = _words(answer.data, said)
    return errors.refused(device, what, kind, f"{words} (HTTP {answer.status})".lstrip())


def failed_task(device: str, what: str, state: str, said: Mapping[str, Any]) -> errors.BmcError:
    """The error for a task that ended without having done it."""
    told = messages(said)
    words = _words(said, told)
    return errors.refused(device, what, _kind(told) or errors.BmcError, f"{words} (task {state})".lstrip())


def _kind(said: list[tuple[str, str]]) -> type[errors.BmcError] | None:
    return next((_BY_MESSAGE[name] for name, _text in said if name in _BY_MESSAGE), None)


def _words(data: Mapping[str, Any], said: list[tuple[str, str]]) -> str:
    """What the service says, in its own words."""
    telling = [pair for pair in said if pair[0] not in _VAGUE] or said
    words = "; ".join(dict.fromkeys(text or name for name, text in telling))
    if not any(text for _name, text in telling):
        words = _summary(data) or words
    return words.rstrip(".")
