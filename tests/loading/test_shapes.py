"""Files and frames in the shapes that other tools give them: read with a note, or refused with a cure."""

import gzip
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from released import save

from glevel_fast import Benchmark, BenchmarkError, GLevelError, ResultsError, Scorer, load_benchmark, load_results
from glevel_fast.cli.main import main
from glevel_fast.io import csv

PARADIGMS = ("comprehension", "comprehension", "generation")
BENCH = Benchmark(("vqa", "ocr", "t2i"), ("image",) * 3, PARADIGMS, ("Acc", "Acc", "FID"), [60.0, 50.0, 25.0])
FRAME = pd.DataFrame({"model": ["A", "B"], "vqa": [61.5, 50.0], "t2i": [20.5, np.nan]})
VALUES = [[61.5, np.nan, 20.5], [50.0, np.nan, np.nan]]


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def same(source, *words, bench=BENCH, **options):
    """It is read as FRAME, and a note has each of the words."""
    results = load_results(source, bench, **options)
    assert results.models == ("A", "B")
    np.testing.assert_array_equal(results.values, VALUES)
    for word in words:
        assert any(word in note for note in results.notes), (word, results.notes)
    return results


def refused(source, *words, bench=BENCH):
    with pytest.raises(ResultsError) as caught:
        load_results(source, bench)
    for word in words:
        assert word in str(caught.value), str(caught.value)


# What is no table at all

STRANGERS = [
    (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
        "is a Git LFS pointer, not the file: git",
    ),
    (b"<!DOCTYPE html>\n<html><body>404</body></html>", "is a web page (HTML)"),
    (b"\xef\xbb\xbf  <HTML lang='en'>", "is a web page (HTML)"),
    (b"\n<table><tr><td>1</td></tr></table>", "is a web page (HTML)"),
    (b"<?xml version='1.0'?><data/>", "is XML, not a table"),
    (b"", "is empty"),
    (bytes(2000), "nothing but zeros"),
    (b"%PDF-1.7 ...", "is a PDF"),
    (b"\x93NUMPY\x01\x00", "is a NumPy array"),
    (b"\x89HDF\r\n", "is an HDF5 file"),
    (b"\xfd7zXZ\x00", "packed with xz"),
]


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"])
@pytest.mark.parametrize(("content", "words"), STRANGERS)
def test_strangers(tmp_path, ending, content, words):
    refused(written(tmp_path / f"r.{ending}", content), f"r.{ending}", words)


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_files_under_another_name(tmp_path, ending):
    FRAME.to_parquet(tmp_path / "r.parquet")
    refused(
        written(tmp_path / f"a.{ending}", (tmp_path / "r.parquet").read_bytes()), "a Parquet file: name it .parquet"
    )
    book = save(tmp_path / "r.xlsx", {"a": [["model", "vqa"], ["A", 1]]})
    refused(written(tmp_path / f"b.{ending}", book.read_bytes()), "a workbook or another zip archive: name it .xlsx")
    refused(written(tmp_path / f"c.{ending}", gzip.compress(b"model,vqa\nA,1\n")), "packed with gzip: name it .csv.gz")


def test_in_utf_16(tmp_path):
    refused(written(tmp_path / "r.csv", "model,vqa\nA,61\n".encode("utf-16")), "is text in UTF-16; save it as UTF-8")


@pytest.mark.parametrize("name", ["~$r.xlsx", ".~lock.r.csv#.csv", "~$r.csv"])
def test_lock_files(tmp_path, name):
    refused(written(tmp_path / name, b"\x05someone" + bytes(150)), "is the lock file of a ", "close it there")


# CSV

