# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One twin for all tests of this folder; each test finds it whole."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import teardown
from ansible_collections.anjianyun.datacenter.tests.integration.twin.twin_bench import (
    Twin,
    host_settings,
    remains,
)

TWIN_ID = "testtwin"


@pytest.fixture(scope="session")
def standing() -> Iterator[Twin]:
    """Made by the playbook, as a person does; at the end it is gone, and the host as it was."""
    assert os.geteuid() == 0, "root is needed to make a twin"
    twin = Twin(TWIN_ID)
    teardown.remove(twin.names)
    before = host_settings()
    try:
        done = twin.playbook("present")
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        assert host_settings() == before
        yield twin
    finally:
        done = twin.playbook("absent")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert remains(TWIN_ID) == []
    assert host_settings() == before


@pytest.fixture
def twin(standing: Twin) -> Iterator[Twin]:
    """Whole again afterwards, whatever the test did."""
    yield standing
    standing.faults.lift_all()
    for node in standing.spec().rooted():
        (standing.names.node_dir(node.name) / "kept_off").unlink(missing_ok=True)
    standing.present()
