# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run reaches the twin: keys, secrets, and the extra variables that name them."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import identity
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Spec

#: What the roles ask for under ``dc_secrets``; one of its own for each.
SECRET_NAMES = (
    "superuser", "owner", "replication", "rewind", "application", "guard", "probe", "monitor", "lease",
    "migration",
)  # fmt: skip


def ensure_key(names: Names) -> str:
    """The control nodes' key pair, made when it is not there; returns the public key's line."""
    names.ssh.mkdir(parents=True, exist_ok=True)
    names.ssh.chmod(0o700)
    key = names.ssh / "id_ed25519"
    public = key.with_name("id_ed25519.pub")
    # ssh-keygen writes the public half last.
    if not public.exists() or not public.read_text():
        identity.make_key(key, f"twin-{names.twin_id}")
    return public.read_text()


def ensure_secrets(names: Names) -> dict[str, Any]:
    """Drawn once per twin, kept as long as its disks (which hold what was made with them)."""
    try:
        kept: dict[str, Any] = json.loads(names.secrets.read_text())
    except (OSError, ValueError):
        kept = {}
    drawn: dict[str, Any] = {
        "bmc_user": "twin",
        # IPMI takes 20 bytes.
        "bmc_password": secrets.token_hex(9),
        "dc_secrets": {name: secrets.token_hex(16) for name in SECRET_NAMES},
    }
    merged = {**drawn, **kept, "dc_secrets": {**drawn["dc_secrets"], **kept.get("dc_secrets", {})}}
    if merged != kept:
        names.state.mkdir(parents=True, exist_ok=True)
        identity.write(names.secrets, json.dumps(merged, indent=1) + "\n", 0o600)
    return merged


def variables(names: Names, kept: dict[str, Any]) -> dict[str, Any]:
    """The extra variables of a run against this twin."""
    return {
        "dc_world": "twin",
        "dc_twin_id": names.twin_id,
        # ipmi_sim knows no suite with SHA-256.
        "bmc_cipher_suite": 3,
        "ansible_ssh_private_key_file": str(names.ssh / "id_ed25519"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={names.ssh}/known_hosts"
        " -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes",
        # Sockets of connections into this twin are found in it, and end with it.
        "ansible_control_path_dir": str(names.ssh / "cp"),
        **kept,
    }


def ssh_config(spec: Spec, names: Names) -> str:
    """For ``ssh -F`` and its like, from inside the twin: every machine by its name."""
    common = [
        "Host *",
        "  User root",
        f"  IdentityFile {names.ssh}/id_ed25519",
        "  IdentitiesOnly yes",
        f"  UserKnownHostsFile {names.ssh}/known_hosts",
        "  GlobalKnownHostsFile /dev/null",
        "  StrictHostKeyChecking yes",
        "  ConnectTimeout 3",
    ]
    hosts = [f"Host {node.name}\n  HostName {node.address}" for node in spec.rooted() if node.address]
    return "\n".join([*hosts, *common]) + "\n"


def write_variables(names: Names, kept: dict[str, Any]) -> Path:
    """Write them where a run is told to read them, for root alone. JSON is YAML."""
    (names.ssh / "cp").mkdir(parents=True, exist_ok=True)
    text = json.dumps(variables(names, kept), indent=2) + "\n"
    if not names.vars_file.exists() or names.vars_file.read_text() != text:
        identity.write(names.vars_file, text, 0o600)
    return names.vars_file
