# Everything sets itself up: a fresh machine needs Python 3.11, make and git, and reaches the package registries.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LIGHTRAIL := $(BIN)/lightrail
TEST_ROOT := .local/test

.DEFAULT_GOAL := help
.PHONY: help demo up down clean test check bench package deploy environment

help: ## Show this list
	@echo "Lightrail: an article store fed by delta files. Start with: make demo"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "More: .venv/bin/lightrail --help"

environment:
	@$(PYTHON) infra/local/environment.py

demo: environment ## Set up, start everything here, send sample files, show what happened
	@$(LIGHTRAIL) demo

up: environment ## Start and deploy the local stack; changes nothing that is right already
	@$(LIGHTRAIL) stack up

down: environment ## Stop the local stack; what it stored stays
	@$(LIGHTRAIL) stack down

clean: environment ## Stop the local stack and forget what it stored
	@$(LIGHTRAIL) --root $(TEST_ROOT) stack clean
	@$(LIGHTRAIL) stack clean

test: check ## Run every check, then every test
	@$(BIN)/pytest -n 2 --dist loadfile tests/unit tests/contract tests/functional
	@$(BIN)/pytest tests/end_to_end

check: environment ## Style, types, the packaged template, OpenAPI, docs
	@$(BIN)/python -m infra.check

bench: environment ## Measure against the raw parts: docs/performance.md explains the figures
	@$(BIN)/python -m tests.bench

package: environment ## Build what is deployed, into build/
	@$(BIN)/python -m infra.packaging build

deploy: environment ## Deploy to AWS with your own credentials: make deploy STAGE=name
	@test -n "$(STAGE)" || { echo "Name the stage: make deploy STAGE=production"; exit 2; }
	@$(BIN)/python -m infra.deploy "$(STAGE)"
