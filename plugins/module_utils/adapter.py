# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the libraries meet Ansible's module interface."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NoReturn

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def failure(error: DatacenterError) -> dict[str, Any]:
    """What a module or an action that fails says: a clean message, the error's parts, any partial result."""
    return {"changed": False, **error.result, "msg": str(error), "error": error.fields()}


def fail_from_error(module: AnsibleModule, error: DatacenterError) -> NoReturn:
    """Fail as :func:`failure` says."""
    module.fail_json(**failure(error))
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
