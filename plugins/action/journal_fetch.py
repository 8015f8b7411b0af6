# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: goes on with a run that another control node began, from the copies of its journal."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal import fetch
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import Journal
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import evidence
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook import approvals
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import (
    DEFAULT_EXPIRES_S,
    RunbookAction,
    refuse,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.who import control_node, operator

ATTESTATION = "nobody_else_runs_it"
_RISK = "two control nodes switch the same servers, each without knowing what the other has done"


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "copies": {"type": "list", "elements": "dict", "required": True},
        "silent": {"type": "list", "elements": "str", "default": []},
        "expires_s": {"type": "float", "default": DEFAULT_EXPIRES_S},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        answers, silent = _answers(arguments["copies"])
        silent += arguments["silent"]
        texts = [(host, said) for host, (said, _evidence) in answers.items()]
        chosen = fetch.newest(fetch.copies([*self._here(), *texts]), self._history())
        attestation = self._attestation(chosen, silent, arguments["expires_s"])
        taken = chosen is not None and chosen.where != fetch.HERE
        if chosen is not None and taken and self.check:
            self.suppose(chosen.text)
        elif chosen is not None and taken:
            self._take(chosen)
        if attestation is not None:
            self.write("attestation", **attestation)
        lost = evidence.missing(evidence.named(chosen.entries) if chosen else [], self.directory)
        held = {host: files for host, (_said, files) in answers.items()}
        return {
            "changed": (taken or attestation is not None) and not self.check,
            "source": chosen.where if chosen else "",
            "lines": len(chosen.entries) if chosen else 0,
            "state": _state(chosen),
            "silent": sorted(set(silent)),
            "missing_evidence": [piece.as_dict() for piece in lost],
            "evidence": list(_held(lost, held)),
            # Nobody was asked yet: the check says who will be.
            **({"verdict": "predicted", **attestation} if attestation and self.check else {}),
        }

    def _here(self) -> list[tuple[str, bytes]]:
        try:
            return [(fetch.HERE, self.kept.path.read_bytes())]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DatacenterError(
                "the run's journal cannot be read", device=str(self.kept.path), cause=str(error)
            ) from error

    def _history(self) -> list[fetch.Entries]:
        """The runs of the same id that have ended here, as :mod:`run` puts them aside."""
        return [Journal(path).read() for path in self.directory.parent.glob(f"{self.directory.name}.*Z")]

    def _attestation(
        self, chosen: fetch.Copy | None, silent: list[str], expires_s: float
    ) -> dict[str, Any] | None:
        """What has to be written because a person answers for it now; None when nobody has to.

        :raises Refused: when somebody has to, and nobody does; not in a check, which asks nobody.
        """
        run = str(self.variable("dr_run_id", ""))
        node = control_node(str(self.variable("dr_control_node", "")))
        if chosen is not None:
            other = fetch.elsewhere(chosen, node.name, node.machine)
            cause = f"the run was {other}, and has neither ended nor does it wait"
            statement = f"nobody runs {run} any more that was {other}"
        else:
            other = ", ".join(sorted(set(silent)))
            cause = f"there is no journal of it here, and {other} did not answer"
            statement = f"nobody has begun {run}, whose journal {other} may have"
        if not other:
            return None
        if chosen and approvals.attested(chosen.entries, ATTESTATION, statement, time.time()):
            return None
        if not self.check and not self.attests(ATTESTATION, statement, _RISK):
            raise refuse(
                "somebody else may be running this, nothing was taken",
                [
                    f"{cause}. Next: let it end there or wait (state waiting); or see that nobody runs it, "
                    f"and attest: {statement}. The risk: {_RISK}. "
                    f"Say so with -e dr_attestations={ATTESTATION}"
                ],
                name=ATTESTATION,
            )
        return {
            "name": ATTESTATION,
            "statement": statement,
            "risk": _RISK,
            "operator": operator(),
            "expires_at": time.time() + expires_s,
        }

    def _take(self, chosen: fetch.Copy) -> None:
        try:
            durable.make_directory(self.directory.absolute(), 0o700)
            durable.replace(self.kept.path, chosen.text, 0o600)
        except OSError as error:
            raise DatacenterError(
                "the journal cannot be written here",
                device=str(self.kept.path),
                cause=str(error),
                next_step="make room or give another dr_run_directory, then run this again",
            ) from error


def _answers(results: Iterable[Mapping[str, Any]]) -> tuple[dict[str, tuple[bytes, list[str]]], list[str]]:
    """What each host holds, its journal and its evidence; and who did not answer."""
    answers, silent = {}, []
    for result in results:
        host = str(result.get(result.get("ansible_loop_var", "item")) or result.get("host") or "a host")
        if result.get("unreachable") or result.get("failed") or "found" not in result:
            silent.append(host)
            continue
        try:
            text = base64.b64decode(result.get("content") or "", validate=True)
        except ValueError as error:
            raise DatacenterError("the copy cannot be read", device=host, cause=str(error)) from error
        answers[host] = (text, [str(name) for name in result.get("evidence") or ()])
    return answers, silent


def _state(chosen: fetch.Copy | None) -> str:
    last = fetch.last_run(chosen.entries) if chosen else None
    return str(last["state"]) if last else ""


def _held(lost: Iterable[evidence.Piece], held: Mapping[str, list[str]]) -> Iterable[dict[str, str]]:
    """Where each file that is missing here can be had."""
    for piece in lost:
        for host, files in held.items():
            name = next((name for name in files if name.partition(".")[0] == piece.sha256), None)
            if name is not None:
                yield {"host": host, "file": name}
                break
