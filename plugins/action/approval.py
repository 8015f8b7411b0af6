# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: a person says yes to what cannot be undone, after hearing what it is."""

from __future__ import annotations

import os
import pwd
import time
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction, refuse
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import (
    Identity,
    identity,
    private,
)


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "name": {"type": "str", "required": True},
        "risk": {"type": "str", "required": True},
        "persons": {"type": "int", "default": 1, "choices": [1, 2]},
        "this_risk": {"type": "bool", "default": False},
        "about": {"type": "list", "elements": "str", "default": []},
        "alone": {"type": "int"},
        "planned": {"type": "bool", "default": False},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name, risk = arguments["name"], " ".join(arguments["risk"].split())
        if self.check:
            return {"name": name, "risk": risk, "verdict": "predicted"}
        self.this_risk: bool = arguments["this_risk"]
        self.about: list[str] = arguments["about"]
        if arguments["persons"] > 1 or self._too_many(self._alone(arguments)):
            return self._two(name, risk)
        began = time.time()
        found = self.approved(name, risk, self.this_risk, self.about)
        if found is None:
            answer = self.ask(f"{risk}.\nType {name!r} to approve, anything else to stop")
            if answer != name:
                self._tell(name, risk)
                raise refuse(
                    "not approved, nothing was changed",
                    [
                        f"{risk}. Next: say yes to it with -e dr_approvals={name}, "
                        f"or answer {name!r} at the terminal"
                    ],
                    name=name,
                    risk=risk,
                )
            found = self.approve(name, risk, "interactive", self.about)
        return {
            "changed": found["at"] >= began,
            "name": name,
            "risk": risk,
            **{k: found[k] for k in ("operator", "expires_at", "given")},
        }

    def _alone(self, arguments: dict[str, Any]) -> int | None:
        """How many one person may approve, written down with the approval when the plan says it."""
        given: int | None = arguments["alone"]
        if not arguments["planned"]:
            return given
        stated = (self.planned("dc_power_order") or {}).get("hard_alone")
        used = approvals.alone(stated, given)
        self.noted = {"alone": {"used": used, "planned": stated, "given": given}}
        return used

    def _too_many(self, alone: int | None) -> bool:
        """Whether this is about more than one person may approve, with all of this run before it."""
        if alone is None:
            return False
        return len(approvals.about(self.journal.read()) | set(self.about)) > alone

    def _tell(self, name: str, risk: str) -> None:
        """Write down what was refused, for the yes that means this very risk."""
        if self.this_risk:
            reading = {"ok": False, "reading": risk, "approval": name, "risk": risk}
            self.write("gate", verdict="refuse", readings=[reading], **self.noted)

    def _two(self, name: str, risk: str) -> dict[str, Any]:
        """Two different persons, each under a login of his own, have said yes to the same."""
        began = time.time()
        given = self.approved_by(name, risk, self.this_risk, self.about)
        me = identity()
        mine = approvals.person(me.name)
        if len(given) < 2 and not me.one_person:
            self._tell(name, risk)
            raise refuse(
                "not approved by two persons, nothing was changed",
                [f"{risk}. {_nobody(me)}"],
                name=name,
                risk=risk,
                operators=list(given),
            )
        if mine not in given:
            answer = self.ask(
                f"{risk}.\nTwo persons must approve. Type {name!r} to do so, anything else to stop"
            )
            if answer == name:
                given[mine] = self.approve(name, risk, "interactive", self.about)
        if len(given) < 2:
            self._tell(name, risk)
            so_far = f"{', '.join(given)} approved it" if given else "nobody approved it"
            raise refuse(
                "not approved by two persons, nothing was changed",
                [
                    f"{risk}. {so_far}. Next: another person logs in to this control node under a name of "
                    f"his own, becomes {self._account()}, whose run this is (sudo -u {self._account()} -H), "
                    f"and goes on with the same command and -e dr_approvals={name}{self._private(mine)}"
                ],
                name=name,
                risk=risk,
                operators=list(given),
            )
        last = max(given.values(), key=lambda entry: float(entry["at"]))
        return {
            "changed": last["at"] >= began,
            "name": name,
            "risk": risk,
            "operators": list(given),
            **{key: last[key] for key in ("operator", "expires_at", "given")},
        }

    @staticmethod
    def _account() -> str:
        return pwd.getpwuid(os.getuid()).pw_name

    def _private(self, mine: str) -> str:
        """A warning when the run's evidence is in the person's own home, where nobody else finds it."""
        where = self.directory.absolute()
        account = pwd.getpwuid(os.getuid())
        homes = (account.pw_dir, os.environ.get("HOME", ""))
        if not private(where, mine, account.pw_name, homes):
            return ""
        warning = (
            f"the run is kept in {where}, under the home of {mine} alone: whoever goes on under another "
            "account begins a run of his own, in which this yes does not count"
        )
        self._display.warning(warning)
        return f". Mind: {warning}"


def _nobody(me: Identity) -> str:
    why = {
        "root": f"{me.name} is a login as root, which may be anybody",
        "environment": f"that this is {me.name} is said by the environment (SUDO_UID) alone, which anybody "
        "can set",
    }.get(me.source, f"{me.name} is an account, which one person may become beside his own")
    return (
        f"{why}, and no person of his own. Next: log in under a name of your own, on a control node whose "
        "kernel keeps who logged in (pam_loginuid; /proc/self/loginuid shows a number), become the account "
        "of this run by sudo -u <account> -H, and give the same command again"
    )
