# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the plan's YAML: fast, strict, and able to say on which line a thing stands.

The C parser composes nodes; they are turned into plain data here rather than by PyYAML's
constructor, which would let a repeated key win silently and takes four times as long. Scalars
follow YAML 1.2's core schema: ``no``, ``on`` and ``12:30`` are words, not booleans or numbers.
"""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import (
    Finding,
    Path,
    PlanError,
)

try:
    from yaml._yaml import CParser as _Parser  # what yaml.CSafeLoader is made of
except ImportError:  # libyaml is missing: slower, and otherwise the same
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Parser(Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        """The pure Python parser with the same interface."""

        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


_PLAIN = "plain"
_QUOTED = "quoted"
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_REAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_SUFFIXES = (".yml", ".yaml")


class _Composer(_Parser):
    """Composes nodes and leaves the meaning of plain scalars to ``_Converter``."""

    def resolve(self, kind: type, value: Any, implicit: Any) -> str:
        """Tell plain scalars from quoted ones; collections need no tag."""
        return _PLAIN if kind is yaml.ScalarNode and implicit[0] else _QUOTED

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """No path resolvers are used."""

    def ascend_resolver(self) -> None:
        """No path resolvers are used."""


@dataclass
class Source:
    """The plan as it was read.

    :param root: the file or folder.
    :param files: the texts by file, in the order in which they were read.
    :param data: all of them merged into one mapping.
    """

    root: FilePath
    files: dict[FilePath, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    _composed: dict[FilePath, Any] = field(default_factory=dict, repr=False)

    def where(self, path: Path) -> str:
        """``file:line`` of the deepest part of the path that is written down."""
        best: tuple[int, int, str] | None = None
        for file, node in self._nodes().items():
            depth, line = _descend(node, path)
            if node is not None and (best is None or depth > best[0]):
                best = (depth, line, self.shown(file))
        return "" if best is None else f"{best[2]}:{best[1]}"

    def shown(self, file: FilePath) -> str:
        """The file's name as a person looks for it: relative to the plan's folder's parent."""
        base = self.root.parent
        return str(file.relative_to(base)) if file.is_relative_to(base) else str(file)

    def _nodes(self) -> dict[FilePath, Any]:
        # Parsed again, and only when something is wrong: keeping a million nodes is not free.
        for file, text in self.files.items():
            if file not in self._composed:
                self._composed[file] = _compose(text)
        return self._composed


