# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan must fulfil beyond its structure; one file a subject."""

from __future__ import annotations

from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.checks import (
    dependencies,
    migration,
    names,
    numbers,
    paths,
    power,
    power_order,
    references,
    replication,
)
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.estate import Estate
from ansible_collections.anjianyun.datacenter.plugins.plugin_utils.plan.findings import Finding

#: Every check, in the order in which its findings are shown.
CHECKS = (
    references.hosts,
    references.gateways,
    references.rack_feeds,
    references.lines,
    references.services,
    references.infrastructure,
    references.sites,
    names.hosts,
    names.interfaces,
    names.groups,
    numbers.unique,
    numbers.macs,
    numbers.site_codes,
    numbers.in_networks,
    numbers.overlaps,
    numbers.retired,
    power.racks,
    power.feeds,
    power.carried,
    power_order.ups,
    power_order.inrush,
    power_order.order,
    paths.oversubscription,
    paths.redundancy,
    paths.lost_sites,
    dependencies.tiers,
    dependencies.circles,
    dependencies.inside_what_fails,
    replication.rpo,
    replication.leases,
    migration.ends,
    migration.addresses,
    migration.order,
    migration.hours,
    migration.places,
    migration.dependants,
    migration.accounts,
)


def check(estate: Estate) -> list[Finding]:
    """All findings of all checks, errors and warnings."""
    return [finding for one in CHECKS for finding in one(estate)]
