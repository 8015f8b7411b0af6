# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every plugin of the runbook grammar has: its run, its journal, and one way to fail."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import failure
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal, redacted
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import identity

#: Variables whose values, at any depth, never are shown or written.
SECRET_VARIABLES = (
    "dc_secrets",
    "bmc_password",
    "bmc_passwords",
    "ansible_password",
    "ansible_become_password",
)
DEFAULT_EXPIRES_S = 3600
#: The group that a plan gives what the whole estate shares.
ESTATE_WIDE = "estate_wide"


class RunbookAction(ActionBase):
    """Runs in the control node's own process, needs no connection, and writes the journal."""

    _requires_connection = False
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    #: As Ansible's argument specification.
    ARGUMENTS: dict[str, Any] = {}
    #: What an approval is written down with beside itself.
    noted: Mapping[str, Any] = MappingProxyType({})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible's entry: arguments in, :meth:`work`, a clean failure out."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.variables = task_vars or {}
        _validated, arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        try:
            result.update(changed=False)
            result.update(self.work(arguments))
        except DatacenterError as error:
            result.update(failed=True, **failure(error))
        # A reading may quote a device that quotes a password: what is not written is not shown either.
        shown: dict[str, Any] = redacted(result, self.secrets())
        return shown

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What the plugin does. :raises DatacenterError: when it refuses or fails."""
        raise NotImplementedError

    # What is around the task

    def variable(self, name: str, default: Any = None) -> Any:
        """A variable of the play, with its template done."""
        value = self.variables.get(name)
        return default if value is None else self._templar.template(value)

    def planned(self, name: str) -> Any:
        """What the plan states for the whole estate; ``None`` when it does not.

        Of the inventory itself: a variable of the command line stands before the one that a plan gives.
        """
        inventory = getattr(self.variables.get("hostvars"), "_inventory", None)
        group = getattr(inventory, "groups", {}).get(ESTATE_WIDE)
        return None if group is None else group.get_vars().get(name)

    @property
    def check(self) -> bool:
        """Whether this is a check."""
        return bool(self._task.check_mode)

    @property
    def directory(self) -> Path:
        """Where the run's evidence is."""
        return Path(str(self.variable("dr_run_directory", ""))).expanduser()

    @property
    def journal(self) -> Journal:
        """The run's journal; in a check the one that :meth:`suppose` put in its place."""
        kept, supposed = self.kept, Journal(self._supposed)
        return supposed if self._all_is_checked and supposed.path.exists() else kept

    @property
    def kept(self) -> Journal:
        """The run's journal as this control node keeps it, in a check as well."""
        if not self.variables.get("dr_run_directory"):
            raise DatacenterError(
                "there is no run to write for",
                cause="dr_run_directory is not set",
                next_step="give it, as playbooks/group_vars/all/dr.yml does",
            )
        return Journal(self.directory)

    @property
    def _all_is_checked(self) -> bool:
        """Whether nothing at all is done, and not this task alone is checked."""
        return bool(self.variables.get("ansible_check_mode"))

    @property
    def _supposed(self) -> Path:
        """In Ansible's own folder for the time that it runs, which it removes at its end."""
        run = hashlib.sha256(str(self.directory.absolute()).encode()).hexdigest()[:16]
        return Path(C.DEFAULT_LOCAL_TMP) / f"supposed-{run}"

    def suppose(self, text: bytes) -> None:
        """Let the rest of a check go on from this journal. What is kept of the run stays as it is.

        :raises DatacenterError: when it cannot be put down: the check would foretell another run.
        """
        if not self._all_is_checked:
            return
        journal = Journal(self._supposed)
        try:
            durable.make_directory(self._supposed, 0o700)
            durable.replace(journal.path, text, 0o600)
        except OSError as error:
            raise DatacenterError(
                "what the check would go on from cannot be put down",
                device=str(journal.path),
                cause=str(error),
                next_step="make room there, or give another folder by ANSIBLE_LOCAL_TEMP",
            ) from error

    def secrets(self) -> list[str]:
        """Every text in the variables that hold secrets."""
        found: list[str] = []
        pending = [self.variable(name) for name in SECRET_VARIABLES if name in self.variables]
        while pending:
            value = pending.pop()
            if isinstance(value, int) and not isinstance(value, bool):
                # YAML makes a number of a password that consists of digits.
                value = str(value)
            if isinstance(value, dict):
                pending += value.values()
            elif isinstance(value, (list, tuple)):
                pending += value
            elif isinstance(value, str):
                found.append(value)
        return found

    def write(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Write a line; in check mode nothing is changed, so nothing is written."""
        entry = {
            "kind": kind,
            "run": str(self.variable("dr_run_id", "")),
            "phase": str(self.variable("dr_phase", "")),
            "step": str(self.variables.get("ansible_play_name", "")),
            "task": str(self._task.name or self._task.action),
            **fields,
        }
        if self.check:
            return entry
        return self.journal.append(entry, self.secrets())

    # Approvals

    def approved(
        self, name: str, risk: str, this_risk: bool = False, about: Iterable[str] = ()
    ) -> dict[str, Any] | None:
        """The approval of that name: one of this run that still holds, or one given beforehand.

        :param this_risk: whether it must be one to this very risk. A yes given beforehand then counts only
            when this risk was told before: nobody says yes to what he has not heard.
        """
        digest = str((self.variable("dc_plan") or {}).get("digest", ""))
        entries = self.journal.read()
        kept = approvals.find(entries, name, digest, time.time(), risk if this_risk else None)
        if kept is not None:
            return kept
        if not self._beforehand(entries, name, risk, this_risk):
            return None
        return self.approve(name, risk, "beforehand", about)

    def approved_by(
        self, name: str, risk: str, this_risk: bool = False, about: Iterable[str] = ()
    ) -> dict[str, dict[str, Any]]:
        """The approvals of different persons for this very risk, with one given beforehand."""
        digest = str((self.variable("dc_plan") or {}).get("digest", ""))
        entries = self.journal.read()
        found = approvals.persons(entries, name, risk, digest, time.time())
        me = identity()
        mine = approvals.person(me.name)
        if mine not in found and me.one_person and self._beforehand(entries, name, risk, this_risk):
            found[mine] = self.approve(name, risk, "beforehand", about)
        return found

    def _beforehand(self, entries: list[dict[str, Any]], name: str, risk: str, this_risk: bool) -> bool:
        given = name in approvals.names(self.variable("dr_approvals", []))
        return given and (not this_risk or approvals.told(entries, name, risk))

    def approve(self, name: str, risk: str, given: str, about: Iterable[str] = ()) -> dict[str, Any]:
        """Write an approval down."""
        me = identity()
        return self.write(
            "approval",
            name=name,
            risk=risk,
            given=given,
            operator=me.name,
            source=me.source,
            **({"about": sorted(about)} if about else {}),
            **self.noted,
            plan_digest=str((self.variable("dc_plan") or {}).get("digest", "")),
            expires_at=time.time() + float(self.variable("dr_approval_expires_s", DEFAULT_EXPIRES_S)),
        )

    def attests(self, name: str, statement: str, risk: str) -> bool:
        """Whether somebody answers for this statement: said beforehand, or at the terminal."""
        given = self.variable("dr_attestations", [])
        if isinstance(given, dict):
            # Who wrote the statement out answers for that one, and for none that reads otherwise now.
            if " ".join(str(given.get(name, "")).split()) == " ".join(statement.split()):
                return True
        elif name in approvals.names(given):
            return True
        return self.ask(f"To attest: {statement}.\nThe risk: {risk}.\nType {name!r} to answer for it") == name

    def ask(self, prompt: str) -> str | None:
        """What a person at the terminal answers; None when there is no person."""
        try:
            answer = self._display.prompt_until(prompt, private=False)
        except AnsibleError:
            return None
        return answer.decode(errors="replace").strip() if isinstance(answer, bytes) else str(answer).strip()


def refuse(what: str, sentences: list[str], **result: Any) -> Refused:
    """One refusal with every reason and way on."""
    lines = "".join(f"\n  - {sentence}" for sentence in sentences)
    return Refused(f"{what}:{lines}", result=result)
