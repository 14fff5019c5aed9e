# The few commands people type. `make up` and `make test` set up all they need on a bare machine with git, make and
# Python 3.11 or later.
#
# STACK    dev, staging or prod            VERSION  a release, such as v1.2.2
# TARGET   empty: the local sandbox; cloud: the account and cluster that your own credentials lead to
STACK   ?= prod
TARGET  ?=
PYTHON  ?= python3
TESTS   ?=
SEQUENCES ?= 300
MAKEFLAGS += --no-print-directory
VENV    := .venv
PY      := $(VENV)/bin/python
PRODUCTION := $(VENV)/.production
READY   := $(VENV)/.ready
SITE    := build/docs/.ready
# What a command needs: a real account no more than deployments do.
NEEDED  := $(if $(filter cloud,$(TARGET)),$(PRODUCTION),$(READY))
# Importing the SDKs takes 1.3 s with their bytecode and 4 s without (2026-11-22): let Python keep it in .venv.
unexport PYTHONDONTWRITEBYTECODE

ifeq ($(TARGET),cloud)
  LEAD := PATH="$(CURDIR)/scripts/bin:$$($(PY) -m toolchain):$(CURDIR)/$(VENV)/bin:$$PATH"
  SANDBOX :=
else ifeq ($(TARGET),)
  LEAD := eval "$$($(PY) -m sandbox env)" &&
  SANDBOX := sandbox
else
  LEAD := echo "error: TARGET is empty (the sandbox) or cloud, not '$(TARGET)'" >&2; exit 2;
  SANDBOX :=
endif

.PHONY: help up test soak fuzz rollback-prod deploy shell env down clean bench check reference docs toolchain tools sandbox locks wheels

help:            ## this list
	@sed -n 's/^\([a-z-]*\): .*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

up: $(NEEDED) $(SANDBOX)   ## set up what is missing and deploy STACK at its pinned release
	@$(LEAD) rollback up -s $(STACK)

rollback-prod: STACK = prod
rollback-prod: deploy    ## go back to VERSION in prod

deploy: $(NEEDED)        ## deploy VERSION to STACK, or go back to it
	@test -n "$(VERSION)" || { echo "error: say which release: make $(firstword $(MAKECMDGOALS)) VERSION=v1.2.2" >&2; exit 2; }
	@$(LEAD) rollback deploy $(VERSION) -s $(STACK)

test: $(READY) tools    ## all the tests (TESTS=path narrows them down)
	@scripts/run-tests $(TESTS)

soak: $(READY) tools    ## the long suite
	@scripts/run-tests --soak $(TESTS)

fuzz: $(READY) tools    ## SEQUENCES of the guard's fuzz (300), going on where the last call was stopped
	@scripts/run-tests --fuzz --sequences $(SEQUENCES)

check: $(READY)          ## types and style, those of the code in artifacts too
	@$(VENV)/bin/ruff format --check . && $(VENV)/bin/ruff check . && $(VENV)/bin/mypy .
	@scripts/run-tests --soak --quiet tests/apps/test_types.py

reference: $(READY)      ## write docs/settings.md, docs/commands.md and the tables of sentences from the code
	@$(PY) -m cli.reference

docs: $(SITE)            ## build the documentation site into build/site; a link or anchor that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 build/docs/bin/mkdocs build && echo "build/site/index.html"

bench: $(READY)          ## speeds and memory, as ratios in one run, in a sandbox of its own
	@$(PY) -m tests.bench

shell: $(READY) sandbox  ## a shell with pulumi, kubectl, rollback and Python, led to the sandbox
	@$(PY) -m sandbox shell

env: $(READY)            ## the same for any shell: eval "$(make -s env)"
	@$(PY) -m sandbox env

down: $(READY)           ## stop this checkout's sandbox; its state stays
	@$(PY) -m sandbox down

clean: $(READY)          ## stop it and delete its state
	@$(PY) -m sandbox clean

wheels: $(READY)         ## guard and policies for other people's programs, into dist/
	@$(PY) -m wheels

toolchain: $(PRODUCTION)      ## build or find pulumi; prints its folder
	@$(PY) -m toolchain

LOCK := $(VENV)/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--python-version 3.11
locks: $(READY)          ## the lock files anew, after a change of pyproject.toml
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) --group sandbox --group dev -c requirements.lock -o requirements-dev.lock

tools: $(READY)
	@$(PY) -m sandbox build

sandbox: $(READY)
	@$(PY) -m sandbox up

$(READY): requirements.lock requirements-dev.lock scripts/bootstrap
	@$(PYTHON) scripts/bootstrap

$(SITE): requirements-docs.lock scripts/bootstrap
	@$(PYTHON) scripts/bootstrap docs

$(PRODUCTION): requirements.lock scripts/bootstrap
	@$(PYTHON) scripts/bootstrap $(if $(wildcard $(READY)),,--production)
