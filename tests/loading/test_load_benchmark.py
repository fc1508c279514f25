"""load_benchmark: the released layout, tables, dicts, and every kind of bad input."""

import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from released import SOTA, TASKS, half, save, sheets, sota_sheets

from glevel_fast import BenchmarkError, GLevelError, UnknownMetricError, load_benchmark
from glevel_fast.core.benchmark import Benchmark
from glevel_fast.io import write

COLUMNS = {
    "task": ["a", "b", "c"],
    "modality": ["image", "3D", "language"],
    "paradigm": ["Comprehension", "generation", ""],
    "metric": ["Acc", "FID", "RMSE"],
    "sota": [60.0, 20.0, None],
}
NOT_SUPPORTED = ["", None, float("nan"), "∞", " INF ", "-", "/"]


def changed(**columns):
    return COLUMNS | columns


def test_the_released_workbook(shared):
    bench = load_benchmark(shared / "general_level" / "sota_result.xlsx")
    sizes = dict(zip(bench.groups, np.bincount(bench.group_of_task).tolist(), strict=True))
    assert list(sizes.values()) == [271, 45, 126, 46, 24, 20, 30, 22, 115]
    assert not np.isnan(bench.sota).any()
    wer = [i for i, m in enumerate(bench.metrics) if m.name == "WER"]
    assert (bench.scale[wer] == 0.01).all()
    assert np.count_nonzero(bench.scale != 1) == len(wer) == 5
    assert bench.tasks[bench.task_index["speechtranslation (zh-to-en)"]] == "SpeechTranslation （zh-to-en）"
    (note,) = bench.notes
    assert "WER" in note
    assert "'TextToSpeech'" in note


def test_the_released_template_is_no_benchmark(shared):
    with pytest.raises(BenchmarkError, match=r"template_result.xlsx, sheet 'NLP': .*'SoTA Performance'.*the template"):
        load_benchmark(shared / "general_level" / "template_result.xlsx")


def test_workbook(tmp_path):
    content = sota_sheets()
    content["3D-Generation"][0] = ["no", " task  NAME", "TaskShortName", "METRICS ", "sota performance", None, ""]
    content["Image-Generation"] += [[], [None, " ", None], [2, None, None, None, None]]  # a number alone is no row
    content["Video-Generation"][1][4] = "∞"
    content["level-scores"] = [["anything"]]
    bench = load_benchmark(save(tmp_path / "sota.xlsx", content))
    assert bench.tasks == tuple(task for tasks in TASKS.values() for task, _, _ in tasks)
    assert bench.modality[:3] == ("language", "language", "image")
    assert bench.groups[bench.group_of_task[-1]] == ("3d", "generation")
    assert np.isnan(bench.sota[bench.task_index["denoising"]])
    assert bench.scale[bench.task_index["speechtranslation (zh-to-en)"]] == 0.01
    assert bench.notes == (
        "sota.xlsx: WER above 1 is taken as a percent (scale 0.01): 'SpeechTranslation （zh-to-en）'",
        "tasks without a specialist, which nobody can win: 'Denoising'",
    )


def test_extra_columns_of_a_workbook_are_noted(tmp_path):
    bench = load_benchmark(save(tmp_path / "s.xlsx", sheets((SOTA, lambda t, s: s), ("My-7B", half))))
    assert "s.xlsx: columns passed over: 'My-7B'" in bench.notes


