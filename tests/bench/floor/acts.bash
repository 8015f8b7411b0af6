# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The acts and readings that both moves have in common. Sourced by bash, after sessions.bash. What each stands
# for in the collection is named above it: whoever changes one of them looks at the other.

answer=${answer-}
# Moments for the figures, in epoch seconds: one line of JSON at the end.
declare -A moment
mark() { moment[$1]=$EPOCHREALTIME; }
report() {
    local name text=
    for name in "${!moment[@]}"; do text+=", \"$name\": ${moment[$name]}"; done
    printf '{%s}\n' "${text#, }"
}

# A loop that does not see what it looks for ends after twenty seconds; each answer takes its own time, so it does
# not sleep.
patient() {
    [[ ${patient_of:-} == "$1" ]] || { patient_of=$1; patient_since=$SECONDS; }
    ((SECONDS - patient_since < 20)) || fail "$1"
}

# What a journal line is: on the disk before the next act.
note() { printf '%s %s\n' "$EPOCHREALTIME" "$1" >>"$JOURNAL"; sync "$JOURNAL"; }

# module service_address, read(): configuration, routing table, OSPF database and saved configuration in one call.
address_reading() {
    printf '%s; %s' "vtysh -c 'show daemons' -c 'show ip route $PREFIX json' \
        -c 'show ip ospf database external ${PREFIX%/*} self-originate json' -c 'show running-config staticd'" \
        "sed 's/^/saved /' /etc/frr/frr.conf"
}

# service_address state=announced: enter and save, then read until the device itself shows it.
announce() {    # ROUTER NEXT_HOP PRECEDENCE
    ask "$1" "$(address_reading)"                                     # the reading before
    ask "$1" "vtysh -c 'configure terminal' -c 'ip route $PREFIX $2 tag $3' -c end -c 'write memory'"
    [[ $answer == *'[OK]'* ]] || fail "$1 does not save"
    while :; do                                                       # vtysh's own start is the pause
        ask "$1" "$(address_reading)"
        [[ $answer == *"saved ip route $PREFIX $2 tag $3"* ]] &&      # a restart keeps it
            [[ $answer == *$'\n'"ip route $PREFIX $2 tag $3"* ]] &&   # it is configured
            [[ $answer == *'"installed":true'* ]] &&                  # it is in use
            [[ $answer == *"\"externalRouteTag\": $3 "* ]] && break    # OSPF tells everybody
        patient "$1 does not announce"
    done
}

# service_address state=withdrawn.
withdraw() {    # ROUTER
    ask "$1" "$(address_reading)"                                     # the reading before; it gives the next hop
    local hop
    hop=$(grep -m1 "^ip route $PREFIX " <<<"$answer" | cut -d' ' -f4) || return 0
    ask "$1" "vtysh -c 'configure terminal' -c 'no ip route $PREFIX $hop' -c end -c 'write memory'"
    [[ $answer == *'[OK]'* ]] || fail "$1 does not save"
    while patient "$1 does not withdraw"; do
        ask "$1" "$(address_reading)"
        [[ $answer != *"ip route $PREFIX "* ]] || continue            # neither configured nor saved
        [[ $answer != *'"protocol":"static"'* ]] || continue          # not in use
        # Taken back: an LSA of the greatest age is none any more.
        [[ $(grep -o '"lsaAge": [0-9]*' <<<"$answer" | grep -vc ' 3600$') == 0 ]] && break
    done
}

# tasks/dr_route.yml: until packets of a county go to the new centre, seen from outside of both.
seen_from() {   # ROUTER
    while :; do
        ask "$1" "vtysh -c 'show daemons' -c 'show ip route $PREFIX json' \
            -c 'show ip ospf database external ${PREFIX%/*} json' -c 'show ip ospf route json' \
            -c 'show ip ospf neighbor json'; vtysh -c 'show bfd peers json'"
        # The announcement with the least metric has to be the new centre's, and the routing table to follow it.
        leads_to "$NEW_LOOPBACK" <<<"$answer" && break
        patient "seen from $1 the address does not lead to the new centre"
    done
}

leads_to() {    # LOOPBACK; the answers on stdin
    awk -v want="$1" '
        { text = text $0 }
        END {
            if (!match(text, /"selected":true/) || !match(text, /"installed":true/)) exit 1
            match(text, /"metric":[0-9]+/); used = substr(text, RSTART + 9, RLENGTH - 9) + 0
            least = -1
            while (match(text, /"lsaAge": [0-9]+/)) {
                text = substr(text, RSTART); age = substr(text, 10) + 0
                match(text, /"advertisingRouter": "[0-9.]+"/); router = substr(text, RSTART + 22, RLENGTH - 23)
                match(text, /"metric": [0-9]+/); metric = substr(text, RSTART + 9, RLENGTH - 9) + 0
                text = substr(text, 10)
                if (age < 3600 && (least < 0 || metric < least)) { least = metric; best = router }
            }
            exit best != want || used != least
        }'
}

# module pg_promote: the standby's position, the slot for whoever follows, the promotion, seen by the database.
POSITION="SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()), $TIMELINE_SQL,
 greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) > '@LSN@'::pg_lsn,
 current_setting('synchronous_standby_names') = '',
 EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$SLOT' AND wal_status IS DISTINCT FROM 'lost');"
POSITION=${POSITION//$'\n'/ }   # psql answers a statement when it has read all of it

promote() {     # whether the slot is there: t or f
    # A lost slot of that name is replaced; the new one holds the log from before the fork on.
    [[ $1 == t ]] || ask "sql_$NEW_DB" "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots \
        WHERE slot_name = '$SLOT'; SELECT 1 FROM pg_create_physical_replication_slot('$SLOT', true);"
    mark promote_sent
    # The same loop as in module_utils/database/postgresql/promote.py: the server looks every 2 ms itself.
    ask "sql_$NEW_DB" "SELECT pg_promote(false); DO \$\$ BEGIN \
        WHILE pg_is_in_recovery() LOOP PERFORM pg_sleep(0.002); END LOOP; END \$\$; \
        SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::bool, \
        pg_walfile_name(pg_current_wal_lsn()), pg_current_wal_lsn();"
    mark writable
    [[ $answer == *$'\n't\|* ]] || fail "$NEW_DB does not accept writes"
}

# tasks/dr_outbound.yml: outbound jobs run in one centre only; the reading of it behind the act.
outbound() {    # HOST start|stop STATE
    ask "$1" "systemctl $2 anjianyun-outbound.timer; systemctl show --property=ActiveState --value anjianyun-outbound.timer"
    [[ $answer == "$3" ]] || fail "outbound jobs of $1 are $answer"
}
