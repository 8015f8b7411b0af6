#!/bin/sh
# The twin TWIN of the plan PLAN on this machine.
#   twin.sh up [ANSIBLE-PLAYBOOK OPTION...]    makes it
#   twin.sh down                               takes it away
#   twin.sh run CONTROL-NODE COMMAND...        runs a command where the twin can be reached, and nothing else
#   twin.sh fault [NAME=VALUE...]              lists, injects, lifts: fault=line_cut target=nn-dr-1 state=injected
set -eu
tree=$(cd "$(dirname "$0")/.." && pwd)
. "$tree/tools/estate.sh"
estate_of "$tree"
cd "$tree"
export PATH="$PWD/.venv/bin:$PATH" LC_ALL=C.UTF-8

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
    up)
        ansible-playbook -i "$inventory" playbooks/twin.yml -e "twin_id=$twin" "$@" </dev/null
        vars=/run/anjianyun/twin/$twin/vars.yml
        # Not there after a mere --check.
        [ ! -e "$vars" ] || printf 'twin: %s is up; to ask it: %s\n' "$twin" \
            "TWIN=$twin tools/twin.sh run $(python tools/plan.py --reached-from "$inventory" || echo CONTROL-NODE) \
ansible -i $inventory -e @$vars all -m ping"
        ;;
    down)
        ansible-playbook -i "$inventory" playbooks/twin.yml -e "twin_id=$twin" -e twin_state=absent "$@" </dev/null
        ;;
    run)
        [ $# -gt 1 ] || exec sh tools/twin.sh
        node=$1
        shift
        [ -e "/run/netns/ajy-$twin-$node" ] || {
            echo "twin: there is no $node in a twin $twin; make it with: make twin-up PLAN=$plan TWIN=$twin" >&2
            exit 1
        }
        # Not `ip netns exec`, which hides the control groups that faults are injected by.
        exec nsenter "--net=/run/netns/ajy-$twin-$node" -- "$@"
        ;;
    fault)
        # It concerns this machine alone, and needs no inventory to be warned about.
        export ANSIBLE_INVENTORY_UNPARSED_WARNING=False ANSIBLE_LOCALHOST_WARNING=False
        exec ansible localhost -m anjianyun.datacenter.twin_fault -a "twin_id=$twin $*" </dev/null
        ;;
    *)
        sed -n '2,6p' tools/twin.sh >&2
        exit 2
        ;;
esac
