# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for network devices tell of their own options: no secret, in no place."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from ansible import release
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.netdevice import arguments

MODULES = "ansible_collections.anjianyun.datacenter.plugins.modules"
SECRETS = {"enable_password": "GEHEIM", "snmp": {"auth": ["GEHEIM"]}, "passphrase": 4711}
DEVICE = {
    "driver": "eos",
    "host": "192.0.2.1",
    "user": "root",
    "password": "GEHEIM",
    "optional_args": SECRETS,
}
CONFIG = {
    **DEVICE,
    "config": "username a secret 0 GEHEIM",
    "checks": [{"kind": "ping", "target": "192.0.2.2", "via": DEVICE}],
}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would reach the machine's log."""
    lines: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, text, **_words: lines.append(str(text)))
    return lines


@pytest.mark.parametrize("ending", ["success", "failure", "a wrong option"])
@pytest.mark.parametrize(("name", "given"), [("net_config", CONFIG), ("net_facts", DEVICE)])
def test_no_secret_reaches_the_log_or_the_result(
    name: str, given: dict[str, Any], ending: str, log: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    module = importlib.import_module(f"{MODULES}.{name}")

    def served(*_given: Any, **_words: Any) -> dict[str, Any]:
        if ending == "failure":
            raise DatacenterError("it does not answer")
        return {"changed": False, "found": {}, "unsupported": []}

    monkeypatch.setattr(arguments, "serve", served)
    monkeypatch.setattr(module, "read_getters" if name == "net_facts" else "requires", served)
    options = dict(given)
    if release.__version__ >= "2.20":
        # Since then a module repeats its options only when it is told to.
        options["_ansible_inject_invocation"] = True
    if ending == "a wrong option":
        options["port"] = "none"
    with patch_module_args(options), pytest.raises(SystemExit):
        module.main()
    said = json.loads(capsys.readouterr().out)
    assert bool(said.get("failed")) is (ending != "success")
    assert "GEHEIM" not in json.dumps(said)
    assert "4711" not in json.dumps(said)
    assert said["invocation"]["module_args"]["host"] == "192.0.2.1"
    assert not [line for line in log if "GEHEIM" in line or "4711" in line or "192.0.2.1" in line]
