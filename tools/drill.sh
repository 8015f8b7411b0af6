#!/bin/sh
# From a checkout to a judged drill: the twin of PLAN, its service, the runbooks under load, the report.
# PLAN is the name of a folder below inventory/, or the path of one. KEEP=1 leaves the twin up; ROUNDS=10 drills so often and says median and worst;
# DRILL_VARS='-e drill_fault=centre_lost ...' goes to the drill.
# Ends with 0 only when the drill's own verdict is pass.
set -eu
tree=$(cd "$(dirname "$0")/.." && pwd)
. "$tree/tools/estate.sh"
estate_of "$tree"
cd "$tree"
# What twin.sh is to work on, wherever this was called from.
export PATH="$PWD/.venv/bin:$PATH" LC_ALL=C.UTF-8 PLAN="$estate" TWIN="$twin"

out=$PWD/build/drill
# The control node of the centre that the drill leaves alive. A plan with mistakes ends here, before minutes pass.
control=${CONTROL:-$(python tools/plan.py --control-node "$inventory")}
rounds=${ROUNDS:-1}

say() { printf 'drill: %s\n' "$*"; }

# Runs a playbook inside the twin.
play() {
    name=$1
    shift
    play_inside "$control" "playbooks/$name" "$@"
}

# Whoever types this command approves what a drill does to a twin, and answers for what no device can say.
rehearse() {
    rm -rf "$out"
    mkdir -p "$out"
    # shellcheck disable=SC2086 # several words
    play dr_drill.yml -e "dr_run_directory=$out" -e dr_approvals=switchover,failover,failback,rpo \
        -e dr_attestations=old_primary_cannot_write ${DRILL_VARS:-}
}

started=$(date +%s)
status=0
sh tools/twin.sh up
say "deploying the service under protection"
play service.yml || status=$?
rm -rf build/rounds
round=0
while [ "$status" = 0 ] && [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    say "rehearsing from $control, round $round of $rounds"
    rehearse || status=$?
    if [ "$rounds" -gt 1 ]; then
        mkdir -p build/rounds
        cp -r "$out" "build/rounds/$round"
    fi
done
let_go
if [ -e "$out/journal.jsonl" ]; then python tools/report.py "$out" || status=1; fi
if [ "$rounds" -gt 1 ]; then python tools/figures.py build/rounds/*/report.json || status=1; fi
say "$(($(date +%s) - started)) s in all"
exit "$status"
