# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree with every awkward thing that a legacy server keeps."""

from __future__ import annotations

import os
import random
import socket
import stat
import subprocess
from pathlib import Path

#: Seconds since the epoch of what the tree holds, with nanoseconds.
THEN = 1_500_000_000_123_456_789
CHINESE = "上传/事故照片 2019年.jpg"
NEWLINE = "two\nlines"
NOT_TEXT = b"gb2312-\xb0\xb2\xbc\xe0.txt"


def build(root: Path, seed: int = 5) -> None:
    """Make the tree; the same each time."""
    random_bytes = random.Random(seed).randbytes
    (root / "上传").mkdir(parents=True)
    (root / CHINESE).write_bytes(random_bytes(70_000))
    (root / NEWLINE).write_text("a name of two lines\n")
    Path(os.fsdecode(os.fsencode(root) + b"/" + NOT_TEXT)).write_text("a name that is no UTF-8\n")
    (root / "empty").touch()
    (root / "one").write_bytes(random_bytes(5_000))
    (root / "two").write_bytes(random_bytes(5_000))
    (root / "large").write_bytes(random_bytes(3_000_000))
    (root / "passwd-tool").write_bytes(random_bytes(900))
    (root / "passwd-tool").chmod(0o4755)
    (root / "sticky").mkdir(0o1777)
    (root / "sticky").chmod(0o1777)
    (root / "setgid").mkdir()
    (root / "setgid").chmod(0o2770)
    (root / "links").mkdir()
    (root / "links" / "a").write_text("one file, three names\n")
    os.link(root / "links" / "a", root / "links" / "b")
    os.link(root / "links" / "a", root / "sticky" / "c")
    (root / "sound").symlink_to("links/a")
    (root / "dangling").symlink_to("/nowhere/at all")
    os.mkfifo(root / "pipe", 0o640)
    os.mknod(root / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as listener:
        # A short path relative to here: a socket's own must not be longer than 107 bytes.
        before = os.getcwd()
        os.chdir(root)
        listener.bind("socket")
        os.chdir(before)
    with (root / "holes").open("wb") as file:
        file.write(b"begin")
        file.seek(2_000_000)
        file.write(b"end")
    os.setxattr(root / "one", "user.origin", b"scanner 3")
    os.setxattr(root / "two", "user.long", random_bytes(300))
    subprocess.run(["setfacl", "-m", "u:1234:rx,g:2345:r", str(root / "two")], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:1234:rwx", str(root / "setgid")], check=True)
    os.chown(root / "one", 1234, 2345)
    os.chown(root / "sound", 1234, 2345, follow_symlinks=False)
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, ns=(THEN, THEN), follow_symlinks=False)
    os.utime(root, ns=(THEN, THEN))
