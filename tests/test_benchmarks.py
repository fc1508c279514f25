"""What the benchmarks claim in the repository: derived constants, and the table in README."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from glevel_fast.api import Scorer
from glevel_fast.core.compiled import engine_columns

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mpmath")
def test_mapping_constants_are_those_derived():
    import derive_mapping

    assert len(derive_mapping.in_header()) == 8
    assert derive_mapping.differences() == []


def test_readme_shows_the_table_of_results():
    import targets

    results = targets.between_markers(targets.RESULTS.read_text(encoding="utf-8"))
    assert results is not None
    if not targets.README.exists():
        pytest.skip("no README.md")
    assert targets.between_markers(targets.README.read_text(encoding="utf-8")) == results


def test_table_goes_between_the_markers():
    import targets

    text = f"before\n{targets.START}\nold\n{targets.END}\nafter\n"
    new = targets.with_table(text, "| new |")
    assert targets.between_markers(new) == "| new |"
    assert new.startswith("before\n")
    assert new.endswith("\nafter\n")
    assert targets.with_table(new, "| new |") == new
    with pytest.raises(ValueError, match="bench:start"):
        targets.with_table("no markers", "| new |")


def test_verdicts():
    import targets

    faster = targets.Target("a", "a", "≥", (18, 32), (25, 45), "x")
    assert [faster.verdict(v) for v in ((25, 45), (25, 44), (18, 32), (18, 31))] == ["reached", "met", "met", "missed"]
    slower = targets.Target("b", "b", "≤", (2.0,), (1.0,), " µs")
    assert [slower.verdict((v,)) for v in (1.0, 1.5, 2.5)] == ["reached", "met", "missed"]


def test_workload_is_general_bench_in_the_engines_order():
    import workload

    bench = workload.benchmark()
    sizes = np.bincount(bench.group_of_task).tolist()
    assert sizes == [271, 45, 126, 46, 24, 20, 30, 22, 118]
    assert np.count_nonzero(engine_columns(bench)["kind"]) == 98
    assert (workload.engine_order(bench) == np.arange(bench.n_tasks)).all()
    raw = workload.raw(bench, 50)
    assert abs(np.isnan(raw).mean() - workload.MISSING) < 0.01
    scores = Scorer(bench).score(raw)  # would raise for a value outside its domain
    by_sheet = workload.workbook_benchmark()
    in_sheet_order = np.empty_like(raw)
    in_sheet_order[:, workload.engine_order(by_sheet)] = raw
    np.testing.assert_array_equal(Scorer(by_sheet).score(in_sheet_order).overall, scores.overall)
    assert 0.1 < scores.wins.sum() / scores.supported.sum() < 0.5
