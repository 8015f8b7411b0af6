# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site plan: what one estate is, read, checked, numbered, and turned into an inventory.

Knows no Ansible, so that a test, a document generator and the inventory plugin use the same
code. ``load.load_plan`` is the way in.
"""