def edit(sheet, row, column, value):
    def change(content):
        content[sheet][row][column] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("Video-Generation"), ["lacks the sheets 'Video-Generation'"]),
        (edit("NLP", 0, 3, "Metric"), ["sheet 'NLP', row 1", "lacks 'Metrics'", "'Metric'"]),
        (edit("NLP", 0, 4, "GPT-9"), ["sheet 'NLP'", "no column 'SoTA Performance'", "results of 'GPT-9'"]),
        (edit("NLP", 2, 4, "good"), ["sheet 'NLP', row 3", "'Math'", "sota is 'good'"]),
        (edit("NLP", 2, 4, True), ["row 3", "'Math'", "sota is True"]),
        (edit("NLP", 2, 3, None), ["row 3", "'Math'", "metric"]),
        (edit("NLP", 2, 1, None), ["sheet 'NLP', row 3", "no task name"]),
        (edit("NLP", 2, 1, True), ["sheet 'NLP', row 3", "task name is True"]),
        (edit("NLP", 2, 1, "causal  reasoning "), ["'causal  reasoning'", "listed twice", "'Causal Reasoning'"]),
        (edit("NLP", 1, 4, 140), ["'Causal Reasoning'", "140", "[0, 100]"]),
        (edit("NLP", 0, 2, "Metrics"), ["sheet 'NLP'", "'Metrics' stands twice"]),
        (lambda c: c["NLP"][0].append(None) or c["NLP"][1].append("?"), ["sheet 'NLP'", "column 6 has no name"]),
        (lambda c: c["NLP"].clear(), ["sheet 'NLP'", "is empty"]),
    ],
)
def test_bad_workbooks(tmp_path, change, words):
    content = sota_sheets()
    change(content)
    path = save(tmp_path / "bad.xlsx", content)
    with pytest.raises(BenchmarkError) as caught:
        load_benchmark(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_an_unknown_metric_is_named_with_file_and_task(tmp_path):
    content = sota_sheets()
    content["NLP"][1][3] = "Accu"
    with pytest.raises(UnknownMetricError, match=r"bad.xlsx: task 'Causal Reasoning': unknown metric 'Accu'.*'Acc'"):
        load_benchmark(save(tmp_path / "bad.xlsx", content))


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "records", "pandas", "polars", "arrow", "dict"])
def test_tables(tmp_path, kind):
    columns = changed(skill=["x", "", None], weight=[2.0, None, 0.0], scale=[None, 100.0, None], note=["p", "q", "r"])
    source = {
        "pandas": lambda: pd.DataFrame(columns),
        "polars": lambda: pl.DataFrame(columns),
        "arrow": lambda: pa.table(columns),
        "dict": lambda: columns,
    }.get(kind)
    if source is None:
        path = tmp_path / f"b.{'json' if kind == 'records' else kind}"
        if kind == "records":
            records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            write.json([{k: v for k, v in record.items() if v is not None} for record in records], path)
        else:
            getattr(write, kind)(columns, path)
        bench = load_benchmark(path)
    else:
        bench = load_benchmark(source())
    assert bench.tasks == ("a", "b", "c")
    assert bench.groups[bench.group_of_task[1]] == ("3d", "generation")
    assert bench.skill == ("x", "", "")
    np.testing.assert_array_equal(bench.sota, [60, 20, np.nan])
    np.testing.assert_array_equal(bench.weight, [2, 1, 0])
    np.testing.assert_array_equal(bench.scale, [1, 100, 1])
    passed_over, open_ = bench.notes
    assert passed_over.endswith("columns passed over: 'note'")
    assert open_ == "tasks without a specialist, which nobody can win: 'c'"
    assert load_benchmark(bench.to_dict()) == bench == pickle.loads(pickle.dumps(bench))


@pytest.mark.parametrize("cell", NOT_SUPPORTED)
def test_a_missing_sota_is_nan(cell):
    assert np.isnan(load_benchmark(changed(sota=["60", cell, 1])).sota[1])


def test_wer_in_percent():
    wer = changed(metric=["WER", "wer", "WER"], sota=[5.6, 7.0, 0.07])
    bench = load_benchmark(wer | {"scale": [None, None, 1]})
    np.testing.assert_array_equal(bench.scale, [0.01, 0.01, 1])
    assert [note for note in bench.notes if "'a', 'b'" in note]
    assert bench.inferred == {"a", "b"}
    fractions = load_benchmark(changed(metric=["WER"] * 3, sota=[0.056, 0.07, 1.0]))
    np.testing.assert_array_equal(fractions.scale, [1, 1, 1])


