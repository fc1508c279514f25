"""`glevel evaluate`: from the example to a board, and what it says to wrong use."""

import csv
import json
import subprocess
import sys

import pytest

from glevel_fast.cli.main import main

pytest.importorskip("PIL", reason="the extra `evaluate` is not installed")


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example") / "e"
    assert main(["evaluate", "--example", str(folder)]) == 0
    return folder


def options(folder, *more):
    given = ["--annotations", folder / "annotations", "--tasks", folder / "tasks.csv", "-b", folder / "benchmark.csv"]
    return [*map(str, given), "--processes", "1", *more]


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_from_predictions_to_a_board(example, tmp_path, capsys):
    ours = str(example / "predictions" / "Example-7B")
    for ending in ("csv", "parquet", "json"):
        results, samples = tmp_path / f"r.{ending}", tmp_path / f"s.{ending}"
        assert main(["evaluate", ours, *options(example, "-o", str(results), "--samples", str(samples))]) == 0
        shown = capsys.readouterr()
        assert "Example-7B: 6 of 6 tasks have a value" in shown.out
        assert "acc/letter@1" in shown.out
        assert "note: task 'Headline Writing': 1 of 4 ids have no prediction" in shown.err
        assert main(["board", str(results), "-b", str(example / "benchmark.csv"), "--csv", str(tmp_path / "b")]) == 0
        capsys.readouterr()
        assert rows_of(tmp_path / "b")[0]["model"] == "Example-7B"
    by_task = {row["task"]: row for row in rows_of(tmp_path / "r.csv")}
    assert by_task["Headline Writing"]["definition"] == "rougeL/google@1"
    assert by_task["Headline Writing"]["unit"] == "percent"
    assert {row["task"] for row in json.loads((tmp_path / "s.json").read_text())} == set(by_task)


def test_a_name_and_values_are_taken(example, tmp_path, capsys):
    (tmp_path / "values.csv").write_text("task,value\nReading Comprehension,55.5\n")
    tasks = (example / "tasks.csv").read_text().replace("reading,Acc", ",Acc")
    (tmp_path / "tasks.csv").write_text(tasks)
    line = ["evaluate", str(example / "predictions" / "Example-7B"), *options(example, "--model", "Mine")]
    line[line.index("--tasks") + 1] = str(tmp_path / "tasks.csv")
    assert main([*line, "--values", str(tmp_path / "values.csv"), "-o", str(tmp_path / "r.json")]) == 0
    rows = json.loads((tmp_path / "r.json").read_text())
    assert {row["model"] for row in rows} == {"Mine"}
    assert next(row for row in rows if row["task"] == "Reading Comprehension")["value"] == 55.5
    assert "values that were given, not computed: 'Reading Comprehension'" in capsys.readouterr().err


def test_faults_are_one_message_and_nothing_is_written(example, tmp_path, capsys):
    (tmp_path / "p" / "reading").mkdir(parents=True)
    (tmp_path / "p" / "reading" / "prediction.json").write_text('[{"id": "zz", "prediction": "A"}]')
    out = tmp_path / "r.csv"
    assert main(["evaluate", str(tmp_path / "p"), *options(example, "-o", str(out))]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("glevel: error: predicted ids that the annotations lack (1):\n  - task 'Reading")
    assert not shown.out
    assert not out.exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "--annotations, --tasks, --benchmark are missing"),
        (["--annotations", "a", "--tasks", "t", "-b", "b"], "PREDICTIONS is missing"),
        (["p", "--annotations", "a", "--tasks", "t", "-b", "b", "-o", "r.txt"], "--output needs a file that ends in"),
        (["--draft", "t.csv", "--annotations", "a"], "--benchmark is missing"),
        (["p", "--missing", "drop"], "invalid choice: 'drop'"),
    ],
)
def test_wrong_usage_is_status_2(line, said, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *line])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_a_draft_for_the_example(example, tmp_path, capsys):
    draft = tmp_path / "draft.csv"
    line = ["--annotations", str(example / "annotations"), "-b", str(example / "benchmark.csv")]
    assert main(["evaluate", "--draft", str(draft), *line]) == 0
    shown = capsys.readouterr()
    assert "6 tasks, 1 with a folder" in shown.out
    assert "note: folders without a task: 'denoising', 'depth', 'headlines', 'reading', 'signs'" in shown.err
    rows = {row["task"]: row for row in rows_of(draft)}
    assert rows["Pet Segmentation"]["answer_path"] == "output.mask"
    assert rows["Image Denoising"]["folder"] == ""


def test_definitions_are_listed_within_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["evaluate", "--definitions"]) == 0
    shown = capsys.readouterr().out
    assert "rougeL/pltrdy@1  (ROUGE-L)" in shown


def test_no_package_is_loaded_before_it_is_needed():
    code = (
        "import sys; from glevel_fast.cli.main import main; main(['evaluate', '--definitions']); "
        "sys.exit(bool({'scipy', 'nltk', 'pycocotools', 'PIL', 'rapidfuzz'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
