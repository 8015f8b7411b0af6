# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on what lies on disks and on the ways to others: certificates, files, mounts, addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.document import known
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.finding import (
    BLOCKER,
    WARNING,
    Finding,
    at,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.assess.targets import Target

Document = Mapping[str, Any]
SOON_DAYS = 60
FULL = 0.9
_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "9p")


def expires(certificate: Mapping[str, Any]) -> datetime | None:
    """When it ends, by what openssl prints; None when that is not known."""
    try:
        return datetime.strptime(str(certificate.get("not_after")), "%b %d %H:%M:%S %Y GMT").replace(
            tzinfo=UTC
        )
    except ValueError:
        return None


def certificates(document: Document, target: Target) -> Iterator[Finding]:
    now = datetime.fromtimestamp(document.get("taken_at") or 0, tz=UTC)
    ended, soon, weak = [], [], []
    for one in known(document, "certificates", ()):
        end = expires(one)
        day = f"{one['path']} ({end:%Y-%m-%d})" if end else one["path"]
        if end is not None and end <= now:
            ended.append(day)
        elif end is not None and (end - now).days < SOON_DAYS:
            soon.append(day)
        small = one.get("key") == "rsaEncryption" and (one.get("bits") or 4096) < 2048
        if small or str(one.get("signed", "")).startswith(("sha1", "md5")):
            weak.append(f"{one['path']} ({one.get('bits')} bits, {one.get('signed')})")
    if ended:
        yield Finding(
            "certificate_expired",
            WARNING,
            "certificates have ended",
            "either nobody uses them, or clients were taught not to look; new ones do look",
            "openssl x509 -enddate",
            "renew those that are used before the move, and leave the others behind",
            **at(ended),
        )
    if soon:
        yield Finding(
            "certificate_ends_soon",
            WARNING,
            f"certificates end within {SOON_DAYS} days",
            "they may end while source and target both stand",
            "openssl x509 -enddate",
            "renew them before the move, so that the move is not blamed for it",
            **at(soon),
        )
    if weak:
        yield Finding(
            "certificate_weak",
            BLOCKER,
            "certificates have small keys, or are signed with SHA-1 or MD5",
            f"OpenSSL 3 of {target.name} refuses them at its default security level",
            "SSL_CTX_set_security_level(3): Debian builds OpenSSL with level 2",
            "issue new ones before the move",
            **at(weak),
        )


def files(document: Document, target: Target) -> Iterator[Finding]:
    roots = known(document, "roots", ())
    unmeasured = [one["path"] for one in roots if None in (one["bytes"], one["files"], one["day_bytes"])]
    if unmeasured:
        yield Finding(
            "files_not_measured",
            BLOCKER,
            "directories could not be measured in the time",
            "without their size there is no estimate, and no window can be judged",
            "du, find",
            "assess again with a longer search_s",
            **at(unmeasured),
        )
    odd = [f"{one['path']} ({one['odd_names']})" for one in roots if one["odd_names"]]
    if odd:
        yield Finding(
            "file_names_not_ascii",
            WARNING,
            "names of files have characters beyond ASCII",
            "in GBK or UTF-8, they have to arrive byte by byte; archives and web servers may recode them",
            "find",
            "copy with rsync (which does not recode), and open one such file through the application",
            **at(odd),
        )
    special = [f"{one['path']} ({one['set_id']})" for one in roots if one["set_id"]]
    if special:
        yield Finding(
            "set_id_files",
            WARNING,
            "programs below application roots run with another user's rights",
            "a copy without that bit fails, and one with it is a door: each has to be wanted",
            "find -perm -4000 -o -perm -2000",
            "name those that are needed; the others lose the bit",
            **at(special),
        )
    linked = [f"{one['path']} ({one['linked']})" for one in roots if one["linked"]]
    if linked:
        yield Finding(
            "hard_links",
            WARNING,
            "files have several names",
            "a copy by parts makes several files of them, which take more room and go apart",
            "find -links +1",
            "keep directories that share files in one part of the copy (rsync -H sees only its own part)",
            **at(linked),
        )
    yield from _seldom(roots)


def _seldom(roots: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """What many a way of copying loses without a word."""

    def having(what: str) -> list[str]:
        return [f"{one['path']} ({one[what]})" for one in roots if one.get(what)]

    if having("nobodys"):
        yield Finding(
            "files_of_nobody",
            WARNING,
            "files belong to numbers that no account has, or to nobody",
            "at the target the same number may be somebody's, who then owns them",
            "find -nouser -o -nogroup",
            "give them to an account that moves, or see that nobody has these numbers at the target",
            **at(having("nobodys")),
        )
    if having("access_lists"):
        yield Finding(
            "files_with_acl",
            WARNING,
            "files have access lists (ACL)",
            "they name users and groups by number; a copy without them takes rights away, or gives them",
            "ls: + behind the mode",
            "copy by tree_copy, which carries and maps them, onto a file system that has them; compare by "
            "tree_verify",
            **at(having("access_lists")),
        )
    if having("holes"):
        yield Finding(
            "files_with_holes",
            WARNING,
            "files have holes (sparse), or lie on a file system that compresses",
            "a copy without them takes the room that the files say, which may be a hundred times more",
            "ls -s",
            "copy by tree_copy, which keeps holes, and see that there is room for what compression saves",
            **at(having("holes")),
        )
    if having("capable"):
        yield Finding(
            "file_capabilities",
            WARNING,
            "programs have capabilities",
            "a copy without them fails where root's rights are needed, and one with them is a door",
            "getcap",
            "name those that are needed; tree_copy carries them, and tree_verify compares them",
            **at(having("capable")),
        )


def disks(document: Document, target: Target) -> Iterator[Finding]:
    found = known(document, "mounts", {})
    remote = [
        f"{one['path']} ({one['type']} from {one['device']})"
        for one in found.get("mounts", ())
        if one["type"] in _REMOTE
    ]
    if remote:
        yield Finding(
            "mount_remote",
            WARNING,
            "file systems of other servers are mounted",
            "they have to be reached from the target, too, or move as well",
            "/proc/self/mounts",
            "plan the file server into the same wave, or allow the target's address there",
            **at(remote),
        )
    full = [
        f"{one['path']} ({100 * one['used'] // max(1, one['used'] + one['free'])}%)"
        for one in found.get("sizes", ())
        if one["device"].startswith("/") and one["used"] > FULL * (one["used"] + one["free"])
    ]
    if full:
        yield Finding(
            "disk_nearly_full",
            WARNING,
            "file systems are nearly full",
            "a database that keeps its log for the target stops when there is no room left",
            "df",
            "make room before the bulk copy begins, and set a limit on what is kept for the target",
            **at(full),
        )


def addresses(document: Document, target: Target) -> Iterator[Finding]:
    own = set(known(document, "network", {}).get("addresses", ()))
    ours = sorted({one["file"] for one in known(document, "references", ()) if one["address"] in own})
    ours = [
        path
        for path in ours
        if not path.startswith(("/etc/network/", "/etc/netplan/", "/etc/sysconfig/network"))
    ]
    if ours:
        yield Finding(
            "own_address_written",
            WARNING,
            "its own address is written into files",
            "at the target it is another one, or moves there with the switch of the address",
            "grep for the addresses of its interfaces",
            "take a name in its place, or change each file at the cutover",
            **at(ours),
        )


RULES = (certificates, files, disks, addresses)
