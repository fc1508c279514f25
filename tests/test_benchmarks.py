"""What the benchmarks claim in the repository: derived constants, and the table in README."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from glevel_fast import published
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

    if not targets.README.exists():
        pytest.skip("no README.md")
    rows = targets.table(targets.read_records(), targets.README_ROWS)
    assert targets.between_markers(targets.README.read_text(encoding="utf-8")) == rows
    assert len(rows.splitlines()) == 2 + len(targets.README_ROWS)


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
    by_kind = targets.Target("c", "c", "≥", (2.0,), (3.0,), "x", avx2=((1.0,), (2.0,)))
    assert [by_kind.verdict((2.0,), kind) for kind in ("avx512", "avx2", "baseline")] == ["met", "reached", "reached"]
    assert by_kind.goal_cells() == ("≥ 2x; AVX2 ≥ 1x", "≥ 3x; AVX2 ≥ 2x")
    for target in targets.TARGETS:
        assert len(target.must) == len(target.reach) == len(target.parts), target.key


def test_the_table_is_that_of_the_records():
    import targets

    assert targets.between_markers(targets.RESULTS.read_text(encoding="utf-8")) == targets.table(targets.read_records())


def test_kinds_of_machines_stand_side_by_side(tmp_path, monkeypatch):
    """A run replaces the figures of its own kind of machine and adds to the history; the others stay."""
    pytest.importorskip("matplotlib")
    import targets

    for name in ("RESULTS", "RECORDS", "HISTORY", "FIGURE", "README"):
        monkeypatch.setattr(targets, name, tmp_path / getattr(targets, name).name)
    targets.README.write_text(f"{targets.START}\nold\n{targets.END}\n", encoding="utf-8")
    for kind, machine, ns in (("avx2", "old one", 0.9), ("avx512", "new one", 0.5), ("avx512", "new one", 0.4)):
        board = targets.Board(kind, machine)
        board.row("ns", ns, detail=f"{ns} of {machine}")
        board.row("dram", 2.0, 1.0, detail="…")
        targets.write(board, "2000-01-01", f"c{ns}")
    (line,) = [line for line in targets.README.read_text(encoding="utf-8").splitlines() if "score, a value" in line]
    assert line.endswith("| **0.4 ns** reached | **0.9 ns** missed |")
    results = targets.RESULTS.read_text(encoding="utf-8")
    assert "0.9 of old one" in results
    assert "0.4 of new one" in results
    assert "0.5 of new one" not in results
    history = targets.HISTORY.read_text(encoding="utf-8").splitlines()
    assert history[0] == "date,commit,machine,row,ratio"
    assert history[1:4] == [
        "2000-01-01,c0.9,old one,ns,0.9", "2000-01-01,c0.9,old one,dram 1t,2", "2000-01-01,c0.9,old one,dram 2t,1",
    ]  # fmt: skip
    assert len(history) == 10
    assert targets.FIGURE.stat().st_size > 1000


def test_a_selection_writes_nothing():
    import targets

    folder = str(ROOT / "benchmarks")
    assert targets.full_run([folder], False, asked=True)
    assert not targets.full_run([folder], False, asked=False)
    assert not targets.full_run([folder], True, asked=True)  # -k, -m, --deselect
    for arguments in ([f"{folder}/test_growth.py"], [f"{folder}::x"], [folder, folder], []):
        assert not targets.full_run(arguments, False, asked=True)


def test_workload_is_general_bench_in_the_engines_order():
    import workload

    bench = workload.benchmark()
    sizes = np.bincount(bench.group_of_task).tolist()
    assert sizes == [271, 45, 126, 46, 24, 20, 30, 22, 118]
    assert np.count_nonzero(engine_columns(bench)["kind"]) == 98
    assert (workload.engine_order(bench) == np.arange(bench.n_tasks)).all()
    raw = workload.raw(bench, 50)
    scores = Scorer(bench).score(raw)  # would raise for a value outside its domain
    assert not scores.notes[len(bench.notes) :]
    board = published.results().values
    real = np.mean(~(board > 0))
    assert abs(np.isnan(workload.raw(bench, 2000)).mean() - real) < 0.03
    supported = {tuple(row) for row in board > 0}
    at = [published.benchmark().task_index[name] for name in bench.task_index if not name.startswith("language 11")]
    own = [i for i, name in enumerate(bench.task_index) if not name.startswith("language 11")]
    order = np.argsort(at)
    assert {tuple(row) for row in ~np.isnan(raw[:, own])[:, order]} <= supported
    assert Counter(bench.metric) == Counter(published.benchmark().metric) + Counter({"RMSE": 3})
    by_sheet = workload.workbook_benchmark()
    in_sheet_order = np.empty_like(raw)
    in_sheet_order[:, workload.engine_order(by_sheet)] = raw
    np.testing.assert_array_equal(Scorer(by_sheet).score(in_sheet_order).overall, scores.overall)
    assert 0.05 < scores.wins.sum() / scores.supported.sum() < 0.3


def test_what_many_workers_cost_is_what_the_model_prints():
    import cluster_model

    record = json.loads(cluster_model.RECORD.read_text(encoding="utf-8"))
    assert cluster_model.PAGE.read_text(encoding="utf-8") == cluster_model.page(record)
    text = cluster_model.GUIDE.read_text(encoding="utf-8")
    assert cluster_model.with_guide(text, record) == text


def test_more_workers_take_a_large_job_sooner():
    import cluster_model

    record = json.loads(cluster_model.RECORD.read_text(encoding="utf-8"))
    model, large = cluster_model.Model(record["work"], record["pieces"]), cluster_model.Job("large", 10**12, "set")
    for dask in (False, True):
        times = [model.seconds(large, n, dask=dask) for n in (1, 16, 100, 1_000)]
        assert times == sorted(times, reverse=True)
        assert model.cpu(large) <= times[0] < 1.1 * model.cpu(large)
    one = cluster_model.Job("small", 1, "set")
    assert model.seconds(one, 1_000, dask=False) > model.seconds(one, 1, dask=False) > model.cpu(one)


def test_the_docs_show_the_table_of_layouts():
    import layouts
    import targets

    table = targets.between_markers(layouts.WRITTEN.read_text(encoding="utf-8"))
    assert table
    assert targets.between_markers(layouts.DOCS.read_text(encoding="utf-8")) == table


def test_the_table_of_layouts_is_measured(tmp_path):
    import layouts

    rows = layouts.measured(tmp_path, 20, turns=1)
    text = layouts.page(rows, 20, 702)
    first = [line.split(" | ")[0][2:] for line in text.splitlines() if line.startswith("| ")]
    assert first == ["layout", *layouts.LAYOUTS]
    assert all(size > 0 and reading > 0 and whole > 0 for _, size, reading, whole in rows)