LINES = "model,vqa,ocr,t2i\nA,61.5,,20.5\nB,50,,\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "model;vqa;t2i\nA;61,5;20,5\n",
            ["line 1: cells are separated by ';' and decimals are written with ','", "decimal=','"],
        ),
        ("model;vqa;t2i\nA;61.5;20.5\n", ["cells are separated by ';'; separate them by commas", "sep=';'"]),
        ("\n\nmodel|vqa|t2i\nA|61.5|20.5\n", ["line 3: cells are separated by '|'"]),
        ("model\tvqa\nA\t61,5\n", ["cells are separated by tabs: name the file .tsv"]),
        ("sep=;\nmodel;vqa\nA;61,5\n", ["line 1: cells are separated by ';' and decimals"]),
        ("# made by me\nmodel,vqa\nA,61.5\n", ["line 1: '# made by me' is a comment, not the header: remove it"]),
        ("My board\nmodel,vqa,t2i\nA,61.5,20.5\n", ["line 1: is no header, only the title 'My board'", "in line 2"]),
        ("Results of May,,\n,,\nmodel,vqa,t2i\nA,61.5,20.5\n", ["line 1: is no header", "seem to stand in line 3"]),
        (",A\nvqa,61.5\nocr,x\n", ["task 'ocr': 'x'"]),  # tasks as rows, and one model
        ("| model | vqa |\n|:--|---|\n| A | 61.5 |\n", ["line 1: is a Markdown table: save its cells as CSV"]),
        ("model,vqa\nA,\\textbf{61.5}\n", ["(write it without markup)"]),
        ("model,vqa\nA,\u221261.5\n", ["(write the minus as '-')"]),
        ("model,vqa\nA,2025-06-05\n", ["a date: format the cell as a number"]),
        ("Model Name,vqa\nA,61.5\n", ["has no column 'model'", "if 'Model Name' holds the models, call it 'model'"]),
        ("model,vqa,ocr\nA,61,5,50\n", ["line 2: 4 cells where the header has 3; are decimals written with a comma?"]),
        ('model,vqa\nA,"61,5"\n', ["line 2, model 'A', task 'vqa': '61,5' (write decimals with a point)"]),
        ("model,vqa\nA,61.5±0.2\n", ["'61.5±0.2' (give the mean alone)"]),
        ("model,vqa\nA,61.5 (0.2)\n", ["(give the mean alone)"]),
        ("model,vqa\nA,**61.5**\n", ["'**61.5**' (write it without markup)"]),
        ("model,vqa\nA,61.5*\n", ["'61.5*' (write the number alone)"]),
        ("model,vqa\nA,#DIV/0!\n", ["'#DIV/0!' (an error of a spreadsheet"]),
        ("model,vqa,\nA,61.5,x\n", ["column 3 has no name"]),
    ],
)
def test_csv_of_other_kinds(tmp_path, content, words):
    refused(written(tmp_path / "r.csv", content), "r.csv", *words)


def test_csv_with_what_can_be_passed_over(tmp_path):
    same(written(tmp_path / "r.csv", "sep=,\n" + LINES), "line 1 (sep=,) is for Excel, and passed over")
    same(written(tmp_path / "r.csv", LINES.replace("61.5", " 61.5%").replace("B,50,,", "B,50 %,N/A,—")))
    refused(written(tmp_path / "r.csv", "sep=,\n" + LINES.replace("50", "x")), "line 4, model 'B', task 'vqa': 'x'")
    same(written(tmp_path / "r.csv", LINES.replace("model", '"model"')))


def test_other_texts(tmp_path):
    same(written(tmp_path / "r.tsv", LINES.replace(",", "\t")))
    same(written(tmp_path / "r.csv.gz", gzip.compress(LINES[:20].encode()) + gzip.compress(LINES[20:].encode())))
    same(written(tmp_path / "R.TSV.GZ", gzip.compress(LINES.replace(",", "\t").encode())))
    refused(written(tmp_path / "r.tsv", LINES), "cells are separated by commas: name the file .csv")
    records = [{"model": "A", "vqa": 61.5, "t2i": 20.5}, {"model": "B", "vqa": 50}]
    lines = "\n\n".join(map(json.dumps, records)) + "\n"
    same(written(tmp_path / "r.jsonl", lines))
    same(written(tmp_path / "r.ndjson", lines))
    refused(written(tmp_path / "r.jsonl", lines + "{"), "r.jsonl, line 4, column 2: is not JSON")
    refused(written(tmp_path / "r.jsonl", "[1]\n"), "record 1 is [1.0], not an object", "name the file .json")
    refused(written(tmp_path / "r.json", lines), "r.json, line 3, column 1: is not JSON", "name the file .jsonl")