@contextmanager
def no_collection() -> Iterator[None]:
    """Pause the cyclic garbage collector while very many objects are made that all stay."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def plan_files(root: FilePath) -> list[FilePath]:
    """The YAML files of a plan, sorted by name; a single file is a plan too."""
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise PlanError(str(root), [_missing(root)])
    files = sorted(
        file
        for file in root.rglob("*")
        if file.suffix in _SUFFIXES and file.is_file() and not file.name.startswith(".")
    )
    if not files:
        raise PlanError(str(root), [_missing(root)])
    return files


def files_digest(root: FilePath) -> str:
    """sha256 over names and bytes of the plan's files: changes with any edit, comments included."""
    digest = hashlib.sha256()
    for file in plan_files(root):
        content = file.read_bytes()
        digest.update(f"{file.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def read_source(root: FilePath) -> Source:
    """Read and merge the plan's files.

    :raises PlanError: with all syntax errors, repeated keys and things stated in two files.
    """
    source = Source(root)
    findings: list[Finding] = []
    for file in plan_files(root):
        name = source.shown(file)
        try:
            text = file.read_text(encoding="utf-8")
            node = _compose(text)
        except UnicodeDecodeError as error:
            findings.append(_syntax(name, 1, f"not UTF-8: {error}"))
            continue
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            findings.append(_syntax(name, line, " ".join(filter(None, (error.context, error.problem)))))
            continue
        except yaml.YAMLError as error:
            findings.append(_syntax(name, 1, str(error)))
            continue
        source.files[file] = text
        converter = _Converter(name)
        data = converter.convert(node, ()) if node is not None else {}
        findings += converter.findings
        if not isinstance(data, dict):
            findings.append(_syntax(name, 1, "the file is not a mapping of keys to values"))
            continue
        _merge(source, source.data, data, (), name, findings)
    if findings:
        raise PlanError(str(root), findings, "The plan's content is checked once its YAML can be read.")
    return source


def _compose(text: str) -> Any:
    parser = _Composer(text)
    try:
        return parser.get_single_node()
    finally:
        parser.dispose()


class _Converter:
    """Nodes to plain data, noting what YAML would let pass silently."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.scalars: dict[str, Any] = {}
        self.done: dict[int, Any] = {}
        self.open: set[int] = set()

    def convert(self, node: Any, path: Path) -> Any:
        """One node and all below it."""
        kind = type(node)
        if kind is yaml.ScalarNode:
            if node.tag is _PLAIN:
                value = node.value
                try:
                    return self.scalars[value]
                except KeyError:
                    return self.scalars.setdefault(value, _plain(value))
            if node.tag is _QUOTED:
                return node.value
            return self._tagged(node, path)
        identity = id(node)
        if identity in self.done:  # an alias: the same object again
            return self.done[identity]
        if node.tag is not _QUOTED:
            return self._tagged(node, path)
        if identity in self.open:
            self._find(
                "yaml-loop", path, node, "an alias that contains itself", "finite data", "remove the alias"
            )
            return None
        self.open.add(identity)
        result = self._mapping(node, path) if kind is yaml.MappingNode else self._sequence(node, path)
        self.open.discard(identity)
        self.done[identity] = result
        return result

    def _sequence(self, node: Any, path: Path) -> list[Any]:
        return [self.convert(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: Any, path: Path) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        merged: list[dict[Any, Any]] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._find(
                    "yaml-key",
                    path,
                    key_node,
                    "a key that is a list or mapping",
                    "words as keys",
                    "use a word",
                )
                continue
            key = key_node.value  # keys are words: 450100 and "450100" name the same thing
            value = self.convert(value_node, (*path, key))
            if key == "<<" and key_node.tag is _PLAIN:
                merged += [
                    part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)
                ]
            elif key in result:
                self._find(
                    "duplicate-key",
                    (*path, key),
                    key_node,
                    f"the key '{key}' stands a second time in the same mapping",
                    "each key once",
                    "keep one of the two, or give the second another name",
                )
            else:
                result[key] = value
        for part in merged:
            result = {**part, **result}
        return result

    def _tagged(self, node: Any, path: Path) -> None:
        self._find(
            "yaml-tag",
            path,
            node,
            f"the YAML tag '{node.tag}'",
            "plain data; a plan holds neither secrets nor code",
            "remove the tag; secrets belong into Ansible variables",
        )

    def _find(self, rule: str, path: Path, node: Any, found: str, allowed: str, step: str) -> None:
        where = f"{self.file}:{node.start_mark.line + 1}"
        self.findings.append(Finding(rule, path, found, allowed, step, where=where))


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.match(text):
        return int(text)
    if _REAL.match(text):
        return float(text)
    return text


def _merge(
    source: Source, into: dict[str, Any], data: dict[str, Any], path: Path, name: str, findings: list[Finding]
) -> None:
    for key, value in data.items():
        here = (*path, key)
        if key not in into:
            into[key] = value
        elif isinstance(into[key], dict) and isinstance(value, dict):
            into[key] = dict(into[key])  # an alias may share it with another place
            _merge(source, into[key], value, here, name, findings)
        else:
            first = source.where(here)
            findings.append(
                Finding(
                    "stated-twice",
                    here,
                    f"stated here and again in {name}",
                    "one file states it; mappings may be spread over several files, lists and values not",
                    "remove one of the two",
                    where=first,
                )
            )


def _descend(node: Any, path: Path) -> tuple[int, int]:
    """How far down the path the node goes, and the line of the last part found."""
    depth, line = 0, (node.start_mark.line + 1 if node is not None else 1)
    for part in path:
        if isinstance(node, yaml.MappingNode):
            for key_node, value_node in node.value:
                if key_node.value == part:
                    node, line = value_node, key_node.start_mark.line + 1
                    break
            else:
                return depth, line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return depth, line
        depth += 1
    return depth, line


def _missing(root: FilePath) -> Finding:
    return Finding(
        "no-plan",
        (),
        f"{root} is not a YAML file nor a folder with YAML files",
        "one .yml file, or a folder of them",
        "give the path of the plan, relative to the inventory source",
    )


def _syntax(name: str, line: int, problem: str) -> Finding:
    return Finding(
        "yaml-syntax", (), problem, "YAML", "correct the line, or the one above it", where=f"{name}:{line}"
    )
