"""Files that are not what they seem: every one ends in a clear error, soon."""

import codecs
import math
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from released import refuses

from glevel_fast import (
    BenchmarkError,
    GLevelError,
    MissingExtraError,
    ResultsError,
    SpecialistSets,
    load_benchmark,
    load_results,
)
from glevel_fast.cli.main import main
from glevel_fast.core import benchmark
from glevel_fast.io import arrow, csv, json, limits, parquet, table
from glevel_fast.loading import intake, sets

SMALL = {
    "task": ["A", "B"],
    "modality": ["image"] * 2,
    "paradigm": ["generation"] * 2,
    "metric": ["Acc", "F1"],
    "sota": [1, 2],
}
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def small():
    return load_benchmark(SMALL)


# Paths


def test_paths(tmp_path, small):
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    refuses(tmp_path / "absent.csv", "no such file", small)
    refuses(tmp_path / "absent", "no such file", small)
    refuses(tmp_path / "folder.csv", "is a directory", small)
    refuses(tmp_path, "is a directory", small)
    refuses(tmp_path / "fifo.csv", "not a regular file", small)
    refuses(
        tmp_path / "notes.txt",
        "unknown file type '.txt'; known are .xlsx, .xlsm, .xlsb, .xls, .ods, .csv, .tsv, ",
        small,
    )
    refuses(tmp_path / "loop.csv", "cannot be read", small)
    refuses(write(tmp_path / "r.xlsb", b"x"), "r.xlsb: is not a workbook", small)
    refuses("/dev/null", "unknown file type ''", small)
    refuses("a\0b.csv", "cannot be read", small)


@pytest.mark.parametrize(
    "command",
    ["score {} -b {}", "lint {} -b {}", "audit {}", "verify {}", "diff {} {}", "ablate --sets {}",
     "ablate --candidates {}", "board --tasks {}", "report -o out --intervals {}"],
)  # fmt: skip
def test_paths_of_every_command(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "device.csv").symlink_to("/dev/zero")
    for name, words in (
        ("absent", "no such file"),
        ("fifo", "is not a regular file"),
        ("folder", "is a directory"),
        ("device", "is not a regular file"),
    ):
        assert main(command.replace("{}", f"{name}.csv").split()) == 1
        assert f"{name}.csv: {words}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path, small):
    (tmp_path / "a.csv").touch(mode=0)
    refuses(tmp_path / "a.csv", "Permission denied", small)


def test_a_missing_extra_is_named(monkeypatch, tmp_path, small):
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(MissingExtraError, match=r"glevel-fast\[workbooks\]"):
        load_results(tmp_path / "a.xlsx", small)


# CSV


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"model,A,B\nm,1,\xe2\x88\x9e\n",
        codecs.BOM_UTF8 + b"model,A,B\r\nm,1,-\r\n\r\n",
        b'\n"model", A ,B,\n"m","1",,""\n,,,\n',
        b"model,A,B\nm,1,",
    ],
)
def test_csv(tmp_path, small, content):
    results = load_results(write(tmp_path / "a.csv", content), small)
    assert results.models == ("m",)
    assert results.values[0, 0] == 1
    assert results.values[0, 1] != results.values[0, 1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"model,A\nm,1,2\n", "line 2: 3 cells where the header has 2"),
        (b"model,A\n\nm\n", "line 3: 1 cells where the header has 2"),
        (b"model,A\nm,caf\xe9\n", "line 2: is not UTF-8 (byte 0xe9)"),
        ("model,A\nm,1\n".encode("utf-16"), "is text in UTF-16"),
        (b"model,A\nm,\x001\n", "line 2: holds a NUL byte"),
        (b'model,A\nm,1\n"n,2\no,3\n', "line 3: a quote is opened and never closed"),
        (b'model,A\n"n' + b"x" * 200_000 + b'",2\n', "line 2: a quote is opened and never closed"),
        (b'model,A\n"n"x,2\n', "line 2: "),
        (b"model,A\nm\r,1\n", "line 2: lines end with a bare carriage return"),
        (b"model,A,A\nm,1,2\n", "'A' stands twice"),
        (b"model;A\nm;1\n", "separated by ';'"),
        (b"model,,A\n0,m,1\n", "column 2 has no name"),
    ],
)
def test_bad_csv(tmp_path, small, content, words):
    refuses(write(tmp_path / "a.csv", content), words, small)


