# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of this house that a program can check, one test a rule and file.

What they are for is told in CONTRIBUTING.md. A rule that stands in the way of something better
is changed here, in the same commit; it is never worked around.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
#: What stands between the libraries and Ansible, and is neither.
ADAPTERS = [PLUGINS / "module_utils" / name for name in ("adapter.py", "discreet.py")]
OURS = "ansible_collections.anjianyun.datacenter.plugins"
HEADER = "# SPDX-License-Identifier: GPL-3.0-or-later"

MAIN_STATEMENTS = 40
FILE_LINES = 500
FUNCTION_LINES = 80

#: What runs on managed hosts and devices, where nothing but Python itself can be counted on.
ON_HOSTS = ("server", "database", "compliance", "network", "monitoring")
#: Debian packages that a role installs before its own programs run.
INSTALLED_BY_ROLES = {"psycopg2"}
#: And those that a session with a database is made of, on the host that opens it. One folder knows them.
DRIVERS = ("database/sessions", {"psycopg2", "pymysql"})

#: For each room, the rooms it may import from (besides itself).
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "module_utils": (),
    "modules": ("module_utils",),
    "plugin_utils": ("module_utils",),
    "action": ("module_utils", "plugin_utils"),
    "callback": ("module_utils", "plugin_utils"),
    "filter": ("module_utils", "plugin_utils"),
    "inventory": ("module_utils", "plugin_utils"),
    "doc_fragments": (),
}


def _python(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.name != "__init__.py")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


MODULES = _python("plugins/modules/*.py")
#: Documentation only: an action plugin of the same name does the work on the control node.
DOCUMENTED_ACTIONS = [
    path
    for path in MODULES
    if (PLUGINS / "action" / path.name).exists() and "def main(" not in path.read_text()
]
REAL_MODULES = [path for path in MODULES if path not in DOCUMENTED_ACTIONS]
LIBRARIES = [path for path in _python("plugins/module_utils/**/*.py") if path not in ADAPTERS]
ALL = _python("plugins/**/*.py", "roles/*/files/*.py", "tests/**/*.py", "tools/*.py", "molecule/**/*.py")


def test_there_is_something_to_check() -> None:
    assert MODULES
    assert LIBRARIES
    assert all(adapter.exists() for adapter in ADAPTERS)


def _statements(node: ast.AST) -> int:
    return sum(isinstance(child, ast.stmt) for child in ast.walk(node)) - 1


@pytest.mark.parametrize("path", REAL_MODULES, ids=_name)
def test_main_fits_a_screen_and_catches_our_errors_once(path: Path) -> None:
    mains = [node for node in _tree(path).body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    assert len(mains) == 1, "a module has one main()"
    assert _statements(mains[0]) <= MAIN_STATEMENTS
    caught = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.ExceptHandler)]
    assert [ast.unparse(handler.type) for handler in caught if handler.type] == ["DatacenterError"]


