# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a node of the twin somebody: names, keys, the mark of its world.

Two sorts of files: those that the twin keeps true at every run (addresses of the others,
who may log in, which world this is), and those of day 0, written once before the first
start; later they belong to the roles and to whoever works on the machine.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Mapping

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import Node, Spec

HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
#: In the disk, beside what the machine sees: the disk has had its day 0.
BORN = "born"


def kept_true(spec: Spec, node: Node, public_key: str) -> dict[str, str]:
    """Files that every run of the twin writes again when they differ. Pure."""
    world = {"world": "twin", "twin_id": spec.twin_id, "plan": spec.plan.get("name", "")}
    return {
        "etc/hostname": node.name + "\n",
        "etc/hosts": hosts_file(spec),
        "etc/anjianyun/world": json.dumps(world, sort_keys=True) + "\n",
        "root/.ssh/authorized_keys": public_key,
    }


def hosts_file(spec: Spec) -> str:
    """All nodes by name: a twin has no name service to ask."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"{node.address} {node.name}" for node in spec.nodes.values() if node.address]
    return "\n".join(lines) + "\n"


def day_zero(spec: Spec, node: Node) -> dict[str, str]:
    """Files that are written once. Pure."""
    digest = hashlib.sha256(f"{spec.twin_id}/{node.name}".encode()).hexdigest()
    return {"etc/machine-id": digest[:32] + "\n", **{p.lstrip("/"): text for p, text in node.files.items()}}


def differing(root: Path, files: Mapping[str, str]) -> list[str]:
    """Those of the files that are not there with that text."""
    return sorted(path for path, text in files.items() if _read(root / path) != text)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def furnish(spec: Spec, names: Names, node: Node, public_key: str) -> None:
    """Write what differs; on a new disk the files of day 0 and the host key too.

    The mark that day 0 is over is written last, so a run that is killed here begins again.
    """
    root, born = names.root(node.name), names.disk(node.name) / BORN
    if not born.exists():
        for path, text in day_zero(spec, node).items():
            write(root / path, text)
        make_key(root / HOST_KEY, node.name)
    files = kept_true(spec, node, public_key)
    for path in differing(root, files):
        write(root / path, files[path], 0o600 if path.startswith("root/.ssh/") else 0o644)
    (root / "root/.ssh").chmod(0o700)
    born.touch()


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file as a whole, by a rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".twin-new")
    fresh.write_text("", encoding="utf-8")
    fresh.chmod(mode)
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(path)


def make_key(path: Path, comment: str) -> None:
    """An ed25519 key pair; one that a killed run left half made is made again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in (path, path.with_name(path.name + ".pub")):
        left.unlink(missing_ok=True)
    done = subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DatacenterError(
            "cannot make an SSH key",
            device=str(path),
            cause=done.stderr.strip(),
            next_step="see if the disk is full",
        )


def known_hosts(spec: Spec, names: Names) -> str:
    """The known hosts of the control nodes, from the public keys on the machines' disks."""
    lines = []
    for node in spec.rooted():
        key = _read(names.root(node.name) / (HOST_KEY + ".pub"))
        if key:
            kind, value = key.split()[:2]
            lines.append(f"{node.address},{node.name} {kind} {value}\n")
    return "".join(lines)
