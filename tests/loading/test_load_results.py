"""load_results in every format, every kind of bad input, and the linter."""

import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from released import SOTA, TASKS, half, save, sheets, sota_sheets

from glevel_fast import Benchmark, GLevelError, Results, ResultsError, load_benchmark, load_results
from glevel_fast.core.checks import describe_invalid, invalid_cells
from glevel_fast.io import write
from glevel_fast.loading import intake

N_TASKS = sum(map(len, TASKS.values()))
NOT_SUPPORTED = [
    "N/A",
    "na",
    "n/a",
    "n.a.",
    "NULL",
    "None",
    "—",
    " – ",
    "",
    " ",
    None,
    float("nan"),
    float("inf"),
    "∞",
    "+∞",
    "INF",
    " +inf ",
    "Infinity",
    "-",
    "/",
    "NaN",
]
NO_NUMBER = [
    "good",
    "83,3",
    "1_000",
    "1e400",
    "-inf",
    "#N/A",
    "85.3±0.2",
    "**85.3**",
    "%",
    True,
    pd.Timestamp("2025-01-01"),
    -float("inf"),
    10**400,
    [],
]
SMALL = {
    "task": ["Alpha", "Beta", "Gamma Delta"],
    "modality": ["image"] * 3,
    "paradigm": ["comprehension"] * 2 + ["generation"],
    "metric": ["Acc", "F1", "FID"],
    "sota": [60.0, 50.0, 20.0],
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return load_benchmark(save(tmp_path_factory.mktemp("sota") / "sota.xlsx", sota_sheets()))


@pytest.fixture(scope="module")
def small():
    return load_benchmark(SMALL)


# The released layout


def test_the_official_workbooks(shared):
    bench = load_benchmark(shared / "general_level" / "sota_result.xlsx")
    files = sorted((shared / "official").glob("*.xlsx"))
    calls = []
    results = load_results(files, bench, progress=lambda *at: calls.append(at))
    assert results.models == tuple(f"Synth-{i}" for i in range(1, 7))
    assert results.sources == tuple(file.name for file in files)
    assert calls == [(i, 6) for i in range(1, 7)]
    assert results.tasks == bench.tasks
    assert results.notes == ()
    assert not results.absent.any()
    assert results.values[0, bench.task_index["causal reasoning"]] == 78.8351
    assert np.count_nonzero(~np.isnan(results.values[0])) == 550
    assert np.count_nonzero(results.values == 0) > 0  # kept: the scorer decides


def test_workbook(tmp_path, bench):
    content = sheets(("My Model", half), ("B-7B", {"Math": "∞", "Bird Naming": "83.3", "Accent": 0}))
    content["NLP"].reverse()  # tasks in another order ...
    content["NLP"].insert(0, content["NLP"].pop())  # ... under the same header
    content["Video-Comprehension"][0][4:] = [" b-7b ", "MY  model "]  # columns too, in another case
    content["Video-Comprehension"][1][4:] = [11, 12]
    content["Image-Comprehension"][2][1] = " flower naming"
    content[" nlp "] = content.pop("NLP")  # sheets in another order
    content["Level-Scores"] = [["level", "score"]]
    results = load_results(save(tmp_path / "a.xlsx", content), bench)
    assert results.models == ("My Model", "B-7B")
    at = bench.task_index
    assert results.values[0, at["math"]] == 1.0
    assert results.values[0, at["flower naming"]] == 40.0
    assert results.values[:, at["tracking"]].tolist() == [12, 11]
    assert np.isnan(results.values[1, at["math"]])
    assert results.values[1, at["bird naming"]] == 83.3
    assert results.values[1, at["accent"]] == 0.0
    assert results.notes == ()


def test_notes_of_a_workbook(tmp_path, bench):
    content = sheets(("M", half))
    content["NLP"].append(content["Image-Generation"].pop())  # astray
    content["remarks"] = [["x"]]
    results = load_results(save(tmp_path / "a.xlsx", content), bench)
    assert results.notes == (
        "a.xlsx: sheets that are not of the released layout are passed over: 'remarks'",
        "a.xlsx: tasks that the benchmark has in another group, taken as they are: 'Edge-to-Image' on 'NLP'",
    )


def drop(*rows):
    def change(content):
        for sheet, row in rows:
            del content[sheet][row]

    return change


def edit(sheet, row, column, value):
    def change(content):
        content[sheet][row][column] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            drop(("NLP", 1), ("Image-Comprehension", 3), ("Image-Comprehension", 1)),
            [
                "lacks 3 of the benchmark's 13 tasks",
                "'NLP', 1: 'Causal Reasoning'",
                "'Depth Estimation', 'Bird Naming'",
                "--partial",
            ],
        ),
        (
            lambda c: c.pop("Audio-Generation"),
            ["'Audio-Generation' (absent), 2: 'SpeechTranslation （zh-to-en）', 'TTS'"],
        ),
        (
            edit("NLP", 1, 1, "Causal Reasonning"),
            ["sheet 'NLP', row 2: 'Causal Reasonning'", "nearest: 'Causal Reasoning'"],
        ),
        (edit("NLP", 1, 1, "MATH "), ["task 'MATH'", "sheet 'NLP', row 2", "sheet 'NLP', row 3", "twice"]),
        (edit("NLP", 1, 3, "F1"), ["sheet 'NLP', row 2, task 'Causal Reasoning'", "'F1', but the benchmark has 'ACC'"]),
        (edit("NLP", 1, 3, "Frobnicity"), ["'Causal Reasoning'", "'Frobnicity', but the benchmark has 'ACC'"]),
        (
            edit("NLP", 1, 4, "good"),
            ["sheet 'NLP', row 2, model 'M', task 'Causal Reasoning': 'good'", "--invalid missing"],
        ),
        (edit("NLP", 1, 4, False), ["row 2, model 'M', task 'Causal Reasoning': False"]),
        (edit("NLP", 0, 4, "N"), ["sheet 'NLP' has the models 'N', but sheet 'Image-Comprehension' has 'M'"]),
        (lambda c: [lines[0].append("m ") for lines in c.values()], ["sheet 'NLP'", "'M' and 'm'"]),
        (lambda c: [lines[0].__setitem__(4, None) for lines in c.values()], ["sheet 'NLP'", "column 5 has no name"]),
        (lambda c: [line.pop() for lines in c.values() for line in lines], ["sheet 'NLP'", "no model column"]),
        (lambda c: [lines[0].__setitem__(4, SOTA) for lines in c.values()], ["this is the benchmark, not results"]),
        (edit("3D-Generation", 0, 1, "Task"), ["sheet '3D-Generation', row 1", "lacks 'Task Name'", "'Task'"]),
        (lambda c: c["3D-Generation"].clear(), ["sheet '3D-Generation'", "is empty"]),
        (lambda c: c["NLP"].append([9, None, None, "Acc", 5]), ["sheet 'NLP', row 4", "no task name"]),
        (lambda c: c.update({" nlp": c["NLP"]}), ["sheet 'NLP'", "twice"]),
        (lambda c: (c.clear(), c.update({"Sheet1": [["x"]]})), ["has no column 'model'", "it has 'x'"]),
    ],
)
def test_bad_workbooks(tmp_path, bench, change, words):
    content = sheets(("M", half))
    change(content)
    path = save(tmp_path / "bad.xlsx", content)
    with pytest.raises(ResultsError) as caught:
        load_results(path, bench)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_partial_workbooks(tmp_path, bench):
    content = sheets(("M", half))
    del content["NLP"][1], content["Audio-Generation"]
    for line in content["Video-Generation"]:
        line.pop()  # a sheet that is still the template
    results = load_results(save(tmp_path / "a.xlsx", content), bench, partial=True)
    assert results.absent.tolist() == [4]
    assert np.count_nonzero(np.isnan(results.values)) == 4
    assert results.notes == (f"a.xlsx: 4 of {N_TASKS} tasks are absent and count as not supported for 'M'",)
    empty = save(tmp_path / "t.xlsx", sheets())
    with pytest.raises(ResultsError, match="no model column on any sheet"):
        load_results(empty, bench, partial=True)


