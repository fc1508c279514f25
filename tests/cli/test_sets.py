"""`glevel ablate`, `what-if` and `stability`: exit status, outputs and messages."""

import csv
import json

import pytest
from generate import random_case

from glevel_fast import Results
from glevel_fast.cli.main import main
from glevel_fast.io import write


@pytest.fixture
def files(tmp_path):
    """A benchmark and results as files, with a hostile model name."""
    benchmark, raw = random_case(6, 40, seed=11, missing=0.1)
    table = benchmark.to_dict() | {"skill": [f"s{i % 3}" for i in range(40)]}
    write.json(table, tmp_path / "b.json")
    results = Results.from_array(["a", "b", "c", "\x1b[31mred$x$", "<b>", "f"], raw, benchmark)
    write.json(results.to_dict(), tmp_path / "r.json")
    return [str(tmp_path / "r.json"), "-b", str(tmp_path / "b.json"), "--fractions", "keep"]


KINDS = [
    ["-n", "70"],
    ["--perturb", "10", "-n", "70", "--seed", "3"],
    ["--leave-one-out"],
    ["--replace", "t1", "-", "-"],
    ["--drop", "skills"],
    ["--drop", "modalities"],
    ["--strict"],
]


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_ablate(kind, files, tmp_path, capsys):
    out = [tmp_path / f"out.{k}" for k in ("json", "csv", "parquet", "svg")]
    flags = [
        part for k, path in zip(("json", "csv", "parquet", "plot"), out, strict=True) for part in (f"--{k}", str(path))
    ]
    assert main(["ablate", *files, *kind, *flags]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "Level-3 board under" in shown
    assert ("Specialists cannot move Level-2" in shown) == ("--drop" not in kind)
    first = [path.read_bytes() for path in out]
    assert json.loads(first[0])["sets"]["done"] == json.loads(first[0])["summary"]["sets"]
    assert len(list(csv.reader(first[1].decode().splitlines()))) == 7
    assert main(["ablate", *files, *kind, *flags, "--threads", "1"]) == 0
    assert [path.read_bytes() for path in out] == first


def test_sets_and_candidates_from_files(files, tmp_path, capsys):
    (tmp_path / "sets.csv").write_text("t1,t2\n-,\n-,-\n-,-\n")
    (tmp_path / "candidates.csv").write_text("task,sota\nt1,-\nt1,-\nT2,-\n")
    assert main(["ablate", *files, "--sets", str(tmp_path / "sets.csv"), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["sets"]["n"] == 3
    assert main(["ablate", *files, "--candidates", str(tmp_path / "candidates.csv"), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["sets"]["n"] == 2
    (tmp_path / "sets.csv").write_text("t1,t99\n-,-\n")
    assert main(["ablate", *files, "--sets", str(tmp_path / "sets.csv")]) == 1
    assert "unknown task 't99'" in capsys.readouterr().err
    (tmp_path / "candidates.csv").write_text("task,sota\nt1,many\n")
    assert main(["ablate", *files, "--candidates", str(tmp_path / "candidates.csv")]) == 1
    assert "'many'" in capsys.readouterr().err


@pytest.mark.parametrize("unit", ["task", "skill", "modality"])
def test_stability(unit, files, tmp_path, capsys):
    args = ["stability", *files, "--unit", unit, "-n", "200", "--level", "3", "--json", str(tmp_path / "s.json")]
    assert main([*args, "--plot", str(tmp_path / "s.png")]) == 0
    shown = capsys.readouterr().out
    assert "Does not cover sample noise inside a task" in shown
    first = (tmp_path / "s.json").read_bytes()
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    assert main([*args, "--threads", "1"]) == 0
    assert (tmp_path / "s.json").read_bytes() == first
    value = json.loads(first)
    assert value["leaves_out"].startswith("sample noise")
    assert set(value["boards"]) == {"level2", "level3", "level4", "level5"}


@pytest.mark.parametrize("command", [["stability", "-n", "50", "--level", "3"], ["ablate", "-n", "50"]])
def test_without_ranks(command, files, tmp_path, capsys):
    out = [tmp_path / "s.json", tmp_path / "s.csv"]
    assert main([*command, *files, "--no-ranks", "--json", str(out[0]), "--csv", str(out[1])]) == 0
    shown = capsys.readouterr().out
    assert "Rank " in shown
    assert "Ranks" not in shown.splitlines()[2]
    assert "ointly" not in shown
    assert "rank_best" not in out[1].read_text()
    assert "rank_interval" not in json.dumps(json.loads(out[0].read_text())["summary"])
    with pytest.raises(SystemExit):
        main([*command, *files, "--no-ranks", "--plot", str(tmp_path / "x.png")])


def test_what_if(files, tmp_path, capsys):
    reading = files[1:]
    plot = str(tmp_path / "w.svg")
    assert main(["what-if", "t1=-", "t2=-", "-r", files[0], *reading, "--json", "-", "--plot", plot]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["changes"] == {"t1": None, "t2": None}
    assert main(["what-if", "t1=-", "t2=-", "-r", files[0], *reading]) == 0
    assert "What if t1 = none, t2 = none" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "w.svg").read_text()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["what-if", "Crack Detection"], "TASK=SIGMA"),
        (["what-if", "Road Crack Detection="], "TASK=SIGMA"),
        (["what-if", "Road Crack Det=140"], "outside the metric's domain"),
        (["what-if", "nothing=1"], "unknown task"),
        (["ablate", "--perturb", "500"], "relative=5.0"),
        (["ablate", "-n", "64", "--level", "5", "--plot", "x.png"], "nothing to plot"),
    ],
)
def test_wrong_input(args, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(args) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["ablate", "--replace", "t2", "140"], "a specialist's Acc of 140 is outside the metric's domain"),
        (["ablate", "--replace", "zz", "14"], "unknown task 'zz'"),
        (["ablate", "--replace", "t2", "many"], "'many' is not a number"),
        (["ablate", "--candidates", "none.csv"], "candidates are missing"),
        (["ablate", "--candidates", "outside.csv"], "a specialist's Acc of 140 is outside the metric's domain"),
        (["ablate", "--candidates", "unknown.csv"], "unknown task 'zz'"),
        (["ablate", "--sets", "matrix.csv"], "set 1, task 't2': a specialist's Acc of 140 is outside"),
        (["ablate", "--sets", "empty.csv"], "at least one set is needed"),
        (["ablate", "--drop", "skills"], "nothing to drop"),
        (["ablate", "--perturb", "0"], "relative=0.0"),
        (["ablate", "--seed", "99999999999999999999"], "give a whole number from 0 to 2^64 - 1"),
        (["stability", "--seed", "99999999999999999999"], "give a whole number from 0 to 2^64 - 1"),
        (["stability", "--unit", "skill"], "40 of 40 tasks have none, such as 't0'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_with_files(args, message, files, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    benchmark = random_case(6, 40, seed=11, missing=0.1)[0]
    assert benchmark.metric[2] == "Acc"
    write.json(benchmark.to_dict(), tmp_path / "b.json")  # without skills
    for name, text in {
        "none": "task,sota\n", "outside": "task,sota\nt2,140\n", "unknown": "task,sota\nzz,1\n",
        "matrix": "t1,t2\n-,1\n-,140\n", "empty": "t1,t2\n",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(text)
    assert main([args[0], *files, *args[1:]]) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("glevel: error") == 1
    assert captured.out == ""
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    "args",
    [["ablate", "-n", "0"], ["ablate", "--seed", "-1"], ["ablate", "--threads", "0"], ["ablate", "--perturb", "x"],
     ["ablate", "--strict", "--leave-one-out"], ["ablate", "--leave-one-out", "-n", "5"],
     ["ablate", "--replace", "t1"], ["stability", "--confidence", "3"], ["stability", "--plot", "x.gif"],
     ["stability", "-b", "x.csv"], ["stability", "-n", "0"], ["stability", "--seed", "-1"],
     ["stability", "--unit", "row"], ["what-if"]],
)  # fmt: skip
def test_wrong_usage(args, capsys):
    with pytest.raises(SystemExit) as caught:
        main(args)
    assert caught.value.code == 2


def test_an_interrupt_keeps_what_is_done(capsys, monkeypatch):
    from glevel_fast.cli import progress

    def stop(self, done, total):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.Progress, "update", stop)
    assert main(["stability", "-n", "5000", "--json", "-"]) == 130
    captured = capsys.readouterr()
    done = json.loads(captured.out)["resamples"]["done"]
    assert 0 < done < 5000
    assert f"interrupted: {done} of 5000" in captured.err
