# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DMTF's published schemas: whether a resource is one.

Two sources, for no package carries the newest bundle. The schemas of 2018.2 judge a resource whole, nested
objects included. The index of 2026.1 knows what came later: types, their properties, values and addresses.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import tarfile
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

import referencing
from jsonschema import Draft4Validator
from referencing.jsonschema import DRAFT4

ROOT = Path(__file__).resolve().parents[3]
_LISTED = ROOT / "tests/emulators/redfish/schemas.txt"
_STORE = ROOT / "build/redfish-schemas"
_BASE = "http://redfish.dmtf.org/schemas/v1/"


def fetch() -> Path:
    """The packages of ``schemas.txt``, fetched once; their hashes are stated there."""
    done = _STORE / "listed"
    if not done.exists() or done.read_text() != _LISTED.read_text():
        _STORE.mkdir(parents=True, exist_ok=True)
        pip = ROOT / "build/bootstrap/bin/pip"
        # The tests are in a network of their own by now, which has no way out; who started them is not.
        outside = ["nsenter", f"--net=/proc/{os.getppid()}/ns/net"]
        command = [str(pip), "--disable-pip-version-check", "download", "-qq", "--no-deps",
                   "--require-hashes", "--no-binary", "python-redfish", "-d", str(_STORE), "-r",
                   str(_LISTED)]  # fmt: skip
        subprocess.run([*outside, *command], check=True, timeout=300)
        done.write_text(_LISTED.read_text())
    return _STORE


class Published:
    """What DMTF has published, as far as it could be had."""

    def __init__(self) -> None:
        self.store = fetch()
        (archive,) = self.store.glob("python-redfish-*.tar.gz")
        with tarfile.open(archive) as outer:
            (name,) = [one for one in outer.getnames() if one.endswith("/DSP8010_2018.2.zip")]
            inner = outer.extractfile(name)
            assert inner is not None
            bundle = zipfile.ZipFile(io.BytesIO(inner.read()))
        self.schemas = {
            Path(one).name: json.loads(bundle.read(one))
            for one in bundle.namelist()
            if "json-schema/" in one and one.endswith(".json")
        }
        self.registry: referencing.Registry[Any] = referencing.Registry(retrieve=self._retrieve)  # type: ignore[call-arg]

    def _retrieve(self, uri: str) -> referencing.Resource[Any]:
        return DRAFT4.create_resource(self.schemas[uri.removeprefix(_BASE)])

    @cached_property
    def index(self) -> dict[str, Any]:
        (wheel,) = self.store.glob("mirastack_redfish_mcp-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            found: dict[str, Any] = json.loads(
                gzip.decompress(archive.read("mirastack_redfish_mcp/data/redfish_index.json.gz"))
            )
        return found

    def objections(self, resource: dict[str, Any]) -> list[str]:
        """All that is not as published, of one resource."""
        kind, _dot, version = resource["@odata.type"].lstrip("#").rpartition(".")[0].partition(".")
        return [
            *self._by_index(kind, resource),
            *self._by_schema(kind, version, resource),
            *self._by_address(kind, resource["@odata.id"]),
        ]

    def _by_index(self, kind: str, resource: dict[str, Any]) -> list[str]:
        known = self.index["resource_types"].get(kind, {}).get("properties")
        if not known:
            # Collections and the parameters of actions; the schemas know them.
            published = kind in self.index["resource_types"] or f"{kind}.json" in self.schemas
            return [] if published else [f"{kind} is no published type"]
        found = []
        for name, value in resource.items():
            if name.startswith("@odata.") or "@Redfish." in name:
                continue
            if name not in known:
                found.append(f"{kind} has no {name}")
                continue
            values = self._values(kind, name)
            if values and value is not None and value not in values:
                found.append(f"{kind}.{name} is '{value}', which is none of {values}")
        return found

    def _values(self, kind: str, name: str) -> list[str] | None:
        """What the index lists for a property."""
        one = self.index["resource_types"].get(kind, {}).get("properties", {}).get(name, {})
        values: list[str] | None = self.index["enums"].get(one.get("enum_ref"), {}).get("values")
        return values

    def _by_schema(self, kind: str, version: str, resource: dict[str, Any]) -> list[str]:
        """By the newest schema of 2018.2; what came after it is left to the index."""
        versions = [name for name in self.schemas if re.fullmatch(rf"{kind}\.v\d+_\d+_\d+\.json", name)]
        if not versions and f"{kind}.json" not in self.schemas:
            return []
        newest = max(versions, key=_numbers, default=f"{kind}.json")
        stated = f"{kind}.{version}.json"
        schema = self.schemas[stated if stated in self.schemas else newest]
        definition = schema["definitions"][kind]
        if kind.endswith("Collection"):
            # Either a link to one, or the collection itself.
            (definition,) = [one for one in definition["anyOf"] if "properties" in one]
        newer = self.index["resource_types"].get(kind, {}).get("properties", {})
        known = definition["properties"]
        shown = {name: value for name, value in resource.items() if name in known or name not in newer}
        # Lists of values have grown since: the index has judged by the whole of them.
        open_to = {name: {} if self._values(kind, name) else rule for name, rule in known.items()}
        return self._judged(
            {**definition, "properties": open_to, "definitions": schema["definitions"]}, shown
        )

    def _judged(self, schema: dict[str, Any], shown: Any) -> list[str]:
        validator = Draft4Validator(schema, registry=self.registry)
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(shown)]

    def _by_address(self, kind: str, path: str) -> list[str]:
        templates = [one["template"] for one in self.index["uri_templates"] if one["resource_type"] == kind]
        if not templates:
            return []
        patterns = (re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one.rstrip("/"))) for one in templates)
        if any(re.fullmatch(pattern, path.rstrip("/")) for pattern in patterns):
            return []
        return [f"{path} is no address of {kind}"]

    def message_objections(self, said: dict[str, Any]) -> list[str]:
        """The same of one message of an error."""
        definitions = self.schemas["Message.v1_0_6.json"]["definitions"]
        found = self._judged({**definitions["Message"], "definitions": definitions}, said)
        name = said["MessageId"].rpartition(".")[2]
        return found if name in self.messages() else [*found, f"Base has no message {name}"]

    def messages(self) -> set[str]:
        """The names of all messages in the registry Base."""
        return {name for one in self.index["registries"]["Base"].values() for name in one["messages"]}


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]
