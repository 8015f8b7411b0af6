# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where the libraries meet Ansible's module interface."""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

#: Options that hold a whole configuration, or whatever a driver takes: no list of names tells what is secret.
_UNTOLD = ("config", "optional_args")


class DiscreetModule(AnsibleModule):
    """A module whose options are neither logged by the machine that it runs on nor repeated in its result.

    Ansible logs them to syslog within the constructor, before anybody can say which of them are secret.
    """

    def _log_invocation(self) -> None:
        """Nothing: the result says what was done."""

    def _return_formatted(self, kwargs: dict[str, Any]) -> Any:
        kwargs.setdefault("invocation", {"module_args": _without(getattr(self, "params", None) or {})})
        return super()._return_formatted(kwargs)


def _without(given: Any) -> Any:
    """Options without those of any depth that are not told."""
    if isinstance(given, dict):
        return {
            name: "<not shown>" if name in _UNTOLD and value else _without(value)
            for name, value in given.items()
        }
    return [_without(one) for one in given] if isinstance(given, list) else given


def fail_from_error(module: AnsibleModule, error: DatacenterError) -> NoReturn:
    """Fail with a clean message, the error's parts as data, and any partial result."""
    result: dict[str, Any] = {"changed": False}
    result.update(error.result)
    module.fail_json(msg=str(error), error=error.fields(), **result)
    raise AssertionError("fail_json returned")


def requires(*libraries: str) -> None:
    """Check that the named Python libraries can be imported, before any work.

    :raises DatacenterError: naming the library, the original cause, and the interpreter
        that lacks it (control-node modules run under the interpreter of Ansible itself).
    """
    for library in libraries:
        try:
            importlib.import_module(library)
        except ImportError as error:
            raise DatacenterError(
                f"the Python library {library} cannot be imported",
                cause=str(error),
                next_step=(
                    f"install {library} for the interpreter that runs this module, or set "
                    "ansible_python_interpreter to '{{ ansible_playbook_python }}'"
                ),
            ) from error
