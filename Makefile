PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test lint bench faults load corpora clean

app: .venv/installed
	$(BIN)/rowsmith app

test: .venv/installed lint
	$(BIN)/pytest

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed
	$(BIN)/python -m tests.benchmarks

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