def test_bad_cells_are_named_by_line(tmp_path, small):
    path = write(tmp_path / "a.csv", b'model,A,B\n\n"two\nlines",1,2\nm,1,x\n')
    with pytest.raises(ResultsError, match=r"a\.csv: 1 cell(.|\n)*line 5, model 'm', task 'B': 'x'"):
        load_results(path, small)


def test_limits_of_csv(tmp_path, small, monkeypatch):
    monkeypatch.setattr(csv, "MAX_LINE", 1000)
    refuses(write(tmp_path / "a.csv", b"model,A\n" + b"x" * 2000), "line 2: is longer than 1,000 bytes", small)
    monkeypatch.setattr(csv, "MAX_CELLS", 10)
    refuses(write(tmp_path / "a.csv", b"model,A\n" + b"m,1\n" * 20), "line 6: more than 10 cells", small)
    refuses(write(tmp_path / "a.csv", b"model,A\n" + b",\n" * 20), "line 6: more than 10 cells", small)
    monkeypatch.setattr(csv, "MAX_LINES", 10)
    refuses(write(tmp_path / "a.csv", b"\n" * 20), "more than 10 lines", small)
    monkeypatch.setattr(csv, "MAX_BYTES", 10)
    refuses(tmp_path / "a.csv", "more than the limit of 10", small)


# JSON


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b" ", "line 1, column 2: is not JSON"),
        (b'{"m":\n {"A": 1,}}', "line 2, column "),
        (b'{"m": {"A": NaN}}', "NaN is not JSON; write null"),
        (b'{"m": {"A": -Infinity}}', "-Infinity is not JSON"),
        (b'{"m": {"A": 1e400}}', "'1e400' is too large"),
        (b'{"m": {"A": ' + b"9" * 5000 + b"}}", "is too large"),
        (b'{"m": {"A": 1, "B": 2, "A": 3}}', "'A' stands twice"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"m": "caf\xe9"}', "line 1: is not UTF-8"),
        ('{"m": 1}'.encode("utf-16"), "is text in UTF-16"),
        (b"[5]", "record 1 is 5.0"),
        (b"[]", ""),
        (b"null", ""),
    ],
)
def test_bad_json(tmp_path, small, content, words):
    refuses(write(tmp_path / "a.json", content), words, small)


def test_json_with_a_bom(tmp_path, small):
    path = write(tmp_path / "a.json", codecs.BOM_UTF8 + b'{"m": {"A": 1}}')
    assert load_results(path, small).values[0, 0] == 1


def test_limits_of_json(tmp_path, small, monkeypatch):
    path = write(tmp_path / "a.json", b"[" + b"1," * 100 + b"1]")
    monkeypatch.setattr(json, "MAX_VALUES", 10)
    refuses(path, "more than 10 values", small)
    monkeypatch.setattr(json, "MAX_OBJECTS", 1)
    refuses(write(tmp_path / "b.json", b'{"m": {"A": 1}}'), "more than 1 objects", small)
    monkeypatch.undo()
    monkeypatch.setattr(json, "MAX_KEYS", 2)
    refuses(write(tmp_path / "b.json", b'{"m": {"A": 1, "B": 2, "C": 3}}'), "an object with 3 keys", small)
    monkeypatch.setattr(json, "MAX_BYTES", 10)
    refuses(path, "more than the limit of 10", small)


# Parquet


def test_bad_parquet(tmp_path, small, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"model": ["m"], "A": [1.0]}), path)
    whole = path.read_bytes()
    for content in (b"PAR1", b"hello" * 100, whole[:-20], whole[:4] + b"\xff" * 40 + whole[44:]):
        refuses(write(tmp_path / "b.parquet", content), "is not a Parquet file that can be read", small)
    pq.write_table(pa.table({"model": ["m"], "A": [[1.0]]}), path)
    refuses(path, ["'A'", "list"], small)
    pq.write_table(pa.Table.from_arrays([pa.array(["m"]), pa.array([1]), pa.array([2])], ["model", "A", "A"]), path)
    refuses(path, "A", small)
    monkeypatch.setattr(parquet, "MAX_FOOTER", 100)
    refuses(path, "bytes describe columns and row groups, more than 100", small)
    monkeypatch.undo()
    monkeypatch.setattr(parquet, "MAX_NUMBERS", 2)
    refuses(path, "3 cells are more than the limit of 2", small)
    monkeypatch.setattr(parquet, "MAX_TASKS", 2)
    refuses(path, "3 columns are more than the limit of 2", small)


