# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a copy and its proof are judged by."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ansible_collections.anjianyun.datacenter.tests.bench._databases import GIB, JOBS, RUNS, Spent
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Goal, leave

OURS = "ours"


def leave_beside_peers(name: str, spent: Mapping[str, Spent], size: int, versions: Mapping[str, str]) -> None:
    """Write what was measured, with the goals of issue 5.

    :param size: of the database at the source, as its server tells it.
    """
    ours = spent[OURS]
    peers = {peer: one for peer, one in spent.items() if peer != OURS}
    quickest = min(peers, key=lambda peer: peers[peer].copied)
    proven = min(peers, key=lambda peer: peers[peer].proven)
    leave(
        name,
        unit="s",
        ours=ours.copied,
        peer={"name": quickest, "version": "; ".join(versions.values()), "value": peers[quickest].copied},
        better="lower",
        runs=RUNS,
        goals=[
            Goal(f"times of the quickest peer ({quickest})", ours.copied / peers[quickest].copied, 1.1),
            Goal(f"with its proof, times of {proven} and a check", ours.proven / peers[proven].proven, 1.0),
        ],
        gib=GIB,
        bytes=size,
        jobs=JOBS,
        copied_s={peer: round(one.copied, 2) for peer, one in spent.items()},
        with_proof_s={peer: round(one.proven, 2) for peer, one in spent.items()},
        all={peer: one.told() for peer, one in spent.items()},
        load=round(os.getloadavg()[0], 1),
    )
