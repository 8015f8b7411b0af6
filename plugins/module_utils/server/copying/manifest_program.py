# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the manifest of file trees to its standard output, one JSON array a line, in the order of the paths.

Its text is sent as it stands to a source and run there under ``python3 -``, and run in the same way at the
target: so it imports nothing of ours and speaks Python 3.6, which is what the oldest sources have. Lines:

``["M", 1, {...}]`` first; then one of each file,
``[root, path, type, mode, uid, gid, mtime_ns, size, digest, more, sparse, allocated, ino, ctime_ns]``, of
which each side has the last three of its own; and at last
``["E", {...}]``, by which a reader knows that the stream was not cut. ``path`` is text whose undecodable
bytes are surrogates (PEP 383). ``more`` is 0 or an object: ``h`` the first path of its hard-link group, ``l``
what a symbolic link says, ``d`` a device's numbers, ``a`` and ``b`` its ACL and default ACL, ``x`` its
extended attributes, ``e`` why it could not be read, ``c`` that it changed while it was read.
"""

import collections
import concurrent.futures
import errno
import grp
import hashlib
import json
import os
import pwd
import re
import stat
import struct
import sys
import time
from typing import Any, Callable, Iterator, Mapping

TYPES = {
    stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket", stat.S_IFBLK: "block", stat.S_IFCHR: "character",
}  # fmt: skip
#: A file up to this size is read at once by the walk itself: handing it to a thread costs more than that.
SMALL = 128 * 1024
CHUNK = 1024 * 1024
#: Lines that may wait behind a large file whose digest is still worked out.
WAITING = 20000
#: A file system may keep so little inside of the inode, with no block of its own.
INLINE = 4096
#: A value of an extended attribute longer than this stands as its digest.
LONG_VALUE = 64
ACL_ACCESS, ACL_DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
#: How a file is read that is ours, or root's to read: nobody sees by its access time that it was.
READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOATIME
VANISHED = (errno.ENOENT, errno.ESTALE)
NO_XATTRS = (errno.ENOTSUP, errno.ENODATA, errno.EINVAL)
WILD = {"*": b"[^/]*", "?": b"[^/]"}
_quoted = json.encoder.encode_basestring_ascii


def exclusion(patterns: "list[str]") -> "Callable[[bytes], bool]":
    """What says of a path below a root whether it is left out; the patterns are rsync's, in part.

    With ``/`` in front a pattern is a path from the root, without it is a name at any depth. ``*`` and ``?``
    do not cross a slash. What lies below a directory that is left out is not asked for.
    """
    found = []
    for pattern in patterns:
        text = b"".join(WILD.get(each) or re.escape(os.fsencode(each)) for each in pattern.lstrip("/"))
        found.append(text if pattern.startswith("/") else b"(?:.*/)?" + text)
    whole = re.compile(b"(?:" + b"|".join(found) + b")\\Z", re.DOTALL) if found else None
    return lambda path: whole is not None and whole.match(path) is not None


def hasher(algorithm: str, data: bytes = b"") -> Any:
    """The digest of what there is so far; blake2b has 256 bits, as ``b2sum -l 256`` writes it."""
    if algorithm == "blake2b":
        return hashlib.blake2b(data, digest_size=32)
    return hashlib.new(algorithm, data)


def has_holes(size: int, allocated: int) -> int:
    """1 of a file with fewer blocks than its bytes take."""
    return int(size > INLINE and allocated + INLINE <= size)


def read_acl(value: bytes) -> "list[list[int]]":
    """Tag, permissions and id of each entry of an ACL as the kernel keeps it (linux/posix_acl_xattr.h)."""
    size = struct.calcsize("<HHI")
    return sorted(list(struct.unpack_from("<HHI", value, at)) for at in range(4, len(value) - size + 1, size))


class Walk:
    """One walk over all roots of an order.

    :param order: ``roots``, and optional ``exclude`` (patterns), ``digest`` (blake2b, sha256, ... or null),
        ``threads``, ``xattrs``, ``one_file_system``, ``nice``, ``digest_since`` (a file whose ctime is older,
        in ns, has ``=`` in place of its digest).
    """

    def __init__(self, order: "Mapping[str, Any]", out: "Callable[[bytes], object]") -> None:
        self.order = order
        self.out = out
        self.algorithm = order.get("digest")
        self.since = order.get("digest_since") or 0
        self.left_out = exclusion(order.get("exclude") or [])
        self.threads = int(order.get("threads") or min(4, os.cpu_count() or 1))
        self.pool = concurrent.futures.ThreadPoolExecutor(self.threads)
        self.waiting: collections.deque[Any] = collections.deque()
        self.large = 0
        self.leaders: dict[tuple[int, int], tuple[str, object]] = {}
        self.xattrs = order.get("xattrs", True)
        self.without_xattrs: set[int] = set()
        self.users: dict[int, str] = {}
        self.groups: dict[int, str] = {}
        self.count = self.bytes = self.allocated = self.unread = self.vanished = 0

    def run(self) -> None:
        """Write the manifest of all roots."""
        began = time.time()
        first: dict[str, Any] = {
            "host": os.uname().nodename, "python": sys.version.split()[0], "clock_ns": int(began * 1e9),
            "digest": self.algorithm, "lacks": [],
        }  # fmt: skip
        self.out(json.dumps(["M", 1, first]).encode() + b"\n")
        for number, root in enumerate(self.order["roots"]):
            self.leaders.clear()
            self._tree(number, os.fsencode(root))
        self._write(0)
        self.pool.shutdown()
        last = {
            "entries": self.count, "bytes": self.bytes, "allocated": self.allocated, "unread": self.unread,
            "vanished": self.vanished, "seconds": round(time.time() - began, 3),
            "users": {str(key): value for key, value in self.users.items()},
            "groups": {str(key): value for key, value in self.groups.items()},
            "without_xattrs": len(self.without_xattrs),
        }  # fmt: skip
        self.out(json.dumps(["E", last]).encode() + b"\n")

    def _tree(self, number: int, root: bytes) -> None:
        """Depth first, names sorted as bytes: so the lines are in the order of the paths' components."""
        try:
            top = os.lstat(root)
        except OSError as error:
            if error.errno not in VANISHED:
                raise
            return
        self._entry(number, b"", root, top)
        if not stat.S_ISDIR(top.st_mode):
            return
        open_directories = [(b"", self._names(number, b"", root))]
        while open_directories:
            above, names = open_directories[-1]
            name = next(names, None)
            if name is None:
                open_directories.pop()
                continue
            path = above + b"/" + name if above else name
            if self.left_out(path):
                continue
            place = root + b"/" + path
            try:
                status = os.lstat(place)
            except OSError:
                self.vanished += 1
                continue
            if self._plain(number, path, place, status):
                continue
            self._entry(number, path, place, status)
            if stat.S_ISDIR(status.st_mode) and self._goes_down(top, status):
                open_directories.append((path, self._names(number, path, place)))

    def _goes_down(self, top: "os.stat_result", status: "os.stat_result") -> bool:
        return not self.order.get("one_file_system") or status.st_dev == top.st_dev

    def _names(self, number: int, path: bytes, place: bytes) -> "Iterator[bytes]":
        try:
            return iter(sorted(os.listdir(place)))
        except OSError as error:
            if error.errno in VANISHED:
                self.vanished += 1
            else:
                self._unreadable(number, path, error)
            return iter(())

    def _unreadable(self, number: int, path: bytes, error: "OSError") -> None:
        """A directory whose names could not be read: nothing is known of what it holds."""
        self.unread += 1
        line = json.dumps(["U", number, os.fsdecode(path), str(error)])
        self.waiting.append(((line + "\n", ""), None, None))

    def _plain(self, number: int, path: bytes, place: bytes, status: "os.stat_result") -> bool:
        """Write the line of a small file with nothing special to it; False where there is, or may be.

        Most files are such ones, and all the questions about others cost half as much as reading these.
        """
        size, mtime_ns = status.st_size, status.st_mtime_ns
        if (
            status.st_nlink != 1 or size > SMALL or self.waiting or not self.algorithm
            or not stat.S_ISREG(status.st_mode) or status.st_ctime_ns < self.since
        ):  # fmt: skip
            return False
        try:
            if self.xattrs and status.st_dev not in self.without_xattrs and os.listxattr(place):
                return False
            descriptor = os.open(place, READING)
        except OSError:
            return False
        try:
            data = os.read(descriptor, size + 1)
            now = os.fstat(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        if (now.st_mtime_ns, now.st_size, now.st_ino, len(data)) != (mtime_ns, size, status.st_ino, size):
            return False
        digest = hasher(self.algorithm, data).hexdigest()
        allocated, mode = status.st_blocks * 512, stat.S_IMODE(status.st_mode)
        uid, gid = status.st_uid, status.st_gid
        if uid not in self.users or gid not in self.groups:
            self._named(status)
        self.count += 1
        self.bytes += size
        self.allocated += allocated
        self.out(
            f'[{number},{_quoted(os.fsdecode(path))},"file",{mode},{uid},{gid},{mtime_ns},{size},"{digest}",0,'
            f"{has_holes(size, allocated)},{allocated},{status.st_ino},{status.st_ctime_ns}]\n".encode()
        )
        return True

    def _entry(self, number: int, path: bytes, place: bytes, status: "os.stat_result") -> None:
        kind = TYPES.get(stat.S_IFMT(status.st_mode), "unknown")
        more: dict[str, Any] = {}
        regular = kind == "file"
        digest: object = None
        try:
            if kind == "symlink":
                more["l"] = os.fsdecode(os.readlink(place))
            elif kind in ("block", "character"):
                more["d"] = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
            if self.xattrs and status.st_dev not in self.without_xattrs:
                self._attributes(place, status.st_dev, more)
            if status.st_nlink > 1 and kind != "directory":
                known = self.leaders.get((status.st_dev, status.st_ino))
                if known is None:
                    digest = self._digest(place, status, more) if regular else None
                    known = self.leaders[status.st_dev, status.st_ino] = (os.fsdecode(path), digest)
                more["h"], digest = known
            elif regular:
                digest = self._digest(place, status, more)
        except OSError as error:
            if error.errno in VANISHED:
                self.vanished += 1
                return
            more["e"] = str(error)
        self._named(status)
        size = status.st_size if regular else 0
        self.count += 1
        self.bytes += size
        allocated = status.st_blocks * 512
        self.allocated += allocated
        line = (
            f'[{number},{_quoted(os.fsdecode(path))},"{kind}",{stat.S_IMODE(status.st_mode)},{status.st_uid},'
            f"{status.st_gid},{status.st_mtime_ns},{size}"
        )
        end = f",{has_holes(size, allocated)},{allocated},{status.st_ino},{status.st_ctime_ns}]\n"
        self.waiting.append(((line, end), digest, more))
        self._write(WAITING if self.large else 0)

    def _named(self, status: "os.stat_result") -> None:
        if status.st_uid not in self.users:
            self.users[status.st_uid] = _name_of(pwd.getpwuid, status.st_uid)
        if status.st_gid not in self.groups:
            self.groups[status.st_gid] = _name_of(grp.getgrgid, status.st_gid)

    def _attributes(self, place: bytes, device: int, more: "dict[str, Any]") -> None:
        try:
            names = os.listxattr(place, follow_symlinks=False)
        except OSError as error:
            if error.errno not in NO_XATTRS:
                raise
            self.without_xattrs.add(device)
            return
        for name in names:
            try:
                value = os.getxattr(place, name, follow_symlinks=False)
            except OSError as error:
                if error.errno not in NO_XATTRS:
                    raise
                continue
            if name in (ACL_ACCESS, ACL_DEFAULT):
                more["a" if name == ACL_ACCESS else "b"] = read_acl(value)
            elif len(value) <= LONG_VALUE:
                more.setdefault("x", {})[name] = value.hex()
            else:
                more.setdefault("x", {})[name] = "sha256:" + hashlib.sha256(value).hexdigest()

    def _digest(self, place: bytes, status: "os.stat_result", more: "dict[str, Any]") -> object:
        """The digest, or the promise of one."""
        if not self.algorithm:
            return None
        if status.st_ctime_ns < self.since:
            return "="
        if status.st_size <= SMALL:
            return read_digest(place, status, self.algorithm, more)
        self.large += 1
        while self.large > 4 * self.threads:
            self._write_one()
        return self.pool.submit(_caught, place, status, self.algorithm, more)

    def _write(self, keep: int) -> None:
        """Write the lines whose digests are known, in order; wait while more than ``keep`` of them stay."""
        while self.waiting:
            promised = isinstance(self.waiting[0][1], concurrent.futures.Future)
            if promised and len(self.waiting) <= keep and not self.waiting[0][1].done():
                return
            self._write_one()

    def _write_one(self) -> None:
        line, digest, more = self.waiting.popleft()
        if more is None:
            self.out(line[0].encode())
            return
        if isinstance(digest, concurrent.futures.Future):
            # The other paths of a hard-link group wait for the same digest as its first.
            digest, added, own = digest.result()
            self.large -= int(own is more)
            more.update(added)
        if "e" in more:
            self.unread += 1
        found = f',"{digest}",' if digest else ",null,"
        self.out(f"{line[0]}{found}{json.dumps(more) if more else 0}{line[1]}".encode())


def _name_of(ask: "Callable[[int], Any]", number: int) -> str:
    try:
        return str(ask(number)[0])
    except KeyError:
        return ""


def _caught(
    place: bytes, status: "os.stat_result", algorithm: str, own: "dict[str, Any]"
) -> "tuple[Any, ...]":
    added: dict[str, Any] = {}
    try:
        return read_digest(place, status, algorithm, added), added, own
    except OSError as error:
        added["e"] = str(error)
        return None, added, own


def read_digest(place: bytes, status: "os.stat_result", algorithm: str, more: "dict[str, Any]") -> str:
    """The digest of a file's bytes; ``c`` in ``more`` where it is not the file of ``status`` any longer."""
    try:
        descriptor = os.open(place, READING)
    except PermissionError:
        descriptor = os.open(place, READING & ~os.O_NOATIME)
    try:
        found = hasher(algorithm)
        size = min(status.st_size, CHUNK) + 1
        block = os.read(descriptor, size)
        while block:
            found.update(block)
            block = os.read(descriptor, size) if len(block) == size or status.st_size >= size else b""
        now = os.fstat(descriptor)
        if (now.st_mtime_ns, now.st_size, now.st_ino) != (status.st_mtime_ns, status.st_size, status.st_ino):
            more["c"] = 1
        return found.hexdigest()
    finally:
        os.close(descriptor)


def write_manifest(order: "Mapping[str, Any]") -> None:
    """Write the manifest that an order asks for to standard output, gently: others work on this machine."""
    os.nice(int(order.get("nice", 0)))
    with open(1, "wb", 1024 * 1024, closefd=False) as out:
        Walk(order, out.write).run()
