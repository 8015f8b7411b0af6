#!/bin/sh
# Checks the site plan of PLAN: every mistake at once, or what the plan gives.
set -eu
tree=$(cd "$(dirname "$0")/.." && pwd)
. "$tree/tools/estate.sh"
estate_of "$tree"
exec "$tree/.venv/bin/python" "$tree/tools/plan.py" "$inventory"
