# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that keeps its options to itself."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

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
