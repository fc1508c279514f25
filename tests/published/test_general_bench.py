"""General-Bench task by task: what is bundled is what was transcribed, and every correction is a line of the list."""

from __future__ import annotations

import csv
import time
import zlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast import published
from glevel_fast.published import general_bench, tables
from glevel_fast.text import fold_task

SIZES = [271, 45, 126, 46, 24, 20, 30, 22, 115]


def transcribed(shared: Path, name: str) -> list[dict[str, str]]:
    with open(shared / "published" / "general_bench" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tasks_are_the_transcribed_ones(shared: Path) -> None:
    source = shared / "published" / "general_bench" / "tasks.csv"
    assert files("glevel_fast.published").joinpath("data", "tasks.csv").read_bytes() == source.read_bytes()


def test_results_are_the_transcribed_ones_in_their_order(shared: Path) -> None:
    """Cell by cell, as text, each row of each table once."""
    table = {(t.group, t.id): str(t.table) for t in published.tasks()}
    wide = []
    for group in tables.GROUP_TABLE:
        lines = csv.reader(tables.data_text(f"results/{'_'.join(filter(None, group))}.csv").splitlines())
        ids = next(lines)[1:]
        for model, *cells in lines:
            wide += [(*group, *i.split("."), model, c, table[group, i]) for i, c in zip(ids, cells, strict=True) if c]
    columns = ("modality", "paradigm", "skill", "task", "model", "value", "table")
    long = [tuple(row[c] for c in columns) for row in transcribed(shared, "results.csv")]
    assert len(long) == 29_170
    assert sorted(long) == sorted(wide)
    order: tuple[dict[tuple[str, ...], list[str]], ...] = {}, {}
    for found, rows in zip(order, (wide, long), strict=True):  # of one name twice in a table the first stays the first
        for row in rows:
            found.setdefault((*row[:5], row[6]), []).append(row[5])
    assert order[0] == order[1]


def test_benchmark_is_general_bench() -> None:
    bench = published.benchmark()
    assert bench.n_tasks == 699
    assert np.bincount(bench.group_of_task).tolist() == SIZES
    assert len(bench.skills) == 145
    assert (bench.weight == 1).all()
    assert published.benchmark() is bench
    at = bench.task_index["road crack detection"]
    assert (bench.metrics[at].name, bench.sota[at], bench.specialist[at], bench.skill[at]) == (
        "mIoU",
        21.0,
        "OWLVIT",
        "Crack Detection",
    )
    wer = [i for i, m in enumerate(bench.metrics) if m.name == "WER"]
    assert (bench.scale[wer] == 0.01).all()
    assert (np.delete(bench.scale, wer) == 1).all()


def test_arrows_agree_with_the_metrics_but_for_the_corrected_lines() -> None:
    arrow = {"higher": "↑", "lower": "↓"}
    bench = published.benchmark()
    for task, metric in zip(published.tasks(), bench.metrics, strict=True):
        assert task.better == arrow[metric.better], task
    printed = published.benchmark("as printed")
    wrong = {
        task.id
        for task, metric in zip(published.tasks("as printed"), printed.metrics, strict=True)
        if task.better != arrow[metric.better]
    }
    assert wrong == {"24.6", "13.1"}  # Acc with an arrow down, an RMSE with an arrow up


def test_corrections_are_what_differs_from_print() -> None:
    fields = {"task_name": "name", "task_short": "short", "metric": "metric", "better": "better", "sota": "sota"}
    listed = {}
    for c in published.corrections():
        assert c.why
        assert c.printed != c.taken
        assert list(tables.in_tables(c.tables))
        if c.field in fields:
            listed[(c.modality, c.paradigm), f"{c.skill}.{c.task}", fields[c.field]] = c
    found = {}
    for ours, theirs in zip(published.tasks(), published.tasks("as printed"), strict=True):
        for name in fields.values():
            if getattr(ours, name) != getattr(theirs, name):
                found[ours.group, ours.id, name] = str(getattr(theirs, name)), str(getattr(ours, name)), ours.table
    assert found.keys() == listed.keys()
    for key, (printed, taken, table) in found.items():
        c = listed[key]
        same = (lambda a, b: float(a) == float(b)) if key[2] == "sota" else (lambda a, b: a == b)
        assert same(c.printed, printed)
        assert same(c.taken, taken)
        assert table in tables.in_tables(c.tables)


def test_models_as_taken() -> None:
    results, bench = published.results(), published.benchmark()
    assert len(results.models) == 101
    board = [row.model for row in published.leaderboards() if row.level == 2]
    assert set(results.models) - set(board) == {"LLaMA-Omni"}
    assert set(board) - set(results.models) == {"InternVL2_5-8B", "Mini-Gemini"}
    assert [m for m in results.models if m in board] == [m for m in board if m in results.models]
    assert results.tasks == bench.tasks

    def value(model: str, task: str) -> float:
        return float(results.values[results.models.index(model), bench.names[task.casefold()]])

    assert value("GPT4-V", "ATM Behavior Reg") == 57.0
    assert np.isnan(value("GPT4-V", "indoordepth est"))  # ∞
    assert value("GPT4-V", "Road Crack Detection") == 0.0  # printed 0.00, which scores as not supported
    assert results.absent is not None
    assert results.absent[results.models.index("GPT4-V")] == 699 - 271 - 115
    assert results.absent[results.models.index("Otter")] == 699 - 271 - 115 + 26  # Tables 55 and 56
    assert results.absent[results.models.index("Pixtral-12B")] == 699 - 271 - 115 + 9  # Table 109
    assert results.absent[results.models.index("InternVL-2-26B")] == 699 - 126 - 115 + 13  # Table 75


def test_rows_that_stand_twice() -> None:
    """Which row of one name is taken, for each line of the corrections."""
    taken, printed = published.results(), published.results("as printed")
    bench = published.benchmark()
    language = [i for i, m in enumerate(bench.modality) if m == "language"]

    def of(results: gl.Results, model: str) -> np.ndarray:
        return results.values[results.models.index(model)]

    for model in ("AnyGPT", "Qwen2-VL-72B"):
        np.testing.assert_array_equal(of(taken, model)[language], of(printed, model)[language])
        assert not np.array_equal(of(printed, model)[language], of(printed, f"{model}, row 2")[language])
    for model, name in (("DeepSeek-VL-7B-Chat", "DeepSeek-VL-7B"), ("DeepSeek-VL-7B-Base", "DeepSeek-VL-7B, row 2")):
        np.testing.assert_array_equal(of(taken, model)[language], of(printed, name)[language])
    table = np.array([task.table for task in published.tasks()])
    at = (table >= 72) & (table <= 74)
    np.testing.assert_array_equal(of(printed, "InternVL-2-26B")[at], of(printed, "InternVL-2.5-26B")[at])
    np.testing.assert_array_equal(of(taken, "InternVL-2-26B")[at], of(printed, "InternVL-2-26B, row 2")[at])
    elsewhere = (table >= 69) & (table <= 71)
    np.testing.assert_array_equal(of(taken, "InternVL-2-26B")[elsewhere], of(printed, "InternVL-2-26B")[elsewhere])


def test_two_rows_of_one_model_need_a_correction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general_bench, "_choices", dict)
    general_bench._matrix.cache_clear()
    try:
        with pytest.raises(gl.BenchmarkError, match="no correction chooses one"):
            general_bench._matrix("corrected")
    finally:
        general_bench._matrix.cache_clear()