def test_dates_in_parquet(tmp_path, small):
    """As text, like those of CSV; a date is no number."""
    days = pa.array([0, 1], pa.timestamp("s"))
    pq.write_table(
        pa.table({"model": ["m", "n"], "task": ["A"] * 2, "value": [1, 2], "day": days}), tmp_path / "a.parquet"
    )
    assert load_results(tmp_path / "a.parquet", small).values[:, 0].tolist() == [1, 2]
    pq.write_table(pa.table({"model": ["m", "n"], "A": days}), tmp_path / "a.parquet")
    with pytest.raises(ResultsError, match="'A': '1970-01-01"):
        load_results(tmp_path / "a.parquet", small)


def test_parquet_takes_more_cells_than_text_does(tmp_path):
    """That is what the refusals of CSV and JSON advise."""
    tasks = [f"t{i}" for i in range(600)]
    bench = load_benchmark({"task": tasks, "modality": ["image"] * 600, "paradigm": ["generation"] * 600,
                            "metric": ["Acc"] * 600, "sota": [1.0] * 600})  # fmt: skip
    names, values = [f"m{i}" for i in range(9000)], pa.array(np.full(9000, 50.0))
    assert table.MAX_CELLS < 9000 * 601
    pq.write_table(pa.table({"model": names} | dict.fromkeys(tasks, values)), tmp_path / "a.parquet")
    assert load_results(tmp_path / "a.parquet", bench).values.shape == (9000, 600)


@pytest.mark.parametrize("model", ["plain", "dictionary"])
def test_a_text_in_every_row_of_a_parquet_file(tmp_path, small, monkeypatch, model):
    names = pa.array(["x" * 1000] * 50)
    pq.write_table(
        pa.table({"model": names.dictionary_encode() if model == "dictionary" else names}), tmp_path / "a.parquet"
    )
    monkeypatch.setattr(arrow, "MAX_TEXT", 20_000)
    refuses(tmp_path / "a.parquet", "column 'model' come to 50,000 bytes", small)


def test_texts_without_number_in_a_parquet_file(tmp_path, small, monkeypatch):
    """One text in 24 million rows is a small file, and gigabytes of Python objects."""
    pq.write_table(pa.table({"model": ["m"] * 60, "task": ["A"] * 60, "value": [1.0] * 60}), tmp_path / "a.parquet")
    monkeypatch.setattr(limits, "MAX_TEXTS", 100)
    refuses(tmp_path / "a.parquet", "120 cells that are not numbers are more than 100", small)


# Names and sizes, whatever the format

LIMITED = {
    "wide.csv": b"model,A\na,1\nb,2\nc,3\n",
    "long.csv": b"model,task,value\na,A,1\nb,A,2\nc,A,3\n",
    "wide.json": b'{"a": {"A": 1}, "b": {"A": 2}, "c": {}}',
    "records.json": b'[{"model": "a", "A": 1}, {"model": "b"}, {"model": "c"}]',
    "columns.json": b'{"model": ["a", "b", "c"], "A": [1, 2, 3]}',
}


@pytest.mark.parametrize("name", LIMITED)
def test_limits_of_results(tmp_path, small, monkeypatch, name):
    path = write(tmp_path / name, LIMITED[name])
    monkeypatch.setattr(intake, "MAX_MODELS", 2)
    with pytest.raises(ResultsError, match="3 models are more than the limit of 2"):
        load_results(path, small)
    monkeypatch.setattr(intake, "MAX_MODELS", 3)
    monkeypatch.setattr(limits, "MAX_LETTERS", 2)
    with pytest.raises(ResultsError, match="3 characters in the names of models are more than the limit of 2"):
        load_results(path, small)
    monkeypatch.setattr(limits, "MAX_LETTERS", 3)
    monkeypatch.setattr(intake, "MAX_NUMBERS", 5)
    with pytest.raises(ResultsError, match=r"6 values \(models x the benchmark's tasks\) are more than the limit of 5"):
        load_results(path, small)


