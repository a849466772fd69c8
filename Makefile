PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test lint bench faults load corpora clean

app: .venv/installed
	$(BIN)/rowsmith app

# What measures, drives a browser or takes processes down needs the machine for itself.
ALONE := tests/benchmarks/test_large.py tests/e2e tests/faults tests/load

test: .venv/installed lint
	$(BIN)/pytest --numprocesses 2 --dist loadfile $(ALONE:%=--ignore=%)
	$(BIN)/pytest $(ALONE)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed
	$(BIN)/python -m tests.benchmarks $(NAMES)

faults: .venv/installed
	$(BIN)/python -m tests.faults

load: .venv/installed
	$(BIN)/python -m tests.load

corpora: .venv/installed
	$(BIN)/python -m tests.corpora $(FOLDER)

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info
