#!/usr/bin/env bash
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The floor of playbooks/dr_switchover.yml: its acts and readings from the approval on, in its order, over sessions
# that are open already. What runs before the approval is left out: nobody waits for it. All names, addresses and
# paths come from the environment (tests/bench/_floor.py).
set -euo pipefail
here=$(dirname "$0")
. "$here/sessions.bash"
. "$here/acts.bash"
# What the last 'ask' heard.
answer=

# Before the clock: every session.
for host in "$OLD_DB" "$NEW_DB" "$OLD_APP" "$NEW_APP" "$OLD_ROUTER" "$NEW_ROUTER" $VANTAGE; do
    open_shell "$host"
    ask "$host" true
done
open_sql "$OLD_DB"
open_sql "$NEW_DB"
ask "sql_$OLD_DB" "SELECT 1;"
ask "sql_$NEW_DB" "SELECT 1;"

# 'Gate | the move is approved'
mark approved_at
note "approval switchover"

# 'Let both have their lease again', module lease: nobody goes on refusing the one that stays; clients are served.
ask "$NEW_DB" "anjianyun-lease allow $OLD_DB"
# Module network_fence: nothing there refuses the old centre.
ask "$NEW_ROUTER" "nft list tables; ls /etc/nftables.d"
[[ $answer != *ajy_fence_* ]] || fail "$NEW_ROUTER refuses the old centre"
note "verify nobody refuses"

# 'Stop the outbound jobs in the old centre', with its verify
outbound "$OLD_APP" stop inactive
note "verify outbound"

# 'Move the service's address': announced there, withdrawn here, seen from outside; writes still go to the old database
announce "$NEW_ROUTER" "$NEXT_HOP" 1
withdraw "$OLD_ROUTER"
for router in $VANTAGE; do seen_from "$router"; done
note "verify address"
mark address_moved

# 'Move the database', module pg_demote. Its readings before the stop: a primary, and a standby that streams.
heir="SELECT pg_is_in_recovery(), (SELECT state = 'streaming' AND pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) \
    <= 16777216 FROM pg_stat_replication WHERE application_name = '$NEW_DB');"
ask "sql_$OLD_DB" "$heir"
[[ $answer == 'f|t' ]] || fail "$NEW_DB is not fit to take over"
# The checkpoint while writes still flow, so that the stop has little to write; then the readings again.
ask "sql_$OLD_DB" "CHECKPOINT;"
ask "sql_$OLD_DB" "$heir"
[[ $answer == 'f|t' ]] || fail "$NEW_DB is not fit to take over any more"

# From here on writes stop. A fast stop of the postmaster, looked at every 2 ms; what its control file then says
# is the proof; and the directory can only come back as a standby, which is on the disk before anything goes on.
mark stop_sent
ask "$OLD_DB" "pid=\$(head -n 1 $DATA/postmaster.pid); kill -INT \$pid; while [ -e /proc/\$pid ]; do sleep 0.002; done
    $BIN/pg_controldata -D $DATA
    echo '# Left by the floor: this directory may only come back as a standby.' >$DATA/.standby.signal.new
    chown postgres: $DATA/.standby.signal.new; sync $DATA/.standby.signal.new
    mv $DATA/.standby.signal.new $DATA/standby.signal; sync $DATA"
mark stopped
# What judge_proof() wants of it: shut down, where its last record is, of which database, on which timeline.
control=$answer
field() { sed -n "s/^$1: *//p" <<<"$control"; }
[[ $(field 'Database cluster state') == 'shut down' ]] || fail "$OLD_DB did not end cleanly"
lsn=$(field 'Latest checkpoint location')
system=$(field 'Database system identifier')
timeline=$(field "Latest checkpoint's TimeLineID")

# Module pg_promote: the standby is of that database, on that timeline, and holds that very record. Asked again
# at once while the record is on its way.
while :; do
    ask "sql_$NEW_DB" "${POSITION//@LSN@/$lsn}"
    IFS='|' read -r recovery its_system its_timeline arrived asynchronous slot <<<"$answer"
    [[ $recovery$its_system$its_timeline$asynchronous == "t$system${timeline}t" ]] || fail "$NEW_DB does not fit the proof"
    [[ $arrived == t ]] && break
done
mark proved
promote "$slot"                                                     # writes are open behind this
note "proof shutdown $lsn"

# Nobody waits for the rest: the old one follows, outbound jobs run in the new centre.
ask "$OLD_DB" "systemctl reset-failed $UNIT; systemctl start $UNIT"
until ask "sql_$NEW_DB" "SELECT state FROM pg_stat_replication WHERE application_name = '$OLD_DB';"; [[ $answer == streaming ]]; do
    sleep 0.1
done
outbound "$NEW_APP" start active
mark ended
report
