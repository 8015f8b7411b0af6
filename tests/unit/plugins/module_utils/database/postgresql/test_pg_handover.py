# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion that waits takes its proof once, from nobody but its own user, or does nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.handover import (
    await_proof,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import (
    DatacenterError,
    DeadlineExceeded,
    Refused,
)

PROOF: dict[str, Any] = {"method": "shutdown", "data": {"state": "shut down"}}


def put(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_it_waits_until_the_proof_is_there_and_takes_it_away(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    looks = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            put(path, json.dumps(PROOF))

    assert await_proof(str(path), 5, device="dr-db-01", sleep=sleep) == PROOF
    assert len(looks) == 3
    assert not path.exists()


def test_without_a_proof_nothing_is_done(tmp_path: Path) -> None:
    with pytest.raises(DeadlineExceeded, match="nothing was promoted"):
        await_proof(str(tmp_path / "proof.json"), 0, device="dr-db-01", sleep=lambda _seconds: None)


@pytest.mark.parametrize("mode", [0o602, 0o620])
def test_a_proof_that_others_could_have_written_is_refused(tmp_path: Path, mode: int) -> None:
    path = put(tmp_path / "proof.json", json.dumps(PROOF), mode)

    with pytest.raises(Refused, match="somebody else"):
        await_proof(path, 1, device="dr-db-01")


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_proof_is_an_error_and_not_a_promotion(tmp_path: Path, text: str) -> None:
    path = put(tmp_path / "proof.json", text)

    with pytest.raises(DatacenterError, match="cannot be read"):
        await_proof(path, 1, device="dr-db-01")