def test_a_spelling_of_the_same_metric_is_no_difference(tmp_path, bench):
    content = sheets(("M", half))
    content["3D-Generation"][1][3] = "cd"
    content["NLP"][1][3] = None
    assert load_results(save(tmp_path / "a.xlsx", content), bench).notes == ()


# Tables and dicts


def wide():
    return {"model": ["m1", "m2"], "ALPHA": [50.0, 61.5], " gamma  delta": [None, "30"]}


def long():
    return {
        "Model": ["m1", "M1", "m2", "m2"],
        "task": ["alpha", "gamma delta", "Gamma Delta", "Alpha"],
        "value": [50.0, "∞", 30, 61.5],
    }


def sources(columns, tmp_path):
    """One table in every shape that comes in."""
    strings = {k: [None if v is None else str(v) for v in column] for k, column in columns.items()}
    write.csv(columns, tmp_path / "t.csv")
    write.json(columns, tmp_path / "columns.json")
    write.json(
        [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], tmp_path / "r.json"
    )
    write.parquet(strings, tmp_path / "t.parquet")
    yield from (tmp_path / name for name in ("t.csv", "columns.json", "r.json", "t.parquet"))
    yield columns
    yield pd.DataFrame(columns)
    yield pl.DataFrame(strings)
    yield pa.table(strings)
    yield pa.table(strings).to_batches()[0]


