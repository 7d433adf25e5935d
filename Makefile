# Targets for working on the project. `./grade` sets the environment up; GRADE_DEV=1 adds the tools used here.

.DEFAULT_GOAL := help
BIN := .venv/bin

# Lock files name versions and checksums and no index: whichever index pip is configured for will do.
COMPILE := uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --quiet --custom-compile-command "make lock"

.PHONY: help setup check lint test proof verify bench lock fmt clean

# Tests in as many processes as the machine has cores and memory for. conftest.py says which of them stay together.
PYTEST := $(BIN)/pytest -n auto --dist loadscope

help: ## Say what each target does
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: ## Make the environment, with the tools for development
	@GRADE_DEV=1 ./grade --help > /dev/null

lint: setup ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@for suite in exercises/*/hidden; do echo "mypy $$suite"; MYPYPATH=$$suite $(BIN)/mypy $$suite || exit; done

check: lint ## Style, types and all tests that need no lab and no server: under a minute
	$(PYTEST) -m "not lab and not server and not proof"

test: lint ## The same with servers and a few labs for each exercise: at most ten minutes
	$(PYTEST) -m "not proof" --cov

proof: test ## Everything: all solutions with two seeds, hostile classes, kill tests. An hour or more
	$(BIN)/python -m tests.proof

verify: setup ## Hold every suite against its solutions, with two seeds
	./grade verify --seed 1
	./grade verify --seed 2

bench: setup ## Measure against the bars
	$(BIN)/python bench/ex1.py
	$(BIN)/python bench/mlflow_exercises.py
	$(BIN)/python bench/workspace.py
	$(BIN)/python bench/feature_store.py
	$(BIN)/python bench/report.py
	$(BIN)/python bench/warm.py
	$(BIN)/python bench/classroom.py  # two hours or more: nbgrader and otter take minutes a submission

lock: ## Resolve the lock files anew (needs uv: pip install uv)
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

fmt: setup ## Bring the code into the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the environment and what the tools leave behind
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
