# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that imports pydantic: this collection stays importable without it.

Ansible imports every plugin to read its documentation, also where the library is missing. The
stand-ins below let the model classes be defined; ``require_pydantic`` then fails at first use
with the original cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError

if TYPE_CHECKING:
    from pydantic import BaseModel, ConfigDict, Field, ValidationError

    PYDANTIC_PROBLEM: str | None = None
else:
    try:
        from pydantic import BaseModel, ConfigDict, Field, ValidationError

        PYDANTIC_PROBLEM = None
    except ImportError as error:
        PYDANTIC_PROBLEM = str(error)

        class BaseModel:
            """Stand-in: never used, ``require_pydantic`` refuses first."""

        ConfigDict = dict
        ValidationError = ValueError

        def Field(*args: Any, **kwargs: Any) -> Any:
            """Stand-in for pydantic's field description."""
            return None


__all__ = ["PYDANTIC_PROBLEM", "BaseModel", "ConfigDict", "Field", "ValidationError", "require_pydantic"]


def require_pydantic() -> None:
    """Refuse clearly when the library is missing.

    :raises DatacenterError: with the import's own message and what to install.
    """
    if PYDANTIC_PROBLEM is not None:
        raise DatacenterError(
            "a site plan cannot be read without the Python library pydantic",
            cause=PYDANTIC_PROBLEM,
            next_step="install pydantic (2.11 or newer) for the Python that runs Ansible",
        )