@pytest.mark.parametrize("table", [wide, long])
def test_tables(tmp_path, small, table):
    for source in sources(table(), tmp_path):
        results = load_results(source, small)
        assert results.models == ("m1", "m2")
        np.testing.assert_array_equal(results.values, [[50, np.nan, np.nan], [61.5, np.nan, 30]])
        assert results.absent.tolist() == [1, 1]
        (note,) = results.notes
        assert note == f"{results.sources[0]}: 1 of 3 tasks are absent and count as not supported for 'm1', 'm2'"


def test_dicts(tmp_path, small):
    given = {"m1": {"alpha": 50, "gamma  Delta": "∞"}, "m2": {"Beta": None, "Alpha": "61.5", "Gamma Delta": 30}}
    (tmp_path / "a.json").write_text(json.dumps(given))
    for source, name in [(given, "dict"), (tmp_path / "a.json", "a.json")]:
        results = load_results(source, small)
        assert results.sources == (name, name)
        np.testing.assert_array_equal(results.values, [[50, np.nan, np.nan], [61.5, np.nan, 30]])
        assert results.absent.tolist() == [1, 0]
        assert results.notes == (f"{name}: 1 of 3 tasks are absent and count as not supported for 'm1'",)


def test_records_may_lack_different_tasks(tmp_path, small):
    (tmp_path / "a.json").write_text('[{"model": "a", "Alpha": 1}, {"Beta": 2, "model": "b", "Gamma Delta": 3}]')
    results = load_results(tmp_path / "a.json", small)
    assert results.absent.tolist() == [2, 1]
    assert "1 to 2 of 3 tasks" in results.notes[0]
    np.testing.assert_array_equal(results.values, [[1, np.nan, np.nan], [np.nan, 2, 3]])


def test_several_sources(tmp_path, bench):
    save(tmp_path / "a.xlsx", sheets(("A", half)))
    write.csv({"model": ["B"], "Math": [1.5]}, tmp_path / "b.csv")
    frame = pd.DataFrame({"model": ["C"], "Math": [2.5]})
    results = load_results([tmp_path / "a.xlsx", str(tmp_path / "b.csv"), frame, {"D": {"Math": 3.5}}], bench)
    assert results.models == tuple("ABCD")
    assert results.sources == ("a.xlsx", "b.csv", "DataFrame", "dict")
    assert results.values[:, bench.task_index["math"]].tolist() == [1, 1.5, 2.5, 3.5]
    assert results.absent.tolist() == [0, *[N_TASKS - 1] * 3]


def test_the_same_model_in_two_files(tmp_path, small):
    for name, model in (("a.csv", "My  model"), ("b.csv", "my Model")):
        write.csv({"model": [model], "Alpha": [1]}, tmp_path / name)
    with pytest.raises(ResultsError, match=r"'my Model' in .*b\.csv, line 2 and .*a\.csv, line 2 \(as 'My  model'\)"):
        load_results([tmp_path / "a.csv", tmp_path / "b.csv"], small)


