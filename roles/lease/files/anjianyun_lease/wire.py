# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams between holders and granters: JSON, sealed with a key that both know (HMAC-SHA256, RFC 2104).

A question carries a nonce and the answer repeats it, so an old answer cannot renew anything. A question that
is played back makes a granter believe in a lease longer, which errs on the safe side; what it says of its
holder (``gated``, ``asks``) is believed until the next one, so the key has to stay secret and the lines ours.

A question (``op`` is ``ask``) says ``service``, ``holder``, ``lease_s``, ``system`` and ``timeline`` of the
database, whether it is ``serving`` and ``gated``, and whom it ``asks``: the inventory names of all granters
that may renew its lease, and what its ``wall`` clock says, by which nothing is granted. A question without
``asks`` is an older holder's; it is granted like any other, and no proof by lease comes of it. An answer says
``granter``, ``granted`` and ``reason``. Both sides ignore what they do not know, so ``v`` stays.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

#: A datagram that fits into any line's MTU: nothing is fragmented.
LARGEST = 1200
VERSION = 1


class Forged(ValueError):
    """Not sealed with our key, or no message at all."""


def seal(key: bytes, message: dict[str, Any]) -> bytes:
    """One datagram."""
    body = json.dumps({"v": VERSION, **message}, sort_keys=True, separators=(",", ":")).encode()
    datagram = hmac.new(key, body, hashlib.sha256).hexdigest().encode() + b" " + body
    if len(datagram) > LARGEST:
        raise ValueError(f"a message of {len(datagram)} bytes does not fit into a datagram of {LARGEST}")
    return datagram


def unseal(key: bytes, datagram: bytes) -> dict[str, Any]:
    """The message, when it is whole and ours.

    :raises Forged: for anything else.
    """
    seal_, _space, body = datagram.partition(b" ")
    if not hmac.compare_digest(seal_, hmac.new(key, body, hashlib.sha256).hexdigest().encode()):
        raise Forged("a datagram that is not sealed with our key")
    try:
        message = json.loads(body)
    except ValueError as error:
        raise Forged("a datagram that is no JSON") from error
    if not isinstance(message, dict) or message.get("v") != VERSION:
        raise Forged("a message of another version")
    return message
