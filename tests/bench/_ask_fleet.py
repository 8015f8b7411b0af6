# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's side of the fleet benches, as a program: options as JSON on standard input, outcomes on
output."""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import chassis, facts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls.call import run

CALLS = {"info": facts.INFO, "power": chassis.POWER, "sensor": facts.SENSOR}


def main() -> None:
    """Do the call, and print what each target took and said."""
    asked = json.load(sys.stdin)
    call = CALLS[asked.pop("call")]
    done = run(call, _with_defaults(call.spec(), asked), check=False)
    took = done["times"]["ended"] - done["times"]["started"]
    # At once: json.dump writes piece by piece, slower than what is measured.
    print(json.dumps({"targets": done["targets"], "bound_s": done["bound_s"], "took_s": took}))


def _with_defaults(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What Ansible makes of given options."""
    full = {name: given.get(name, option.get("default")) for name, option in spec.items()}
    own = spec["targets"]["options"]
    full["targets"] = [{name: one.get(name) for name in own} for one in given["targets"]]
    return full


if __name__ == "__main__":
    main()
