# `make demo` and `make test` set up everything they need; what is up to date is not made again.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

BIN := .venv/bin
STAMPS := .venv/stamps
# The environment's own tools come first: jlpm, and Node where the machine has none.
export PATH := $(CURDIR)/$(BIN):$(PATH)

NODE_MODULES := node_modules/.yarn-state.yml
FRONT_END := kfjlab/labextension/static/style.js
FRONT_END_SOURCES := $(shell find src style schema -type f -not -path '*/__tests__/*') package.json tsconfig.json

.PHONY: help env demo lab docs bench test lint test-python test-js test-ui test-versions lock clean

help: ## show these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

env: $(STAMPS)/project ## set up .venv: locked dependencies, the JupyterLab extension, the package itself

demo: env ## run an example notebook as a pipeline, and show what came out
	@scripts/demo

lab: env ## open JupyterLab on the examples
	@exec jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) examples

docs: env ## the documentation as web pages, in build/docs
	@sphinx-build -q -W --keep-going -b html docs build/docs && echo "build/docs/index.html"

bench: env ## measure against other tools (benchmarks/README.md)
	@exec python -m benchmarks

test: env $(NODE_MODULES) ## everything: lint, Python, TypeScript, browser
	@scripts/test

lint: env $(NODE_MODULES) ## style and types
	@scripts/test lint

test-python: env ## the Python tests
	@scripts/test python

test-js: $(NODE_MODULES) ## the TypeScript tests
	@scripts/test js

test-ui: env ## the tests in a browser
	@scripts/test ui

test-versions: env ## each supported Python and JupyterLab (VERSIONS="3.9 lab": only these)
	@scripts/test-versions $(VERSIONS)

lock: env ## write the lock files anew
	@scripts/lock

clean: ## remove what was built and installed
	rm -rf .venv node_modules lib dist kfjlab/labextension kfjlab/_version.py *.tsbuildinfo
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMPS)/python: requirements/dev.lock scripts/python-env
	@scripts/python-env
	mkdir -p $(@D) && touch $@

$(STAMPS)/node: $(STAMPS)/python requirements/node.lock hatch_build.py
	@scripts/node
	touch $@

$(NODE_MODULES): $(STAMPS)/node package.json yarn.lock .yarnrc.yml
	@echo "==> JavaScript dependencies"
	scripts/quietly jlpm install --immutable
	touch $@

$(FRONT_END): $(NODE_MODULES) $(FRONT_END_SOURCES)
	@echo "==> JupyterLab extension"
	scripts/quietly jlpm build
	touch $@

$(STAMPS)/project: $(FRONT_END) pyproject.toml hatch_build.py install.json $(wildcard jupyter-config/*/*.json)
	@echo "==> kfjlab itself, editable"
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
