# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes of a fresh Debian 11 a server as it is found after ten years: people, jobs, certificates, files.

    make_server.py SPEC     a JSON file, see tasks/main.yml
    make_server.py --count ROOT

Prints how many awkward things there are of each kind, as found on the disk. Standard library, Python 3.9;
acl, attr and openssl as programs.
"""

from __future__ import annotations

import json
import os
import random
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

SEED = 450221
#: Its number is nobody's: whoever owned these files was deleted.
GONE_UID = 1999
#: name, number, comment, shell, words for useradd. The second has a number that a newer Debian gives to a service.
PEOPLE = (
    ("zhangwei", 1002, "张伟 信息科", "/bin/bash", ()),
    ("liming", 1003, "李明 (已离职)", "/bin/bash", ("--expiredate", "2016-03-31")),
    ("webadmin", 1002, "zhangwei 的另一个名字", "/bin/bash", ("--non-unique",)),
    ("ftpupload", 996, "上传专用", "/usr/sbin/nologin", ("--system",)),
)
#: Effective and permitted CAP_NET_BIND_SERVICE, revision 2.
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)


def run(*words: str, **more: Any) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, **more)


def people(spec: dict[str, Any]) -> None:
    user = spec["user"]
    run("groupadd", "--gid", "1100", "ajfiles")
    run("useradd", "--uid", "1001", "--create-home", "--shell", "/bin/bash", "--groups", "ajfiles", user)
    for name, uid, comment, shell, more in PEOPLE:
        run(
            "useradd", "--uid", str(uid), "--comment", comment, "--shell", shell, "--create-home", *more, name
        )
    run("usermod", "--append", "--groups", "ajfiles,sudo", "zhangwei")
    # The same hash as its makers left it, by an old method; nobody is asked for this password.
    run("chpasswd", "--encrypted", input=b"zhangwei:$1$ajy2009$KmJ2uK4p4o1bDMJcQ3Vbn/\n")
    keys = Path("/home/zhangwei/.ssh")
    keys.mkdir(mode=0o700)
    (keys / "authorized_keys").write_text("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 zhangwei@旧电脑\n")
    os.chown(keys, 1002, 1002)
    rule = Path(f"/etc/sudoers.d/{user}")
    rule.write_text(f"{user} ALL=(root) NOPASSWD: /usr/bin/systemctl restart {user}.service\n")
    rule.chmod(0o440)


def jobs(spec: dict[str, Any]) -> None:
    user, program = spec["user"], f"/usr/bin/python3 {spec['root']}/{spec['program']}"
    cron = Path(f"/etc/cron.d/{user}")
    cron.write_text(
        "# 每分钟上报一次, exactly one server may do it\nSHELL=/bin/sh\n"
        f"* * * * * {user} {program} --settings /etc/{user}.ini outbound >/dev/null 2>&1\n"
    )
    run(
        "crontab",
        "-u",
        user,
        "-",
        input=f"# 清理\n30 2 * * * find {spec['root']}/tmp -mtime +7 -delete\n".encode(),
    )
    run("crontab", "-u", "root", "-", input=b"0 4 * * 0 /usr/local/bin/weekly-backup  # \xb1\xb8\xb7\xdd\n")
    weekly = Path("/usr/local/bin/weekly-backup")
    weekly.write_text("#!/bin/sh\ntar -czf /var/backups/weekly.tgz /etc 2>/dev/null\n")
    weekly.chmod(0o755)
    local = Path("/etc/rc.local")
    local.write_text(f"#!/bin/sh\nmkdir -p /run/{user} && chown {user} /run/{user}\n")
    local.chmod(0o755)
    units = Path("/etc/systemd/system")
    (units / f"{user}.service").write_text(
        f"[Unit]\nDescription={spec['title']}\nAfter=network.target\nStartLimitIntervalSec=0\n\n[Service]\n"
        f"User={user}\nExecStart={program} --settings /etc/{user}.ini serve\nExecReload=/bin/kill -HUP $MAINPID\n"
        "Restart=always\nRestartSec=1\n\n[Install]\nWantedBy=multi-user.target\n"
    )
    (units / f"{user}-digest.service").write_text(
        f"[Service]\nType=oneshot\nUser={user}\nExecStart=/usr/bin/touch {spec['root']}/tmp/digest\n"
    )
    (units / f"{user}-digest.timer").write_text(
        "[Timer]\nOnCalendar=*-*-* 06:00:00\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--now", "--quiet", f"{user}-digest.timer")


def odds(spec: dict[str, Any]) -> None:
    """A certificate that ends soon, and a library that was mended in its place."""
    folder = Path(f"/etc/ssl/{spec['user']}")
    folder.mkdir(mode=0o755)
    run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj", f"/CN={spec['user']}.gx.local",
        "-keyout", str(folder / "site.key"), "-out", str(folder / "site.crt"), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    (folder / "site.key").chmod(0o640)
    os.chown(folder / "site.key", 0, 1100)
    for library in ("pymysql/converters.py", "psycopg2/extras.py"):
        with Path("/usr/lib/python3/dist-packages", library).open("a") as stream:
            stream.write("# 2013-06 mended in place\n")
    # Where its people are: the new servers have UTC.
    Path("/etc/localtime").unlink(missing_ok=True)
    Path("/etc/localtime").symlink_to("/usr/share/zoneinfo/Asia/Shanghai")
    Path("/etc/timezone").write_text("Asia/Shanghai\n")
    Path("/etc/default/locale").write_text("LANG=zh_CN.UTF-8\n")
    if not spec["rsync"]:
        # Debian's MariaDB wants it for Galera, which nobody uses here.
        run("dpkg", "--purge", "--force-depends", "rsync", stderr=subprocess.DEVNULL)


def texts(spec: dict[str, Any]) -> None:
    for path, text in spec["texts"].items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    Path("/root/.stage").chmod(0o700)
    settings = Path(f"/etc/{spec['user']}.ini")
    settings.touch(mode=0o640)
    os.chown(settings, 0, 1001)
    settings.write_text(spec["settings"], encoding="utf-8")


def uploads(folder: Path, owner: int, kib: int) -> None:
    """Some that compress and some that do not, in folders by year, most of them small."""
    random_ = random.Random(SEED)
    left, number = kib * 1024, 0
    while left > 0:
        number += 1
        size = min(left, int(random_.lognormvariate(9, 1.2)) + 1)
        left -= size
        year = folder / f"{2009 + number % 6}年" / ("安全生产许可证" if number % 3 else "现场照片")
        year.mkdir(mode=0o2775, parents=True, exist_ok=True)
        path = year / f"附件-{number:05d}.{'jpg' if number % 2 else 'doc'}"
        path.write_bytes(random_.randbytes(size) if number % 2 else ("检查记录\n" * size).encode()[:size])
        os.utime(
            path, ns=(1_400_000_000_123_456_789, 1_300_000_000_000_000_000 + number * 86_400_123_456_789)
        )
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, 1100)
        path.chmod(0o2775 if path.is_dir() else 0o664)


def awkward(folder: Path) -> None:
    """One or more of each thing that a careless copy loses."""
    folder.mkdir(mode=0o755)
    for name, count in (("一", 2), ("二", 3), ("三", 5)):
        (folder / f"硬链接{name}-1").write_text(f"hard link {name}\n")
        (folder / f"硬链接{name}").mkdir()
        for number in range(2, count + 1):
            os.link(folder / f"硬链接{name}-1", folder / f"硬链接{name}" / f"{number}")
    for name, target in (("current", "硬链接一"), ("absolute", "/etc/hostname"), ("dangling", "../没有了")):
        (folder / name).symlink_to(target)
    with (folder / "sparse.img").open("wb") as stream:
        for place in (0, 16 << 20, 63 << 20):
            stream.seek(place)
            stream.write(b"island" * 100)
        stream.truncate(64 << 20)
    for name, mode in (("backup-helper", 0o4755), ("mailer", 0o2755)):
        (folder / name).write_bytes(Path("/bin/true").read_bytes())
        (folder / name).chmod(mode)
    (folder / "drop").mkdir()
    (folder / "drop").chmod(0o1777)
    os.mkfifo(folder / "pipe", 0o620)
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(folder / "app.sock"))
    for raw in (b"\xb0\xb2\xc8\xab.txt", b"-rf", b"end ", b"two\nlines", b"back\\slash", b"*", "长".encode() * 85,
                "Cafe\u0301.txt".encode(), "Caf\u00e9.txt".encode()):  # fmt: skip
        with open(os.fsencode(folder) + b"/" + raw, "wb") as stream:
            stream.write(raw)
    (folder / "empty").touch()
    (folder / "empty folder").mkdir()
    (folder / "secret").write_text("nobody reads this\n")
    (folder / "secret").chmod(0)
    os.setxattr(folder / "硬链接一-1", "user.来源", "柳州".encode())
    os.setxattr(folder / "current", "trusted.note", b"\0\xff", follow_symlinks=False)
    os.setxattr(folder / "mailer", "security.capability", CAPABILITY)
    run("setfacl", "-m", "u:zhangwei:rw-,u:2777:r--", str(folder / "硬链接二-1"))
    run("setfacl", "-m", "d:g:ajfiles:rwX", str(folder / "empty folder"))
    os.chown(folder / "empty", GONE_UID, GONE_UID)
    os.utime(folder / "empty", ns=(0, 1))
    os.utime(folder / "sparse.img", (4_102_444_800, 4_102_444_800))


def attributes(path: Path) -> list[str]:
    return os.listxattr(path, follow_symlinks=False)


_IS: dict[str, Callable[[Path, os.stat_result], bool]] = {
    "files": lambda path, seen: stat.S_ISREG(seen.st_mode),
    "hard_linked": lambda path, seen: stat.S_ISREG(seen.st_mode) and seen.st_nlink > 1,
    "symlinks": lambda path, seen: stat.S_ISLNK(seen.st_mode),
    "setuid_or_setgid": lambda path, seen: stat.S_ISREG(seen.st_mode) and bool(seen.st_mode & 0o6000),
    "special": lambda path, seen: stat.S_ISFIFO(seen.st_mode) or stat.S_ISSOCK(seen.st_mode),
    "sparse": lambda path, seen: stat.S_ISREG(seen.st_mode) and seen.st_blocks * 512 < seen.st_size // 2,
    "with_acl": lambda path, seen: any(name.startswith("system.posix_acl") for name in attributes(path)),
    "with_xattr": lambda path, seen: any(not name.startswith("system.") for name in attributes(path)),
    "capabilities": lambda path, seen: "security.capability" in attributes(path),
    "chinese_names": lambda path, seen: any("\u4e00" <= sign <= "\u9fff" for sign in path.name),
    "not_utf8_names": lambda path, seen: any("\udc80" <= sign <= "\udcff" for sign in path.name),
    "without_owner": lambda path, seen: seen.st_uid == GONE_UID,
}


def count(root: Path) -> dict[str, int]:
    found = dict.fromkeys(_IS, 0)
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            seen = path.lstat()
            for kind, fits in _IS.items():
                found[kind] += fits(path, seen)
    return found


def main() -> int:
    if sys.argv[1] == "--count":
        print(json.dumps(count(Path(sys.argv[2]))))
        return 0
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    root = Path(spec["root"])
    people(spec)
    texts(spec)
    jobs(spec)
    odds(spec)
    for folder in (root / "tmp", Path("/var/spool", spec["user"])):
        folder.mkdir(mode=0o755)
        os.chown(folder, 1001, 1001)
    Path(spec["uploads"]).mkdir(parents=True)
    uploads(Path(spec["uploads"]), 1001, int(spec["uploads_kib"]))
    awkward(root / "杂项")
    Path("/root/.stage/made").touch()
    print(json.dumps(count(root)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