@pytest.mark.parametrize("cell", NOT_SUPPORTED)
def test_not_supported(small, cell):
    assert np.isnan(load_results({"m": {"Alpha": cell, "Beta": 1}}, small).values[0, 0])
    frame = pd.DataFrame({"model": ["m", "n"], "Alpha": pd.Series([cell, 5], dtype=object)})
    assert np.isnan(load_results(frame, small).values[0, 0])


@pytest.mark.parametrize("cell", [83.3, "83.3", " 83.3", np.float32(83.3), "8.33e1", np.float64(83.3)])
def test_numbers(small, cell):
    assert load_results({"m": {"Alpha": cell}}, small).values[0, 0] == pytest.approx(83.3)


@pytest.mark.parametrize("cell", NO_NUMBER)
def test_what_is_no_number(small, cell):
    given = {"m": {"Alpha": cell, "Beta": 7}}
    with pytest.raises(ResultsError, match=r"dict, model 'm', task 'Alpha': "):
        load_results(given, small)
    results = load_results(given, small, invalid="missing")
    np.testing.assert_array_equal(results.values, [[np.nan, 7, np.nan]])
    assert "1 cell taken as not supported: dict, model 'm', task 'Alpha': " in results.notes[-1]


def test_ten_bad_cells_are_named_and_the_rest_counted(small):
    frame = pd.DataFrame({"model": [f"m{i}" for i in range(30)], "Alpha": ["x"] * 30})
    with pytest.raises(
        ResultsError, match=r"30 cells are neither numbers(.|\n)*row 10, model 'm9'.*\n  - and 20 more\n"
    ):
        load_results(frame, small)
    note = load_results(frame, small, invalid="missing").notes[-1]
    assert note.startswith("DataFrame: 30 cells taken as not supported: row 1, model 'm0', task 'Alpha': 'x'; row 2")
    assert note.endswith("; and 20 more")


def test_minus_infinity_in_a_numeric_column(small):
    with pytest.raises(ResultsError, match=r"row 2, model 'n', task 'Beta': -inf"):
        load_results(pl.DataFrame({"model": ["m", "n"], "Beta": [1.0, -np.inf]}), small)


def test_typed_columns(small):
    frame = pd.DataFrame(
        {
            "model": pd.Categorical(["a", "b"]),
            "Alpha": pd.array([1, None], dtype="Int64"),
            "Beta": pd.array([1.5, None], dtype="Float32"),
            "Gamma Delta": np.array([3, 4], dtype=np.int8),
        }
    )
    np.testing.assert_array_equal(load_results(frame, small).values, [[1, 1.5, 3], [np.nan, np.nan, 4]])
    with pytest.raises(ResultsError, match=r"row 1, model 'a', task 'Alpha': True"):
        load_results(pl.DataFrame({"model": ["a"], "Alpha": [True]}), small)


