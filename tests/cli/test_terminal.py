"""Tables in a terminal and in a pipe: widths, colours, bars, notes; without rich; completion; tables for a paper."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl
from glevel_fast.cli import terminal
from glevel_fast.cli.main import main

ESCAPE = "\x1b["


@pytest.fixture
def screen(monkeypatch):
    """Standard output as a terminal of so many columns."""

    def of(columns, **environment):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"COLUMNS": str(columns), **environment}.items():
            monkeypatch.setenv(name, value)

    return of


def scored(n=4):
    bench, raw = random_case(n, 60, 3, missing=0.1)
    return gl.Scorer(bench).score(raw, models=[f"model-{i}" for i in range(n)])


def test_columns_go_by_importance_constants_first(screen, capsys):
    screen(40)
    columns = {
        "Model": ["a", "b"], "Same": ["x" * 12, "x" * 12], "First": ["1" * 9, "2" * 9], "Last": ["3" * 9, "4" * 9],
    }  # fmt: skip
    terminal.print_columns("T", columns, keep=("Model",))
    out = capsys.readouterr().out
    assert "First" in out.splitlines()[2]
    assert "Last" in out.splitlines()[2]
    assert "Same" not in out.splitlines()[2]
    assert "(1 more columns" in out
    screen(20)
    terminal.print_columns("T", columns, keep=("Model",))
    head = capsys.readouterr().out.splitlines()[2]
    assert "First" in head
    assert "Last" not in head


@pytest.mark.parametrize("command", [["score"], ["board"], ["board", "--level", "3"], ["board", "--level", "1"]])
def test_80_columns_are_enough(screen, capsys, command):
    screen(80)
    assert main([*command, "--top", "5", "-q"]) == 0
    out = capsys.readouterr().out
    plain = "".join(part.partition("m")[2] if i else part for i, part in enumerate(out.split(ESCAPE)))
    assert max(map(terminal.cell_width, plain.splitlines())) <= 80
    assert "more" in plain


def test_colours_and_bars_on_a_terminal_only(screen, capsys):
    scores = scored()
    terminal.print_scores(scores)
    piped = capsys.readouterr().out
    screen(200)
    terminal.print_scores(scores)
    shown = capsys.readouterr().out
    screen(200, NO_COLOR="1")
    terminal.print_scores(scores)
    quiet = capsys.readouterr().out
    screen(200, TERM="dumb")
    terminal.print_scores(scores)
    assert capsys.readouterr().out == quiet
    assert ESCAPE in shown
    assert terminal.BAR in shown
    assert "█" in shown
    for text in (piped, quiet):
        assert ESCAPE not in text
        assert "█" not in text


def test_bars_are_as_long_as_scores(screen, capsys):
    screen(200)
    scores = scored(6)
    terminal.print_scores(scores)
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("model-")]
    best = {row.split()[0]: row.count("█") for row in rows}
    at = {m: scores.overall[i, max(int(scores.level[i]), 2) - 2] for i, m in enumerate(scores.models)}
    assert best[max(at, key=at.get)] == terminal.BAR_WIDTH
    order = sorted(at, key=at.get)
    assert [best[name] for name in order] == sorted(best.values())


def test_width_of_cells():
    assert terminal.cell_width("abc") == 3
    assert terminal.cell_width("模型") == 4
    assert terminal.cell_width("e\u0301≥") == 2


def test_top_and_lower_bounds(capsys):
    assert main(["score", "--top", "3"]) == 0
    out = capsys.readouterr().out
    table = out.partition("\n\n")[2].partition("...")[0].splitlines()
    assert len(table) == 1 + 3
    assert "≥" in out
    assert "more" in out


def test_notes_once_and_not_with_quiet(capsys):
    assert main(["board", "--top", "1"]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert notes
    assert len(notes) == len(set(notes))
    assert main(["board", "--top", "1", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


def test_a_bare_install_scores():
    """Without rich, and without every other extra."""
    code = (
        "import sys\n"
        "for name in ('rich', 'argcomplete', 'narwhals', 'pandas', 'pyarrow', 'matplotlib', 'jinja2'):\n"
        "    sys.modules[name] = None\n"
        "from glevel_fast.cli.main import main\n"
        "sys.exit(main(['score', '--top', '2']))\n"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "VidAgent" in done.stdout or "101 models" in done.stdout


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "glevel_fast", "--version"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("glevel ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell, capsys):
    pytest.importorskip("argcomplete", reason="the extra `cli` is not installed")
    assert main(["completion", shell]) == 0
    assert "glevel" in capsys.readouterr().out


def test_the_shell_is_answered(tmp_path):
    pytest.importorskip("argcomplete", reason="the extra `cli` is not installed")
    line, out = "glevel sc", tmp_path / "out"
    code = "from glevel_fast.cli.main import main; main([])"
    done = run(code, _ARGCOMPLETE="1", COMP_LINE=line, COMP_POINT=str(len(line)), _ARGCOMPLETE_STDOUT_FILENAME=str(out))
    assert done.returncode == 0, done.stderr
    assert "score" in out.read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["scroe"], "did you mean score?"),
        (["what_if"], "did you mean what-if?"),
        (["report", "--titel", "x", "-o", "site"], "glevel report: error: unrecognized arguments: --titel; did you"),
        (["board", "--lable=x"], "did you mean --label?"),
        (["registry", "bord"], "did you mean board?"),
        (["frobnicate"], "choose from"),
    ],
)
def test_what_was_meant(capsys, line, said):
    with pytest.raises(SystemExit) as end:
        main(line)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert ("did you mean" in error) == (line != ["frobnicate"])


# For a paper ------------------------------------------------------------------------------------------------


def test_latex_for_one_column(capsys):
    assert main(["board", "--latex", "-", "--top", "3", "--bold", "--label", "tab:b", "--caption", "A & B", "-q"]) == 0
    text = capsys.readouterr().out
    assert "Rank & Model & Level & Score & Coverage \\% \\\\" in text
    assert "\\caption{A \\& B}\n\\label{tab:b}\n" in text
    assert text.count("\\textbf") == 2  # the best score and the best coverage
    assert "% and 98 more\n" in text
    assert main(["board", "--latex", "-", "--columns", "model, s2,Wins", "-q"]) == 0
    assert "Model & S2 & Wins \\\\" in capsys.readouterr().out
    assert main(["board", "--columns", "Speed"]) == 1
    assert "no column 'Speed'" in capsys.readouterr().err
    assert main(["board", "--latex", "-", "--label", "}\\input{x"]) == 1
    assert "label" in capsys.readouterr().err


PAPERS = {
    "article": "\\documentclass[twocolumn]{article}",
    "icml": "\\documentclass[10pt,twocolumn]{article}\n\\textwidth=6.75in\n\\columnsep=0.25in",
}


@pytest.mark.parametrize("paper", PAPERS)
def test_latex_fits_one_column_of_a_paper(tmp_path, capsys, paper):
    """Set by TeX: nothing sticks out, and no model's name is broken."""
    if not shutil.which("pdflatex"):
        pytest.skip("no TeX is installed")
    tables = []
    for options in (["--top", "45"], ["--level", "1", "--top", "12"], ["--scope", "D:Crack Detection", "--top", "9"]):
        tables.append(str(tmp_path / f"table{len(tables)}.tex"))
        assert main(["board", *options, "--bold", "-q", "--latex", tables[-1]]) == 0
    text = "\\clearpage\n".join(f"\\input{{{table}}}" for table in tables)
    source = f"{PAPERS[paper]}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{text}\n\\end{{document}}\n"
    (tmp_path / "paper.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    if "booktabs.sty' not found" in done.stdout:
        pytest.skip("TeX lacks booktabs")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "Float too large" not in done.stdout


def test_the_best_is_bold_not_the_rank():
    scores = scored()
    text = gl.board(scores).to_latex(["Rank", "Model", "Score"], bold=True)
    best = max(gl.board(scores).score)
    assert text.count("\\textbf") == 1
    assert f"\\textbf{{{best:.2f}}}" in text or f"\\textbf{{$\\geq${best:.2f}}}" in text


def test_markdown_of_some_columns(capsys):
    assert main(["board", "--markdown", "-", "--columns", "Model,Score", "--top", "2", "-q"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert lines[0] == "| Model | Score |"
    assert len(lines) == 4


# Frames and notebooks ---------------------------------------------------------------------------------------


def test_every_result_goes_into_frames():
    from glevel_fast.boards.specialists import specialist_board
    from glevel_fast.loading.importing import Imported
    from glevel_fast.trust import audit, snapshot
    from glevel_fast.trust.policy_diff import policy_diff

    bench, raw = random_case(4, 60, 3, missing=0.1)
    scorer = gl.Scorer(bench)
    scores = scorer.score(raw)
    task = bench.tasks[0]
    other = scorer.update(scores, specialists={task: float(np.nan_to_num(bench.sota[0]) * 0.5 + 1e-3)})
    results = {
        "scores": scores,
        "board": gl.board(scores),
        "bootstrap": scorer.bootstrap(raw, 20),
        "summary": scorer.bootstrap(raw, 20).summary,
        "ablation": scorer.ablate(raw, gl.SpecialistSets.leave_one_out(bench)),
        "what_if": scorer.what_if(raw, {task: 1e-3}),
        "fragility": scores.fragility(),
        "receipt": scores.receipt(scores.models[0]),
        "updated": other,
        "audit": audit.audit_boards(()),
        "lint": gl.lint(gl.load_results({"m": {task: 1e-3}}, bench), bench),
        "diff": snapshot.diff(snapshot.take(scores), snapshot.take(other.scores)),
        "verdict": snapshot.verify(snapshot.take(scores)),
        "policies": policy_diff(gl.Results.from_array(scores.models, abs(raw), bench), bench),
        "comparison": scorer.bootstrap(raw, 20).compare(2),
        "skills": gl.Scorer(replace(bench, skill=tuple("ab"[i % 2] for i in range(60)))).score(raw).skills,
        "specialists": specialist_board(scores),
        "imported": Imported("lm-eval", (), {}, ()),
    }
    for name, result in results.items():
        rows = {len(frame) for frame in (result.to_pandas(), result.to_polars(), result.to_arrow())}
        assert len(rows) == 1, name
        assert isinstance(result.to_dict(), dict), name
        html = result._repr_html_()
        assert html.startswith("<table>"), name
        assert "<script" not in html


def test_notebook_views_are_short_and_escaped():
    bench, raw = random_case(30, 60, 3)
    names = [f"<b>{i}</b>" for i in range(30)]
    html = gl.Scorer(bench).bootstrap(raw, 5, models=names).summary._repr_html_()
    assert html.count("<tr>") == 1 + 20
    assert "and 10 more" in html
    assert "<b>" not in html


def test_scores_show_the_best_first():
    scores = scored(6)
    board = gl.board(scores)
    shown = [line.split()[0] for line in repr(scores).splitlines() if line.startswith("model-")]
    assert shown == list(board.models)


# One output is the next one's input -------------------------------------------------------------------------


def test_a_snapshot_stands_wherever_results_do(tmp_path, capsys):
    path = str(tmp_path / "s.json")
    assert main(["snapshot", "-o", path, "--policy", "release"]) == 0
    capsys.readouterr()
    assert main(["score", path, "--json", "-", "-q"]) == 0
    from_snapshot = capsys.readouterr().out
    assert main(["score", "--policy", "release", "--json", "-", "-q"]) == 0
    direct = capsys.readouterr().out
    import json

    assert json.loads(from_snapshot)["policy"] == "release"
    assert json.loads(from_snapshot)["models"] == json.loads(direct)["models"]


def test_stability_feeds_the_page(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")
    from glevel_fast.report.page import read_intervals

    path = str(tmp_path / "stability.csv")
    assert main(["stability", "-n", "20", "--csv", path, "-q"]) == 0
    found = read_intervals(path)
    boot = gl.Scorer(gl.published.benchmark()).bootstrap(gl.published.results(), 20)
    best, worst = boot.joint_ranks(3)
    expected = {m: (a, b) for m, a, b in zip(boot.models, best.tolist(), worst.tolist(), strict=True) if a and b}
    assert found["3"] == expected
    assert main(["report", "-o", str(tmp_path / "site"), "--intervals", path, "-q"]) == 0
    assert main(["report", "-o", str(tmp_path / "same"), "--stability", "20", "-q"]) == 0
    site, same = (tmp_path / name / "index.html" for name in ("site", "same"))
    texts = [path.read_text(encoding="utf-8") for path in (site, same)]
    assert "Rank intervals: as given in stability.csv." in texts[0]
    assert "Rank intervals: 95 %, jointly over all models of a board, from 20 resamples of the tasks." in texts[1]
    data = [re.search(r'id="data">([^<]*)<', text).group(1) for text in texts]
    assert data[0] == data[1]
    with pytest.raises(SystemExit):
        main(["report", "-o", str(tmp_path / "x"), "--stability", "20", "--intervals", path])


def test_every_scope_at_once(tmp_path, capsys):
    import csv

    from glevel_fast.boards.scopes import all_scopes

    folder = tmp_path / "boards"
    assert main(["board", "--all", "-o", str(folder), "--level", "3", "-q"]) == 0
    scopes = [scope for scope in all_scopes(gl.published.benchmark()) if 3 in scope.levels]
    assert len(list(folder.glob("*.csv"))) == len(list(folder.glob("*.md"))) == len(scopes)
    with open(folder / "b-image.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    board = gl.board(gl.Scorer(gl.published.benchmark()).score(gl.published.results()), "B:image", 3)
    assert [row["model"] for row in rows] == list(board.models)
    for wrong in (["--all"], ["-o", "x"], ["--all", "-o", "x", "--csv", "y"]):
        with pytest.raises(SystemExit):
            main(["board", *wrong])


def test_skills_from_a_table(tmp_path, capsys):
    task = gl.published.benchmark().tasks[0]
    (tmp_path / "skills.csv").write_text(f"task,skill\n{task},Watching machines\n", encoding="utf-8")
    with_skills = ["--skills", str(tmp_path / "skills.csv")]
    (tmp_path / "r.json").write_text(f'{{"m": {{"{task}": 50}}}}', encoding="utf-8")
    assert main(["board", str(tmp_path / "r.json"), *with_skills, "--scope", "D:watching machines", "-q"]) == 0
    assert "1 tasks" in capsys.readouterr().out
    (tmp_path / "skills.csv").write_text("task,skill\nno such task,x\n", encoding="utf-8")
    assert main(["board", str(tmp_path / "r.json"), *with_skills]) == 1
    assert "no such task" in capsys.readouterr().err


def test_demo_tells_the_story_in_twenty_lines(capsys):
    assert main(["demo"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) <= 20
    text = "\n".join(out)
    board = gl.board(gl.Scorer(gl.published.benchmark()).score(gl.published.results()))
    for level in (2, 3, 4, 5):
        on = [m for m, reached in zip(board.models, board.model_level, strict=True) if reached == level]
        assert f"{len(on)} models" in text
        for name in on[:5]:
            assert name in text
    assert "Reproduced: " in text
