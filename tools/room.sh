#!/bin/sh
# From a checkout to the report of a whole room upgrade on a twin of PLAN: down to where it waits for people, the check
# list answered as a rehearsal can answer it, up again, all under the reports of a county. KEEP=1 leaves the twin up;
# ROOM_VARS='-e room_rack=r01 ...' goes to the runbook. Ends with 0 only when the run's own verdict is pass.
set -eu
tree=$(cd "$(dirname "$0")/.." && pwd)
. "$tree/tools/estate.sh"
estate_of "$tree"
cd "$tree"
export PATH="$PWD/.venv/bin:$PATH" LC_ALL=C.UTF-8 PLAN="$estate" TWIN="$twin"

out=$PWD/build/room
control=${CONTROL:-$(python tools/plan.py --control-node "$inventory")}
# What dr_watch.yml's programs write, on the hosts of the twin.
seen=/var/tmp/anjianyun/room-$(date +%s)

say() { printf 'room: %s\n' "$*"; }

# Runs a playbook inside the twin.
play() {
    name=$1
    shift
    play_inside "$control" "playbooks/$name" \
        -e "dr_run_directory=$out" -e "drill_directory=$seen" -e "dr_control_node=$control" "$@"
}

# Whoever types this command approves what it does to a twin.
upgrade() {
    # A twin has no batteries; a person would read them. Its backup is too young to measure by how its log grows.
    charge="{\"percent\": 100, \"at\": \"$(date -u +%FT%TZ)\"}"
    # shellcheck disable=SC2086 # several words
    play room_upgrade.yml -e "room_run_directory=$out" -e room_centre=nanning -e room_rack=r01 \
        -e room_ticket=REHEARSAL -e room_window="$window" \
        -e '{"room_burn_in_s": 15, "burn_in_cpus": 1, "burn_in_memory_share": 0.02, "burn_in_poll_s": 2}' \
        -e '{"room_hold_hours": 1, "room_growth_mib_h": 100}' \
        -e "{\"power_sequence_ups_charge\": {\"nn-ups-a\": $charge, \"nn-ups-b\": $charge}}" "$@" ${ROOM_VARS:-}
}

started=$(date +%s)
window=$(date -u -d '-1 minute' +%FT%TZ)/$(date -u -d '+8 hours' +%FT%TZ)
status=0
rm -rf "$out"
mkdir -p "$out"
sh tools/twin.sh up
say "deploying the service under protection"
play service.yml || status=$?
if [ "$status" = 0 ]; then play dr_watch.yml || status=$?; fi
if [ "$status" = 0 ]; then
    say "taking the room down from $control"
    # It says what of the rack it leaves to people, then of another rack's servers that they stay on. Such a yes
    # counts for what was told.
    yes=room_down,switchover,undrilled
    upgrade -e "dr_approvals=$yes" || {
        say "saying yes to what it told"
        upgrade -e "dr_approvals=$yes,by_hand" || upgrade -e "dr_approvals=$yes,by_hand,leave_behind" || status=$?
    }
fi
if [ "$status" = 0 ]; then
    say "answering the check list as far as a rehearsal can"
    python tools/room_answers.py "$out/answers.yml" || status=$?
fi
if [ "$status" = 0 ]; then
    say "bringing it up again"
    upgrade -e "room_answers=$out/answers.yml" -e dr_approvals=power_up,switchover || status=$?
fi
play dr_unwatch.yml || status=1
let_go
if [ -e "$out/journal.jsonl" ]; then python tools/report.py "$out" || status=1; fi
say "$(($(date +%s) - started)) s in all"
exit "$status"
