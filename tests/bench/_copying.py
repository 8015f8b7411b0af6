# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source and a target in namespaces of their own, a shaped line between them, two ways to copy over it."""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.tests.bench._figures import Goal, leave

LINE_MBIT_S = int(os.environ.get("SERVER_COPY_MBIT_S", "400"))
#: 1 is what is compared over time; less of it for a look.
SCALE = float(os.environ.get("SERVER_COPY_SCALE", "1"))
RUNS = int(os.environ.get("SERVER_COPY_RUNS", "3"))
SOURCE, TARGET = "198.18.5.1", "198.18.5.2"
PORT = 2222
MEBI = 1024 * 1024
#: What two runs of the same differ by on a quiet machine, as seen.
NOISE = 1.03
#: Frames of 1514 bytes carry 1448 of ours.
PAYLOAD = 1448 / 1514
RUN = (
    "import json, sys\n"
    "from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import copier\n"
    "from ansible_collections.anjianyun.datacenter.plugins.module_utils.server.copying import verify\n"
    "order = json.load(sys.stdin)\n"
    "take = copier.copy_trees(order, False) if 'mode' in order else verify.verify_trees(order)\n"
    "print(json.dumps(take))\n"
)
COPY: dict[str, Any] = {
    "mode": "once", "small_seconds": 5, "small_bytes": MEBI, "max_rounds": 10, "delete": False,
    "compress": "auto", "channels": 1, "line_mbit_s": LINE_MBIT_S, "limit_mbit_s": 0, "limit_hours": [],
    "limits_file": None,
    "progress_file": None, "retries": 0,
}  # fmt: skip
PROOF: dict[str, Any] = {
    "digest": "blake2b", "threads": None, "sparse": False, "whole_seconds": False, "list_file": None,
    "shown": 5, "fail_on_difference": True,
}  # fmt: skip


@dataclass
class Figures:
    """Seconds of each run."""

    plain: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    proof: list[float] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)


