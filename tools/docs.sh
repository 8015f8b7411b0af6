#!/bin/sh
# The reference of every module, plugin and role: HTML under build/docs/html, made from the pages that
# antsibull-docs writes under build/docs/rst. Needs no network.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" LC_ALL=C.UTF-8

out=$PWD/build/docs
rm -rf "$out"
mkdir -p "$out/rst" "$out/html"
antsibull-docs collection --use-current --squash-hierarchy --fail-on-error \
    --dest-dir "$out/rst" anjianyun.datacenter </dev/null
# The pages refer to chapters of Ansible's own documentation, which is not at hand without a network.
sphinx-build -q -C -D project=anjianyun.datacenter -D extensions=sphinx_antsibull_ext \
    -D suppress_warnings=ref.ref "$out/rst" "$out/html"
printf 'docs: the reference is at %s, the guides are listed in docs/README.md\n' "$out/html/index.html"
