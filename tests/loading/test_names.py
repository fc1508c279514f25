"""Names that look the same: they meet, and two spellings in one input are an error that a table of names mends."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from released import half, rows, save, sheets, sota_sheets

from glevel_fast import Benchmark, BenchmarkError, Results, ResultsError, Scorer, load_benchmark, load_results
from glevel_fast.cli.main import main
from glevel_fast.text import fold_task, spelled, spelling

BENCH = Benchmark(("x-ray", "ocr"), ("image",) * 2, ("comprehension",) * 2, ("Acc",) * 2, [60.0, 50.0])
ONE_NAME = [
    "gpt-4O", " GPT-4o ", "GPT‑4o", "GPT–4o", "GPT—4o", "GPT−4o", "GPT-4o\u200b", "\ufeffGPT-4o", "GP\u00adT-4o",
    "GPT-4o\ufe0f", "ＧＰＴ-4o", "GPT-4ｏ", "G\u2060PT-4o", "GPT\u200d-4o", "GPT-4o\u034f",
]  # fmt: skip


@pytest.mark.parametrize("name", ONE_NAME)
def test_what_looks_the_same_is_the_same(name):
    assert fold_task(name) == "gpt-4o"


@pytest.mark.parametrize(
    ("one", "other"), [("a b", "ab"), ("gpt-4", "gpt4"), ("café", "cafe"), ("a", "b"), ("mix_7b", "mix-7b")]
)
def test_what_looks_different_is_different(one, other):
    assert fold_task(one) != fold_task(other)


@given(st.text(max_size=30))
def test_the_key_of_a_key_is_itself(name):
    assert fold_task(fold_task(name)) == fold_task(name)
    assert fold_task(name.swapcase()) == fold_task(name) or spelling(name.swapcase()) != spelling(name)


def test_messages_show_code_points():
    assert spelled("GPT-4o") == "'GPT-4o'"
    assert "U+2011" in spelled("GPT‑4o")
    assert "U+200B" in spelled("GPT-4o\u200b")
    assert spelled("Café") == "'Café'"


def long_csv(tmp_path, names):
    path = tmp_path / "r.csv"
    path.write_text(
        "model,task,value\n" + "".join(f"{n},{t},1{i}\n" for i, (n, t) in enumerate(names)), encoding="utf-8"
    )
    return path


def test_one_model_under_several_spellings(tmp_path):
    path = long_csv(tmp_path, [("Qwen-2", "x-ray"), ("Qwen‑2", "ocr")])
    with pytest.raises(ResultsError) as caught:
        load_results(path, BENCH)
    for word in (str(path), "'Qwen-2' = ", "U+2011", "--rename FILE"):
        assert word in str(caught.value)
    results = load_results(path, BENCH, rename={"Qwen‑2": "Qwen-2"})
    assert results.models == ("Qwen-2",)
    assert results.values.tolist() == [[10.0, 11.0]]


@pytest.mark.parametrize("shape", ["wide", "dict", "workbook", "two files"])
def test_in_every_shape(tmp_path, shape):
    names = ("Yi\u200b-34B", "Yi-34B")
    if shape == "wide":
        source = pd.DataFrame({"model": names, "ocr": [1.5, 2.5]})
    elif shape == "dict":
        source = {name: {"ocr": 1.5} for name in names}
    elif shape == "two files":
        source = [{name: {"ocr": 1.5}} for name in names]
    else:
        source = save(tmp_path / "a.xlsx", sheets(*((name, half) for name in names)))
    bench = load_benchmark(save(tmp_path / "sota.xlsx", sota_sheets())) if shape == "workbook" else BENCH
    with pytest.raises(ResultsError, match=r"(?s)Yi.*U\+200B"):
        load_results(source, bench)


def test_tasks_meet_the_benchmarks(tmp_path):
    results = load_results({"M": {"X\u2010Ray": 61.0}}, BENCH)
    assert results.values[0, 0] == 61
    assert any("U+2010" in note and "'x-ray'" in note for note in results.notes)
    with pytest.raises(ResultsError, match=r"(?s)one task stands there under several spellings.*U\+2010"):
        load_results(pd.DataFrame({"model": ["M"], "x-ray": [1.5], "x‐ray": [2.5]}), BENCH)
    with pytest.raises(ResultsError, match="x-ray"):
        load_results(long_csv(tmp_path, [("A", "x-ray"), ("B", "x‐ray")]), BENCH)


def test_in_a_benchmark_and_in_results():
    with pytest.raises(BenchmarkError, match=r"listed twice.*U\+2011"):
        Benchmark(("x‑ray", "x-ray"), ("image",) * 2, ("comprehension",) * 2, ("Acc",) * 2, [60.0, 50.0])
    with pytest.raises(ResultsError, match=r"U\+200B.*there twice"):
        Results(("M", "M\u200b"), BENCH.tasks, np.ones((2, 2)), ("",) * 2, np.zeros(2))
    with pytest.raises(ResultsError, match="no name"):
        Results(("\u200b",), BENCH.tasks, np.ones((1, 2)), ("",), np.zeros(1))
    scores = Scorer(BENCH).score(load_results({"Qwen‑2": {"ocr": 51.0}}, BENCH))
    assert scores.row("qwen-2") == 0


@pytest.mark.parametrize("form", ["csv", "json", "records", "xlsx"])
def test_a_table_of_names(tmp_path, capsys, form):
    path = tmp_path / f"names.{'json' if form == 'records' else form}"
    pairs = {"Qwen‑2": "Qwen-2", "radiology": "x-ray", "nobody": "somebody"}
    if form == "csv":
        path.write_text("written,meant\n" + "".join(f"{a},{b}\n" for a, b in pairs.items()), encoding="utf-8")
    elif form == "xlsx":
        save(path, {"names": [["As written", "As meant"], *map(list, pairs.items())]})
    else:
        plain = pairs if form == "json" else [{"from": a, "to": b} for a, b in pairs.items()]
        path.write_text(json.dumps(plain))
    source = long_csv(tmp_path, [("Qwen-2", "Radiology"), ("Qwen‑2", "ocr")])
    results = load_results(source, BENCH, rename=path)
    assert results.models == ("Qwen-2",)
    assert results.values.tolist() == [[10.0, 11.0]]
    assert "names to rename that nothing bears: 'nobody'" in results.notes
    bench = tmp_path / "b.csv"
    bench.write_text(
        "task,modality,paradigm,metric,sota\nx-ray,image,comprehension,Acc,60\nocr,image,comprehension,Acc,50\n"
    )
    assert main(["score", str(source), "-b", str(bench), "--rename", str(path), "--fractions", "keep"]) == 0
    assert "Qwen-2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\nx,y\n", "needs the columns 'written' and 'meant'; it has 'a', 'b'"),
        ("written,meant\nx,\n", "two names are needed"),
        ("written,meant\nx,y\nX,z\n", "is to be both 'y' and 'z'"),
    ],
)
def test_bad_tables_of_names(tmp_path, content, words):
    (tmp_path / "n.csv").write_text(content)
    with pytest.raises(ResultsError, match=words):
        load_results({"M": {"ocr": 1.5}}, BENCH, rename=tmp_path / "n.csv")


def test_columns_that_are_no_tasks(tmp_path):
    frame = pd.DataFrame({"model": ["M"], "Organization": ["us"], "params_b": [7], "ocr": [51.0]})
    with pytest.raises(ResultsError, match=r"(?s)'Organization'.*'params_b'.*--ignore NAME"):
        load_results(frame, BENCH)
    results = load_results(frame, BENCH, ignore=["organization", "params_b"])
    assert results.values[0, 1] == 51
    assert "DataFrame: columns passed over as asked: 'Organization', 'params_b'" in results.notes
    records = tmp_path / "r.json"
    records.write_text('[{"model": "M", "organization": "us", "ocr": 51}]')
    assert load_results(records, BENCH, ignore="Organization").values[0, 1] == 51


def test_columns_of_workbooks_without_values(tmp_path):
    bench = load_benchmark(save(tmp_path / "sota.xlsx", sota_sheets()))
    path = save(tmp_path / "a.xlsx", sheets(("M", half), ("Remarks", {}), ("Checked by", lambda *_: "me")))
    results = load_results(path, bench, ignore="checked by")
    assert results.models == ("M",)
    assert results.notes == (
        "a.xlsx: columns passed over as asked: 'Checked by'",
        "a.xlsx: columns without any value, left out: 'Remarks'",
    )
    with pytest.raises(ResultsError, match="no model column with a value"):
        load_results(save(path, sheets(("M", {}))), bench)
    content = sheets(("M", half))
    content["NLP"] = rows("NLP", ("M", {}))  # nothing on one sheet alone: the model stays
    assert load_results(save(path, content), bench).models == ("M",)


def test_models_without_any_value_are_noted():
    results = load_results({"M": {"ocr": 51.0}, "None yet": {"ocr": None}}, BENCH)
    assert "dict: models without any value: 'None yet'" in results.notes


BIG = [2**53 + 1, 2**53 + 3, 1234567890123456789]


@pytest.mark.parametrize("form", ["pandas", "parquet", "json", "csv", "uint64", "nullable"])
def test_integer_names_stay_integers(tmp_path, form):
    table = {"model": BIG, "ocr": [1.5, 2.5, 3.5]}
    path = tmp_path / f"r.{form}"
    if form == "pandas":
        source = pd.DataFrame(table)
    elif form == "uint64":
        source = pd.DataFrame(table).astype({"model": "uint64"})
    elif form == "nullable":
        source = pd.DataFrame(table).astype({"model": "Int64"})
    else:
        source = path
        if form == "parquet":
            pq.write_table(pa.table(table), path)
        elif form == "csv":
            pd.DataFrame(table).to_csv(path, index=False)
        else:
            path.write_text(json.dumps(table))
    assert load_results(source, BENCH).models == tuple(map(str, BIG))


def test_small_integer_names():
    assert load_results(pd.DataFrame({"model": [7, 10**15], "ocr": [1.5, 2.5]}), BENCH).models == ("7", str(10**15))
