"""`glevel subset`, and the boards and leaderboards that its file is for; boards of language alone."""

import json

import pytest

import glevel_fast as gl
from glevel_fast.cli.main import main


def test_choose_then_show_the_quick_board(tmp_path, capsys):
    quick, facts = tmp_path / "quick.csv", tmp_path / "quick.json"
    assert main(["subset", "--size", "30", "--draws", "20", "-o", str(quick), "--json", str(facts)]) == 0
    out = capsys.readouterr().out
    assert "chosen, on held-out models" in out
    assert "This quick board tells about where a model stands" in out
    known = json.loads(facts.read_text(encoding="utf-8"))
    assert gl.load_benchmark(quick).sha256 == known["sha256"]

    assert main(["board", "--scope", "A.quick", "--tasks", str(quick), "--json", "-"]) == 0
    board = json.loads(capsys.readouterr().out)
    assert (board["scope"], board["tasks"], board["benchmark"]) == ("A.quick", 30, known["sha256"])
    assert main(["board", "--scope", "A.quick"]) == 1
    assert "say which (tasks=..., --tasks FILE)" in capsys.readouterr().err


def test_the_registry_reads_the_file(tmp_path, capsys):
    from glevel_fast.registry.ids import read_leaderboards

    quick = tmp_path / "quick.csv"
    assert main(["subset", "--size", "20", "--draws", "5", "-o", str(quick)]) == 0
    (tmp_path / "boards.csv").write_text("id,scope,tasks\nA.quick,A,quick.csv\n")
    assert read_leaderboards(tmp_path / "boards.csv")["A.quick"]["tasks"] == list(gl.load_benchmark(quick).tasks)


def test_budget_shares_and_families(tmp_path, capsys):
    bench, models = gl.published.benchmark(), gl.published.results().models
    (tmp_path / "cost.csv").write_text("task,cost\n" + "".join(f'"{task}",2\n' for task in bench.tasks))
    years = "".join(f'"{model}",{2023 + i % 2}\n' for i, model in enumerate(models))
    (tmp_path / "about.csv").write_text(f"model,year\n{years}")
    arguments = ["subset", "--budget", "60", "--cost", str(tmp_path / "cost.csv"), "--share", "language=10%"]
    arguments += ["--holdout", "year", "--about", str(tmp_path / "about.csv"), "--draws", "10", "--json", "-"]
    assert main(arguments) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["cost"], known["full_cost"], known["holdout"], known["folds"]) == (60, 1398, "year", 2)
    assert known["groups"]["language"] == [3, 115]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--size", "30", "--budget", "5"],
        ["--size", "30", "--holdout", "year"],
        ["--size", "30", "--cost", "c.csv"],
        ["--size", "30", "--share", "image"],
        ["--size", "30", "-o", "quick.xlsx"],
    ],
)
def test_wrong_usage(arguments):
    with pytest.raises(SystemExit) as stop:
        main(["subset", *arguments])
    assert stop.value.code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task,price\na,1\n", "the columns task and cost are needed"),
        ("task,cost\na,1\na,2\n", "the task 'a' is there twice"),
        ("task,cost\na,dear\n", "column 'cost' holds 'dear', not a number"),
    ],
)
def test_costs_that_cannot_be_read(tmp_path, text, message, capsys):
    (tmp_path / "cost.csv").write_text(text)
    assert main(["subset", "--budget", "9", "--cost", str(tmp_path / "cost.csv")]) == 1
    assert message in capsys.readouterr().err


def test_a_benchmark_of_language_has_the_board_of_language(tmp_path, capsys):
    (tmp_path / "b.csv").write_text(
        "task,modality,paradigm,metric,sota\nqa,language,,Acc,60\nsum,language,,ROUGE-L,40\n"
    )
    (tmp_path / "r.csv").write_text("model,qa,sum\nA,70,30\nB,50,50\nC,40,10\n")
    where = [str(tmp_path / "r.csv"), "-b", str(tmp_path / "b.csv")]
    assert main(["score", *where]) == 0
    out, err = capsys.readouterr()
    assert "Scope C:language" in out
    rows = [line.split() for line in out.splitlines() if line.strip()[:1].isdigit() or line.strip().startswith("-")]
    assert [(row[0], row[1]) for row in rows if row[1] in "ABC"] == [("1", "A"), ("2", "B"), ("-", "C")]
    assert err.startswith("note: no task has a modality: ")
    assert err.count("\n") == 1
    assert main(["board", *where, "--json", "-"]) == 0
    board = json.loads(capsys.readouterr().out)
    assert board["scope"] == "C:language"
    assert [(row["model"], row["S_L"], row["Mean"], row["level"]) for row in board["rows"]] == [
        ("A", 35.0, 50.0, None), ("B", 25.0, 50.0, None), ("C", 0.0, 25.0, None),
    ]  # fmt: skip
    assert main(["board", *where, "--scope", "C:language", "--level", "2", "--json", "-"]) == 0
    assert [row["score"] for row in json.loads(capsys.readouterr().out)["rows"]] == [50.0, 50.0, 25.0]
    assert main(["board", *where, "--scopes"]) == 0
    assert capsys.readouterr().out.split() == ["C:language"]
