# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Alertmanager in a network namespace of the test's own. Needs root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alerts_bench import Alerts, own_namespace


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerts]:
    assert os.geteuid() == 0, "root is needed to make a network namespace"
    for program in ("prometheus-alertmanager", "amtool", "openssl"):
        assert shutil.which(program), f"{program} is needed; see bindep.txt"
    folder: Path = tmp_path_factory.mktemp("alerts")
    with own_namespace(f"alerts-{os.getpid()}"), Alerts(folder).running() as started:
        yield started
