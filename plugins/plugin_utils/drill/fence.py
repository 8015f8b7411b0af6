# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Was the old primary proved unable to write before the service was opened elsewhere? Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.proof import (
    judge_proof,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import Gap
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.phases import Phase

#: What fences somebody who does not take part. A shutdown needs the old primary to answer.
METHODS = ("bmc", "network", "lease", "attested")
#: A proof is written down seconds after its readings.
MAX_AGE_S = 600.0


def judge_fence(phase: Phase, gap: Gap | None) -> list[tuple[str, dict[str, Any]]]:
    """What speaks against the fence of a failover: codes of reasons with their figures.

    It is judged by the rules of the promotion itself, from the evidence alone.
    """
    weak = "there is no proof"
    for proof in (proofs := phase.of_kind("proof")):
        at = float(proof["at"])
        if proof["method"] not in METHODS:
            weak = f"{proof['method']} does not fence a centre that is lost"
            continue
        verdict = judge_proof(proof, None, now=at, max_age_s=MAX_AGE_S)
        if verdict.ok:
            # The first that holds: a run that broke after the promotion proves it again.
            if gap is not None and gap.end < at:
                return [("opened_before_proof", {"value": at - gap.end})]
            return []
        weak = verdict.reason
    return [("fence_weak", {"why": weak})] if proofs else [("no_fence", {})]
