# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structural errors in the plan's own words, with the nearest known key for an unknown one."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Annotated, Any, Union, get_args, get_origin

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan._pydantic import ValidationError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding, Path
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.base import Model
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.models.plan import SitePlan
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.suggest import nearest

#: Patterns of the models, as people say them.
PATTERNS = {
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case words joined by single hyphens, such as nn-db-01",
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "lower-case words joined by underscores, such as hidden_danger",
    r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$": "an IPv4 network such as 10.1.10.0/24",
    r"^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$": (
        "a MAC address of one device in lower case, such as 02:00:5e:10:00:01"
    ),
    r"^[1-9]\d{5}$": 'six digits in quotes, such as "450221"',
    r"^[1-9]\d$": 'two digits in quotes, such as "45"',
    r"^[a-z][a-z0-9-]*\{number(:0[1-9])?\}$": "a name that ends in {number} or {number:03}",
    r"^\d+(-\d+)?(,\d+(-\d+)?)*$": "numbers and ranges such as 101-104,107, in quotes when it is one number",
    r"^(/([^./][^/]*|\.[^./][^/]*))+$": "a path from the root, such as /srv/reports",
    r"^[A-Za-z0-9:_.@-]+\.(service|timer|socket)$": "a systemd unit such as reports.service",
    r"^([01]\d|2[0-3]):[0-5]\d$": "a time of the day such as 22:30, in quotes",
    r"^/\S*$": "a path such as /health",
    r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._-]+)*/?$": (
        "an address such as https://alerts.example.org:9093, without user and password"
    ),
}


def structural_findings(error: ValidationError, data: Any) -> list[Finding]:
    """One finding for each structural error, in the order of the plan's models."""
    fitting: dict[Path, Finding] = {}
    others: dict[Path, Finding] = {}
    for item in error.errors(include_url=False):
        path, fits = _real_path(tuple(item["loc"]), data, item["type"] == "missing")
        (fitting if fits else others).setdefault(path, _finding(item, path))
    for path, finding in others.items():
        if not any(other[: len(path)] == path for other in fitting):
            fitting[path] = finding
    return list(fitting.values())


def _real_path(loc: Path, data: Any, missing: bool) -> tuple[Path, bool]:
    """The path without pydantic's own marks, and whether the error concerns the form that was used.

    Where a value may be a word or a mapping, pydantic reports both readings; the one that fits
    what is written is the one worth showing.
    """
    path: list[str | int] = []
    value, fits = data, True
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            value = value[part]  # type: ignore[index]
        elif last and missing:
            pass
        elif part == "[key]":
            continue
        else:  # the mark of one reading: a model's name, or a type such as constrained-str
            fits = fits and (str(part)[:1].isupper() == isinstance(value, dict))
            continue
        path.append(part)
    return tuple(path), fits


def _finding(item: Any, path: Path) -> Finding:
    kind: str = item["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        about = _about(path)
        return Finding(
            "missing-key", path, f"the key '{path[-1]}' is missing", about or "a value", f"state '{path[-1]}'"
        )
    if item["loc"] and item["loc"][-1] == "[key]":
        allowed = PATTERNS.get(item.get("ctx", {}).get("pattern", ""), item["msg"])
        return Finding("bad-name", path, f"'{path[-1]}' cannot be a name here", allowed, "rename it")
    say = _SAY.get(kind)
    allowed, step = say(item) if say else (item["msg"], "correct the value")
    return Finding("bad-value", path, f"found {_show(item['input'])}", allowed, step)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"the text '{value}'"
    return f"the number {value}"


def _text(item: Any) -> tuple[str, str]:
    if isinstance(item["input"], (int, float)) and not isinstance(item["input"], bool):
        return "text", f'put it in quotes: "{item["input"]}"'
    return "text", "write a word or a quoted text"


def _whole(item: Any) -> tuple[str, str]:
    if isinstance(item["input"], str) and item["input"].lstrip("-").isdigit():
        return "a whole number", f"write it without quotes: {item['input']}"
    return "a whole number", "write a whole number without quotes"


def _literal(item: Any) -> tuple[str, str]:
    allowed = str(item["ctx"]["expected"]).replace("'", "")
    return allowed, "use one of these" + nearest(item["input"], allowed.replace(" or ", ", ").split(", "))


_SAY: dict[str, Callable[[Any], tuple[str, str]]] = {
    "string_type": _text,
    "int_type": _whole,
    "int_from_float": _whole,
    "float_type": lambda item: ("a number", "write a number without quotes"),
    "bool_type": lambda item: ("true or false", "write true or false"),
    "literal_error": _literal,
    "string_pattern_mismatch": lambda item: (
        PATTERNS.get(item["ctx"]["pattern"], f"text that matches {item['ctx']['pattern']}"),
        "correct the text",
    ),
    "string_too_long": lambda item: (f"at most {item['ctx']['max_length']} characters", "shorten it"),
    "string_too_short": lambda item: ("a text that is not empty", "write it"),
    "too_short": lambda item: (f"at least {item['ctx']['min_length']} of them", "add one"),
    "greater_than_equal": lambda item: (f"at least {item['ctx']['ge']}", "correct the number"),
    "greater_than": lambda item: (f"more than {item['ctx']['gt']}", "correct the number"),
    "less_than_equal": lambda item: (f"at most {item['ctx']['le']}", "correct the number"),
    "model_type": lambda item: ("a mapping of keys to values", "write keys below it"),
    "dict_type": lambda item: ("a mapping of names to values", "write names below it"),
    "list_type": lambda item: ("a list", "write it as a list"),
}


def _unknown_key(path: Path) -> Finding:
    known = [
        field.alias or name for model in _models_at(path[:-1]) for name, field in model.model_fields.items()
    ]
    return Finding(
        "unknown-key",
        path,
        f"unknown key '{path[-1]}'{nearest(path[-1], known)}",
        ", ".join(known),
        "correct the key or remove it",
    )


def _about(path: Path) -> str:
    """The description of the key at a path, without its full stop."""
    for model in _models_at(path[:-1]):
        for name, field in model.model_fields.items():
            if path[-1] in (name, field.alias):
                return (field.description or "").rstrip(".")
    return ""


def _models_at(path: Path) -> list[type[Model]]:
    """The models that may stand at a path."""
    current: list[Any] = [SitePlan]
    for part in path:
        following: list[Any] = []
        for kind in current:
            if isinstance(kind, type) and issubclass(kind, Model):
                for name, field in kind.model_fields.items():
                    if part in (name, field.alias):
                        following += _readings(field.annotation)
            elif get_origin(kind) in (dict, list):
                following += _readings(get_args(kind)[-1])
        current = following
    return [kind for kind in current if isinstance(kind, type) and issubclass(kind, Model)]


def _readings(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _readings(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [reading for part in get_args(annotation) for reading in _readings(part)]
    return [annotation]
