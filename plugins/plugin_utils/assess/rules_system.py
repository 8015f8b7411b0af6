# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on the system: release, packages, services, accounts, jobs, time, and mandatory access control."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
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
_ARCHIVE = "the archives of Debian 11, 12 and 13, looked up in November 2026"
_RUNTIME = re.compile(r"^(?:(?P<php>php)(\d\.\d)|(?P<python>python)(3\.\d+))$")
#: What sends something to somebody, in a job.
_SENDS = re.compile(
    r"\b(mail|mailx|mutt|sendmail|msmtp|curl|wget|rsync|scp|sftp|ftp|lftp|ncftp\w*|nc|telnet|mysqldump.*-h|ssh)\b"
)
#: Debian's own archive and its mirrors.
_DISTRIBUTION = re.compile(
    r"//([\w.-]+\.)?debian\.org/|^cdrom:|//(mirrors?|ftp)\.[\w.-]+/debian(-security)?/?$"
)
#: Names of the time zone that the centre runs in.
CENTRE_ZONES = ("Asia/Shanghai", "Asia/Chongqing", "Asia/Urumqi", "PRC")
_CLOCKS = {"chronyd", "ntpd", "systemd-timesyncd"}


def release(document: Document, target: Target) -> Iterator[Finding]:
    system = known(document, "system", {})
    machine = system.get("machine", "")
    if machine and machine != "x86_64":
        yield Finding(
            "machine_differs",
            BLOCKER,
            f"the processor is {machine}",
            f"programs built for it do not run on {target.name}, which is planned for x86_64",
            "uname -m",
            "find the sources or the vendor's build of every program that no package brings",
            **at([machine]),
        )
    name = system.get("os", {})
    if name and name.get("id") != "debian":
        yield Finding(
            "other_distribution",
            WARNING,
            f"it runs {name.get('name') or 'an unknown system'}, not Debian",
            "packages, paths of configuration and default users have other names there",
            "/etc/os-release",
            "map its packages and users by hand in the migration's plan",
        )


def removed_packages(document: Document, target: Target) -> Iterator[Finding]:
    installed = [one["name"] for one in known(document, "packages", {}).get("installed", ())]
    gone = sorted(set(installed) & set(target.gone))
    if gone:
        yield Finding(
            "package_removed",
            BLOCKER,
            f"{len(gone)} of its packages are not in {target.name}",
            "; ".join(f"{name}: take {target.gone[name]}" for name in gone),
            _ARCHIVE,
            "decide for each what takes its place, and test the application with that before the window",
            **at(gone),
        )
    moved = sorted(
        name
        for name in installed
        if (match := _RUNTIME.match(name))
        and (match[2] or match[4]) != (target.php if match["php"] else target.python)
    )
    if moved:
        yield Finding(
            "runtime_changes",
            WARNING,
            f"{', '.join(moved)} becomes php {target.php} or python {target.python}",
            "functions were removed in between, and what was a notice is an error now",
            _ARCHIVE,
            "run the application's own tests, or click through it, on a copy of the target before the window",
            **at(moved),
        )


def package_state(document: Document, target: Target) -> Iterator[Finding]:
    packages = known(document, "packages", {})
    if packages.get("broken"):
        yield Finding(
            "package_broken",
            WARNING,
            "packages are only half installed",
            "what they bring may be missing, and nobody knows since when",
            "dpkg --audit",
            "repair them at the source, or leave them out of the target's packages",
            **at(packages["broken"]),
        )
    if packages.get("held"):
        yield Finding(
            "package_held",
            WARNING,
            "packages are held at their version",
            f"somebody had a reason, and {target.name} has another version",
            "dpkg --get-selections",
            "ask who held them, and test with the new version",
            **at(packages["held"]),
        )
    foreign = [one for one in packages.get("sources", ()) if not _DISTRIBUTION.search(one)]
    if foreign:
        yield Finding(
            "package_source_foreign",
            WARNING,
            "packages come from outside the distribution",
            f"they need a source for {target.name}, which may not exist or be out of reach",
            "apt-cache policy",
            "mirror that source for the target, or take the distribution's package",
            **at(foreign),
        )


