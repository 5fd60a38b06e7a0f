# `make run` and `make test` set up what they need; both are quick once the environment is there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint format check wheel bench clean

run: $(VENV)/ready-to-run
	$(BIN)/streamlit run app.py

test: $(VENV)/ready-to-test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(TEST_OPTIONS)

lint: $(VENV)/ready-to-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/ready-to-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What CI runs; the report of lines that no test reaches takes a tenth longer.
check: TEST_OPTIONS = --cov --cov-report=term
check: lint test

wheel: $(VENV)/ready-to-test
	$(BIN)/python -m pip wheel . --no-deps --no-build-isolation --wheel-dir dist

bench: $(VENV)/ready-to-test
	$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "facecluster needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready-to-run: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/ready-to-test: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/ready-to-run
