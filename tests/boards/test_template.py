"""Templates for a new model: filled in, they score without anything else."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.boards.template import template_columns, unit
from glevel_fast.cli.main import main
from glevel_fast.core.metrics import find_metric


def test_lists_the_tasks_with_metric_unit_and_specialist() -> None:
    bench = gl.published.benchmark()
    columns = template_columns(bench, "mine")
    assert columns["task"] == list(bench.tasks)
    assert columns["specialist"] == list(bench.specialist)
    assert set(columns["value"]) == {None}
    row = {name: column[bench.task_index["text-to-speech"]] for name, column in columns.items()}
    assert (row["metric"], row["unit"], row["better"], row["sota"], row["short"]) == (
        "WER",
        "percent",
        "lower",
        5.6,
        "TTS",
    )
    assert len(template_columns(bench, "mine", "B:image")["task"]) == 316


def test_units() -> None:
    assert unit(find_metric("Acc")) == "percent"
    assert unit(find_metric("Acc"), 100.0) == "[0, 100] after x 100"
    assert unit(find_metric("WER"), 0.01) == "percent"
    assert unit(find_metric("WER")) == "z >= 0"
    assert unit(find_metric("MOS")) == "[1, 5]"
    assert unit(find_metric("FID")) == "z > 0"


def test_a_filled_csv_scores_as_an_array_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = gl.published.benchmark()
    path, scores = tmp_path / "mine.csv", tmp_path / "scores.csv"
    assert main(["template", "-o", str(path), "--model", "mine"]) == 0
    assert "699 tasks; fill in the values" in capsys.readouterr().out
    assert main(["score", str(path)]) == 0  # nothing filled in: nothing supported
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    for row, sota in zip(rows[::3], bench.sota[::3].tolist(), strict=True):
        row["value"] = repr(sota)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    capsys.readouterr()
    assert main(["score", str(path), "--csv", str(scores)]) == 0
    found = list(csv.DictReader(scores.read_text("utf-8").splitlines()))
    raw = np.full((1, 699), np.nan)
    raw[0, ::3] = bench.sota[::3]
    expected = gl.Scorer(bench).score(raw)
    assert [float(found[0][f"level{k}"]) for k in (2, 3, 4, 5)] == expected.overall[0].tolist()
    assert expected.level[0] == 5


@pytest.mark.parametrize("scope", ["A", "B:audio"])
def test_a_filled_workbook_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str], scope: str) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "mine.xlsx"
    assert main(["template", "-o", str(path), "--scope", scope]) == 0
    hint = capsys.readouterr().out
    book = openpyxl.load_workbook(path)
    assert ("Image-Generation" in book.sheetnames) == (scope == "A")
    sheet = book["Audio-Generation"]
    assert [cell.value for cell in sheet[1]] == [
        "No", "Task Name", "Task Short Name", "Metrics", "SoTA Performance", "my-model",
    ]  # fmt: skip
    assert book["Tasks"]["C2"].value == "percent"
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, 6).value = sheet.cell(row, 5).value
    book.save(path)
    arguments = ["score", str(path), *(["--partial"] if "--partial" in hint else []), "--csv", "-"]
    assert main(arguments) == 0, capsys.readouterr().err
    row = next(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert (row["model"], row["audio_generation_wins"], row["level"]) == ("my-model", "20", "3")


def test_own_benchmarks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = tmp_path / "tasks.csv"
    tasks.write_text(
        "task,modality,paradigm,metric,sota\n=a,touch,generation,Acc,\nb,image,generation,Acc,5\n", "utf-8"
    )
    path = tmp_path / "mine.csv"
    assert main(["template", "-b", str(tasks), "-o", str(path)]) == 0
    assert f"-b {tasks}" in capsys.readouterr().out
    assert gl.load_results(path, gl.load_benchmark(tasks)).models == ("my-model",)
    assert main(["template", "-b", str(tasks), "-o", str(tmp_path / "mine.xlsx")]) == 1
    assert "no sheet for 'touch generation'" in capsys.readouterr().err


def test_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["-o", str(tmp_path / "mine.txt")], ".csv or .xlsx"),
        (["-o", str(tmp_path / "mine.csv"), "--scope", "B:smell"], "not one of the benchmark's modalities"),
        (["-o", str(tmp_path / "mine.csv"), "--model", " "], "the name is empty"),
    ):
        assert main(["template", *arguments]) == 1
        assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["template", "-o", "-", "--scope", "D:Crack Detection"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