def test_as_printed_leaves_every_correction_out(shared: Path) -> None:
    rows = transcribed(shared, "results.csv")
    results, bench = published.results("as printed"), published.benchmark("as printed")
    values = sum(row["value"] != "∞" for row in rows)
    assert np.count_nonzero(~np.isnan(results.values)) == values == 28_723
    names = {name.partition(", row ")[0].casefold() for name in results.models}
    assert names == {row["model"].casefold() for row in rows}
    metric = dict(zip(bench.tasks, bench.metric, strict=True))
    assert metric["Mall Crowd Counting"] == "Acc"
    assert "Multimodal SarcaS-measure Detection" in metric
    assert bench.sota[bench.tasks.index("3D Odometry")] == 55.0
    gl.Scorer(bench).score(results)
    with pytest.raises(gl.BenchmarkError, match="'corrected' or 'as printed'"):
        published.benchmark("mended")  # type: ignore[arg-type]


def test_no_value_is_outside_its_domain() -> None:
    gl.Scorer(published.benchmark(), invalid="error").score(published.results())


def test_other_names_meet_and_shared_ones_are_refused() -> None:
    bench = published.benchmark()
    mine = {
        "ATM Behavior Reg": 50.0,
        "sketch-to-html code generation": 40.0,
        "Tire Crack Detection (category level not dense preds)": 70.0,
        "SarcaS-measure Det": 12.0,
    }
    results = gl.load_results({"x": mine}, bench)
    assert np.count_nonzero(~np.isnan(results.values)) == 4
    assert results.values[0, bench.tasks.index("Multimodal Sarcasm Detection")] == 12.0
    with pytest.raises(gl.ResultsError, match=r"may mean 'Text-based Style Transfer' or '.*' or 'Text Style Transfer'"):
        gl.load_results({"x": {"Style Transfer": 5.0}}, bench)
    with pytest.raises(gl.ResultsError, match="the same task is there twice"):
        gl.load_results({"x": {"ATM Behavior Reg": 50.0, "ATM Booths Suspicious Behavior Recognition": 40.0}}, bench)
    assert {c.modality for c in published.tasks() if c.short.casefold() == "style transfer"} == {
        "image",
        "video",
        "language",
    }


