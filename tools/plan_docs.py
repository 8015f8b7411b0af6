#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the plan's JSON Schema and, from it, the plan's documentation in English and Chinese.

The models say everything once: names, types, limits, meaning in both languages. ``--check``
writes nothing and ends with 1 when a file is not what the models say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import SitePlan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.translate import PATTERNS

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = Path("docs/schema/site_plan.schema.json")
ID = "https://github.com/anjianyun/datacenter/raw/main/docs/schema/site_plan.schema.json"
#: What stands where a name of the user's own choice goes.
NAME = "<name>"

Schema = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """One language of the documentation."""

    file: Path
    title: str
    introduction: str
    header: tuple[str, str, str, str]
    description: str
    types: dict[str, str]
    patterns: dict[str, str]
    required: str
    default: str
    at_least: str
    more_than: str
    at_most: str
    longest: str
    shortest: str
    fewest: str
    one_of: str
    list_of: str
    mapping_of: str
    either: str
    stands_at: str
    whole: str


ENGLISH = Words(
    file=Path("docs/plan.md"),
    title="The site plan, key by key",
    introduction="""\
Written by `tools/plan_docs.py` from the models in `plugins/plugin_utils/plan/models/`: change those,
not this page. The same as a JSON Schema for editors: [site_plan.schema.json](schema/site_plan.schema.json).
How to write a plan is told in [the guide](guides/site-plan.md).

A plan is one YAML file, or a folder of them that are read as one: mappings may be spread over files,
lists and values may not. Keys that are not listed here are refused. What is written as a number is a
number, what is written in quotes is a text; nothing is converted.""",
    header=("key", "type", "allowed", "meaning"),
    description="description",
    types={
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
    },
    patterns=PATTERNS,
    required="**required**",
    default="default `{}`",
    at_least="at least {}",
    more_than="more than {}",
    at_most="at most {}",
    longest="at most {} characters",
    shortest="not empty",
    fewest="at least {} of them",
    one_of="one of {}",
    list_of="list of {}",
    mapping_of="mapping of names to {}",
    either=" or ",
    stands_at="Stands at {}.",
    whole="The whole plan",
)

CHINESE = Words(
    file=Path("docs/plan.zh-CN.md"),
    title="站点规划逐项说明",
    introduction="""\
本页由 `tools/plan_docs.py` 根据 `plugins/plugin_utils/plan/models/` 中的模型生成：请修改模型，不要修改本页。
供编辑器使用的 JSON Schema：[site_plan.schema.json](schema/site_plan.schema.json)。
如何编写规划，见[指南](guides/site-plan.zh-CN.md)。

规划是一个 YAML 文件，或一个文件夹中的多个文件（按一个整体读取）：映射可以分写在多个文件中，列表和值不可以。
未在此列出的键一律拒绝。写成数字的就是数字，加引号的就是文本，不作任何转换。""",
    header=("键", "类型", "允许的值", "含义"),
    description="x-description-zh",
    types={"string": "文本", "integer": "整数", "number": "数", "boolean": "true 或 false"},
    patterns={
        r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "小写单词，以单个连字符连接，如 nn-db-01",
        r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "小写单词，以下划线连接，如 hidden_danger",
        r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$": "IPv4 网络，如 10.1.10.0/24",
        r"^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$": "单个设备的 MAC 地址，小写，如 02:00:5e:10:00:01",
        r"^[1-9]\d{5}$": '加引号的六位数字，如 "450221"',
        r"^[1-9]\d$": '加引号的两位数字，如 "45"',
        r"^[a-z][a-z0-9-]*\{number(:0[1-9])?\}$": "以 {number} 或 {number:03} 结尾的名称",
        r"^\d+(-\d+)?(,\d+(-\d+)?)*$": "编号和范围，如 101-104,107；只有一个编号时加引号",
        r"^(/([^./][^/]*|\.[^./][^/]*))+$": "自根目录起的路径，如 /srv/reports",
        r"^[A-Za-z0-9:_.@-]+\.(service|timer|socket)$": "systemd 单元，如 reports.service",
        r"^([01]\d|2[0-3]):[0-5]\d$": "时刻，加引号，如 22:30",
        r"^/\S*$": "路径，如 /health",
        r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._-]+)*/?$": (
            "地址，如 https://alerts.example.org:9093，不含用户名和密码"
        ),
    },
    required="**必填**",
    default="缺省 `{}`",
    at_least="不小于 {}",
    more_than="大于 {}",
    at_most="不大于 {}",
    longest="最多 {} 个字符",
    shortest="不得为空",
    fewest="至少 {} 个",
    one_of="{} 之一",
    list_of="{}的列表",
    mapping_of="名称到{}的映射",
    either="或",
    stands_at="位置：{}。",
    whole="整个规划",
)


def schema() -> Schema:
    """The plan's JSON Schema: what the models accept, and nothing that they refuse."""
    found = SitePlan.model_json_schema(by_alias=True)
    _tidy(found)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ID, **found}


