# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations, differences and what devices say, without passwords and keys.

After a word that announces a secret the rest of the line goes: what stands between the two (0, 7, md5,
sha512, ascii-text) is another with every make. Names stay: of key chains, of keys by number, of
communities in BGP; public keys of SSH stay as well.
"""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"""
    (?P<before>
      # By whatever name: area-password, encrypted-password, enable secret, shared-secret.
      (?<!\w)(?:[\w-]+-)?(?:password|passwd|passphrase|secret|psk|key-string|authentication-key)(?![-\w])
        (?!\s+(?:is|was|for|of|required|policy|failed|strength)\b)
      # tacacs-server key 7 X, pre-shared-key X; not key chain NAME, key 1, ssh-key ssh-rsa, nor sentences.
      | (?<!\w)(?:[\w-]+-)?key(?![-\w])
        (?!\s+(?:chain|chains|file|is|was|has|does|of|for|exchange|type|generate|ssh-\w+|ecdsa-\w+|sk-\w+)\b)
        (?!\s+\d+\s*$)
      # ip ospf message-digest-key 1 md5 X; ntp authentication-key is above.
      | (?<!\w)message-digest-key\s+\d+\s+\w+
      # ip rip authentication string X, vrrp 1 authentication text X, ip nhrp authentication X.
      | \bauthentication\s+(?:string|text|simple)(?![-\w])
      | \bnhrp\s+authentication(?![-\w])
      | \bauth(?:entication)?\s+\S+\s+(?:md5|clear)(?![-\w])
      # snmp-server user U G v3 auth md5 X priv aes Y; snmp-server host H version 2c X.
      | \bsnmp-server\s+user\s+.*?\s(?:auth|priv)(?![-\w])
      | \bsnmp-server\s+host\s+\S+
      # snmp-server community X; not a community of BGP.
      | (?<!set\s)(?<!match\s)(?<![-\w])community(?![-\w])
    )
    [ \t]+(?=\S)[^\n]*
    """,
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """The text with ``<removed>`` in place of its secrets."""
    return _SECRET.sub(r"\g<before> <removed>", text)
