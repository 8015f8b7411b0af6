# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building and caching the base images of a twin's machines.

An image appears in the cache by a rename when it is whole, so what stands under its name
is always whole. Whoever builds holds a lock of the kernel's and works inside a control
group; a build that was killed leaves its group and a directory with a leading dot, and the
next build ends and removes both.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import apt_sources, cgroups, mounts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.recipes import RECIPES, Recipe

CACHE = Path("/var/cache/anjianyun/images")
_GROUP = f"{cgroups.TREE}/_images"
# In mounts of its own, so that a killed build leaves none.
_IN_GROUP = 'echo 0 > "$0" && exec unshare --mount --propagation private "$@"'
#: A slow mirror may take long; a build that says nothing for this long is stuck. Seconds.
BUILD_DEADLINE_S = 1800


def path_of(name: str, cache: Path = CACHE) -> Path:
    """Where the image of this name is, or will be."""
    return cache / recipe_of(name).directory


def recipe_of(name: str) -> Recipe:
    """The recipe of that name.

    :raises DatacenterError: when there is none.
    """
    try:
        return RECIPES[name]
    except KeyError:
        raise DatacenterError(
            "there is no base image of that name",
            device=name,
            cause=f"known are {', '.join(sorted(RECIPES))}",
            next_step="change the operating system in the plan, or add a recipe",
        ) from None


def ensure(
    name: str, say: Callable[[str], None] = lambda text: None, mirror: str = "", cache: Path = CACHE
) -> Path:
    """Return the image's directory, building it first when it is not there.

    :param mirror: what mmdebstrap takes as a mirror; empty for this host's own.
    """
    recipe, target = recipe_of(name), path_of(name, cache)
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with _lock(cache / f".{recipe.name}.lock"):
        if target.is_dir():
            return target
        _clean(recipe, cache)
        started = time.monotonic()
        say(f"building image {name} ({recipe.suite}), once")
        scratch = cache / f".build-{recipe.directory}"
        _build(recipe, scratch, mirror or apt_sources.mirror())
        _finish(recipe, scratch)
        scratch.rename(target)
        say(f"image {name} built in {time.monotonic() - started:.0f} s")
    return target


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sweep(cache: Path = CACHE) -> None:
    """End and remove what killed builds left; a build that somebody waits for is left alone."""
    for recipe in RECIPES.values():
        path = cache / f".{recipe.name}.lock"
        if not path.exists():
            continue
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _clean(recipe, cache)
    for group in (_GROUP, cgroups.TREE):
        cgroups.remove_if_empty(group)


def _clean(recipe: Recipe, cache: Path) -> None:
    """End and remove what a killed build of this image left."""
    group = f"{_GROUP}/{recipe.name}"
    cgroups.kill(group)
    cgroups.remove(group)
    for left in cache.glob(f".build-{recipe.name}-*"):
        if not left.is_dir():
            left.unlink()  # The log.
            continue
        # A mounted /dev or /proc below it must not be emptied with it.
        mounts.unmount_below(left)
        shutil.rmtree(left)


def _build(recipe: Recipe, scratch: Path, mirror: str) -> None:
    group = f"{_GROUP}/{recipe.name}"
    cgroups.ensure(group)
    procs = cgroups.unified_root() / group / "cgroup.procs"
    log = scratch.with_suffix(".log")
    hooks = [_early_hook(path, text) for path, text in recipe.early_files.items()]
    command = [
        "mmdebstrap", "--mode=root", "--variant=minbase", "--include=" + ",".join(recipe.packages),
        "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
        *(f"--essential-hook={hook}" for hook in hooks),
        recipe.suite, str(scratch), *([mirror] if mirror else []),
    ]  # fmt: skip
    try:
        with log.open("wb") as output:
            done = subprocess.run(
                ["sh", "-c", _IN_GROUP, str(procs), *command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                timeout=BUILD_DEADLINE_S, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        if done.returncode:
            tail = log.read_text(errors="replace").strip().splitlines()[-3:]
            raise DatacenterError(
                "the base image cannot be built",
                device=recipe.name,
                cause=" / ".join(tail) or f"mmdebstrap ended with {done.returncode}",
                next_step="see that a Debian mirror answers, or give one with twin_mirror",
            )
    except subprocess.TimeoutExpired as error:
        raise DatacenterError(
            "the base image cannot be built",
            device=recipe.name,
            cause=f"not done after {BUILD_DEADLINE_S} s",
            next_step="see that the Debian mirror is fast enough, or give another with twin_mirror",
        ) from error
    finally:
        cgroups.kill(group)
        cgroups.remove(group)
        for path in (_GROUP, cgroups.TREE):
            cgroups.remove_if_empty(path)
        log.unlink(missing_ok=True)


def _early_hook(path: str, text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("\n", "\\n").replace("'", "'\\''")
    return f'mkdir -p "$1{os.path.dirname(path)}" && printf \'{quoted}\' > "$1{path}"'


def _finish(recipe: Recipe, scratch: Path) -> None:
    """Write our files, mask units, and remove what must differ from machine to machine."""
    for path, text in recipe.files.items():
        target = scratch / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        # A link here may point out of the image (resolv.conf often does).
        target.unlink(missing_ok=True)
        target.write_text(text, encoding="utf-8")
    units = scratch / "etc/systemd/system"
    units.mkdir(parents=True, exist_ok=True)
    for unit in recipe.masked:
        link = units / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for unit in recipe.disabled:
        # Each by its name: a pattern finds no link to a file that only the image has.
        for wants in units.glob("*.wants"):
            (wants / unit).unlink(missing_ok=True)
    for key in (scratch / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for cached in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(scratch / cached, ignore_errors=True)