class Line:
    """Two namespaces, the line, and a source that is entered over it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spaces = tuple(f"ajycopy-{os.getpid()}-{side}" for side in ("src", "dest"))
        self.sshd: subprocess.Popen[bytes] | None = None

    def build(self) -> None:
        """Make them; the ends of the line are born inside."""
        near, far = self.spaces
        for space in self.spaces:
            _run("ip", "netns", "add", space)
        _run("ip", "link", "add", "line", "netns", near, "type", "veth", "peer", "name", "line", "netns", far)
        for space, address in zip(self.spaces, (SOURCE, TARGET), strict=True):
            for words in (("addr", "add", f"{address}/30", "dev", "line"), ("link", "set", "line", "up")):
                _run("ip", "-n", space, *words)
            _run("ip", "-n", space, "link", "set", "lo", "up")
            _run(
                "tc", "-n", space, "qdisc", "add", "dev", "line", "root", "tbf",
                "rate", f"{LINE_MBIT_S}mbit", "burst", "256kb", "latency", "50ms",
            )  # fmt: skip
        for name in ("host", "client"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.root / name))
        public = (self.root / "host.pub").read_text()
        (self.root / "known_hosts").write_text(f"[{SOURCE}]:{PORT} {public}")
        (self.root / "config").write_text(
            f"ListenAddress {SOURCE}\nPort {PORT}\nHostKey {self.root}/host\nPidFile none\n"
            f"AuthorizedKeysFile {self.root}/client.pub\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nPermitRootLogin prohibit-password\nLogLevel ERROR\n"
        )
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.sshd = subprocess.Popen(
            self.within(0, "/usr/sbin/sshd", "-D", "-e", "-f", str(self.root / "config")),
            stderr=subprocess.DEVNULL,
        )
        for _attempt in range(50):
            if subprocess.run(self.within(1, *self.ssh(), SOURCE, "true"), check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise TimeoutError("the source's sshd does not answer")

    def within(self, side: int, *command: str) -> list[str]:
        """A command line inside of one of the two."""
        return ["ip", "netns", "exec", self.spaces[side], *command]

    def ssh(self) -> list[str]:
        """As an administrator would write it for rsync."""
        return [
            "ssh", "-F", "none", "-p", str(PORT), "-i", str(self.root / "client"), "-o", "BatchMode=yes",
            "-o", f"UserKnownHostsFile={self.root}/known_hosts",
        ]  # fmt: skip

    def options(self) -> dict[str, Any]:
        """The source and the trees as the modules take them."""
        return {
            "source_host": SOURCE, "source_user": "root", "source_port": PORT,
            "source_key_file": str(self.root / "client"),
            "source_known_hosts": str(self.root / "known_hosts"),
            "source_become": False, "connect_timeout": 10, "exclude": [], "uid_map": {}, "gid_map": {},
            "one_file_system": False, "state_directory": str(self.root / "state"),
            "trees": [{"src": str(self.root / "src"), "dest": str(self.root / "dest")}],
        }  # fmt: skip

    def destroy(self) -> None:
        """Remove all of it."""
        if self.sshd is not None:
            self.sshd.terminate()
            self.sshd.wait(10)
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], check=False, stderr=subprocess.DEVNULL)


@contextmanager
def line() -> Iterator[Line]:
    """A line that is up, with an empty tree ``src``. In memory: a disk would be measured instead."""
    root = Path(tempfile.mkdtemp(prefix="ajycopy-", dir="/tmp"))
    made = Line(root)
    _run("mount", "-t", "tmpfs", "-o", "size=60%,mode=0700", "ajycopy", str(root))
    try:
        (root / "src").mkdir()
        made.build()
        yield made
    finally:
        made.destroy()
        _run("umount", "-l", str(root))
        root.rmdir()


def measure(between: Line) -> Figures:
    """Copy by plain rsync and by us, in turn, each to an empty target; after ours the proof."""
    figures = Figures()
    for number in range(RUNS):
        for plain in (True, False) if number % 2 == 0 else (False, True):
            dest = between.root / "dest"
            shutil.rmtree(dest, ignore_errors=True)
            dest.mkdir()
            if plain:
                figures.plain.append(_plain(between))
                continue
            seconds, result = _ours(between, COPY)
            figures.ours.append(seconds)
            figures.results.append(result)
            seconds, _proved = _ours(between, PROOF)
            figures.proof.append(seconds)
        print(
            f"{number + 1} of {RUNS}: rsync {figures.plain[-1]:.2f} s, ours {figures.ours[-1]:.2f} s, "
            f"its proof {figures.proof[-1]:.2f} s", flush=True,
        )  # fmt: skip
    return figures


def _plain(between: Line) -> float:
    command = ["rsync", "-aHAX", "-e", shlex.join(between.ssh())]
    began = time.monotonic()
    _run(*between.within(1, *command, f"{SOURCE}:{between.root}/src/", f"{between.root}/dest/"))
    return time.monotonic() - began


def _ours(between: Line, more: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    done = subprocess.run(
        between.within(1, sys.executable, "-c", RUN),
        input=json.dumps({**between.options(), **more}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - began
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return seconds, result


def leave_beside_rsync(name: str, figures: Figures, size: int, *, faster_than_line: bool = False) -> None:
    """Write what was measured, with the goals of issue 5."""
    ours, plain, proof = (statistics.median(one) for one in (figures.ours, figures.plain, figures.proof))
    on_line = size * 8 / (LINE_MBIT_S * 1e6)
    limit = 1.0 if faster_than_line else 1 / 0.9
    version = subprocess.run(["rsync", "--version"], capture_output=True, text=True, check=True).stdout
    leave(
        name, unit="s", ours=ours,
        peer={"name": "rsync -aHAX", "version": version.split()[2], "value": plain},
        better="lower", runs=RUNS,
        floor={"name": f"the bytes at {LINE_MBIT_S} Mbit/s", "value": round(on_line / PAYLOAD, 2)},
        goals=[
            Goal("times that the bytes alone take on the line", ours / on_line, round(limit, 3)),
            Goal("times of rsync -aHAX in the same run", ours / plain, NOISE),
            Goal("the proof, as a share of the copy", proof / ours, 0.3),
        ],
        bytes=size, line_mbit_s=LINE_MBIT_S, scale=SCALE, proof_s=round(proof, 2),
        all_ours=_rounded(figures.ours), all_plain=_rounded(figures.plain),
        all_proofs=_rounded(figures.proof),
        compressed=figures.results[-1]["compressed"], line_bytes=figures.results[-1]["line_bytes"],
        load=round(os.getloadavg()[0], 1),
    )  # fmt: skip


def random_bytes(seed: int, size: int) -> bytes:
    """The same each time, and no two alike."""
    return random.Random(seed).randbytes(size)


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in values]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
