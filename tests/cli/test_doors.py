"""What is wrong on the command line is said once, before anything is written; metrics come from tables."""

import numpy as np
import pytest
from released import save

import glevel_fast as gl
from glevel_fast.cli.main import main
from glevel_fast.core import metrics
from glevel_fast.io import write
from glevel_fast.loading.metrics import load_metrics


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "--json", ""], "argument --json: the name of the file is empty"),
        (["score", "--csv", " "], "argument --csv: the name of the file is empty"),
        (["board", "--html", ""], "argument --html: the name of the file is empty"),
        (["explain", "GPT4-o", "--json="], "argument --json: the name of the file is empty"),
        (["report", "-o", ""], "argument -o/--output: the name of the file is empty"),
        (["score", "", "-b", "x.csv"], "argument RESULTS: the name of the file is empty"),
        (["score", "--threads", "9" * 20], "is not a whole number above 0, below a billion"),
        (["score", "--threads", "0"], "is not a whole number above 0"),
        (["ablate", "--seed", "9" * 40], "is not a whole number"),
    ],
)
def test_usage(capsys, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert words in err
    assert out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("threads", [0, -1, 2**31, 10**30])
def test_threads_of_the_library(threads):
    bench = gl.Benchmark(("a",), ("image",), ("generation",), ("Acc",), [60.0])
    with pytest.raises(ValueError, match="1 or more"):
        gl.Scorer(bench).score([[50.0]], threads=threads)


@pytest.mark.parametrize(
    "date", ["May", "20250501", "2025-W18-4", "2025-13-01", "2025-5-1", "2025-05-01T00:00", "２０２５-05-01"]
)
@pytest.mark.parametrize("command", [["board"], ["snapshot", "-o", "s.json"], ["report", "-o", "site"]])
def test_dates(tmp_path, monkeypatch, capsys, command, date):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.csv").write_text("task,modality,paradigm,metric,sota\na,image,generation,Acc,60\n")
    (tmp_path / "r.csv").write_text("model,a\nM,50\n")
    assert main([command[0], "r.csv", "-b", "b.csv", *command[1:], "--date", date]) == 1
    assert f"date {date!r} is not a day written YYYY-MM-DD" in capsys.readouterr().err
    assert not (tmp_path / "s.json").exists()
    assert not (tmp_path / "site" / "index.html").exists()


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(metrics, "_registry", dict(metrics._registry))


TABLE = [
    ["metric", "family", "worst", "best", "constant", "low", "high", "aliases"],
    ["LPIPS-x", "inverse", None, None, 0.5, None, None, "lpx; perceptual x"],
    ["Elo-x", "linear", 800, 1600, None, 0, "inf", None],
    ["SNR-x", "Tanh", None, None, 20, None, None, None],
]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json"])
def test_metrics_from_a_table(tmp_path, registry, capsys, ending):
    path = tmp_path / f"m.{ending}"
    if ending == "xlsx":
        save(path, {"metrics": TABLE})
    elif ending == "csv":
        path.write_text("\n".join(",".join("" if c is None else str(c) for c in row) for row in TABLE))
    else:
        write.json([dict(zip(TABLE[0], row, strict=True)) for row in TABLE[1:]], path)
    bench, results = tmp_path / "b.csv", tmp_path / "r.csv"
    bench.write_text(
        "task,modality,paradigm,metric,sota\na,image,generation,perceptual x,0.2\nb,image,generation,Elo-x ↑,1500\n"
        "c,image,comprehension,snr x,30\n"
    )
    results.write_text("model,a,b,c\nM,0.1,1200,31\n")
    arguments = ["score", str(results), "-b", str(bench)]
    assert main(arguments) == 1
    assert "--metrics FILE" in capsys.readouterr().err
    assert main([*arguments, "--metrics", str(path)]) == 0
    points = gl.Scorer(gl.load_benchmark(bench)).map([[0.1, 1200, 31]])
    np.testing.assert_allclose(points, [[100 * np.tanh(2.5), 50, 100 * np.tanh(31 / 20)]])
    assert len(load_metrics(path)) == 3  # once more is fine


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["metric", "constant"], ["X", 1]], "needs the columns 'family'; it has 'metric', 'constant'"),
        ([["metric", "family", "slope"], ["X", "linear", 1]], "unknown columns 'slope'"),
        ([["metric", "family", "constant"], ["X", "inverse", "big"]], "row 2: constant is 'big', not a number"),
        ([["metric", "family"], ["X", "linear"]], "row 2: metric 'X': a linear metric needs finite"),
        ([["metric", "family"], ["X", "cubic"]], "row 2: metric 'X': unknown family 'cubic'"),
        ([["metric", "family", "constant"], ["FID", "inverse", 3]], "row 2: 'fid' already names the metric 'FID'"),
        ([["metric", "family", "constant"], [None, "inverse", 3]], "row 2: the metric is '', not a name"),
    ],
)
def test_bad_tables_of_metrics(tmp_path, registry, rows, words):
    path = save(tmp_path / "m.xlsx", {"metrics": rows})
    with pytest.raises(gl.GLevelError) as caught:
        load_metrics(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
