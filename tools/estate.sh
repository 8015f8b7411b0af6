# shellcheck shell=sh
# Sourced, from the folder the caller stands in: where the estate PLAN is, and what its twin is called.
# PLAN is the name of a folder below inventory/, or the path of a folder (or of the site_plan.yml in it).
# Sets estate (its folder), inventory (what -i takes) and twin.
# Besides, what every rehearsal on that twin does: play_inside and let_go.

# estate_of TREE: TREE is the checkout.
estate_of() {
    plan=${PLAN:-rehearsal}
    case $plan in
        */*) estate=$plan ;;
        *)
            estate=$1/inventory/$plan
            # A folder beside the caller, when the checkout has none of that name.
            if [ ! -e "$estate" ] && [ -e "$plan" ]; then estate=$plan; fi
            ;;
    esac
    if [ -f "$estate" ]; then estate=$(dirname "$estate"); fi
    if [ ! -f "$estate/site_plan.yml" ]; then
        echo "PLAN=$plan: there is no $estate/site_plan.yml." \
            "Next: give the folder of an estate; how to make one: docs/guides/own-estate.md" >&2
        exit 2
    fi
    estate=$(cd "$estate" && pwd)
    # shellcheck disable=SC2034 # for whoever sources this
    inventory=$estate/site_plan.yml
    # What can be part of names: a small letter, then up to nine more small letters and digits.
    twin=${TWIN:-$(basename "$estate" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9' | sed 's/^[0-9]*//' | cut -c1-10)}
    if [ -z "$twin" ]; then
        echo "no name for the twin follows from $estate. Next: give one with TWIN=..." >&2
        exit 2
    fi
}

# play_inside CONTROL PLAYBOOK ARGUMENT...: runs a playbook on a control node of the twin.
play_inside() {
    control_node=$1 playbook=$2
    shift 2
    sh tools/twin.sh run "$control_node" ansible-playbook \
        -i "$inventory" -e "@/run/anjianyun/twin/$twin/vars.yml" "$playbook" "$@" </dev/null
}

# let_go: takes the twin down, unless KEEP=1.
let_go() {
    if [ "${KEEP:-0}" = 1 ]; then
        say "the twin stays up (KEEP=1); take it down with: make twin-down PLAN=$estate TWIN=$twin"
    else
        sh tools/twin.sh down
    fi
}
