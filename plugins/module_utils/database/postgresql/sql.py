# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL expressions that several questions share."""

from __future__ import annotations

# The timeline a server writes on or, as a standby, has replayed or received from.
# A standby's control file learns of a new timeline only at its next restartpoint, and the receiver's
# row goes when the primary does; what stays is the name of the log file that holds the last byte
# received: it is created under the timeline it was received on.
TIMELINE = """
(CASE WHEN pg_is_in_recovery() THEN greatest(
   (SELECT timeline_id FROM pg_control_checkpoint()),
   (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
   (SELECT received_tli FROM pg_stat_wal_receiver),
   (SELECT max(('x' || substr(file.name, 1, 8))::bit(32)::int)
    FROM pg_ls_waldir() AS file,
      (SELECT div(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn - 1,
                  bytes_per_wal_segment)::bigint AS number,
              4294967296 / bytes_per_wal_segment AS per_id FROM pg_control_init()) AS segment
    WHERE file.name ~ '^[0-9A-F]{24}$' AND substr(file.name, 9) =
      lpad(upper(to_hex(number / per_id)), 8, '0') || lpad(upper(to_hex(number % per_id)), 8, '0')))
 ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END)
"""
