#!/bin/sh
# Prints the newest interpreter the collection supports that is newer than the one given, or nothing.
set -eu

than=$("$1" -c 'import sys; print(sys.version_info.minor)')
for minor in 13 12; do
    [ "$minor" -gt "$than" ] || continue
    for candidate in "python3.$minor" "$HOME"/.pyenv/versions/3."$minor".*/bin/python; do
        # A shim may stand on the PATH for an interpreter that it does not run: ask it.
        found=$("$candidate" -c 'import sys; print("%d %s" % (sys.version_info.minor, sys.executable))' 2>/dev/null) ||
            continue
        if [ "${found%% *}" = "$minor" ]; then
            echo "${found#* }"
            exit 0
        fi
    done
done