def test_packed_texts_have_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(csv, "MAX_UNPACKED", 1000)
    refused(written(tmp_path / "r.csv.gz", gzip.compress(b"x" * 2000)), "unpacks to more than 1,000 bytes")
    refused(written(tmp_path / "r.csv.gz", gzip.compress(b"model,vqa\n" * 90)[:-9]), "cut short")
    refused(written(tmp_path / "r.csv.gz", b"\x1f\x8b" + b"x" * 50), "is not a gzip file that can be unpacked")
    refused(written(tmp_path / "r.csv.gz", LINES), "is not a gzip file")


# pandas' index


@pytest.mark.parametrize("index", ["default", "filtered", "texts", "named"])
@pytest.mark.parametrize("form", ["csv", "parquet", "frame"])
def test_an_index_beside_the_models(tmp_path, form, index):
    frame = FRAME.copy()
    if index == "filtered":
        frame.index = [3, 8]
    elif index == "texts":
        frame.index = ["x", "y"]
    elif index == "named":
        frame.index = pd.Index([1, 2], name="run")
    source = tmp_path / f"r.{form}"
    if form == "csv":
        frame.to_csv(source)
        words = "'run'" if index == "named" else "'Unnamed: 0' is a pandas index and left out: write without it"
        if index == "named":  # nothing shows that this is an index
            refused(source, words, "--ignore NAME")
            return
    elif form == "parquet":
        frame.to_parquet(source)
        words = "" if index == "default" else "is a pandas index and left out: write without it"
    else:
        source, words = frame, "" if index in ("default", "filtered") else "is a pandas index and left out"
    same(source, *([words] if words else []))


def test_unnamed_columns_read_back(tmp_path):
    FRAME.to_csv(tmp_path / "a.csv")
    pd.read_csv(tmp_path / "a.csv").to_csv(tmp_path / "r.csv", index=False)
    same(tmp_path / "r.csv", "'Unnamed: 0' is a pandas index")
    pd.read_csv(tmp_path / "a.csv").to_json(tmp_path / "r.json", orient="records")
    same(tmp_path / "r.json", "'Unnamed: 0' is a pandas index")
    same(
        pl.DataFrame({"Unnamed: 0": [0, 1], "model": ["A", "B"], "vqa": [61.5, 50], "t2i": [20.5, None]}),
        "pandas index",
    )


@pytest.mark.parametrize("form", ["csv", "parquet", "frame", "json", "named"])
def test_models_as_index(tmp_path, form):
    frame, path = FRAME.set_index("model"), tmp_path / f"r.{form}"
    if form != "named":
        frame.index.name = None
    if form == "csv":
        frame.to_csv(path)
    elif form == "parquet":
        frame.to_parquet(path)
    elif form == "json":
        frame.to_json(path)
    same(
        frame if form in ("frame", "named") else path,
        *([] if form == "named" else ["pandas" if form != "json" else "df.to_json()"]),
    )


@pytest.mark.parametrize("form", ["csv", "parquet", "frame", "json", "column"])
def test_tasks_as_rows(tmp_path, form):
    frame, path = FRAME.set_index("model").T, tmp_path / f"r.{form}"
    frame.columns.name, word = None, "tasks are rows here; models: 'A', 'B'"
    if form == "csv":
        frame.to_csv(path)
    elif form == "parquet":
        frame.to_parquet(path)
    elif form == "json":
        frame.to_json(path)
    elif form == "column":
        path, word = frame.rename_axis("Task").reset_index(), "tasks are rows here"
        path["metric"] = ["acc", "fid"]
        path["weight"] = 1
    else:
        path = frame
    same(path, *([] if form == "json" else [word]))
    if form == "column":
        refused(path.assign(metric=["acc", "wer"]), "the metric differs", "'wer'")
        refused(pd.concat([path, path]), "the task 'vqa' stands twice")


