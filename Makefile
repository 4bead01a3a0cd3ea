# Each target works as the first command on a fresh Debian with Python 3.11 or newer and make.

SHELL := /bin/bash
BIN := .venv/bin
# Where a change is judged, order and chance are the same each time.
SEED := $(if $(CI),--randomly-seed=20261122)
# For `make peers`: real servers from Debian's packages.
PEER_PACKAGES := ceph-mon ceph-mgr ceph-osd radosgw ceph-common orthanc orthanc-dicomweb chromium nginx-light haproxy dcmtk

# How long `make fuzz` stays with one harness.
SECONDS_EACH := 300
# What `make viewer` looks at.
ARCHIVE := http://127.0.0.1:8042

.DEFAULT_GOAL := help
.PHONY: run test lint fuzz peers viewer bench clean help

run: .venv/run.stamp ## show the whole way of a package into an archive in ./var/demo
	@PATH="$(CURDIR)/$(BIN):$$PATH" deploy/demo.sh

test: lint ## lint, then every test that needs no server from Debian's packages
	$(BIN)/pytest -n 3 -m "not peers" $(SEED)

lint: .venv/dev.stamp ## formatting, rules, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

peers: .venv/dev.stamp ## the tests against real servers; installs Debian's packages for them
	@deploy/debian.sh $(PEER_PACKAGES)
	@deploy/viewer/viewer.sh || echo "The OHIF viewer could not be fetched: the tests that look at images through it are skipped."
	$(BIN)/pytest -m peers $(SEED)

fuzz: .venv/dev.stamp ## feed the readers of what strangers send with inputs made to break them
	@mkdir -p var/fuzz
	for harness in multipart accepting pdus conversations; do mkdir -p var/fuzz/$$harness && $(BIN)/python -m tests.fuzz.$$harness \
		var/fuzz/$$harness -max_total_time=$(SECONDS_EACH) -timeout=20 -artifact_prefix=var/fuzz/ || exit 1; done

viewer: .venv/run.stamp ## fetch the OHIF viewer and serve it for the archive at ARCHIVE (docs/viewer.md)
	@deploy/viewer/viewer.sh
	$(BIN)/python deploy/viewer/viewer.py --archive $(ARCHIVE)

bench: .venv/dev.stamp ## measure on this machine (docs/benchmarks.md)
	$(BIN)/python -m benchmarks

clean: ## remove what these targets made, and the demo; an archive of yours stays
	rm -rf .venv build *.egg-info var/demo .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/run.stamp: requirements/run.txt requirements/build.txt pyproject.toml
	@deploy/environment.sh requirements/run.txt requirements/build.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt pyproject.toml
	@deploy/environment.sh requirements/dev.txt
	@touch $@ .venv/run.stamp