def test_limits_of_tasks(tmp_path, small, monkeypatch):
    monkeypatch.setattr(csv, "MAX_TASKS", 2)
    refuses(write(tmp_path / "a.csv", b"model,A" + b"," * 9), "line 1: 11 columns are more than the limit of 2", small)
    path = write(tmp_path / "a.json", b'{"model": ["m"], "A": [1], "B": [2]}')
    monkeypatch.setattr(table, "MAX_TASKS", 2)
    refuses(path, "3 columns are more than the limit of 2", small)
    monkeypatch.setattr(intake, "MAX_TASKS", 1)
    with pytest.raises(ResultsError, match="2 tasks are more than the limit of 1"):
        load_results({"m": {"A": 1, "C": 2}}, small)
    monkeypatch.undo()
    monkeypatch.setattr(benchmark, "MAX_TASKS", 1)
    with pytest.raises(BenchmarkError, match="2 tasks are more than the limit of 1"):
        load_benchmark(SMALL)
    monkeypatch.undo()
    monkeypatch.setattr(benchmark, "MAX_MODALITIES", 1)
    with pytest.raises(BenchmarkError, match="2 modalities are more than the limit of 1"):
        load_benchmark(SMALL | {"modality": ["x", "y"]})


def test_many_cells_that_are_no_numbers(tmp_path, small, monkeypatch):
    monkeypatch.setattr(intake, "MAX_BAD", 3)
    path = write(tmp_path / "a.csv", b"model,A,B\n" + b"".join(b"%d,x,y\n" % i for i in range(3)))
    with pytest.raises(ResultsError, match="6 cells are neither numbers") as caught:
        load_results(path, small, invalid="missing")
    assert str(caught.value).count("model '") == 6


def test_long_names(tmp_path, small):
    """Neither marks by the thousand nor spaces take the square of their number; messages stay short."""
    marks = "a\u0301\u0316" + "\u0301\u0316" * 4000
    assert load_results({marks: {"A": 1}}, small).models == (marks,)
    assert benchmark.fold_task("e\u0301") == benchmark.fold_task("\u00c9")
    path = write(tmp_path / "a.json", b'{"' + b"m" * 20_000 + b'": {"A": 1}}')
    with pytest.raises(ResultsError, match="has 20,000 characters; at most 10,000"):
        load_results(path, small)
    spaced = "A" + " " * 100_000 + "c"
    for change in ({"metric": [spaced, "F1"]}, {"paradigm": [spaced, ""]}, {"task": ["A" * 9000] * 2}):
        with pytest.raises(GLevelError) as caught:
            load_benchmark(SMALL | change)
        assert len(str(caught.value)) < 500


