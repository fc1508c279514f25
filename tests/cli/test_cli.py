"""The command line as a user meets it: statuses, streams, files."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.cli.main import main

BENCHMARK = "task,modality,paradigm,metric,sota\nvqa,image,comprehension,Acc,60\ndraw,image,generation,FID,25\n"
RESULTS = "model,vqa,draw\nAlpha,70,20\nBéta,50,∞\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "tasks.csv").write_text(BENCHMARK)
    (tmp_path / "results.csv").write_text(RESULTS, encoding="utf-8")
    return tmp_path


def run(*arguments, **options):
    command = [sys.executable, "-m", "glevel_fast", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def test_table(files, capsys):
    assert main(["score", str(files / "results.csv"), "-b", str(files / "tasks.csv")]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[2].split()[:6] == ["Model", "Level", "S2", "S3", "S4", "S5"]
    assert [line.split()[0] for line in lines[3:5]] == ["Alpha", "Béta"]
    assert lines[3].split()[1] == "4"
    assert err == ""


def test_json_on_standard_output_is_alone_there(files, capsys):
    assert main(["score", str(files / "results.csv"), "-b", str(files / "tasks.csv"), "--json", "-"]) == 0
    printed = json.loads(capsys.readouterr().out)
    bench = gl.load_benchmark(files / "tasks.csv")
    assert printed == gl.Scorer(bench).score(gl.load_results(files / "results.csv", bench)).to_dict()
    assert set(printed) == {"glevel_fast", "policy", "benchmark", "models", "notes"}


def test_files(files, capsys):
    out = {kind: files / f"out.{kind}" for kind in ("json", "csv", "parquet")}
    arguments = [part for kind, path in out.items() for part in (f"--{kind}", str(path))]
    assert main(["score", str(files / "results.csv"), "-b", str(files / "tasks.csv"), *arguments]) == 0
    assert "Alpha" in capsys.readouterr().out
    level2 = [m["overall"]["level2"] for m in json.loads(out["json"].read_text())["models"]]
    import pyarrow.parquet as pq

    assert pq.read_table(out["parquet"])["level2"].to_pylist() == level2
    rows = out["csv"].read_text(encoding="utf-8").splitlines()
    assert [float(row.split(",")[2]) for row in rows[1:]] == level2
    assert sorted(path.name for path in files.iterdir()) == sorted(
        ["tasks.csv", "results.csv", *(p.name for p in out.values())]
    )


def test_published_results(capsys):
    assert main(["score"]) == 0
    out, _ = capsys.readouterr()
    assert "2,146 of 2,424 printed figures agree with the tasks within rounding." in out
    assert "28.61 (28.61)" in out
    assert re.search(r"^wins +Tables 6-11 +77 +48 +29 +0$", out, re.MULTILINE)
    vidagent = next(line for line in out.splitlines() if line.startswith("VidAgent"))
    assert "≥6.25 (10.80)" in vidagent
    assert "≥2.16 (0.00)" in vidagent  # a lower bound where print has less, too


def test_general_bench_is_the_default_benchmark(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("model,ATM Behavior Reg,road crack detection\nAlpha,57.0,30\n")
    assert main(["score", str(tmp_path / "mine.csv"), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    scored = json.loads(out)
    assert scored["benchmark"] == {"tasks": 699, "sha256": gl.published.benchmark().sha256}
    assert scored["models"][0]["modality"]["image"]["wins"] == {"comprehension": 2, "generation": 0}
    assert "697 of 699 tasks are absent" in err


@pytest.mark.parametrize("command", ["score", "board", "lint", "stability", "ablate", "report", "snapshot"])
def test_results_of_other_tasks_are_refused_clearly(files, capsys, command):
    more = {
        "ablate": ["--leave-one-out"],
        "report": ["-o", str(files / "site")],
        "snapshot": ["-o", str(files / "s.json")],
    }
    assert main([command, str(files / "results.csv"), *more.get(command, [])]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "results.csv: has 2 tasks that the benchmark lacks" in err
    assert "no --benchmark was given, so the tasks must be those of General-Bench" in err
    assert main(["score", str(files / "results.csv"), "-b", str(files / "tasks.csv")]) == 0


def test_benchmark_export_reads_back(tmp_path, capsys):
    bench = gl.published.benchmark()
    for kind in ("csv", "json", "parquet"):
        path = tmp_path / f"tasks.{kind}"
        assert main(["benchmark", "export", "-o", str(path)]) == 0
        again = gl.load_benchmark(path)
        assert again == bench
        assert (again.aliases, again.metric_aliases) == (bench.aliases, bench.metric_aliases)
    assert main(["benchmark", "export", "-o", "-", "--as-printed"]) == 0
    assert "SarcaS-measure Detection,video" in capsys.readouterr().out
    assert main(["benchmark", "export", "-o", str(tmp_path / "tasks.txt")]) == 1
    assert ".csv, .json or .parquet" in capsys.readouterr().err


def test_benchmark_lists(capsys):
    for what, n in (("corrections", 18), ("aliases", 88), ("differences", 176)):
        assert main(["benchmark", what]) == 0
        assert capsys.readouterr().out.startswith(f"{n} ")


def test_release_policy(files, capsys):
    (files / "results.csv").write_text("model,vqa,draw\nAlpha,n.d.,20\n")
    assert main(["score", str(files / "results.csv"), "-b", str(files / "tasks.csv"), "--policy", "release"]) == 0
    assert "policy release" in capsys.readouterr().out
    assert main(["score", str(files / "results.csv"), "-b", str(files / "tasks.csv")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "'n.d.'" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "-b", "tasks.csv"], "RESULTS is missing"),
        (["score", "results.csv", "--policy", "release"], "name it, -b sota_result.xlsx"),
        (["lint", "results.csv", "--policy-diff"], "name it, -b sota_result.xlsx"),
        (["score", "--threads", "0"], "not a whole number above 0"),
        (["score", "--json", "-", "--csv", "-"], "only one output"),
        (["score", "--parquet", "-"], "needs a file"),
        (["scores"], "invalid choice"),
        ([], "required"),
    ],
)
def test_wrong_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ("model,vqa,draw\nAlpha,70,-3\n", ["results.csv", "'Alpha'", "'draw'", "FID", "-3", "z > 0"]),
        ("model,vqa,draww\nAlpha,70,3\n", ["results.csv", "'draww'", "'draw'"]),
        ("model,vqa,draw\nAlpha,70\n", ["results.csv", "line 2"]),
        ("", ["results.csv", "empty"]),
    ],
)
def test_bad_input_is_one_clear_message(files, results, message):
    (files / "results.csv").write_text(results)
    done = run("score", files / "results.csv", "-b", files / "tasks.csv", "--json", files / "out.json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("glevel: error: ")
    assert "Traceback" not in done.stderr
    for part in message:
        assert part in done.stderr
    assert not (files / "out.json").exists()


def test_notes_go_to_standard_error(files):
    (files / "results.csv").write_text("model,vqa\nAlpha,70\n")
    done = run("score", files / "results.csv", "-b", files / "tasks.csv", "--csv", "-")
    assert done.returncode == 0
    assert done.stdout.startswith("model,level,")
    assert "note: " in done.stderr


def test_a_closed_pipe_is_quiet():
    command = f"{sys.executable} -m glevel_fast metrics | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("arguments", [["metrics"], ["metrics", "--json"], ["score"], ["score", "--json", "-"]])
def test_a_full_disk_behind_standard_output(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "glevel_fast", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "glevel: error: standard output: No space left on device\n"


def test_closed_streams(files):
    score = f"{sys.executable} -m glevel_fast score {files}/results.csv -b {files}/tasks.csv"
    done = subprocess.run(["sh", "-c", f"{score} >&-"], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("glevel: error: standard output is closed")
    done = subprocess.run(["sh", "-c", f"{score} --json - 2>&-"], stdout=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["models"]) == 2


def test_an_output_that_knows_only_ascii(files):
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    arguments = ["score", files / "results.csv", "-b", files / "tasks.csv"]
    assert "B\\xe9ta" in run(*arguments, env=ascii_only).stdout
    done = run(*arguments, "--json", "-", env=ascii_only, encoding="utf-8")
    assert [m["model"] for m in json.loads(done.stdout)["models"]] == ["Alpha", "Béta"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are Unicode elsewhere")
def test_a_file_name_that_is_not_unicode(files):
    name = os.fsencode(files) + b"/\xff.csv"
    with open(name, "w") as file:
        file.write("model,vqa\nAlpha,70\n")
    done = run("score", os.fsdecode(name), "-b", files / "tasks.csv", "--json", "-")
    assert done.returncode == 0
    assert "\udcff.csv: 1 of 2 tasks" in json.loads(done.stdout)["notes"][0]


def test_interrupt_while_a_large_file_is_read(tmp_path):
    """Nothing stands in here: 500 tasks of 3,500 models as text take seconds."""
    tasks = [f"t{i}" for i in range(500)]
    (tmp_path / "tasks.csv").write_text(
        "task,modality,paradigm,metric,sota\n" + "".join(f"{t},image,generation,Acc,50\n" for t in tasks)
    )
    lines = ",".join(["model", *tasks]) + "\n" + "".join(f"m{i}" + ",12.25" * 500 + "\n" for i in range(3500))
    for kind, content in (
        ("csv", lines),
        ("json", json.dumps({f"m{i}": dict.fromkeys(tasks, 12.25) for i in range(3500)})),
    ):
        path = tmp_path / f"a.{kind}"
        path.write_text(content)
        command = [sys.executable, "-X", "importtime", "-m", "glevel_fast", "score", path, "-b"]
        process = subprocess.Popen(
            [*command, tmp_path / "tasks.csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for line in process.stderr:  # once the reader is loaded, it reads
            if f"glevel_fast.io.{kind}" in line:
                break
        time.sleep(0.3)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 130, (out, err)
        assert time.monotonic() - started < 1
        assert "Traceback" not in err
        assert err.endswith("glevel: interrupted\n")


def test_interrupt(files):
    """Ctrl-C while a file is read (a pipe that never ends would be refused; a slow start stands in)."""
    code = (
        "import sys, time, glevel_fast.loading.results as r\n"
        "def slow(*a, **k):\n    print('reading', flush=True)\n    time.sleep(30)\n"
        "r.load_results = slow\n"
        "from glevel_fast.cli.main import main\n"
        f"sys.exit(main(['score', 'x.csv', '-b', {str(files / 'tasks.csv')!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "reading\n"
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "glevel: interrupted\n"
    assert time.monotonic() - started < 5


def test_narrow_and_wide_terminals(files, monkeypatch):
    import pty

    def on_terminal(columns):
        parent, child = pty.openpty()
        environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
        command = [sys.executable, "-m", "glevel_fast", "score"]
        process = subprocess.Popen(command, stdout=child, stderr=subprocess.DEVNULL, env=environment)
        os.close(child)
        chunks = []
        try:
            while chunk := os.read(parent, 65536):
                chunks.append(chunk)
        except OSError:  # the other end is closed
            pass
        assert process.wait(60) == 0
        os.close(parent)
        return b"".join(chunks).decode().replace("\r", "").splitlines()

    for columns in (80, 200):
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in on_terminal(columns)]
        assert max(map(len, lines)) <= columns
        table = next(line for line in lines if line.startswith("Model "))
        assert ("image S2" in table) == (columns == 200)


def test_metrics(capsys):
    assert main(["metrics"]) == 0
    out = capsys.readouterr().out
    assert "100·(2·sigmoid(25/z) - 1)" in out
    assert main(["metrics", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["metric"] for row in rows} == {m.name for m in gl.known_metrics()}


def test_hostile_model_names_reach_no_terminal(files, capsys):
    (files / "results.csv").write_text('model,vqa,draw\n"[bold]\x1b[31mred\u202e",70,20\n', encoding="utf-8")
    assert main(["score", str(files / "results.csv"), "-b", str(files / "tasks.csv")]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]" in out


def test_many_workbooks_at_once(shared, tmp_path, capsys):
    workbooks = [str(path) for path in sorted((shared / "official").glob("*_result.xlsx"))]
    assert main(["score", *workbooks, "-b", str(shared / "general_level" / "sota_result.xlsx"), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert len(printed["models"]) == 6
    assert all(np.isfinite(m["overall"]["level2"]) for m in printed["models"])
    assert "0.01" in err