def changed_files(document: Document, target: Target) -> Iterator[Finding]:
    changed = known(document, "changed", ())
    programs = [one["path"] for one in changed if not one["configuration"] and one["what"] == "other"]
    settings = [one["path"] for one in changed if one["configuration"]]
    if programs:
        yield Finding(
            "file_changed",
            WARNING,
            f"{len(programs)} files are other than their packages brought them",
            "patched in place or damaged or replaced by an intruder: a package of the target undoes it",
            "dpkg -V, rpm -V",
            "find out why, and bring the change along as a package or file of its own",
            **at(programs),
        )
    if settings:
        yield Finding(
            "configuration_changed",
            WARNING,
            f"{len(settings)} configuration files differ from their packages",
            "these are the settings somebody chose; the target's packages bring others",
            "dpkg -V, rpm -V",
            "carry each over to the target's version, or say why not",
            **at(settings),
        )


def services(document: Document, target: Target) -> Iterator[Finding]:
    by_hand = known(document, "processes", {}).get("by_hand", ())
    listening = {one["exe"] for one in known(document, "sockets", {}).get("listening", ())}
    alone = sorted({exe for _name, exe in by_hand if exe in listening} - {"/usr/sbin/sshd"})
    if alone:
        yield Finding(
            "service_by_hand",
            BLOCKER,
            "somebody started a service at a terminal",
            "no unit starts it again: after the move, or the next power cut, it is missing",
            "the process is in a login's control group and listens",
            "write a unit for it at the target, with the user and the environment that it has now",
            **at(alone),
        )
    deleted = known(document, "processes", {}).get("of_deleted_files", ())
    if deleted:
        yield Finding(
            "program_deleted",
            WARNING,
            "programs run whose files are gone or were replaced",
            "what is on the disk is not what runs, so a copy behaves differently",
            "/proc/<pid>/exe",
            "restart them at the source days before the window, and see that all still works",
            **at(deleted),
        )
    inside = known(document, "processes", {}).get("in_containers", 0)
    if inside:
        yield Finding(
            "container_found",
            WARNING,
            f"{inside} processes run in containers",
            "what is in there was not assessed: packages, databases and jobs of their own",
            "their numbers' namespace is another",
            "move the containers by their own tools, and assess each that holds data",
        )
    failed = [
        one["name"] for one in known(document, "services", {}).get("units", ()) if one["active"] == "failed"
    ]
    if failed:
        yield Finding(
            "service_failed",
            WARNING,
            "services have failed before the move",
            "afterwards nobody can tell whether the move broke them",
            "systemctl list-units",
            "repair them, or write down that they are not to run at the target",
            **at(failed),
        )


def accounts(document: Document, target: Target) -> Iterator[Finding]:
    users = known(document, "accounts", {}).get("users", ())
    low, high = target.system_ids
    people = [one for one in users if one["uid"] is not None and low <= one["uid"] <= high]
    taken = [f"{one['name']} ({one['uid']})" for one in people if not _system_account(one)]
    if taken:
        yield Finding(
            "user_id_in_system_range",
            WARNING,
            f"people or applications have numbers of {low} to {high}",
            "the target gives those to services as they are installed, so files would change their owner",
            "/etc/adduser.conf: FIRST_SYSTEM_UID, LAST_SYSTEM_UID",
            "make the users at the target before any package, or map their numbers in the plan",
            **at(taken),
        )
    twice = [f"{uid}" for uid, count in Counter(one["uid"] for one in users).items() if count > 1]
    if twice:
        yield Finding(
            "user_id_shared",
            WARNING,
            "several users have one number",
            "files belong to a number, so each of them owns what the others own",
            "/etc/passwd",
            "bring them over in the same order, or separate them before",
            **at(twice),
        )
    weak = [one["name"] for one in users if one["password"] in ("des", "md5", "empty")]
    if weak:
        yield Finding(
            "user_password_weak",
            WARNING,
            "passwords of users are empty, or kept as DES or MD5",
            "they can be read back from their hash in minutes; MLPS level 3 does not allow them",
            "crypt(5)",
            "give them new passwords, or lock them, before they are carried over",
            **at(weak),
        )