def test_every_name_means_its_task_or_is_shared() -> None:
    bench = published.benchmark()
    shared_names = set()
    for i, names in enumerate(bench.aliases):
        for name in names:
            found = bench.names.get(fold_task(name))
            if found != i:
                assert found is None
                assert len(bench.meant_by(name)) > 1
                shared_names.add(name)
    assert shared_names == {"Animal Recog", "Emotion Recog", "Sarcasm Det", "Sign-Language Recog", "Style Transfer"}
    for task in published.tasks():
        assert bench.names[fold_task(task.name)] == bench.tasks.index(task.name)


def test_lower_bounds_are_marked_where_the_printed_figures_say_so() -> None:
    """The marks, made from what is printed, and the figures that cannot be recomputed: the same models."""
    scores = gl.Scorer(published.benchmark()).score(published.results())
    marked = {model: tuple(scores.lower_bound_names(i)) for i, model in enumerate(scores.models)}
    expected = {model: names for model, names in published.lower_bounds().items() if model != "Mini-Gemini"}
    assert {model: names for model, names in marked.items() if names} == expected | {"Pixtral-12B": ("language",)}
    assert published.results("as printed").unknown is None


def test_lower_bounds_are_noted() -> None:
    bounds = published.lower_bounds()
    note = published.results().notes[0]
    for model, modalities in bounds.items():
        assert model in note or model == "Mini-Gemini", model
        assert set(modalities) <= {"image", "video"}
    assert bounds["Unified-io-2-XXL"] == ("image", "video")
    assert bounds["InternVL-2-26B"] == ("image", "video")
    assert "GPT4-V" not in bounds
    assert len(bounds) == 19
    assert [sum(modality in found for found in bounds.values()) for modality in ("image", "video")] == [18, 6]


def test_small_and_quick() -> None:
    """At most 400 kB as a wheel packs it; below 30 ms from the files."""
    data = files("glevel_fast.published").joinpath("data")
    packed = 0
    stack = [data]
    while stack:
        for entry in stack.pop().iterdir():
            if entry.is_dir():
                stack.append(entry)
            else:
                packed += len(zlib.compress(entry.read_bytes()))
    assert packed < 150_000
    caches = [f for module in (general_bench, tables) for f in vars(module).values() if hasattr(f, "cache_clear")]
    best = 1.0
    for _ in range(10):
        for cached in caches:
            cached.cache_clear()
        start = time.process_time()  # of this process alone, whatever else the machine does
        published.benchmark()
        published.results()
        best = min(best, time.process_time() - start)
    assert best < 0.06  # half of it at most on a machine at rest: benchmarks/test_speed_of_boards.py
