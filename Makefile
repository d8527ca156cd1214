# make demo   from a bare checkout to the coin's answer
# make test   from a bare checkout to a green test run
# make lint   the checks that take seconds: ruff, mypy, imports, architecture
#
# Needs python3 (3.11 or newer) and make. Everything is installed into .venv, at the versions that
# requirements/constraints.txt pins.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/constraints.txt
DESCRIPTION := pyproject.toml requirements/constraints.txt

# Tensors in tests are small: one thread each is faster, and two workers then keep two cores busy.
export OMP_NUM_THREADS := 1

.PHONY: demo test lint ruff mypy imports architecture pytest clean

demo: $(VENV)/runtime
	env -u CI $(BIN)/python examples/coin.py

test: lint pytest

lint: ruff mypy imports architecture

ruff: $(VENV)/test
	$(BIN)/ruff check

mypy: $(VENV)/test
	$(BIN)/mypy

imports: $(VENV)/test
	$(BIN)/lint-imports

architecture: $(VENV)/test
	$(BIN)/python -m pytest --quiet tests/architecture

pytest: $(VENV)/test
	$(BIN)/python -m pytest --numprocesses 2 --ignore tests/architecture

# torch comes first and by itself: its pinned build is then never exchanged for another one by what depends on it.
# numpy keeps torch from warning at import that it is not there.
$(VENV)/runtime: $(DESCRIPTION)
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("flashover needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0 numpy
	$(PIP) --editable .
	touch $@

$(VENV)/test: $(VENV)/runtime
	$(PIP) --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