def test_the_orient_can_be_given(tmp_path):
    named = FRAME.set_index("model").T.rename_axis("dataset").reset_index()
    named.columns.name = None
    refused(named, "has no column 'model'")
    same(named, "tasks are rows here", orient="tasks")
    same({"vqa": {"A": 61.5, "B": 50}, "t2i": {"A": 20.5}}, "tasks are the keys", orient="tasks")
    with pytest.raises(ResultsError, match="choose 'models' or 'tasks'"):
        load_results(named, BENCH, orient="rows")
    named.to_csv(tmp_path / "r.csv", index=False)
    pd.DataFrame(
        {c: getattr(BENCH, c if c != "task" else "tasks") for c in ("task", "modality", "paradigm", "metric", "sota")}
    ).to_csv(tmp_path / "b.csv")
    assert main(["score", str(tmp_path / "r.csv"), "-b", str(tmp_path / "b.csv"), "--orient", "tasks"]) == 0


def test_series():
    one = pd.Series({"vqa": 61.5, "t2i": 20.5}, name="A")
    assert load_results(one, BENCH).values[0].tolist()[::2] == [61.5, 20.5]
    assert load_results(one, BENCH).models == ("A",)
    task = pd.Series({"A": 61.5, "B": 50}, name="vqa")
    assert load_results(task, BENCH).values[:, 0].tolist() == [61.5, 50]
    same(FRAME.melt("model", var_name="task").set_index(["model", "task"])["value"])
    same(FRAME.melt("model", var_name="task").dropna().set_index(["model", "task"])["value"])
    refused(one.rename(None), "a Series needs a name")
    refused(pl.Series("A", [1.0]), "pass a DataFrame")
    with pytest.raises(GLevelError, match="several levels"):
        load_results(pd.DataFrame({("a", "model"): ["A"], ("b", "vqa"): [1.5]}), BENCH)
    assert Scorer(BENCH).score(one).models == ("A",)


# JSON


@pytest.mark.parametrize("orient", ["columns", "split", "table", "index", "records"])
def test_json_of_a_frame(tmp_path, orient):
    path = tmp_path / "r.json"
    FRAME.to_json(path, orient=orient)
    same(
        path,
        *([] if orient == "records" else [f"pandas' JSON orient {orient!r}", "to_json(orient='records') is plainer"]),
    )
    FRAME.melt("model", var_name="task").to_json(path, orient=orient)
    same(path)
    columns = pd.DataFrame(
        {"task": ["vqa"], "modality": ["image"], "paradigm": ["generation"], "metric": ["Acc"], "sota": [60]}
    )
    columns.to_json(path, orient=orient)
    assert load_benchmark(path).sota.tolist() == [60]


def test_json_that_is_no_table(tmp_path):
    path = tmp_path / "r.json"
    FRAME.to_json(path, orient="values")
    refused(path, "orient='values'", "orient='records'")
    FRAME.set_index("model").to_json(path, orient="split")
    same(path, "'split'", "taken for the column 'model'")
    refused(written(path, '{"columns": ["model", "vqa"], "data": [["A"]]}'), "row 1 of `data`")
    refused(written(path, '{"results": {"mmlu": {"acc": 0.5}}, "versions": {}}'), "glevel import lm-eval FILE")
    with pytest.raises(BenchmarkError, match="glevel import mteb FILE"):
        load_benchmark(written(path, '{"task_name": "x", "scores": {"test": []}}'))


def test_a_benchmark_with_an_index(tmp_path):
    frame = pd.DataFrame(
        {"task": ["vqa"], "modality": ["image"], "paradigm": ["generation"], "metric": ["Acc"], "sota": [60]}
    )
    frame.to_csv(tmp_path / "b.csv")
    assert any("is a pandas index" in note for note in load_benchmark(tmp_path / "b.csv").notes)
    assert load_benchmark(frame.set_index("task")).tasks == ("vqa",)
    bare = frame.set_index("task").rename_axis(None)
    bare.to_csv(tmp_path / "b.csv")
    assert load_benchmark(bare).tasks == load_benchmark(tmp_path / "b.csv").tasks == ("vqa",)
