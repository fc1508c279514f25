# make demo, make test: all set-up included, in a virtual environment of their own (.venv).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CPP := $(wildcard cpp/*.?pp cpp/*/*.?pp)
SOURCES := pyproject.toml CMakeLists.txt README.md LICENSE $(CPP) $(shell find python -name '*.py*' -o -name '*.csv' -o -name 'page.*' | grep -v __pycache__)

# The tests side by side, those of a file together, as the examples of a page need it; pytest-benchmark has nothing to do
# in them.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile -p no:benchmark

.PHONY: demo test lint format bench bench-avx2 docs develop clean sanitize determinism coverage fuzz mutants test-lowest wheel lock audit

demo: $(VENV)/.installed
	$(BIN)/glevel demo

test: $(VENV)/.installed $(VENV)/.test
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

lint: $(VENV)/.installed $(VENV)/.test $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP) tests/cpp/*.cpp
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest glevel_fast._core --allowlist tests/stubtest_allowlist.txt

format: $(VENV)/.lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(CPP) tests/cpp/*.cpp

# Measures and prints the table of targets. A full run writes benchmarks/RESULTS.md and its figures, README's table,
# results.json and a line of history.csv for each row; one with a selection (PYTEST_ARGS) writes nothing. A peer that
# cannot be installed is left out by name.
bench: $(VENV)/.installed $(VENV)/.test
	$(BIN)/pip install -q --group bench
	$(BIN)/pip install -q --group peers || for peer in jax numba polars; do $(BIN)/pip install -q $$peer || true; done
	$(BIN)/python -m pytest benchmarks --write-results $(PYTEST_ARGS)

# The same on a machine with AVX-512, as far as that can be: the engine, NumPy, its BLAS, numba and JAX do without.
bench-avx2: export GLEVEL_FAST_ISA := avx2
bench-avx2: export NUMBA_CPU_NAME := haswell
bench-avx2: export NUMBA_CPU_FEATURES := +avx2,+fma,+bmi2
bench-avx2: export OPENBLAS_CORETYPE := Haswell
bench-avx2: export XLA_FLAGS := --xla_cpu_max_isa=AVX2
bench-avx2: export NPY_DISABLE_CPU_FEATURES = $(shell $(BIN)/python -c 'from numpy._core._multiarray_umath import __cpu_dispatch__ as d; print(*(f for f in d if "AVX512" in f or f == "X86_V4"))')
bench-avx2: bench

# Renews what scripts print into the documents, then builds the site into build/site; a warning is an error.
docs: $(VENV)/.installed $(VENV)/.test $(VENV)/.docs
	$(BIN)/python docs/how_sure.py
	$(BIN)/python docs/ladder.py
	$(BIN)/python docs/metrics.py
	$(BIN)/python docs/quick_boards.py
	$(BIN)/python docs/schemas.py
	$(BIN)/python -m pytest -q -p no:benchmark --renew docs python README.md
	$(BIN)/python docs/commands.py > docs/reference/commands.md
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# What follows builds the C++ in other ways, below build/; CONTRIBUTING.md says how long each takes.
NATIVE := PATH="$(CURDIR)/$(BIN):$$PATH"
FUZZ_SECONDS ?= 120
SEED ?= 1

sanitize determinism: $(VENV)/.installed $(VENV)/.test $(VENV)/.native
	$(NATIVE) tests/native.sh $@

coverage: $(VENV)/.installed $(VENV)/.test $(VENV)/.native
	$(NATIVE) tests/native.sh coverage $(PYTEST_ARGS)

fuzz: $(VENV)/.installed $(VENV)/.test $(VENV)/.native
	$(NATIVE) tests/native.sh kernels 10000 $(SEED)
	$(BIN)/python tests/fuzz/fuzz_readers.py --seconds $(FUZZ_SECONDS) --seed $(SEED)

mutants: $(VENV)/.installed $(VENV)/.test $(VENV)/.native
	$(NATIVE) python tests/mutations.py $(MUTANTS)

# The run-time dependencies at their lower bounds, the tools of the tests as new as these allow.
test-lowest: $(VENV)/.supply
	rm -rf build/lowest && mkdir -p build
	$(BIN)/uv venv -q --python $(PYTHON) build/lowest
	$(BIN)/uv pip install -q --python build/lowest --resolution lowest-direct '.[all]'
	$(BIN)/uv pip freeze -q --python build/lowest | grep -v '^glevel' > build/lowest/constraints.txt
	$(BIN)/uv pip install -q --python build/lowest -c build/lowest/constraints.txt --group test
	build/lowest/bin/python -m pytest $(SIDE_BY_SIDE) -W ignore::DeprecationWarning $(PYTEST_ARGS)  # of old dependencies among themselves

# The sdist, from it a manylinux wheel for this machine, and its tests in an environment without a compiler.
# rouge-score, pure Python, is published as source alone.
WHEEL := build/wheel
wheel: $(VENV)/.wheel
	rm -rf $(WHEEL) && mkdir -p $(WHEEL)
	$(BIN)/python -m build -q --outdir $(WHEEL)/built .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir $(WHEEL)/dist $(WHEEL)/built/*.whl
	cp $(WHEEL)/built/*.tar.gz $(WHEEL)/dist
	$(BIN)/twine check --strict $(WHEEL)/dist/*
	$(PYTHON) -m venv $(WHEEL)/venv
	$(WHEEL)/venv/bin/pip install -q --upgrade 'pip>=25.1'
	CC=false CXX=false $(WHEEL)/venv/bin/pip install -q --only-binary :all: --no-binary rouge-score "$$(ls $(WHEEL)/dist/*.whl)[all]"
	$(WHEEL)/venv/bin/pip install -q --group test
	$(WHEEL)/venv/bin/python -m pytest $(SIDE_BY_SIDE) tests/core tests/loading tests/cli tests/test_package.py $(PYTEST_ARGS)

# Every dependency of development with its hashes: pip install --require-hashes -r requirements-dev.txt
lock: $(VENV)/.supply
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -q -o requirements-dev.txt

audit: $(VENV)/.supply
	BIN=$(BIN) tests/audit.sh

# Python edits take effect at once, C++ edits at the next import.
develop: $(VENV)/.test $(VENV)/.lint
	$(BIN)/pip install -q scikit-build-core hatch-fancy-pypi-readme pybind11 cmake ninja
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

$(VENV)/.native: $(VENV)/.created pyproject.toml
	$(BIN)/pip install -q --group native
	touch $@

$(VENV)/.docs: $(VENV)/.created pyproject.toml
	$(BIN)/pip install -q --group docs
	touch $@

$(VENV)/.wheel: $(VENV)/.created pyproject.toml
	$(BIN)/pip install -q --group wheel
	touch $@

$(VENV)/.supply: $(VENV)/.created pyproject.toml
	$(BIN)/pip install -q --group supply
	touch $@
