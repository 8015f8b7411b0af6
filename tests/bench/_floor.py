# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One move by the runbook and one by the floor's script (floor/*.sh), seen by the same county."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Sequence
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.sql import TIMELINE
from ansible_collections.anjianyun.datacenter.tests.bench._drill import (
    AWAY,
    HOME,
    ROOT,
    RUNS,
    Figures,
    Twin,
    judged,
    phase_of,
    spread,
)
from ansible_collections.anjianyun.datacenter.tests.bench._figures import Goal, leave

#: How much the runbook may take of what the same acts and readings cost without it.
FLOOR_RATIO = 2.0
FLOOR = ROOT / "tests/bench/floor"


def other(centre: str) -> str:
    """The other one of the two centres."""
    return HOME if centre == AWAY else AWAY


def strike(twin: Twin, kind: str) -> None:
    """What a failover is for: the primary's database server dies behind its BMC's back."""
    if kind == "failover":
        twin.fault("injected", "power_cut", twin.server(HOME, "database"))


def by_runbook(twin: Twin, kind: str, to: str) -> Figures:
    """A move by dr_switchover.yml or dr_failover.yml."""
    directory = twin.evidence / f"{kind}-{time.time_ns()}"
    with twin.reporting(directory):
        strike(twin, kind)
        twin.play(
            f"dr_{kind}.yml", dr_to=to, dr_run_directory=str(directory), dr_approvals=[kind, "rpo"],
            dr_trigger="bench",
        )  # fmt: skip
    phase = phase_of(directory)
    if phase.approval is None or phase.ends is None:
        raise SystemExit(f"{directory}: the run has no approval or no end")
    return judged(directory, float(phase.approval["at"]), float(phase.ends["at"]), {})


def by_floor(twin: Twin, kind: str, to: str) -> Figures:
    """The same move by the floor's script."""
    directory = twin.evidence / f"floor-{kind}-{time.time_ns()}"
    variables = environment(twin, to)
    with twin.reporting(directory):
        strike(twin, kind)
        said = twin.inside(["bash", str(FLOOR / f"{kind}.sh")], more=variables)
    moments = {name: float(at) for name, at in json.loads(said.splitlines()[-1]).items()}
    return judged(directory, moments["approved_at"], moments["ended"], moments)


def leave_beside_floor(
    name: str, script: str, ours: Sequence[float], least: Sequence[float], limit_s: float, **more: Any
) -> None:
    """The result file of a move beside the floor's script, which is peer and floor in one.

    :param ours: seconds, a round each; :param least: the floor's.
    :param limit_s: what our median has to stay below.
    """
    median, middle = statistics.median(least), statistics.median(ours)
    leave(
        name,
        unit="s",
        ours=middle,
        goals=[
            Goal(f"below {limit_s:g} s", middle, limit_s),
            Goal(f"at most {FLOOR_RATIO:g} times the floor", middle / median, FLOOR_RATIO),
        ],
        peer={"name": f"floor/{script}", "version": "the same revision", "value": median},
        floor={"name": f"floor/{script}", "value": round(median, 3)},
        better="lower",
        runs=RUNS,
        spread={"ours": spread(ours), "floor": spread(least)},
        **more,
    )


def environment(twin: Twin, to: str) -> dict[str, str]:
    """Every name, address and path that the scripts work with."""
    old, new = twin.service["centres"][other(to)], twin.service["centres"][to]
    # e.g. '15 main 5432 online postgres /var/lib/postgresql/15/main ...'
    version, name, port, _state, _owner, data = twin.ssh(new["database"], "pg_lsclusters -h").split()[:6]
    # The routers from which the runbook looks, too (dr_vantage).
    vantage = sorted(
        name
        for name, host in twin.hosts.items()
        if host["dc_kind"] == "router" and host.get("dc_city") and host["dc_city"] == host["dc_site"]
    )
    bmc = twin.hosts[old["database"]]["dc_bmc"]
    return {
        "SSH_CONFIG": str(twin.ssh_config),
        "OLD_DB": old["database"], "NEW_DB": new["database"], "OLD_ADDRESS": twin.address(old["database"]),
        "OLD_APP": old["application"], "NEW_APP": new["application"],
        "OLD_ROUTER": old["announcer"], "NEW_ROUTER": new["announcer"],
        "NEW_LOOPBACK": twin.hosts[new["announcer"]]["dc_loopback"],
        "VANTAGE": " ".join(vantage),
        "WITNESSES": " ".join((twin.service.get("lease") or {}).get("witnesses", [])),
        "PREFIX": f"{twin.service['address'].partition('/')[0]}/32",
        "NEXT_HOP": twin.address(new["application"]),
        "SLOT": old["database"].replace("-", "_"),
        "PORT": port, "DATA": data, "BIN": f"/usr/lib/postgresql/{version}/bin",
        "UNIT": f"postgresql@{version}-{name}.service",
        "TIMELINE_SQL": TIMELINE,
        "JOURNAL": str(twin.evidence / "floor.log"),
        "BMC_ADDRESS": bmc["address"], "BMC_USER": twin.secrets["bmc_user"],
        "BMC_CIPHER": str(twin.secrets["bmc_cipher_suite"]), "IPMI_PASSWORD": twin.secrets["bmc_password"],
    }  # fmt: skip


def ipmitool(twin: Twin, *words: str) -> str:
    """What the BMC of the primary centre's database server says."""
    bmc = twin.hosts[twin.server(HOME, "database")]["dc_bmc"]
    return twin.inside(
        ["ipmitool", "-I", "lanplus", "-C", str(twin.secrets["bmc_cipher_suite"]), "-H", bmc["address"],
         "-U", twin.secrets["bmc_user"], "-E", "chassis", *words],
        more={"IPMI_PASSWORD": twin.secrets["bmc_password"]},
    )  # fmt: skip


def policy_of(twin: Twin) -> str:
    """The power-restore policy before anything is fenced."""
    line = next(line for line in ipmitool(twin, "status").splitlines() if "Restore Policy" in line)
    return line.partition(":")[2].strip()


def bring_back(twin: Twin, policy: str) -> None:
    """After a failover: the fenced server returns as a standby, and the service moves home. Not timed."""
    twin.fault("lifted", "power_cut", twin.server(HOME, "database"))
    directory = twin.evidence / f"failback-{time.time_ns()}"
    twin.play(
        "dr_failback.yml", dr_home=HOME, dr_run_directory=str(directory), dr_approvals=["failback"],
        dr_failover_directory=str(twin.evidence / "none"),
    )  # fmt: skip
    # Both kinds alike: the floor keeps no ledger that the failback could read the original policy from.
    ipmitool(twin, "policy", policy)
    shutil.rmtree(directory)