@pytest.mark.parametrize(
    ("sota", "words"), [([5.6, 0.8, 7], "'a' 5.6, 'c' 7.*'b' 0.8"), ([5.6, None, 7], "not known: 'b'")]
)
def test_wer_in_a_unit_that_nobody_knows(sota, words):
    with pytest.raises(BenchmarkError, match=f"{words}.*a column `scale`"):
        load_benchmark(changed(metric=["WER", "wer", "WER"], sota=sota))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, ["lacks the columns 'task'"]),
        ({k: v for k, v in COLUMNS.items() if k != "sota"}, ["lacks the column 'sota'", "it has 'task'"]),
        ({"model": ["m"], "x": [1]}, ["this looks like results"]),
        ({k: [] for k in COLUMNS}, ["no rows"]),
        (changed(task=["a", "", "c"]), ["row 2", "task is ''"]),
        (changed(task=["a", "A", "c"]), ["'A'", "twice"]),
        (changed(task=["a", ["b"], "c"]), ["row 2", "['b']"]),
        (changed(metric=["Acc", None, "Acc"]), ["row 2", "'b'", "metric is None"]),
        (changed(modality=["image", "", "language"]), ["'b'", "no modality"]),
        (changed(paradigm=["", "", ""]), ["'a'", "paradigm ''"]),
        (changed(paradigm=["comprehension"] * 3), ["'c'", "no paradigm"]),
        (changed(sota=["x" * 500, 1, 1]), ["row 1", "'a'", "xxx..."]),
        (changed(sota=["1e400", 1, 1]), ["row 1", "'1e400'"]),
        (changed(sota=["1_0", 1, 1]), ["row 1", "'1_0'"]),
        (changed(sota=[10**400, 1, 1]), ["row 1"]),
        (changed(sota=[-5.0, 1, 1]), ["'a'", "-5", "[0, 100]"]),
        (changed(sota=[-np.inf, 1, 1]), ["row 1", "'a'", "-inf"]),
        (changed(weight=[1, "heavy", 1]), ["row 2", "'b'", "weight is 'heavy'"]),
        (changed(weight=[1, "inf", 1]), ["row 2", "'b'", "weight is 'inf'"]),
        (changed(weight=[1, np.inf, 1]), ["'b'", "weight inf"]),
        (changed(weight=[1, -1, 1]), ["'b'", "weight -1"]),
        (changed(scale=[1, 0, 1]), ["'b'", "scale 0"]),
        (changed(sota=[1, 2]), ["differ in length", "'sota' 2"]),
        (changed(sota=5), ["'sota'", "5", "not a list"]),
        (changed(sota=np.ones((3, 2))), ["'sota'", "2 dimensions"]),
    ],
)
def test_bad_tables(columns, words):
    with pytest.raises(BenchmarkError) as caught:
        load_benchmark(columns)
    for word in ["dict", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("content", ["5", '"x"', "[5]", "null"])
def test_json_that_is_no_table(tmp_path, content):
    (tmp_path / "b.json").write_text(content)
    with pytest.raises(BenchmarkError, match=r"b\.json"):
        load_benchmark(tmp_path / "b.json")


@pytest.mark.parametrize("source", [5, None, b"b.csv", object(), pd.Series([1])])
def test_other_things_are_refused(source):
    with pytest.raises(GLevelError):
        load_benchmark(source)


def test_inputs_stay_as_they_are():
    columns = changed(sota=np.array([1.0, np.inf, 2.0]))
    before = columns["sota"].copy()
    assert isinstance(load_benchmark(columns), Benchmark)
    np.testing.assert_array_equal(columns["sota"], before)
    assert json.dumps(COLUMNS)
