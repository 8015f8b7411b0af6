# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: what people answer to the clauses of a room goes into the journal, with its evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils import durable
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError, Refused
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.journal.file import redacted
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.room import checklist, evidence, paper
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.runbook.action import RunbookAction


class ActionModule(RunbookAction):
    """See the documentation of the module of the same name."""

    ARGUMENTS = {
        "answers": {"type": "path"},
        "template": {"type": "path"},
        "sheet": {"type": "path"},
        "title": {"type": "str", "default": ""},
        "ticket": {"type": "str", "default": ""},
    }

    def work(self, arguments: dict[str, Any]) -> dict[str, Any]:
        stands = checklist.standing(self.journal.read())
        given = self._given(arguments["answers"], bool(arguments["template"]))
        new = {
            name: data
            for name, answer in given.items()
            if (data := redacted(answer.data(), self.secrets())) != stands.get(name)
        }
        if not self.check:
            # The line names the digests, so the files are on the disk before it.
            for answer in given.values():
                for path, piece in answer.evidence:
                    evidence.keep(path, piece, self.directory)
        for name, data in new.items():
            self.write("answer", name=name, data=data)
        stands = {**stands, **new}
        made = [
            arguments[key]
            for key, make in (("template", self._make_template), ("sheet", self._make_sheet))
            if arguments[key] and make(Path(arguments[key]), stands, arguments)
        ]
        return {
            "changed": bool(new or made) and not self.check,
            "recorded": list(new),
            "made": made,
            **checklist.summary(stands, self._lost(given)),
        }

    @staticmethod
    def _given(answers: str | None, template: bool) -> dict[str, checklist.Answer]:
        if not answers:
            return {}
        path = Path(answers)
        if path.exists():
            return checklist.read(path)
        if template:
            return {}
        raise Refused(
            "there are no answers",
            device=str(path),
            cause="the file is not there",
            next_step="give template: to have one written for people to fill, or give the right path",
        )

    def _lost(self, given: dict[str, checklist.Answer]) -> list[evidence.Piece]:
        """What the journal names and is not here; in a check, what would be copied counts as being here."""
        here = {piece.sha256 for answer in given.values() for _path, piece in answer.evidence}
        wanted = evidence.named(self.journal.read())
        return evidence.missing(
            [piece for piece in wanted if not (self.check and piece.sha256 in here)], self.directory
        )

    def _make_template(self, path: Path, _stands: Any, _arguments: Any) -> bool:
        if path.exists():
            return False
        return self._make(path, paper.template(), lambda data: durable.create(path, data, 0o640))

    def _make_sheet(self, path: Path, stands: dict[str, Any], arguments: dict[str, Any]) -> bool:
        text = paper.sheet(stands, arguments["title"], arguments["ticket"])
        if path.is_file() and path.read_bytes() == text.encode():
            return False

        def replace(data: bytes) -> bool:
            durable.replace(path, data, 0o640)
            return True

        return self._make(path, text, replace)

    def _make(self, path: Path, text: str, put: Callable[[bytes], bool]) -> bool:
        if self.check:
            return True
        try:
            durable.make_directory(path.parent.absolute())
            return put(text.encode())
        except OSError as error:
            raise DatacenterError(
                "the paper for people cannot be written",
                device=str(path),
                cause=str(error),
                next_step="give another path, then run this again",
            ) from error
