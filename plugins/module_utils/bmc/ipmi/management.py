# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management controller itself in IPMI: its firmware."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.session import Session, algorithms
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.ipmi.versions import version

_APP = 0x06
_GET_DEVICE_ID = 0x01


def firmware(session: Session) -> dict[str, Any]:
    """Versions and maker of the BMC itself (IPMI 2.0, section 20.1)."""
    data = session.command("read the device id", _APP, _GET_DEVICE_ID)
    return {
        "device_id": data[0],
        "device_revision": data[1] & 0x0F,
        "version": version(data),
        "ipmi_version": f"{data[4] & 0xF}.{data[4] >> 4}",
        "manufacturer_id": int.from_bytes(data[6:9], "little"),
        "product_id": int.from_bytes(data[9:11], "little"),
        "session": {
            "cipher_suite": session.target.cipher_suite,
            "algorithms": algorithms(session.target.cipher_suite),
        },
    }
