# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it proved that the old primary cannot accept writes? Judged, never assumed.

Pure functions: a proof and the standby's own state in, a verdict and a sentence out. ``None``
means 'not proved yet, may come' (the standby still receives); it is never treated as yes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.control import (
    CLEAN_PRIMARY,
    parse_lsn,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

MINIMUM_OFF_READINGS = 2
# Clocks of a control node and a database host may differ by this many seconds.
CLOCK_TOLERANCE_S = 60.0


@dataclasses.dataclass(frozen=True)
class Verdict:
    """``ok`` is True, False, or None for unknown; ``reason`` is a sentence for a person."""

    ok: bool | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class StandbyPosition:
    """How far the standby that would be promoted has come."""

    system_identifier: str
    timeline: int
    received: str | None
    replayed: str | None

    @property
    def furthest(self) -> int:
        """Promotion replays whatever was received first, so the further of the two counts."""
        return max((parse_lsn(text) for text in (self.received, self.replayed) if text), default=0)


def judge_proof(
    proof: Mapping[str, Any] | None, standby: StandbyPosition | None, *, now: float, max_age_s: float
) -> Verdict:
    """Judge a fencing proof.

    :param proof: ``method`` and ``data`` as ``pg_promote`` documents them.
    :param standby: None when the node is writable already; then only the form is judged.
    :param now: epoch seconds.
    :param max_age_s: a reading or observation older than this proves nothing any more.
    """
    if not proof or not proof.get("method"):
        return Verdict(False, "no proof was given that the old primary cannot accept writes")
    judge = JUDGES.get(str(proof["method"]))
    if judge is None:
        return Verdict(
            False, f"{proof['method']!r} is no method of proof; known: {', '.join(sorted(JUDGES))}"
        )
    try:
        return judge(dict(proof.get("data") or {}), standby, now, max_age_s)
    except KeyError as error:
        return Verdict(False, f"the proof by {proof['method']} lacks {error}")
    except (TypeError, ValueError, DatacenterError) as error:
        return Verdict(False, f"the proof by {proof['method']} cannot be understood: {error}")


def _by_shutdown(
    data: dict[str, Any], standby: StandbyPosition | None, now: float, max_age_s: float
) -> Verdict:
    """The old primary's control file says it was shut down, and this standby holds that very record."""
    if data["state"] != CLEAN_PRIMARY:
        return Verdict(False, f"the old primary's control file says {data['state']!r}, not {CLEAN_PRIMARY!r}")
    shutdown = parse_lsn(data["shutdown_lsn"])
    if standby is None:
        return Verdict(True, f"the old primary was shut down at {data['shutdown_lsn']}")
    if str(data["system_identifier"]) != standby.system_identifier:
        return Verdict(False, "the proof is of another database: the system identifiers differ")
    if int(data["timeline"]) != standby.timeline:
        return Verdict(
            False, f"the proof is of timeline {data['timeline']}, this standby is on {standby.timeline}"
        )
    # The control file gives where the shutdown record begins; holding it means being past that.
    if standby.furthest <= shutdown:
        return Verdict(None, f"the shutdown record at {data['shutdown_lsn']} has not arrived here yet")
    return Verdict(True, f"the old primary's shutdown record at {data['shutdown_lsn']} is here")


def _by_bmc(data: dict[str, Any], standby: StandbyPosition | None, now: float, max_age_s: float) -> Verdict:
    """Several readings of 'off' in a row, and a restore policy that keeps it off."""
    readings = [_power(reading) for reading in data["readings"]]
    if len(readings) < MINIMUM_OFF_READINGS:
        return Verdict(
            False, f"{len(readings)} reading(s) of the power prove nothing, {MINIMUM_OFF_READINGS} are needed"
        )
    if any(power != "off" for power in readings):
        return Verdict(False, f"{data['host']} was not read as off each time: {', '.join(readings)}")
    if str(data["restore_policy"]).replace("_", "-") != "always-off":
        return Verdict(
            False, f"{data['host']} comes back with the power: its restore policy is {data['restore_policy']}"
        )
    stale = _stale(float(data["at"]), now, max_age_s)
    return stale or Verdict(True, f"{data['host']} was read as off {len(readings)} times in a row")


def _power(reading: Any) -> str:
    if isinstance(reading, Mapping):
        reading = reading.get("power", reading.get("state"))
    # YAML's 'off' is false unless it is quoted.
    return "off" if reading is False else str(reading)


def _by_network(
    data: dict[str, Any], standby: StandbyPosition | None, now: float, max_age_s: float
) -> Verdict:
    """Devices refuse the old centre, read back from them; and a person answers for the rest."""
    if data["verified"] is not True or not data["devices"]:
        return Verdict(False, "no device was read to refuse the old primary")
    stale = _stale(float(data["at"]), now, max_age_s)
    if stale:
        return stale
    attested = _by_attestation(dict(data["attestation"]), standby, now, max_age_s)
    if not attested.ok:
        return attested
    return Verdict(True, f"{', '.join(data['devices'])} refuse the old primary, and {attested.reason}")


def _by_attestation(
    data: dict[str, Any], standby: StandbyPosition | None, now: float, max_age_s: float
) -> Verdict:
    """A person says so, names the risk, and the word has not expired."""
    if not str(data["by"]).strip() or not str(data["risk"]).strip():
        return Verdict(False, "an attestation names who gives it and the risk")
    if now > float(data["expires_at"]):
        return Verdict(
            False, f"the attestation of {data['by']} expired {now - float(data['expires_at']):.0f} s ago"
        )
    return Verdict(True, f"{data['by']} attests it, knowing: {data['risk']}")


def _by_lease(data: dict[str, Any], standby: StandbyPosition | None, now: float, max_age_s: float) -> Verdict:
    """Nobody renews the old primary's lease, and the last one has run out by each granter's own clock.

    A lease binds only a holder whose door closes when it ends, so the granters must have seen that it had a
    gate of the kernel when it last asked. And whom it asks, the holder knows, not the plan: that may have
    changed since the holder was deployed.
    """
    holder = str(data["holder"])
    readings = {str(reading["granter"]): reading for reading in data["granters"]}
    missing = sorted(set(map(str, data["expected"])) - set(readings))
    if not readings:
        return Verdict(False, f"nobody was asked who could renew the lease of {holder}")
    if missing:
        return Verdict(False, f"{', '.join(missing)} was not asked and may renew the lease of {holder}")
    for granter, reading in sorted(readings.items()):
        if str(reading["holder"]) != holder:
            return Verdict(False, f"{granter} was asked about {reading['holder']}, not about {holder}")
        if reading["refusing"] is not True:
            return Verdict(False, f"{granter} would renew the lease of {holder}")
        if reading["over"] is not True:
            left = reading["remaining_s"]
            return Verdict(False, f"the lease that {granter} gave {holder} may last {left} s more")
        if reading["gated"] is False:
            return Verdict(False, f"{granter} saw {holder} without a gate: it may serve without a lease")
    if not any(reading["gated"] for reading in readings.values()):
        return Verdict(False, f"nobody knows that {holder} has a gate: it may serve without a lease")
    stranger = _asks_others(holder, readings, set(map(str, data["expected"])))
    if stranger:
        return stranger
    stale = _stale(float(data["at"]), now, max_age_s)
    return stale or Verdict(
        True, f"the lease of {holder} ran out, and {', '.join(sorted(readings))} refuse to renew it"
    )


def _asks_others(
    holder: str, readings: Mapping[str, Mapping[str, Any]], expected: set[str]
) -> Verdict | None:
    """Refused unless it is known whom the holder asks, and each of them is among those who were read."""
    way_on = (
        f"Next: if {holder} answers, deploy the service again (playbooks/service.yml), so that it asks whom"
        " the plan names and says so; if not, another proof is needed"
    )
    known = {granter: reading["asks"] for granter, reading in readings.items() if reading.get("asks")}
    for granter, asks in sorted(known.items()):
        others = ", ".join(sorted(set(map(str, asks)) - expected))
        if others:
            return Verdict(
                False,
                f"{others} was not asked and may renew the lease of {holder}, which {granter} knows to ask"
                f" it, too. {way_on}",
            )
    # These granted a lease to a holder that did not say whom else it asks.
    unsaid = [
        granter
        for granter, reading in sorted(readings.items())
        if granter not in known and reading.get("asked_s_ago") is not None
    ]
    if unsaid or not known:
        who = f"{', '.join(unsaid)} was not" if unsaid else "no granter was"
        return Verdict(False, f"{who} told whom {holder} asks for its lease: others may renew it. {way_on}")
    return None


def _stale(at: float, now: float, max_age_s: float) -> Verdict | None:
    age = now - at
    if age > max_age_s:
        return Verdict(False, f"the observation is {age:.0f} s old, at most {max_age_s:.0f} s count")
    if age < -CLOCK_TOLERANCE_S:
        return Verdict(False, f"the observation lies {-age:.0f} s in the future: the clocks disagree")
    return None


JUDGES: dict[str, Callable[[dict[str, Any], StandbyPosition | None, float, float], Verdict]] = {
    "shutdown": _by_shutdown,
    "bmc": _by_bmc,
    "network": _by_network,
    "attested": _by_attestation,
    "lease": _by_lease,
}
