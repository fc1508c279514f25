"""Calls without number leave nothing behind."""

import gc
import sys

import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl
from glevel_fast import _core
from glevel_fast.core.compiled import engine_columns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def resident():
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def growth(call, times):
    for _ in range(times // 10):  # allocators and caches fill
        call()
    gc.collect()
    before = resident()
    for _ in range(times):
        call()
    gc.collect()
    return resident() - before


def test_scoring():
    benchmark, raw = random_case(3, 50, seed=1)
    scorer = gl.Scorer(benchmark)
    assert growth(lambda: scorer.score(raw, threads=1), 100_000) < 2**21  # 20 bytes a call would be seen


def test_threads():
    benchmark, raw = random_case(100, 700, seed=1)
    scorer = gl.Scorer(benchmark)
    assert growth(lambda: scorer.score(raw, threads=3), 2000) < 2**21


def test_engines_and_refusals():
    benchmark, raw = random_case(3, 50, seed=1)
    columns = engine_columns(benchmark)

    def call():
        engine = _core.Engine(**columns, zero_scores=False)
        engine.map(raw, 1)
        with pytest.raises(TypeError):
            engine.score(raw.T, 1)
        with pytest.raises(ValueError, match="weight"):
            _core.Engine(**{**columns, "weight": np.full(50, -1.0)}, zero_scores=False)

    assert growth(call, 5000) < 2**21


def test_a_summary_takes_memory_for_what_it_counts_only():
    benchmark, raw = random_case(1000, 20, seed=1)
    scorer = gl.Scorer(benchmark, fractions="keep")
    prepared = scorer.prepare(raw)
    before = resident()
    summary = scorer.ablate(prepared, gl.SpecialistSets.perturbed(benchmark, 64), threads=1).summary
    whole = sum(array.nbytes for array in summary.arrays.values())
    assert resident() - before < whole / 2


def test_readers(tmp_path):
    for name in ("narwhals", "pandas"):
        pytest.importorskip(name, reason="the extra `frames` is not installed")
    benchmark, raw = random_case(3, 50, seed=1)
    path = tmp_path / "a.csv"
    gl.Results.from_array(["a", "b", "c"], raw, benchmark).to_pandas().to_csv(path, index=False)
    (tmp_path / "bad.csv").write_text("model,x\na,1\n")

    def call():
        gl.load_results(path, benchmark)
        with pytest.raises(gl.ResultsError):
            gl.load_results(tmp_path / "bad.csv", benchmark)

    assert growth(call, 300) < 2**21
