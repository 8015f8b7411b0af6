# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy goes on when the control node dies, and whoever runs the task again watches the same one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sshd import Sshd

pytestmark = pytest.mark.slow

MEBI = 1024 * 1024
#: At 8 Mbit/s half a minute: long enough to be told of, and to be killed in.
SIZE = 28 * MEBI


class Run:
    """One task of a playbook that copies ``src`` to ``dest``."""

    def __init__(self, server: Sshd, place: Path) -> None:
        self.place = place
        self.job = place / "progress.json.job"
        trees = [{"src": f"{place}/src", "dest": f"{place}/dest"}]
        options = {
            **server.options(), "source_become": False, "trees": trees, "state_directory": f"{place}/state",
            "progress_file": f"{place}/progress.json", "compress": "no", "limit_mbit_s": 8,
        }  # fmt: skip
        task = {"name": "Act | the copy", "anjianyun.datacenter.tree_copy": options, "register": "copied"}
        said = {"name": "Read | it", "ansible.builtin.debug": {"msg": "copied {{ copied.bytes }} bytes"}}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task, said]}
        (place / "play.yml").write_text(json.dumps([play]))

    def start(self) -> subprocess.Popen[str]:
        given = {"ansible_python_interpreter": sys.executable, "ansible_async_dir": f"{self.place}/async"}
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-e",
             json.dumps(given), str(self.place / "play.yml")],
            cwd=Path(__file__).resolve().parents[3], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def number(self, within_s: float = 30) -> str:
        """Of the job that works."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if self.job.exists() and self.job.read_text().strip():
                return self.job.read_text().strip()
            time.sleep(0.1)
        raise TimeoutError("no copy was begun")


@pytest.fixture
def run(server: Sshd, place: Path) -> Iterator[Run]:
    (place / "src").mkdir()
    (place / "src" / "large").write_bytes(os.urandom(SIZE))
    yield Run(server, place)
    # What a failed test leaves at work.
    subprocess.run(["pkill", "-KILL", "-f", f"{place}/"], check=False)


def test_the_copy_outlives_its_control_node_and_is_watched_on(run: Run) -> None:
    first = run.start()
    number = run.number()
    time.sleep(2)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=10)
    assert not (run.place / "dest" / "large").exists()

    second = run.start()
    told, _none = second.communicate(timeout=90)
    assert second.returncode == 0, told
    assert re.search(r"tree_copy: [0-9.]+ MiB.*Mbit/s", told)
    # The result is the first one's: it was not begun a second time.
    copied = re.search(r"copied (\d+) bytes", told)
    assert copied is not None, told
    assert int(copied[1]) >= SIZE
    assert not run.job.exists()
    assert not (run.place / "async" / number).exists()
    assert (run.place / "dest" / "large").read_bytes() == (run.place / "src" / "large").read_bytes()


def test_a_job_that_was_killed_is_begun_anew_and_goes_on_from_what_is_there(run: Run) -> None:
    first = run.start()
    number = run.number()
    time.sleep(5)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=10)
    # The host went down: nothing of the job is left. What it has started is in the session of its wrapper.
    found = subprocess.run(
        ["pgrep", "-f", number.partition(".")[0]], check=True, capture_output=True, text=True
    )
    for session in {str(os.getsid(int(pid))) for pid in found.stdout.split()}:
        subprocess.run(["pkill", "-KILL", "-s", session], check=True)

    second = run.start()
    told, _none = second.communicate(timeout=90)
    assert second.returncode == 0, told
    copied = re.search(r"copied (\d+) bytes", told)
    assert copied is not None, told
    assert (run.place / "dest" / "large").read_bytes() == (run.place / "src" / "large").read_bytes()


def test_a_job_that_is_killed_while_it_is_watched_is_said_to_be(run: Run) -> None:
    first = run.start()
    number = run.number()
    time.sleep(3)
    subprocess.run(["pkill", "-KILL", "-f", number.partition(".")[0]], check=False)
    told, _none = first.communicate(timeout=60)
    assert first.returncode == 2
    assert "tree_copy was killed on its host" in told
