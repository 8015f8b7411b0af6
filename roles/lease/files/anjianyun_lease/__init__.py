# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lease on being the primary: who holds it may serve, who cannot renew it stops by itself.

A **holder** stands on each database server. While its database accepts writes it asks the **granters**, one
on the other centre's database server and one on each witness, and any one of them renews the lease. What
lets clients in is a rule of the kernel with a timeout of its own (``gate``), so a holder that is killed,
frozen or cut off closes the door by doing nothing.

A granter that was told to refuse a holder goes on refusing, and knows by its own clock when the last lease
it gave has run out. All granters refusing, and none of their leases running: that is the proof by lease.

Standard library only, Python 3.9, and one clock, CLOCK_BOOTTIME: it never jumps, and it counts a suspended
machine's time, too. The lengths of a lease at holder and granter are measured by different clocks;
``granter.DRIFT`` is what those may differ.
"""
