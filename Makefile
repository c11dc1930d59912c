# make demo   a made drive, run through the shipped model, scored against its truth (base install, no torch)
# make test   the whole test suite (Python 3.11: installs the training part as well)
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
PIP := .venv/bin/python -m pip --disable-pip-version-check -q
DEMO := build/demo

.PHONY: help demo test lint check constraints clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

.venv/base: pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
	  { echo "make: needs Python 3.11, 3.12 or 3.13 (found: $$($(PYTHON) --version 2>&1 || echo none)). Debian 12: apt-get install python3 python3-venv"; exit 1; }
	@[ -x .venv/bin/python ] || $(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "make: Python's venv is missing. Debian: apt-get install python3-venv"; exit 1; }
	@start=$$SECONDS; echo "installing the base into .venv (no torch) ..."; \
	  $(PIP) install -c constraints.txt -e . || { echo "make: pip failed. It needs a package index and about 1 GB of disk; run make again"; exit 1; }; \
	  echo "installed in $$((SECONDS - start)) s"
	@touch $@

.venv/dev: .venv/base
	@.venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "make: the tests need Python 3.11 (the training part is pinned for it). Remove .venv, then: make test PYTHON=python3.11"; exit 1; }
	@start=$$SECONDS; echo "installing the training and test part into .venv ..."; \
	  $(PIP) install -c constraints.txt torch && $(PIP) install -c constraints.txt -e '.[train,dev]' && \
	  echo "installed in $$((SECONDS - start)) s"
	@touch $@

demo: .venv/base
	@.venv/bin/python scripts/demo.py $(DEMO)

lint: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/codespell
	@mkdir -p build/types && ln -sfn "$(CURDIR)" build/types/gatukoll  # mypy wants the root under its package's name
	cd build && MYPYPATH=types ../.venv/bin/mypy -p gatukoll --config-file ../pyproject.toml
	.venv/bin/lint-imports

test: .venv/dev
	.venv/bin/python -m pytest -n 2 --dist worksteal

constraints: .venv/dev
	@.venv/bin/python scripts/constraints.py > constraints.new && mv constraints.new constraints.txt && git diff --stat constraints.txt

clean:
	rm -rf build dist *.egg-info
