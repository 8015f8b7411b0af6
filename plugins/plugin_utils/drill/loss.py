# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which acknowledged reports the surviving database does not hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Iterable, Mapping, Sequence

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.logs import Ack
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill.outage import Gap

#: A loss is never said to be zero seconds old.
LEAST_S = 0.001


@dataclass(frozen=True)
class Surviving:
    """What the surviving database held: at the end, and after single phases (by their place, from 1)."""

    final: frozenset[str] | None = None
    after: Mapping[int, frozenset[str]] | None = None


def share(acks: Iterable[Ack], ends: Sequence[float]) -> list[list[Ack]]:
    """Each acknowledgement to the phase that ended next after it; what came later to the last phase.

    So what was acknowledged just before a disaster belongs to the failover that may have lost it.
    """
    shares: list[list[Ack]] = [[] for _end in ends]
    for ack in acks:
        place = next((i for i, end in enumerate(ends) if ack.acked <= end), len(ends) - 1)
        if shares:
            shares[place].append(ack)
    return shares


def lost(shares: Sequence[Sequence[Ack]], surviving: Surviving) -> list[list[Ack] | None]:
    """For each phase, the acknowledgements that it lost; None when that is not known.

    Lines of ids that were taken after a phase tell its loss; without them the final ones do, and the
    loss counts for the phase in whose time it was acknowledged.
    """
    found: list[list[Ack] | None] = []
    gone: set[str] = set()
    after = surviving.after or {}
    # What was taken after the last phase is the final state.
    final = after.get(len(shares)) if surviving.final is None else surviving.final
    earlier: list[Ack] = []
    for place, part in enumerate(shares, start=1):
        earlier += part
        held = after.get(place)
        if held is not None:
            missing = _missing(earlier, held, gone)
        elif final is not None:
            missing = _missing(part, final, gone)
        else:
            found.append(None)
            continue
        gone |= {ack.report_id for ack in missing}
        found.append(missing)
    return found


def _missing(acks: Iterable[Ack], held: Collection[str], gone: Collection[str]) -> list[Ack]:
    return [ack for ack in acks if ack.report_id not in held and ack.report_id not in gone]


def rpo_s(missing: Sequence[Ack] | None, gap: Gap | None) -> float | None:
    """How old the oldest lost acknowledgement was when the service failed; 0 when none was lost."""
    if missing is None:
        return None
    if not missing:
        return 0.0
    if gap is None:
        return None
    failure = max(gap.start, max(ack.acked for ack in missing))
    return max(LEAST_S, failure - min(ack.acked for ack in missing))
