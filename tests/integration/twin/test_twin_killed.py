# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any moment is finished by the next one; absent finds whatever it left."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import Refused
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import (
    cgroups,
    images,
    mounts,
    preflight,
    reconcile,
    spec,
    teardown,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.difference import PHASES
from ansible_collections.anjianyun.datacenter.tests.integration.twin.twin_bench import (
    ROOT,
    SERVER,
    Twin,
    remains,
    soon,
)

TWIN_ID = "testkill"
_IMPORTS = "from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import"
_PRESENT = f"""
import functools, json, sys
{_IMPORTS} reconcile, spec
say = functools.partial(print, flush=True)
reconcile.Run(spec.parse(json.load(open(sys.argv[1]))), say=say).present()
say("phase over")
"""
_ABSENT = f"""
import sys
{_IMPORTS} names, teardown
print("phase absent", flush=True)
teardown.remove(names.Names(sys.argv[1]))
"""


def killed(program: str, argument: str, phase: str, delay_s: float) -> None:
    """Start a run and kill it, and the commands it waits for, so many seconds after a phase has begun."""
    running = subprocess.Popen(
        [sys.executable, "-c", program, argument],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    seen = any(line.strip() == f"phase {phase}" for line in running.stdout)
    assert seen, f"there was no phase {phase}"
    time.sleep(delay_s)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    running.stdout.close()


@pytest.fixture
def asked(standing: Twin, tmp_path: Path) -> Path:
    """The specification of another twin of the same part: its addresses are the same, and nobody minds."""
    data = {**json.loads(standing.names.spec_file.read_text()), "twin_id": TWIN_ID}
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def fresh() -> Iterator[Twin]:
    """A twin that is not there, before and afterwards."""
    twin = Twin(TWIN_ID)
    teardown.remove(twin.names)
    yield twin
    teardown.remove(twin.names)


@pytest.mark.parametrize("phase", [*PHASES, "ready"])
def test_a_run_killed_in_any_phase_is_finished_and_taken_away(phase: str, asked: Path, fresh: Twin) -> None:
    seed = int(os.environ.get("TWIN_SEED", "0")) or random.randrange(1, 10**6)
    print(f"TWIN_SEED={seed} repeats it")
    chance = random.Random(seed)
    killed(_PRESENT, str(asked), phase, chance.uniform(0, 0.4))

    reconcile.Run(spec.parse(json.loads(asked.read_text()))).present()
    assert not fresh.present().changed
    soon(lambda: fresh.answers(SERVER), "the server is reached over the routers")
    assert fresh.power(SERVER) == "on"

    killed(_ABSENT, TWIN_ID, "absent", chance.uniform(0, 1.2))
    teardown.remove(fresh.names)
    assert remains(TWIN_ID) == []
    assert teardown.remove(fresh.names) == []


@pytest.mark.parametrize("phase", ["network", "disks", "boot"])
def test_what_a_killed_run_left_can_be_taken_away_at_once(phase: str, asked: Path, fresh: Twin) -> None:
    killed(_PRESENT, str(asked), phase, 0.1)
    assert teardown.remove(fresh.names)
    assert remains(TWIN_ID) == []


def test_a_build_of_an_image_that_was_killed_is_ended_and_one_that_goes_on_is_not(tmp_path: Path) -> None:
    build = f"import sys; from pathlib import Path\n{_IMPORTS} images\n"
    build += "images.ensure('network', mirror=sys.argv[1], cache=Path(sys.argv[2]))"
    group = f"{cgroups.TREE}/_images/network"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}/debian"
        running = subprocess.Popen(
            [sys.executable, "-c", build, mirror, str(tmp_path)], cwd=ROOT, stdin=subprocess.DEVNULL
        )
        try:
            soon(lambda: any(tmp_path.glob(".build-network-*/etc")), "the build has begun")
            images.sweep(tmp_path)
            assert cgroups.populated(group)
        finally:
            running.kill()
            running.wait()
        assert cgroups.populated(group), "its commands outlive it"
        images.sweep(tmp_path)
    assert not cgroups.populated(group)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert [m.point for m in mounts.below(tmp_path)] == []


def test_a_host_that_cannot_carry_a_twin_is_told_everything_at_once(asked: Path, fresh: Twin) -> None:
    data = json.loads(asked.read_text())
    gateway = data["nodes"]["nn-rt-01"]
    data["networks"]["clash"] = {"prefix": "127.0.0.0/8", "gateway_host": "nn-rt-01", "centre": ""}
    gateway["interfaces"].append(
        {"name": "clash", "kind": "lan", "address": "127.0.0.9/8", "network": "clash", "line": ""}
    )
    many = {f"many-{n}": {**data["nodes"][SERVER], "interfaces": [], "bmc": None} for n in range(3000)}
    data["nodes"] |= many

    with pytest.raises(Refused) as refused:
        reconcile.Run(spec.parse(data)).present()

    for words in (
        "MiB of memory are needed, ",
        "MiB of disk are needed below /var, ",
        "this host has 127.0.0.1/32, which the plan uses (127.0.0.0/8)",
        "choose a part of the plan (twin_only)",
    ):
        assert words in str(refused.value)
    assert remains(TWIN_ID) == []
    with pytest.raises(Refused) as allowed:
        preflight.check(spec.parse(data), allow_overlap=True)
    assert "127.0.0.1" not in str(allowed.value)
