# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Sessions that are open before they are needed, for the scripts of the floor. Sourced by bash.
#
# A session is one program that reads commands from a pipe and answers into another: a shell on a machine, psql
# on a database server, ipmitool on a BMC. Nothing is started, and no connection is made, when the seconds count.

declare -A into from            # session -> the file descriptors that we write to and read from
answer=                         # what the last question was answered with
work=$(mktemp -d)               # the pipes and the ssh masters' sockets
trap 'close_all' EXIT

# open NAME COMMAND...: start the program of a session, with its two pipes.
open() {
    local name=$1 in_fd out_fd
    shift
    mkfifo "$work/$name.in" "$work/$name.out"
    "$@" <"$work/$name.in" >"$work/$name.out" 2>&1 &
    exec {in_fd}>"$work/$name.in" {out_fd}<"$work/$name.out"
    into[$name]=$in_fd from[$name]=$out_fd
}

# One ssh connection a machine (ControlMaster); each further session is a channel of it.
ssh_to() { ssh -F "$SSH_CONFIG" -o BatchMode=yes -o ControlMaster=auto -o ControlPath="$work/%n.cm" "$@"; }

open_shell() { open "$1" ssh_to "$1" exec bash --norc; }                 # a root shell on a machine
open_sql() { open "sql_$1" ssh_to "$1" exec runuser -u postgres -- psql -XAtq -p "$PORT" -d postgres; }
# Line by line, or its answers would wait in a buffer. The password comes from the environment (-E).
open_bmc() { open bmc stdbuf -oL ipmitool -I lanplus -C "$BMC_CIPHER" -H "$BMC_ADDRESS" -U "$BMC_USER" -E shell; }

# ask NAME COMMAND: send it, and wait until the session has answered all of it.
ask() {
    local line mark="end-of-answer"
    case $1 in
        # No command may read the pipe that the next commands come from.
        bmc) printf '%s\necho %s\n' "$2" "$mark" >&"${into[$1]}" ;;
        sql_*) printf '%s\n\\echo %s\n' "$2" "$mark" >&"${into[$1]}" ;;
        *) printf '{ %s\n} </dev/null\necho %s\n' "$2" "$mark" >&"${into[$1]}" ;;
    esac
    answer=
    while IFS= read -r -t 30 line <&"${from[$1]}"; do
        # ipmitool's echo puts a blank behind it.
        [[ $line == "$mark" || $line == "$mark " ]] && { answer=${answer%$'\n'}; return; }
        # ipmitool's shell repeats what it reads behind its prompt.
        [[ $line == 'ipmitool> '* ]] || answer+=$line$'\n'
    done
    fail "$1 does not answer"
}

fail() { printf 'floor: %s; last answer: %s\n' "$1" "$answer" >&2; exit 1; }

close_all() {
    local ended=$? name fd
    # ipmitool's shell does not end with its pipe.
    [[ -z ${into[bmc]:-} ]] || printf 'exit\n' >&"${into[bmc]}" || true
    for fd in "${into[@]}" "${from[@]}"; do exec {fd}>&-; done
    for name in "$work"/*.cm; do
        ! [ -S "$name" ] || ssh -F "$SSH_CONFIG" -o ControlPath="$name" -O exit any 2>/dev/null || true
    done
    wait || true
    rm -rf "$work"
    exit "$ended"
}
