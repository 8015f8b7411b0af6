# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every model of the plan shares: strictness, bilingual descriptions, names, titles."""

from __future__ import annotations

from typing import Annotated, Any

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan._pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

#: A name of a host, line, network, centre or site: lower-case words joined by hyphens.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]
#: A name that also becomes part of variables and databases: words joined by underscores.
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=48)]
#: An IPv4 network such as 10.1.10.0/24; that it is one (host bits zero) the checks verify.
Prefix = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")]
#: The address of one network interface; an even second digit, as that of a single device has.
Mac = Annotated[str, Field(pattern=r"^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$")]
#: GB/T 2260 code of an administrative division: two digits each of province, city, county.
DivisionCode = Annotated[str, Field(pattern=r"^[1-9]\d{5}$")]
#: Where a web service is. No user and no password: a plan holds no secrets.
WebAddress = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._-]+)*/?$")]

#: Numbers and ranges of numbers: 101-180, or 101-104,107.
NumberRanges = Annotated[str, Field(pattern=r"^\d+(-\d+)?(,\d+(-\d+)?)*$")]


def described(english: str, chinese: str, **kwargs: Any) -> Any:
    """A field with its description in both languages; the documents are generated from it."""
    return Field(description=english, json_schema_extra={"x-description-zh": chinese}, **kwargs)


class Model(BaseModel):
    """A part of a plan: unknown keys are refused, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Title(Model):
    """What people call a thing, in both languages of the reports."""

    en: str = described("In English.", "英文名称。", min_length=1)
    zh: str = described("In Chinese.", "中文名称。", min_length=1)