def _tidy(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    elif isinstance(node, dict):
        # Names that do not match the pattern would else be let through.
        if "patternProperties" in node:
            node["additionalProperties"] = False
        for property_ in node.get("properties", {}).values():
            if isinstance(property_.get("title"), str):
                del property_["title"]  # the key once more, in capitals
        for value in node.values():
            _tidy(value)


class _Page:
    """The documentation in one language."""

    def __init__(self, whole: Schema, words: Words) -> None:
        self.whole = whole
        self.words = words
        self.places: dict[str, list[tuple[str, str]]] = {}
        self._place(whole, "")

    def text(self) -> str:
        """The page."""
        parts = [f"# {self.words.title}", self.words.introduction]
        parts += [f"## {self.words.whole}", self._table(self.whole)]
        for name, places in self.places.items():
            paths = ", ".join(f"`{path}`" for path, _meaning in places[:6])
            more = ", ..." if len(places) > 6 else ""
            parts += [f"## {name}", self._meaning(name), self.words.stands_at.format(paths + more)]
            parts.append(self._table(self.whole["$defs"][name]))
        return "\n\n".join(parts) + "\n"

    def _meaning(self, name: str) -> str:
        """What the part is for; in Chinese, what is said where it stands first."""
        if self.words.description == "description":
            return _prose(self.whole["$defs"][name]["description"])
        return _prose(self.places[name][0][1])

    def _place(self, node: Schema, path: str) -> None:
        """Where each part of the plan stands, in the order in which one meets it."""
        for key, value in node.get("properties", {}).items():
            for name, suffix in self._parts(value):
                here = f"{path}.{key}{suffix}" if path else f"{key}{suffix}"
                first = name not in self.places
                self.places.setdefault(name, []).append((here, value.get(self.words.description, "")))
                if first:
                    self._place(self.whole["$defs"][name], here)

    def _parts(self, node: Schema) -> Iterator[tuple[str, str]]:
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2], ""
        for choice in node.get("anyOf", ()):
            yield from self._parts(choice)
        if "items" in node:
            yield from ((name, f"[]{suffix}") for name, suffix in self._parts(node["items"]))
        for value in _values(node):
            yield from ((name, f".{NAME}{suffix}") for name, suffix in self._parts(value))

    def _table(self, node: Schema) -> str:
        rows = [self.words.header, ("---",) * 4]
        for key, value in node["properties"].items():
            allowed = [self.words.required] if key in node.get("required", ()) else []
            allowed += dict.fromkeys(self._allowed(value))
            default = value.get("default")
            if default is not None and not isinstance(default, (dict, list)):
                allowed.append(self.words.default.format(_yaml(default)))
            meaning = _prose(value.get(self.words.description, ""))
            rows.append((f"`{key}`", self._type(value), "; ".join(allowed), meaning))
        return "\n".join(
            f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows
        )

    def _type(self, node: Schema) -> str:
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
        if choices:
            return self.words.either.join(dict.fromkeys(self._type(choice) for choice in choices))
        if node.get("type") == "array":
            return self.words.list_of.format(self._type(node["items"]))
        if node.get("type") == "object":
            return self.words.mapping_of.format(self._type(next(_values(node))))
        if "const" in node:
            return f"`{_yaml(node['const'])}`"
        return self.words.types[node["type"]]

    def _allowed(self, node: Schema) -> Iterator[str]:
        words = self.words
        for choice in node.get("anyOf", ()):
            yield from self._allowed(choice)
        if "items" in node:
            yield from self._allowed(node["items"])
        for value in _values(node):
            yield from self._allowed(value)
        if "enum" in node:
            yield words.one_of.format(", ".join(f"`{word}`" for word in node["enum"]))
        if "pattern" in node:
            yield words.patterns[node["pattern"]]
        for key, said in (
            ("minimum", words.at_least),
            ("exclusiveMinimum", words.more_than),
            ("maximum", words.at_most),
            ("maxLength", words.longest),
            ("minItems", words.fewest),
            ("minProperties", words.fewest),
        ):
            if key in node:
                yield said.format(_yaml(node[key]))
        if "minLength" in node:
            yield words.shortest


def _values(node: Schema) -> Iterator[Schema]:
    """What the values of a mapping with free names may be."""
    yield from node.get("patternProperties", {}).values()
    if isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _prose(text: str) -> str:
    """Text that Markdown shows as it stands: <slug> is no HTML."""
    return text.replace("<", "\\<")


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def documents() -> dict[Path, str]:
    """Every file with its text."""
    whole = schema()
    found = {SCHEMA: json.dumps(whole, ensure_ascii=False, indent=2) + "\n"}
    for words in (ENGLISH, CHINESE):
        found[words.file] = _Page(whole, words).text()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is out of date")
    check = parser.parse_args().check
    stale = {
        file: text
        for file, text in documents().items()
        if not (ROOT / file).exists() or (ROOT / file).read_text() != text
    }
    for file, text in stale.items():
        if check:
            print(f"{file} is not what the models say: run tools/plan_docs.py")
        else:
            (ROOT / file).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / file).write_text(text)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
