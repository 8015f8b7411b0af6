#!/bin/sh
# From a checkout to a judged drill: the twin of PLAN, its service, the runbooks under load, the report.
# KEEP=1 leaves the twin up; DRILL_VARS='-e drill_fault=centre_lost ...' goes to the drill.
# Ends with 0 only when the drill's own verdict is pass.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" LC_ALL=C.UTF-8

plan=${PLAN:-rehearsal}
twin=${TWIN:-$plan}
out=$PWD/build/drill
# The control node of the centre that the drill leaves alive.
control=${CONTROL:-dr-ctl-01}

say() { printf 'drill: %s\n' "$*"; }

# Runs a playbook inside the twin.
play() {
    playbook=$1
    shift
    sh tools/twin.sh run "$control" ansible-playbook \
        -i "inventory/$plan/site_plan.yml" -e "@/run/anjianyun/twin/$twin/vars.yml" "playbooks/$playbook" "$@" </dev/null
}

started=$(date +%s)
sh tools/twin.sh up

status=0
rm -rf "$out"
mkdir -p "$out"
say "deploying the service under protection"
play service.yml || status=$?
if [ "$status" = 0 ]; then
    say "rehearsing from $control"
    # Whoever types this command approves what a drill does to a twin, and answers for what no device can say.
    # shellcheck disable=SC2086 # several words
    play dr_drill.yml -e "dr_run_directory=$out" -e dr_approvals=switchover,failover,failback,rpo \
        -e dr_attestations=old_primary_cannot_write ${DRILL_VARS:-} || status=$?
fi
if [ "${KEEP:-0}" = 1 ]; then
    say "the twin stays up (KEEP=1); take it down with: make twin-down"
else
    sh tools/twin.sh down
fi
if [ -e "$out/journal.jsonl" ]; then python tools/report.py "$out" || status=1; fi
say "$(($(date +%s) - started)) s in all"
exit "$status"
