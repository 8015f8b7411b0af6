# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second count of what was lost, without the judge's code: the dead primary's own files are asked.

A copy of its data directory is opened by a PostgreSQL of its own, in single-user mode and without a network,
and recovers there as it would have at home. What it holds and the surviving database does not is the loss: a
report that was on its way when the primary died was sent again, and is in the survivor.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from campaign.ground import Ground

VERSION = "15"
SERVER = Path(f"/usr/lib/postgresql/{VERSION}/bin/postgres")
DATA = f"var/lib/postgresql/{VERSION}/main"
OPEN_S = 120


def ids_of_the_dead(ground: Ground, node: str, scratch: Path) -> Path:
    """The ids that the database of a machine that is off holds, in a file.

    :raises RuntimeError: when it runs, or its copy cannot be opened.
    """
    if ground.on(node):
        raise RuntimeError(f"{node} is on: a copy of a running database counts nothing")
    return held_by(ground.names.root(node), scratch, "SELECT report_id FROM reports")


def held_by(root: Path, scratch: Path, query: str) -> Path:
    """What a query finds in a database that does not run, in a file.

    :param root: of its machine.
    :param scratch: a place of our own where the account postgres may go.
    :raises RuntimeError: when the copy cannot be opened.
    """
    copy, found = scratch / "dead", scratch / "found.txt"
    shutil.rmtree(copy, ignore_errors=True)
    found.unlink(missing_ok=True)
    subprocess.run(["cp", "-a", str(root / DATA), str(copy)], check=True)
    for name in ("postmaster.pid", "standby.signal", "recovery.signal"):
        (copy / name).unlink(missing_ok=True)
    # The cluster's own configuration is not in its data directory; recovery needs none of it.
    (copy / "alone.conf").write_text("listen_addresses = ''\narchive_mode = off\n")
    subprocess.run(["chown", "-R", "postgres:postgres", str(scratch)], check=True)
    done = subprocess.run(
        ["unshare", "--net", "runuser", "-u", "postgres", "--", str(SERVER), "--single", "-D", str(copy),
         f"--config-file={copy}/alone.conf", "hidden_danger"],
        input=f"COPY ({query}) TO '{found}'\n", capture_output=True, text=True, timeout=OPEN_S, check=False,
    )  # fmt: skip
    shutil.rmtree(copy, ignore_errors=True)
    if not found.exists():
        raise RuntimeError(f"the copy of {root} cannot be opened: {done.stderr[-400:]}")
    return found


def missing(dead: Path, surviving: Path) -> int:
    """How many of the first are not in the second: sort and comm, no line of ours."""
    script = 'sort -u "$1" >"$1.s"; sort -u "$2" >"$2.s"; comm -23 "$1.s" "$2.s" | wc -l; rm "$1.s" "$2.s"'
    done = subprocess.run(
        ["sh", "-c", script, "count", str(dead), str(surviving)],
        capture_output=True, text=True, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    return int(done.stdout)
