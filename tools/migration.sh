#!/bin/sh
# From a checkout to the proof of a move on a twin of the moving estate: the legacy systems as they are found, a county's
# load on them, one wave copied, proved, cut over, proved again and confirmed. KEEP=1 leaves the twin up; WAVE=2 moves
# the second wave behind the first; DECISION=back takes the wave back; OFFLINE=1 has old databases that nobody can
# follow, which move offline. Ends with 0 only when every step was done, each wave that was to stay has the verdict pass
# in its report, and no acknowledged report is lost.
set -eu
tree=$(cd "$(dirname "$0")/.." && pwd)
PLAN=${MOVING:-moving}
. "$tree/tools/estate.sh"
estate_of "$tree"
cd "$tree"
export PATH="$PWD/.venv/bin:$PATH" LC_ALL=C.UTF-8 PLAN="$estate" TWIN="$twin"

out=$PWD/build/migration
control=${CONTROL:-$(python tools/plan.py --reached-from "$inventory")}
# What no target takes (an extension that is gone, say) is for the assessment; a rehearsal moves what can move.
found='{"legacy_report_dead_ends": false, "legacy_site_dead_ends": false, "legacy_site_binlog": "ROW"}'
# The addresses that go with the systems.
addresses='{"load_address": {"legacy_site": "10.100.0.81", "legacy_report": "10.100.0.82"}}'
load=/var/tmp/anjianyun/load-$(date +%s)
decision=${DECISION:-confirm}
last=${WAVE:-1}

say() { printf 'migration: %s\n' "$*"; }

# Runs a playbook inside the twin.
play() {
    play_inside "$control" "$@"
}

# Whoever types this command approves what it does to a twin.
move() {
    play playbooks/migration.yml -e "migration_run_directory=$out/wave-$wave" -e "migration_wave=$wave" \
        -e migration_ticket=REHEARSAL -e "migration_window=$window" "$@"
}

passed() {
    python -c 'import json, sys; sys.exit(json.load(open(sys.argv[1]))["verdict"] != "pass")' "$1"
}

started=$(date +%s)
window=$(date -u -d '-1 minute' +%FT%TZ)/$(date -u -d '+8 hours' +%FT%TZ)
status=0
# Where the systems' databases are by now, when not on the old servers.
stored=
rm -rf "$out"
mkdir -p "$out"
if [ "${OFFLINE:-0}" = 1 ]; then
    cp -r "$estate" "$out/estate"
    estate=$out/estate inventory=$out/estate/site_plan.yml
    export PLAN="$estate"
    sed -i 's/\(database: {.*\)}/\1, path: offline}/; s/out_s: .*/out_s: 900/' "$estate/plan/migration.yml"
    found='{"legacy_report_dead_ends": false, "legacy_site_dead_ends": false, "legacy_site_binlog": "",
        "legacy_report_wal_level": "replica", "mover_follow": false}'
fi
sh tools/twin.sh up
say "the legacy systems as they are found"
play tests/stage/legacy.yml -e "$found" || status=$?
if [ "$status" = 0 ]; then play tests/stage/mover.yml -e "$found" || status=$?; fi
if [ "$status" = 0 ]; then play tests/stage/load.yml -e load=start -e "load_directory=$load" -e "$addresses" || status=$?; fi
wave=1
while [ "$status" = 0 ] && [ "$wave" -le "$last" ]; do
    say "moving wave $wave from $control"
    move -e dr_approvals=cutover || status=$?
    if [ "$status" = 0 ]; then
        say "deciding: $decision"
        move -e "dr_approvals=$decision" -e "migration_decision=$decision" || status=$?
    fi
    # A wave that is taken back has not moved, and its report says so.
    if [ "$status" = 0 ] && [ "$decision" = confirm ]; then
        case $wave in
            1) stored='"legacy_report": "nn-db-02"' ;;
            2) stored="$stored, \"legacy_site\": \"nn-db-01\"" ;;
        esac
        passed "$out/wave-$wave/report.json" || status=1
    fi
    wave=$((wave + 1))
done
play tests/stage/load.yml -e load=stop -e "load_directory=$load" -e "load_collect_to=$out/load" \
    -e "{\"load_stored\": {$stored}}" || status=1
python tools/load_lost.py "$out/load" || status=1
let_go
say "$(($(date +%s) - started)) s in all"
exit "$status"
