# Linli. `make` lists what there is; `make run` is the way in.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8000
PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
# `make test ARGS="tests/grid -x"` hands arguments on to pytest.
ARGS ?=
SOURCES := config demo grid maps realtime ui workflows tests scripts manage.py
TEMPLATES := $(wildcard */templates)
TYPED := grid/actions workflows/actions workflows/engine realtime

.PHONY: help run test lint e2e bench-locate bench-import bench-inbox bench-map bench-wall bench-engine bench-engine-peer bench-figures bench-fanout bench-fanout-stock demo simulate vendor messages screenshots clean setup setup-dev services

help: ## List these commands
	@echo "Linli (邻里)"
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## Start the demo town on http://127.0.0.1:8000 (PORT=8123 for another port)
	@exec $(MANAGE) demo --serve --port $(PORT)

demo: setup ## Write the demo town into an empty database, start nothing
	@$(MANAGE) demo

simulate: setup ## Let the demo town's people file and handle cases until stopped (RATE=0.2 cases a second)
	@exec $(MANAGE) simulate --rate $(or $(RATE),0.2)

test: lint services ## Run everything: lint, then all tests with real PostgreSQL, Redis and Chromium
	@$(MANAGE) compile_translations
	@scripts/test.sh $(ARGS)

lint: setup-dev ## Check style, types, templates and the direction of imports
	@echo "ruff, mypy, djlint, import-linter"
	@.venv/bin/ruff check $(SOURCES)
	@.venv/bin/ruff format --check --quiet $(SOURCES)
	@.venv/bin/mypy $(TYPED)
	@.venv/bin/djlint --lint --quiet $(TEMPLATES)
	@.venv/bin/lint-imports

e2e: setup-dev services ## Run the journeys in a real browser only
	@$(MANAGE) compile_translations
	@scripts/test.sh tests/e2e $(ARGS)

bench-locate: setup ## Time finding the member for a point against the bare search tree
	@$(PYTHON) -m tests.benchmarks.bench_locate $(if $(MILLION),--million)

bench-import: setup-dev ## Time importing a generated city with all checks (GRIDS=2000 for a small one)
	@GRIDS=$(or $(GRIDS),40000) $(PYTHON) -m tests.benchmarks.bench_import

bench-engine: setup-dev services ## Time the workflow engine against plain rows on PostgreSQL
	@$(PYTHON) -m tests.benchmarks.bench_engine

bench-engine-peer: setup-dev services ## Time the workflow engine against SpiffWorkflow with its state as JSON
	@$(PYTHON) -m tests.benchmarks.bench_engine --peer

bench-figures: setup-dev services ## Time a month's figures of a city's every grid (CASES=100000 GRIDS=4000 for a small one)
	@CASES=$(or $(CASES),1000000) GRIDS=$(or $(GRIDS),40000) $(PYTHON) -m tests.benchmarks.bench_figures

bench-inbox: setup-dev services ## Time the desk's first page among 800,000 tasks against 8,000 (TASKS=80000 for fewer)
	@TASKS=$(or $(TASKS),800000) $(PYTHON) -m tests.benchmarks.bench_inbox

bench-map: setup-dev services ## Time the maps of a city of 40,000 grids and a million cases (GRIDS=2000 CASES=50000 for a small one)
	@GRIDS=$(or $(GRIDS),40000) CASES=$(or $(CASES),1000000) $(PYTHON) -m tests.benchmarks.bench_map

bench-fanout: setup-dev services ## Time telling 5,000 sockets against a raw broadcast (SOCKETS=500 for fewer)
	@SOCKETS=$(or $(SOCKETS),5000) $(PYTHON) -m tests.benchmarks.bench_fanout

bench-fanout-stock: setup-dev services ## Time telling 5,000 sockets against stock group_send with channels_redis
	@SOCKETS=$(or $(SOCKETS),5000) $(PYTHON) -m tests.benchmarks.bench_fanout --stock

bench-wall: setup-dev services ## Let a wall live through an accelerated week and see whether it grows (HOURS=48 for less)
	@HOURS=$(or $(HOURS),168) $(PYTHON) -m tests.benchmarks.bench_wall

screenshots: setup-dev services ## Take the pictures in docs/screenshots/ anew
	@$(MANAGE) compile_translations
	@$(PYTHON) scripts/screenshots.py

vendor: ## Fetch the scripts and styles that pages load (needs npm and the network)
	@python3 scripts/vendor.py

messages: setup-dev ## Check that every text has its Chinese translation, and compile them
	@$(PYTHON) scripts/messages.py
	@$(MANAGE) compile_translations

clean: ## Remove the virtual environment and caches (the database in var/ stays)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@scripts/setup.sh requirements.txt

setup-dev:
	@scripts/setup.sh requirements-dev.txt

services:
	@scripts/services.sh
