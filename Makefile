# make demo, make test: all set-up included, in a virtual environment of their own (.venv).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt README.md LICENSE $(wildcard cpp/*) $(shell find python -name '*.py*' -o -name '*.csv' -o -name 'page.*' | grep -v __pycache__)

.PHONY: demo test lint format bench docs develop clean

demo: $(VENV)/.installed
	$(BIN)/glevel score

test: $(VENV)/.installed $(VENV)/.test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.installed $(VENV)/.test $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror cpp/*.cpp cpp/*.hpp
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest glevel_fast._core --allowlist tests/stubtest_allowlist.txt

format: $(VENV)/.lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i cpp/*.cpp cpp/*.hpp

# Measures, prints the table of targets, writes benchmarks/RESULTS.md, its figure and README's table. A peer that
# cannot be installed is left out by name.
bench: $(VENV)/.installed $(VENV)/.test
	$(BIN)/pip install -q --group bench
	$(BIN)/pip install -q --group peers || for peer in jax numba polars; do $(BIN)/pip install -q $$peer || true; done
	$(BIN)/python -m pytest benchmarks --write-results $(PYTEST_ARGS)

docs: $(VENV)/.installed
	$(BIN)/python docs/how_sure.py

# Python edits take effect at once, C++ edits at the next import.
develop: $(VENV)/.test $(VENV)/.lint
	$(BIN)/pip install -q scikit-build-core pybind11 cmake ninja
	$(BIN)/pip install -q --no-build-isolation --config-settings=editable.rebuild=true -e '.[all]'
	touch $(VENV)/.installed

clean:
	rm -rf $(VENV) build

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
	touch $@

$(VENV)/.installed: $(VENV)/.created $(SOURCES)
	$(BIN)/pip install -q '.[all]'
	touch $@

$(VENV)/.test: $(VENV)/.created pyproject.toml
	$(BIN)/pip install -q --group test
	touch $@

$(VENV)/.lint: $(VENV)/.created pyproject.toml
	$(BIN)/pip install -q --group lint
	touch $@
