# shellcheck shell=sh disable=SC2154  # what is set before it is sent stands in A_*
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the probes where there is no Python: one after the other, each between two marks, its complaints in the last.

run_probe() {
    printf '@@%s begin %s\n' "$A_MARK" "$1"
    { probe_err=$("probe_$1" 2>&1 >&3 3>&- </dev/null); probe_rc=$?; } 3>&1
    printf '\n@@%s end %s %s %s\n' "$A_MARK" "$1" "$probe_rc" "$(printf '%s' "$probe_err" | tr '\r\n' '  ')"
}

renice -n 10 -p $$ >/dev/null 2>&1
printf '@@%s sh\n' "$A_MARK"
for probe_name in $A_PROBES; do
    run_probe "$probe_name"
done
printf '@@%s done\n' "$A_MARK"
