"""`glevel import`: from the files of another tool to a board."""

import json

import pytest

from glevel_fast.cli.import_ import FORMATS
from glevel_fast.cli.main import main
from glevel_fast.loading import importing


def run(model, acc, n=100, shots=0):
    return {
        "results": {"vqa": {"acc,none": acc, "acc_stderr,none": 0.05}, "ocr": {"anls,none": acc / 2}},
        "n-samples": {"vqa": {"effective": n}},
        "n-shot": {"vqa": shots, "ocr": shots},
        "config": {},
        "model_name": model,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for model, acc in (("A", 0.5), ("B", 0.75)):
        (tmp_path / "runs" / f"{model}_results.json").write_text(json.dumps(run(model, acc)))
    return tmp_path


def test_formats_are_those_of_the_library():
    assert tuple(importing.FORMATS) == FORMATS


def test_from_a_draft_to_a_board(folder, capsys):
    assert main(["import", "lmms-eval", "runs", "--list"]) == 0
    out, err = capsys.readouterr()
    assert "Imported(4 values of 2 models on 2 tasks by lmms-eval)" in out
    assert "drafts of 2 tasks, all taken for image comprehension" in err
    draft = (folder / "benchmark.csv").read_text()
    assert draft == "task,modality,paradigm,metric,sota\nvqa,image,comprehension,Acc,\nocr,image,comprehension,ANLS,\n"
    (folder / "benchmark.csv").write_text(draft.replace("Acc,", "Acc,60").replace("ANLS,", "ANLS,80"))

    assert main(["import", "lmms-eval", "runs", "--map", "map.toml", "-o", "results.parquet"]) == 0
    assert "units of 2 pairs of task and metric are taken as fractions" in capsys.readouterr().err
    assert main(["score", "results.parquet", "-b", "benchmark.csv", "--json", "-"]) == 0
    scored = json.loads(capsys.readouterr().out)["models"]
    assert [(one["model"], one["overall"]["level2"]) for one in scored] == [("A", 18.75), ("B", 28.125)]
    assert [one["overall"]["level3"] for one in scored] == [0.0, 18.75]


def test_drafts_overwrite_nothing(folder, capsys):
    (folder / "map.toml").write_text("mine")
    assert main(["import", "lmms-eval", "runs", "--list"]) == 1
    assert "map.toml: is there already" in capsys.readouterr().err
    assert (folder / "map.toml").read_text() == "mine"
    assert not (folder / "benchmark.csv").exists()
    (folder / "drafts").mkdir()
    assert main(["import", "lmms-eval", "runs", "--list", "--into", "drafts"]) == 0
    assert (folder / "drafts" / "map.toml").exists()


def test_csv_to_standard_output_is_alone_there(folder, capsys):
    assert main(["import", "lm-eval", "runs/A_results.json", "-o", "-"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("model,revision,task,metric,filter,split,subset,value,unit,better,stderr,n,")
    assert out.splitlines()[1].startswith("A,,vqa,acc,,,,0.5,fraction,,0.05,100.0,0,")
    assert "note: " in err


def test_duplicates_and_choices(folder, capsys):
    (folder / "runs" / "A5_results.json").write_text(json.dumps(run("A", 0.9, shots=5)))
    assert main(["import", "lm-eval", "runs", "-o", "r.csv"]) == 1
    assert "differ in shots ('5', '0')" in capsys.readouterr().err
    assert not (folder / "r.csv").exists()
    assert main(["import", "lm-eval", "runs", "-o", "r.csv", "--only", "shots=5"]) == 0
    assert "4 left out: shots is not '5'" in capsys.readouterr().err
    (folder / "runs" / "A5_results.json").write_text(json.dumps(run("A", 0.9, n=500)))
    assert main(["import", "lm-eval", "runs", "-o", "r.csv", "--only", "task=vqa", "--on-duplicate", "largest-n"]) == 0
    assert "1 left out: other runs of the same (largest-n is taken)" in capsys.readouterr().err
    assert ",0.9,fraction" in (folder / "r.csv").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-o", "r.csv", "--list"],
        ["-o", "r.xlsx"],
        ["-o", "r.csv", "--only", "shots"],
        ["-o", "r.csv", "--groups", "none"],
    ],
)
def test_wrong_usage(folder, arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["import", "lm-eval", "runs", *arguments])
    assert stop.value.code == 2


def test_a_draft_of_nothing_but_unknown_metrics(folder, capsys):
    (folder / "one.json").write_text(json.dumps({"results": {"mme": {"score,none": 1500.0}}, "model_name": "A"}))
    assert main(["import", "lmms-eval", "one.json", "--list"]) == 0
    assert "drafts of 0 tasks" in capsys.readouterr().err
    assert (folder / "benchmark.csv").read_text() == "task,modality,paradigm,metric,sota\n"
    assert "# [[task]]  # no known metric: register it, or leave it out" in (folder / "map.toml").read_text()
    assert main(["import", "lmms-eval", "one.json", "--map", "map.toml", "-o", "r.csv"]) == 1
    assert "map.toml: has no [[task]]" in capsys.readouterr().err