BAD_TABLES = [
    ({"name": ["a"], "Alpha": [1]}, ["no column 'model'", "'name', 'Alpha'"]),
    (SMALL, ["no column 'model'", "looks like a benchmark"]),
    ({"model": []}, ["no rows"]),
    ({"model": ["a"]}, ["no column of a task"]),
    ({"model": ["a", " "], "Alpha": [1, 2]}, ["row 2", "the model is ' '"]),
    ({"model": ["a", None], "Alpha": [1, 2]}, ["row 2", "the model is None"]),
    ({"model": ["a", "A "], "Alpha": [1, 2]}, ["'A'", "row 2", "row 1", "twice"]),
    ({"model": ["a"], "Alfa": [1]}, ["'Alfa'", "nearest: 'Alpha'"]),
    ({"model": ["a"], "Alpha": [1], "ALPHA ": [2]}, ["task 'ALPHA'", "twice"]),
    ({"model": ["a"], "task": ["Alpha"]}, ["has 'task', not 'value'"]),
    ({"model": ["a"], "task": ["Alfa"], "value": [1]}, ["row 1: 'Alfa'", "nearest: 'Alpha'"]),
    ({"model": ["a"], "task": [None], "value": [1]}, ["row 1", "the task is None"]),
    ({"model": ["a", "A"], "task": ["Alpha", "alpha"], "value": [1, 2]}, ["model 'A', task 'alpha'", "row 1, row 2"]),
    (
        {"model": ["a"], "task": ["Alpha"], "metric": ["F1"], "value": [1]},
        ["row 1, task 'Alpha': 'F1', but the benchmark has 'Acc'"],
    ),
    ({"model": ["a"], "task": ["Alpha"], "value": ["x"]}, ["row 1, model 'a', task 'Alpha': 'x'"]),
    ({"model": ["a"], "": [1], "Alpha": [2]}, ["column 2 has no name"]),
    ({"model": ["a"], "Alpha": [1, 2]}, ["differ in length"]),
    ({"a": {"Alpha": 1}, "b": 5}, ["'b' has 5"]),
    ({"a": {"Alfa": 1}}, ["model 'a': 'Alfa'"]),
    ({"a": {"Alpha": 1, "alpha": 2}}, ["model 'a', task 'alpha'", "twice"]),
    ({"a": {5: 1}}, ["model 'a': the task name 5 is not text"]),
    ({"a": {}}, ["no values"]),
    ({" ": {"Alpha": 1}}, ["the model's name is ' '"]),
    ({"a": {"Alpha": 1}, "A": {"Alpha": 1}}, ["'A'", "twice"]),
    ({}, ["is empty"]),
]


@pytest.mark.parametrize(("given", "words"), BAD_TABLES)
def test_bad_tables_and_dicts(small, given, words):
    with pytest.raises(ResultsError) as caught:
        load_results(given, small)
    for word in ["dict", *words]:
        assert word in str(caught.value)


def test_many_unknown_tasks_are_counted(small):
    given = {"m": {f"task {i}": 1 for i in range(25)}}
    with pytest.raises(ResultsError, match=r"25 tasks that the benchmark lacks(.|\n)*'task 9'(.|\n)*and 15 more"):
        load_results(given, small)


def test_columns_passed_over_in_a_long_table(small):
    results = load_results({"model": ["a"], "task": ["Alpha"], "value": [1], "date": ["2025"]}, small)
    assert results.notes[0] == "dict: columns passed over: 'date'"


@pytest.mark.parametrize(
    "source", [[], (), 5, None, [5], [["a.csv"]], b"a.csv", object(), pl.DataFrame({"model": ["a"]}).lazy()]
)
def test_other_things_are_refused(small, source):
    with pytest.raises(GLevelError):
        load_results(source, small)


class Odd:
    def __repr__(self):
        raise RuntimeError


def test_odd_frames(small):
    twice = pd.DataFrame([["m", 1, 2]], columns=["model", "Alpha", "Alpha"])
    with pytest.raises(ResultsError, match="Alpha"):
        load_results(twice, small)
    with pytest.raises(ResultsError, match="'5'"):
        load_results(pd.DataFrame({"model": ["m"], 5: [1]}), small)
    with pytest.raises(ResultsError, match="<Odd>"):
        load_results(pd.DataFrame({"model": ["m"], "Alpha": [Odd()]}), small)
    with pytest.raises(ResultsError, match="header of column 2 is True"):
        load_results({"model": ["m"], True: [1]}, small)
    broken = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff"))
    with pytest.raises(ResultsError, match="utf-8"):
        load_results(pa.table({"model": broken}), small)


def test_a_frame_may_hold_more_than_a_file(small, monkeypatch):
    monkeypatch.setattr(intake, "MAX_NUMBERS", 3)
    whole = pl.DataFrame({"model": ["m", "n"], **{task: [1, 2] for task in small.tasks}})
    assert load_results(whole, small).values.shape == (2, small.n_tasks)
    with pytest.raises(ResultsError, match="are more than the limit of 3"):
        load_results(whole[["model", "Alpha"]], small, partial=True)


def test_wrong_arguments(small):
    with pytest.raises(ResultsError, match="invalid='ignore'"):
        load_results({}, small, invalid="ignore")
    with pytest.raises(TypeError, match="Benchmark"):
        load_results({}, SMALL)


# Results


