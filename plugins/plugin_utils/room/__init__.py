# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
<<<<<<< HEAD
"""The upgrade of a machine room: what it is to take down, what stood there, what came back. Pure."""
=======
"""What the upgrade of a machine room needs of the control node: its people, their time and their evidence."""
>>>>>>> ce846117e457eee43f7bad15007e2a4d1f22ad60
