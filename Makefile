# Each target is one short script in tools/. What the targets leave for programs to read is
# described in docs/make-targets.md.
.DEFAULT_GOAL := help
.PHONY: help setup plan drill room migration test lint bench faults twin-up twin-down twin-leaks docs

# Ansible wants UTF-8, and a bare machine names no locale.
export LC_ALL := C.UTF-8
# The estate of plan, twin-up and drill: the name of a folder of inventory/, or the path of one. The twin is called
# after it unless TWIN says otherwise.
export PLAN ?= rehearsal

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup:  ## system packages and the locked Python environment (root; again: under a second)
	@sh tools/setup.sh

plan: setup  ## checks the site plan of PLAN, and says what it gives
	@sh tools/plan.sh

drill: setup  ## rehearse switchover, failover and failback on a twin; KEEP=1 leaves the twin up
	@sh tools/drill.sh

room: setup  ## rehearse the upgrade of a rack on a twin: down, waiting, up again; KEEP=1 leaves the twin up
	@sh tools/room.sh

migration: setup  ## rehearse a move on a twin of legacy servers: copy, cut over, prove; WAVE=2 DECISION=back OFFLINE=1 KEEP=1
	@sh tools/migration.sh

test:  ## everything: linters, sanity, unit, integration, molecule; ONLY="unit lint" for some
	@WITH_NEWEST=1 sh tools/setup.sh
	@.venv/bin/python tools/run_tests.py $(ONLY)

lint: setup  ## the linters alone
	@.venv/bin/python tools/run_tests.py lint

bench: setup  ## figures beside their peers; NAME=... for one
	@.venv/bin/python tools/run_benches.py $(NAME)

faults: setup  ## break a twin under the runbooks; SEED= ONLY="kill.failover" TRIALS=10 MINUTES=60 KEEP=1
	@.venv/bin/python tools/faults.py $(if $(SEED),--seed $(SEED)) $(if $(TRIALS),--trials $(TRIALS)) \
		$(if $(ONLY),--only "$(ONLY)") $(if $(MINUTES),--minutes $(MINUTES)) $(if $(filter 1,$(KEEP)),--keep)

twin-up: setup  ## the twin of PLAN (rehearsal) on this machine
	@sh tools/twin.sh up

twin-down: setup  ## takes the twin down, and leaves nothing
	@sh tools/twin.sh down

twin-leaks:  ## lists what is left of any twin; nothing when clean
	@/usr/bin/python3 tools/leftovers.py

docs: setup  ## reference of modules, plugins and roles into build/docs
	@sh tools/docs.sh
