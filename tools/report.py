#!/usr/bin/env python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the report of a run again, from its directory alone.

    python tools/report.py build/drill

Ends with 0 only when the verdict is pass.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.drill import history
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.report.files import (
    make_report,
    remember,
    summary,
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "directory", type=Path, help="a run's directory: journal.jsonl and the logs beside it"
    )
    parser.add_argument("--title", help="what stands over the report")
    parser.add_argument("--language", choices=("en", "zh"), default="en", help="shown first (both are there)")
    parser.add_argument(
        "--history",
        type=Path,
        default=history.root(),
        help="where judged runs are kept for comparison (%(default)s)",
    )
    arguments = parser.parse_args()
    try:
        report, _changed = make_report(
            arguments.directory, title=arguments.title, language=arguments.language, past=arguments.history
        )
        problem = remember(report, arguments.directory, arguments.history)
    except DatacenterError as error:
        print(error, file=sys.stderr)
        return 2
    print(summary(report, arguments.directory))
    if problem:
        print(problem, file=sys.stderr)
    return 0 if report["verdict"] == "pass" else 1


if __name__ == "__main__":
    sys.exit(main())
