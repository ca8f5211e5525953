# `make help` lists what people use. Everything works on a fresh clone with python3, make and git, again, and offline once
# it is set up: the stamps in .venv say which lock file was installed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/flask
# The lock names every package, so nothing is left to resolve: a release newer than the lock cannot get in the way.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
ARGS ?=
# Tests wait for browsers, servers and databases: one worker more than cores goes on meanwhile.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

export FLASK_APP := app
export FLASK_SKIP_DOTENV := 1
export PYTHONUNBUFFERED := 1
# Empty is off. Compiled files save each process that the tests start a second, and each worker the half of its start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test test-postgres check lint soak bench figures release-check taps keys setup setup-dev setup-s3 chromium fonts format docs pictures coverage lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup fonts ## set up and serve the site; demo data into an empty database (KUAIJI_DEMO=no leaves it empty)
	@$(FLASK) init
	@case "$${KUAIJI_ENV:-development}/$${KUAIJI_DEMO:-yes}" in \
		production/*|*/no|*/No|*/NO|*/false|*/0|*/off) ;; \
		*) $(FLASK) demo --if-empty --quiet ;; \
	esac
	@exec $(FLASK) serve

test: setup-dev chromium fonts ## every test; ARGS="..." goes to pytest
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak" $(ARGS)

test-postgres: setup-dev ## the tests inside one process, on PostgreSQL; ARGS="..." goes to pytest
	@TEST_ENGINE=postgresql $(BIN)/python -m pytest -n auto --dist worksteal -m "not soak and not browser and not sqlite" $(ARGS)

check: setup-dev ## format, lint, types, the quick unit tests; under a minute
	@code=0; said=$$(mktemp); trap 'rm -f "$$said"' EXIT; \
	$(MAKE) --no-print-directory lint >"$$said" 2>&1 & lint=$$!; \
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not browser and not slow and not postgres and not soak" \
		--durations=0 --durations-min=2 tests/unit || code=$$?; \
	wait "$$lint" || code=$$?; cat "$$said"; exit "$$code"

lint: setup-dev
	@code=0; said=$$(mktemp); trap 'rm -f "$$said"' EXIT; \
	$(BIN)/mypy >"$$said" 2>&1 & types=$$!; \
	{ { $(BIN)/ruff format --check --quiet . || { echo "run: make format"; false; }; } && \
		$(BIN)/ruff check --quiet . && $(BIN)/djlint templates --lint --quiet; } || code=$$?; \
	wait "$$types" || code=$$?; cat "$$said"; exit "$$code"

soak: setup-dev chromium fonts $(VENV)/schema/.installed ## the long forms of the tests: many rounds of each
	@PYTHONPATH=$(VENV)/schema $(BIN)/python -m pytest -m "soak or hypothesis" --hypothesis-profile=long $(ARGS)

bench: setup-dev bench/.venv/.installed ## the performance suite, short; ARGS="--people 2000000" (docs/performance.md)
	@$(BIN)/python -m bench $(ARGS)

figures: setup-dev chromium fonts ## docs/figures.md from what was tried; ARGS="R6 S5" tries these rows first, "all" every row
	@$(BIN)/python -m scripts.figures $(ARGS)

release-check: setup-dev ## what is missing before this version may be tagged
	@$(BIN)/python -m scripts.release_check

# What the targets above are made of.
#
# Several set-ups at once: one works, the others wait and find it done, so each recipe looks again once it has the lock.
# A system without flock (macOS) has no lock; there one set-up at a time is enough.
LOCK_VENV := mkdir -p $(VENV); if command -v flock >/dev/null; then exec 9<$(VENV); flock 9; fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(LOCK_VENV); [ -x $@ ] || { \
		echo "Making the virtual environment $(VENV) ..."; \
		$(PYTHON) -m venv $(VENV) || { \
			echo "python3 has no venv module (Debian: apt-get install python3-venv)" >&2; exit 1; }; }

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@$(LOCK_VENV); [ $@ -nt $< ] || { \
		echo "Installing the packages of $< (once; a minute or less) ..."; $(PIP) -r $<; touch $@; }

$(VENV)/.installed-dev: requirements-dev.txt | $(BIN)/python
	@$(LOCK_VENV); [ $@ -nt $< ] || { \
		echo "Installing the packages of $< (once; a minute or less) ..."; $(PIP) -r $<; touch $@ $(VENV)/.installed; }

# Only for files in an object store (docs/operations.md): the site runs without it.
$(VENV)/.installed-s3: requirements-s3.txt $(VENV)/.installed
	@$(LOCK_VENV); [ $@ -nt $< ] || { \
		echo "Installing the packages of $< (once; a minute or less) ..."; $(PIP) -r $<; touch $@; }

# What the bench compares with: its packages must not be able to reach the product.
bench/.venv/.installed: bench/requirements.txt | $(BIN)/python
	@echo "Installing the packages of bench/requirements.txt (once; a minute or less) ..."
	@$(PYTHON) -m venv bench/.venv
	@bench/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/requirements.txt
	@touch $@

# schemathesis asks the API; its packages come along in the long form only, since they hook into every run of pytest.
$(VENV)/schema/.installed: tests/integration/api/requirements.txt | $(BIN)/python
	@$(PIP) --target $(VENV)/schema --upgrade -r tests/integration/api/requirements.txt
	@touch $@

setup: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev

setup-s3: $(VENV)/.installed-s3

chromium: $(BIN)/python
	@scripts/ensure_chromium.sh $(VENV)

fonts: $(BIN)/python
	@scripts/ensure_fonts.sh $(VENV)

format: setup-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: setup-dev
	@$(BIN)/python scripts/settings_table.py
	@$(BIN)/python -m scripts.rooms_drawing
	@$(BIN)/python scripts/licences.py

taps: setup-dev chromium fonts ## count the taps and keys of the applicant's whole way on a phone
	@$(BIN)/python -m scripts.taps

keys: setup-dev chromium fonts ## count the keys of an officer's decision: a clean case, a second look, a return
	@$(BIN)/python -m scripts.keys

pictures: setup-dev fonts
	@$(BIN)/python -m scripts.pictures

coverage: setup-dev
	@$(BIN)/python -m pytest -n auto -m "not soak and not browser" --cov --cov-report=term --cov-fail-under=100 $(ARGS)

# uv is no dependency of ours: any copy will do. The lock names no index, so that every mirror serves.
UV := $(firstword $(wildcard $(BIN)/uv) uv)
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

lock:
	@$(LOCK) $(ARGS) -o requirements.txt requirements.in
	@$(LOCK) $(ARGS) -c requirements.txt -o requirements-s3.txt requirements-s3.in
	@$(LOCK) $(ARGS) -c requirements.txt -c requirements-s3.txt -o requirements-dev.txt requirements-dev.in
	@$(LOCK) $(ARGS) -c requirements.txt -o bench/requirements.txt bench/requirements.in
	@$(LOCK) $(ARGS) -c requirements-dev.txt -o tests/integration/api/requirements.txt tests/integration/api/requirements.in

clean:
	@rm -rf $(VENV) bench/.venv .pytest_cache .mypy_cache .ruff_cache .hypothesis htmlcov .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