def _system_account(user: Mapping[str, Any]) -> bool:
    """One that a package made: nobody logs in, and it lives where packages put their services."""
    nobody = str(user["shell"]).endswith(("nologin", "false", "sync"))
    served = str(user["home"]).startswith(("/var/", "/run/", "/nonexistent", "/usr/", "/etc/"))
    return user["password"] in ("locked", "none") and (nobody or served)


def jobs(document: Document, target: Target) -> Iterator[Finding]:
    lines = known(document, "cron", ())
    sending = [f"{one['file']}: {one['line'][:120]}" for one in lines if _SENDS.search(one["line"])]
    if sending:
        yield Finding(
            "job_sends",
            WARNING,
            "jobs send something away",
            "as long as source and target both run, it is sent twice",
            "crontab(5)",
            "hold the jobs of the idle side from the bulk copy to the decommissioning",
            **at(sending),
        )


def time_and_locale(document: Document, target: Target) -> Iterator[Finding]:
    found = known(document, "time_locale", {})
    zone, file = found.get("zone", ""), found.get("zone_file", "")
    if zone and file and zone != file:
        yield Finding(
            "time_zone_unclear",
            WARNING,
            f"/etc/localtime says {zone}, /etc/timezone says {file}",
            "programs read either, so the same moment has two hours already at the source",
            "timezone(5)",
            "find out which one the application wrote its times in, and give the target that one",
        )
    elif found and not zone:
        yield Finding(
            "time_zone_unnamed",
            WARNING,
            f"the time zone has no name (offset {found.get('offset') or 'unknown'})",
            "a copied /etc/localtime does not say which rules it has",
            "/etc/localtime is a file and no link into zoneinfo",
            "give the target the named zone with that offset, and compare a known time of the application",
        )
    elif zone and zone not in CENTRE_ZONES:
        yield Finding(
            "time_zone_differs",
            WARNING,
            f"the time zone is {zone}",
            "times without a zone in files and tables mean that one; the centre runs Asia/Shanghai",
            "/etc/localtime",
            f"set {zone} for this server at the target, and move to the centre's zone as a step of its own",
            **at([zone]),
        )
    language = found.get("default", {}).get("LANG") or found.get("default", {}).get("LC_ALL") or ""
    if found and not re.search(r"utf-?8$", language, re.IGNORECASE):
        yield Finding(
            "locale_not_utf8",
            WARNING,
            f"the locale is {language or 'not set'}",
            "names of files and texts may be in GBK or GB18030; the target's default is UTF-8",
            "/etc/default/locale, /etc/locale.conf",
            "generate that locale at the target, keep names of files byte by byte, and test one with "
            "Chinese in it",
            **at([language] if language else []),
        )
    if found and not set(found.get("clock_by", ())) & _CLOCKS:
        yield Finding(
            "clock_not_set",
            WARNING,
            "nothing keeps the clock right",
            "a clock that jumps at the move makes new rows older than old ones",
            "neither chronyd, ntpd nor systemd-timesyncd runs",
            "measure how far it is off, and set it slowly (chronyd -q, makestep off) days before the window",
        )


def mandatory_access(document: Document, target: Target) -> Iterator[Finding]:
    found = known(document, "mandatory_access", {})
    if found.get("selinux") == "Enforcing":
        yield Finding(
            "selinux_enforcing",
            WARNING,
            "SELinux is enforced",
            f"{target.name} has {target.mandatory_access}: labels and local policy mean nothing there",
            "getenforce",
            "write down which local policy protects the application, and give the target a profile for it",
        )
    if found.get("local"):
        yield Finding(
            "apparmor_changed",
            WARNING,
            "AppArmor profiles were extended by hand",
            "without that the target's profile refuses what the application does here",
            "/etc/apparmor.d/local/",
            "carry the files over, and try the application with the profile enforced",
            **at(found["local"]),
        )


RULES = (
    release,
    removed_packages,
    package_state,
    changed_files,
    services,
    accounts,
    jobs,
    time_and_locale,
    mandatory_access,
)