@pytest.mark.parametrize("path", REAL_MODULES, ids=_name)
def test_a_module_has_no_logic_beside_main(path: Path) -> None:
    functions = [node.name for node in _tree(path).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert functions == ["main"]


def _without_type_checking(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that exists at run time."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
                pending.append(child)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in _without_type_checking(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute: Ansible finds no others when it packs a module"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", LIBRARIES, ids=_name)
def test_libraries_know_no_ansible(path: Path) -> None:
    assert not {name for name in _imports(path) if name.split(".")[0] == "ansible"}
    calls = {ast.unparse(node.func) for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)}
    ending = {call for call in calls if call.split(".")[-1] in ("fail_json", "exit_json")}
    assert not ending | (calls & {"sys.exit", "exit", "quit", "print"})


@pytest.mark.parametrize("path", LIBRARIES, ids=_name)
def test_what_runs_on_hosts_needs_python_alone(path: Path) -> None:
    if path.parent != PLUGINS / "module_utils" and path.relative_to(PLUGINS).parts[1] not in ON_HOSTS:
        return
    folder, drivers = DRIVERS
    assert _foreign(path) <= (drivers if path.parent == PLUGINS / "module_utils" / folder else set())


@pytest.mark.parametrize("path", _python("roles/*/files/*.py"), ids=_name)
def test_programs_of_roles_need_what_the_role_installs(path: Path) -> None:
    neighbours = {neighbour.stem for neighbour in path.parent.glob("*.py")}
    assert _foreign(path) - neighbours <= INSTALLED_BY_ROLES


def _foreign(path: Path) -> set[str]:
    """What it imports that neither Python nor this collection has."""
    names = {name.split(".")[0] for name in _imports(path) if not name.startswith(OURS)}
    return names - sys.stdlib_module_names


@pytest.mark.parametrize("path", _python("plugins/**/*.py"), ids=_name)
def test_nothing_flows_back_up(path: Path) -> None:
    room = path.relative_to(PLUGINS).parts[0]
    allowed = (room, *MAY_IMPORT[room])
    ours = {name.removeprefix(f"{OURS}.") for name in _imports(path) if name.startswith(f"{OURS}.")}
    assert not {name for name in ours if name.split(".")[0] not in allowed}


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) < FILE_LINES
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(_tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno
        if node.end_lineno - node.lineno + 1 >= FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("path", [path for path in ALL if path.read_text().strip()], ids=_name)
def test_files_say_their_licence(path: Path) -> None:
    assert HEADER in path.read_text().splitlines()[:5]


@pytest.mark.parametrize("path", _python("plugins/**/*.py"), ids=_name)
def test_private_files_are_used_by_their_own_room_only(path: Path) -> None:
    room = f"{OURS}.{'.'.join(path.relative_to(PLUGINS).parts[:2])}".removesuffix(".py")
    private = {name for name in _imports(path) if name.startswith(f"{OURS}.") and "._" in name}
    assert not {name for name in private if not name.startswith(room)}


def _constant(path: Path, name: str) -> str:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            value = ast.literal_eval(node.value)
            assert isinstance(value, str)
            return value
    raise AssertionError(f"{path.name} has no {name}")


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_documented(path: Path) -> None:
    documentation = yaml.safe_load(_constant(path, "DOCUMENTATION"))
    assert documentation["module"] == path.stem
    assert yaml.safe_load(_constant(path, "EXAMPLES"))
    # Documented even when there is nothing to return, as a sentence in a comment.
    _constant(path, "RETURN")


def _fragment(name: str) -> dict[str, Any]:
    """A doc fragment of ours as data; one of another collection as nothing."""
    parts = name.removeprefix("anjianyun.datacenter.").split(".")
    path = PLUGINS / "doc_fragments" / f"{parts[0]}.py"
    if not name.startswith("anjianyun.datacenter.") or not path.exists():
        return {}
    found = yaml.safe_load(_constant(path, parts[1].upper() if len(parts) > 1 else "DOCUMENTATION"))
    assert isinstance(found, dict)
    return found


def _attributes(path: Path) -> dict[str, Any]:
    documentation = yaml.safe_load(_constant(path, "DOCUMENTATION"))
    fragments = documentation.get("extends_documentation_fragment", [])
    found: dict[str, Any] = {}
    for name in [fragments] if isinstance(fragments, str) else fragments:
        found.update(_fragment(name).get("attributes", {}))
    return {**found, **documentation.get("attributes", {})}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_says_what_it_supports(path: Path) -> None:
    attributes = _attributes(path)
    for name in ("check_mode", "diff_mode"):
        assert attributes.get(name, {}).get("support") in ("full", "partial", "none"), name


@pytest.mark.parametrize("path", REAL_MODULES, ids=_name)
def test_check_mode_is_what_the_documentation_says(path: Path) -> None:
    calls = [
        node
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("AnsibleModule", "DiscreetModule")
    ]
    assert len(calls) == 1
    given = {word.arg: word.value for word in calls[0].keywords}
    supports = ast.literal_eval(given["supports_check_mode"]) if "supports_check_mode" in given else False
    assert supports == (_attributes(path)["check_mode"]["support"] != "none")


def test_action_groups_are_what_the_modules_say() -> None:
    groups: dict[str, list[str]] = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    said: dict[str, list[str]] = {name: [] for name in groups}
    for path in MODULES:
        for group in _attributes(path).get("action_group", {}).get("membership", []):
            said.setdefault(str(group).removeprefix("anjianyun.datacenter."), []).append(path.stem)
    assert {name: sorted(members) for name, members in groups.items()} == said