def test_limits_of_specialist_sets(tmp_path, small, monkeypatch):
    monkeypatch.setattr(sets, "MAX_NUMBERS", 5)
    with pytest.raises(GLevelError, match=r"6 values .* are more than the limit of 5"):
        sets.read_matrix(write(tmp_path / "a.csv", b"A\n1\n2\n3\n"), small)
    monkeypatch.setattr(sets, "MAX_TASKS", 1)
    with pytest.raises(GLevelError, match="2 tasks are more than the limit of 1"):
        sets.read_candidates(write(tmp_path / "a.csv", b"task,sota\nA,1\nC,2\n"))
    many = {"task": [f"t{i}" for i in range(6000)]} | {k: v[:1] * 6000 for k, v in SMALL.items() if k != "task"}
    with pytest.raises(GLevelError, match=r"10\^6000 choices are more than 10,000,000"):
        SpecialistSets.candidates(load_benchmark(many), {task: range(10) for task in many["task"]})


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_few_values_of_many_models_take_little_memory(tmp_path):
    """150,000 models with one value each are 2 MB, and 8 GB once there is a column for each of 7,000 tasks."""
    path = write(tmp_path / "a.json", b"{%s}" % b",".join(b'"m%d":{"t1":1}' % i for i in range(150_000)))
    code = (
        "import resource, sys\nimport glevel_fast as gl\nn = 7000\n"
        "bench = gl.load_benchmark({'task': [f't{i}' for i in range(n)], 'modality': ['image'] * n,\n"
        "    'paradigm': ['generation'] * n, 'metric': ['Acc'] * n, 'sota': [1.0] * n})\n"
        "import glevel_fast.io.json, glevel_fast.loading.intake\n"
        "mapped = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (mapped + 500 * 2**20, resource.RLIM_INFINITY))\n"
        "try:\n    gl.load_results(sys.argv[1], bench)\nexcept gl.ResultsError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=False)
    assert "1,050,000,000 values" in done.stdout, done


def test_lone_surrogates_are_no_names(tmp_path, small):
    """JSON can spell half a character; no file could be written with it."""
    path = write(tmp_path / "a.json", b'{"m\\ud800": {"A": 1}}')
    with pytest.raises(ResultsError, match=r"'m\\ud800' is not Unicode text"):
        load_results(path, small)
    for column in ("task", "modality", "skill"):
        with pytest.raises(BenchmarkError, match="not Unicode text"):
            load_benchmark(SMALL | {column: ["a\udc00", "b"]})


def test_names_of_fields_reach_no_terminal(tmp_path, small, capsys):
    path, bench = tmp_path / "a.parquet", tmp_path / "b.csv"
    bench.write_text("task,modality,paradigm,metric,sota\nA,image,generation,Acc,60\n")
    evil = "\x1b[31mred\x07\u202e"
    for column in (pa.array([{evil: 1.5}]), pa.array([[{evil: 1.5}]]), pa.array([b"x"])):
        pq.write_table(pa.table({"model": ["m"], f"A{evil}": column}), path)
        with pytest.raises(ResultsError, match="not plain values") as caught:
            load_results(path, small)
        assert str(caught.value).isprintable()
        assert main(["score", str(path), "-b", str(bench)]) == 1
        assert capsys.readouterr().err.replace("\n", "").isprintable()


def test_parquet_that_unpacks_to_too_much(tmp_path, small, monkeypatch):
    path = tmp_path / "a.parquet"
    n = 300_000
    for kind, words in (
        (pa.array([b"x" * 4000] * 3000, pa.binary(4000)), "fixed_size_binary[4000], not plain values"),
        (pa.array([b"x" * 4000] * 3000), "binary, not plain values"),
        (pa.array([b"x" * 4000] * 3000).dictionary_encode(), "dictionary<values=binary"),
        (pa.array(["x" * 1000] * n).dictionary_encode(), "come to 300,000,000 bytes"),
        (pa.array(["x" * 1000] * n), "come to 300,000,000 bytes"),
    ):
        pq.write_table(pa.table({"model": kind}), path, compression="zstd")
        assert path.stat().st_size < 2**20
        refuses(path, words, small)
    half = pa.array(["x" * 200] * n)  # 60 MB each: too much together
    pq.write_table(pa.table({"model": half, "task": half}), path)
    refuses(path, "the texts up to column 'task' come to 120,000,000 bytes", small)
    pq.write_table(pa.table({"model": ["x"] * n, "A": np.zeros(n)}), path, compression="zstd")
    monkeypatch.setattr(parquet, "MAX_UNPACKED", 10)
    refuses(path, "bytes once unpacked are more than the limit of 10", small)


def test_many_texts_of_a_parquet_file_are_refused_unread(tmp_path, small):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"model": pa.nulls(2_100_000)}), path)
    refuses(path, "cells that are not numbers are more than", small)


@pytest.mark.parametrize("form", ["large_string", "string", "dictionary<int8>", "dictionary<double>"])
def test_parquet_texts_and_gaps_are_read_by_their_buffers(tmp_path, form):
    """Slices, nulls at odd offsets, dictionaries: what pyarrow itself says is in them."""
    texts = pa.array(["b", None, "a", "b", "ü", None, "a" * 9, "b", None, "c"] * 3)
    if form == "dictionary<double>":
        texts = pa.array([1.5, None, 2.5, 1.5] * 8)[:30].dictionary_encode()
    elif form == "dictionary<int8>":
        texts = texts.cast(pa.dictionary(pa.int8(), pa.string()))
    else:
        texts = texts.cast(form)
    numbers = {
        kind: pa.array([None if i % 7 == 3 else i for i in range(30)], pa.int64()).cast(kind)
        for kind in ("int8", "uint16", "int64", "uint64", "float16", "float32", "float64")
    }
    table = pa.table({"model": texts, **numbers, "again": numbers["float64"]}).slice(3, 21)
    parts = pa.concat_tables([table, table.slice(2, 9)])
    pq.write_table(parts, tmp_path / "t.parquet", row_group_size=8)
    read = parquet.read_parquet(tmp_path / "t.parquet").columns
    wanted = [math.nan if form.endswith("double>") and x is None else x for x in parts["model"].to_pylist()]
    np.testing.assert_array_equal(read["model"], np.array(wanted, object if form != "dictionary<double>" else float))
    for name in (*numbers, "again"):
        expected = [math.nan if x is None else float(x) for x in parts[name].to_pylist()]
        np.testing.assert_array_equal(read[name], expected)