def test_results_go_round(tmp_path, small):
    values = [[1.5, np.nan, 3], [0, np.inf, 1e-300]]
    results = Results.from_array(["a", "b"], values, small)
    want = [[1.5, np.nan, 3], [0, np.nan, 1e-300]]
    write.csv(results.columns(), tmp_path / "r.csv")
    write.parquet(results.columns(), tmp_path / "r.parquet")
    write.json(results.to_dict(), tmp_path / "r.json")
    outputs = [results.to_pandas(), results.to_polars(), results.to_arrow(), results.to_dict()]
    for again in [*outputs, *(tmp_path / f"r.{kind}" for kind in ("csv", "parquet", "json"))]:
        np.testing.assert_array_equal(load_results(again, small).values, want)
    assert isinstance(outputs[0], pd.DataFrame)
    assert isinstance(outputs[1], pl.DataFrame)
    assert isinstance(outputs[2], pa.Table)
    assert repr(results) == "Results(2 models x 3 tasks, 4 values: 'a', 'b')"
    assert len(results) == 2


def test_results_cannot_be_changed(small):
    values = np.asfortranarray(np.ones((2, 3)))
    results = Results.from_array(["a", "b"], values, small)
    for copy in (results, pickle.loads(pickle.dumps(results))):
        assert copy.values.flags.c_contiguous
        assert not copy.values.flags.writeable
        assert not copy.absent.flags.writeable
        assert copy.models == ("a", "b")
    values[:] = 5
    assert (results.values == 1).all()


@pytest.mark.parametrize(
    "values", [np.array([[1, 2, 3]], dtype=np.int8), np.ma.masked_equal([[1.0, 2.0, 3.0]], 2), [[1, 2, 3]]]
)
def test_arrays(small, values):
    assert Results.from_array(["a"], values, small).values[0, 2] == 3


@pytest.mark.parametrize(
    ("models", "values", "words"),
    [
        (["a"], [[1, 2]], "shape"),
        (["a"], [[True] * 3], "bool"),
        (["a"], [["1"] * 3], "numbers"),
        (["a"], [[1, 2, 3j]], "complex"),
        (["a", "A"], np.ones((2, 3)), "twice"),
        (["a", ""], np.ones((2, 3)), "no name"),
    ],
)
def test_bad_arrays(small, models, values, words):
    with pytest.raises(ResultsError, match=words):
        Results.from_array(models, values, small)


def test_no_models(small):
    assert Results.from_array([], np.empty((0, 3)), small).values.shape == (0, 3)


# The linter


@pytest.fixture(scope="module")
def mixed():
    return Benchmark(
        tasks=tuple("abcdef"),
        modality=("image",) * 6,
        paradigm=("generation",) * 6,
        metric=("Acc", "FID", "MOS", "WER", "F1", "mIoU"),
        sota=np.ones(6),
        scale=np.array([1, 1, 1, 0.01, 1, 1]),
    )


def test_invalid_cells(mixed):
    values = np.array(
        [
            [100, 5e-324, 1, 250, 0, np.nan],
            [np.inf, np.inf, 5, 0, 0.5, 50],
            [100.0000001, -3, 7, -1, -np.inf, 140],
        ]
    )
    mask = invalid_cells(values, mixed, "missing")
    assert not mask[:2].any()
    assert mask[2].all()
    zero = invalid_cells(np.zeros((1, 6)), mixed, "score")
    assert zero.tolist() == [[False, True, True, False, False, False]]  # a FID and a MOS of 0 cannot be
    assert not invalid_cells(np.zeros((1, 6)), mixed, "missing").any()


def test_invalid_cells_are_described(mixed):
    values = np.tile([140, -3, 7, -250, 101, 50.0], (3, 1))
    mask = invalid_cells(values, mixed)
    text = describe_invalid(mask, values, mixed, ["x", "y", "z"], ["a.csv", "b.csv", ""])
    assert "15 values are outside the domain" in text
    assert "a.csv: model 'x', task 'a': Acc of 140 is outside [0, 100]" in text
    assert "b.csv: model 'y', task 'd': WER of -250 x scale 0.01 is outside" in text
    assert "and 5 more" in text
    assert "--invalid missing" in text
    assert "--invalid" not in describe_invalid(mask, values, mixed, ["x"] * 3, [""] * 3, advice=False)
