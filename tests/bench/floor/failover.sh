#!/usr/bin/env bash
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The floor of playbooks/dr_failover.yml where the BMC of the lost server answers: its acts and readings from the
# approval on, in its order, over sessions that are open already. All names, addresses and paths come from the
# environment (tests/bench/_floor.py).
set -euo pipefail
here=$(dirname "$0")
. "$here/sessions.bash"
. "$here/acts.bash"
# What the last 'ask' heard.
answer=

# Before the clock: every session. The old database server is dead; its centre's router and application live.
for host in "$NEW_DB" "$OLD_APP" "$NEW_APP" "$OLD_ROUTER" "$NEW_ROUTER" $VANTAGE $WITNESSES; do
    open_shell "$host"
    ask "$host" true
done
open_sql "$NEW_DB"
ask "sql_$NEW_DB" "SELECT 1;"
open_bmc
# What a failback puts back ('Note | the restore policy as it was'); opens the BMC's session.
ask bmc "chassis status"
policy=$(sed -n 's/^Power Restore Policy *: *//p' <<<"$answer")
note "note restore_policy $policy"

# 'Gate | the failover is approved'
mark approved_at
note "approval failover"

# 'Fence the old primary', module bmc_fence: what it finds; the policy first, so that power which flickers does not
# bring the server back; then off, hard.
ask bmc "chassis status"
found=$answer
[[ $found =~ 'Power Restore Policy : always-off' ]] || ask bmc "chassis policy always-off"
[[ $found =~ 'System Power         : off' ]] || ask bmc "chassis power off"
# The proof: three readings in a row that say 'off' and 'always-off'. The runbook lets dr_fence_interval_s pass between two
# of them; here nothing passes.
# Second path: what a server that runs would answer, asked twice for a quarter of a second (module_utils/bmc/second_path).
# It begins with the first reading that says off, beside the others.
second_path() {
    local said
    for _ in 1 2; do
        ! said=$(timeout 0.25 bash -c "exec 3<>/dev/tcp/$OLD_ADDRESS/22" 2>&1) || return 1     # it accepts a connection
        [[ $said != *refused* ]] || return 1                                                  # a refusal is an answer
    done
}
off=0 asked=
while ((off < 3)); do
    ask bmc "chassis status"
    if [[ $answer =~ 'System Power         : off' && $answer =~ 'Power Restore Policy : always-off' ]]; then
        off=$((off + 1))
        [[ -n $asked ]] || { second_path & asked=$!; }
    else
        off=0
    fi
done
wait "$asked" || fail "$OLD_DB answers, whatever its BMC says"
mark fenced
# 'Verify | it is proved ...' and 'Note | the proof': on the disk before the promotion.
note "verify fenced; proof bmc off off off always-off"

# 'Open the standby', module pg_promote: the proof is the BMC's, so of its own position nothing is asked but that it
# is a standby; a slot; the promotion. Writes are open behind it.
ask "sql_$NEW_DB" "${POSITION//@LSN@/0\/0}"
IFS='|' read -r recovery _system _timeline _arrived asynchronous slot <<<"$answer"
[[ $recovery$asynchronous == tt ]] || fail "$NEW_DB is no standby that could be promoted"
mark proved
promote "$slot"

# The county's packets still come by the old centre's application, which lives; the address moves behind the database.
announce "$NEW_ROUTER" "$NEXT_HOP" 3
# 'Act | its lease is renewed no more, whatever its BMC says', module lease.
for granter in "$NEW_DB" $WITNESSES; do ask "$granter" "anjianyun-lease refuse $OLD_DB --reason failover"; done
withdraw "$OLD_ROUTER"
for router in $VANTAGE; do seen_from "$router"; done
note "verify address"

# Nobody waits for the rest.
outbound "$OLD_APP" stop inactive
outbound "$NEW_APP" start active
mark ended
report
