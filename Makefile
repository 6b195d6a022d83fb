# `make` lists the targets. Every target builds what it needs; only Python 3.11 or newer, pip and make are asked of the machine.
# PYTHON=/path/to/python3 chooses another Python for .venv, WORKERS=8 more processes for the tests (many tests wait: 3 fill two cores), ROUNDS=100 a longer soak,
# SECONDS=3600 a longer time of fuzzing, MINUTES=10 a longer chaos, SEED=7 the one of that number again.

BIN := .venv/bin
WORKERS ?= 3
ROUNDS ?= 20
SECONDS ?= 300
COVERED := 95
RACES := tests/sqlite tests/memory tests/conformance tests/langchain/test_many_writers.py
SOURCES := llmcache adapters conformance tests
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help demo test check fmt docs bench reports soak chaos evaluate fuzz mutation constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.demo ## run the two use cases: answers kept, a conversation remembered
	@$(BIN)/llmcache demo

test: check ## every check, then every test with coverage
	@.ci/servers
	@echo '==> tests, $(WORKERS) at a time'
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term
	@echo '==> the core, its branches: at least $(COVERED) %'
	@$(BIN)/coverage report --include='llmcache/*' --fail-under=$(COVERED) --format=total

check: .venv/.dev ## format, lint, both type checkers, import contracts, lengths of files
	@echo '==> ruff format' && $(BIN)/ruff format --check .
	@echo '==> ruff check' && $(BIN)/ruff check .
	@echo '==> mypy, and basedpyright beside it'
	@$(BIN)/mypy $(SOURCES) & mypy=$$!; $(BIN)/basedpyright || { kill $$mypy; exit 1; }; wait $$mypy
	@echo '==> lint-imports' && $(BIN)/lint-imports --no-cache --no-logo
	@echo '==> lengths' && $(BIN)/python -m tests.architecture.lengths

fmt: .venv/.dev ## format, and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/.dev ## run every example of the docs and follow every link inside them
	@$(BIN)/pytest tests/docs

bench: .venv/.bench ## measure us beside the peers, in one run
	@.ci/servers
	@$(BIN)/python -m benchmarks

reports: .venv/.dev ## make the stored conformance reports and their table anew, on servers that it starts
	@.ci/servers
	@$(BIN)/python -m tests.reporting

soak: MINUTES ?= 60
soak: .venv/.dev ## repeat the tests that kill, fork and race, ROUNDS times, then MINUTES of chaos over all stores; stop at a failure
	@.ci/servers
	@for round in $$(seq $(ROUNDS)); do \
	    echo "==> round $$round of $(ROUNDS)"; \
	    $(BIN)/pytest -q -x -m slow -n $(WORKERS) $(RACES); \
	done
	@$(BIN)/python -m tests.chaos --seconds $$(($(MINUTES) * 60 / 5)) --pictures reports/soak $(if $(SEED),--seed $(SEED))

chaos: MINUTES ?= 1
chaos: .venv/.dev ## let faults befall every kind of store, MINUTES each, and judge every answer and message
	@.ci/servers
	@$(BIN)/python -m tests.chaos --seconds $$(($(MINUTES) * 60)) --pictures reports/chaos $(if $(SEED),--seed $(SEED))

evaluate: DATA ?= ../shared/data
evaluate: .venv/.dev ## measure how often an answer by meaning is wrong, on the labelled questions in DATA; three minutes the first time
	@$(BIN)/python -m benchmarks.meaning $(DATA)

fuzz: .venv/.fuzz ## fuzz everything that reads what others wrote, SECONDS altogether, and renew the corpus
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

mutation: .venv/.dev ## change keys/ and codec/ line by line and see whether a test notices
	@$(BIN)/python -m benchmarks.mutation --workers $(WORKERS)

constraints: ## resolve every extra anew and write constraints.txt
	@echo '==> resolving every extra, about a minute'
	@rm -rf .venv-constraints
	@python3 -m venv .venv-constraints
	@.venv-constraints/bin/python -m pip install --quiet -e '.[dev,bench,fuzz]' -e conformance
	@.venv-constraints/bin/python -m pip freeze --exclude-editable | LC_ALL=C sort -f > constraints.txt
	@rm -rf .venv-constraints
	@echo "constraints.txt: $$(wc -l < constraints.txt) packages"

clean: ## remove what the targets made
	@rm -rf .venv .venv-constraints build dist htmlcov reports .coverage .coverage.* \
	    .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The demo needs no test tool, and whoever has the tools can run the demo: a stamp is made by a wider one, too.
.venv/.demo: pyproject.toml constraints.txt
	@if [ -e .venv/.dev ] && ! [ pyproject.toml -nt .venv/.dev ]; then :; else .ci/environment demo; fi
	@touch $@

.venv/.dev .venv/.bench .venv/.fuzz: .venv/.%: pyproject.toml conformance/pyproject.toml constraints.txt
	@.ci/environment $*
	@touch $@
