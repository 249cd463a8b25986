# Everything here needs only Python 3.11 or later: each command makes its own .venv and fills it once.
#   make demo    a real model explained, in the terminal and as HTML under limelight-demo/
#   make test    all tests, the examples in docstrings and in the documentation
#   make docs    the site, into site/
#   make lint | types | clean

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Small solves on many threads are slower than on one, and the test workers already fill the cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo docs gallery test lint types clean
.DEFAULT_GOAL := test

gallery: $(VENV)/.ready-dev
	$(BIN)/python docs/gallery.py

# The site, into site/: every page, the reference from the docstrings, the tutorials as notebooks that were run.
docs: $(VENV)-docs/.ready
	NO_MKDOCS_2_WARNING=1 LIMELIGHT_RUN_NOTEBOOKS=1 $(VENV)-docs/bin/mkdocs build

demo: $(VENV)/.ready-demo
	$(BIN)/limelight demo

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(VENV)-docs dist site limelight-demo

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "limelight needs Python 3.11 or later; say which one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# `| $(BIN)/python`: the interpreter must exist, but its date says nothing about what is installed.
# `--no-compile`: most of what is installed is never imported by the demo; Python compiles the rest when it is.
$(VENV)/.ready-demo: pyproject.toml | $(BIN)/python
	$(PIP) install --no-compile --editable ".[cli]"
	@touch $@

# An environment of its own: what builds the site should not decide what the tests run with.
$(VENV)-docs/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)-docs/bin/python -m pip install --quiet --editable ".[all]" --group docs
	@touch $@

# `pip install --group` reads [dependency-groups] and needs pip 25.1.
$(VENV)/.ready-dev: pyproject.toml | $(BIN)/python
	$(PIP) install --upgrade "pip>=25.1"
	$(PIP) install --editable ".[all]" --group dev
	@touch $@ $(VENV)/.ready-demo
