"""Boards of every scope: scores, ranks, ties, coverage, and what they are written as."""

from __future__ import annotations

import csv
import io
import json
import re

import hostile
import numpy as np
import pytest
from generate import random_case
from recorded import golden

import glevel_fast as gl
from glevel_fast.boards.scopes import all_scopes, find_scope
from glevel_fast.cli.main import main


@pytest.fixture(scope="module")
def paper():
    return gl.Scorer(gl.published.benchmark()).score(gl.published.results())


def with_skills(n_models=30, n_tasks=300, seed=3):
    bench, raw = random_case(n_models, n_tasks, seed)
    skill = [f"skill {i % 7}" if i % 11 else "" for i in range(n_tasks)]
    weight = np.random.default_rng(seed + 100).integers(0, 4, n_tasks).astype(float)
    return gl.Benchmark(
        bench.tasks, bench.modality, bench.paradigm, bench.metric, bench.sota, skill=tuple(skill), weight=weight
    ), raw


@pytest.fixture(scope="module")
def case():
    bench, raw = with_skills()
    return gl.Scorer(bench).score(raw), raw


def test_scopes(paper):
    scopes = all_scopes(paper.benchmark)
    assert [sum(s.kind == kind for s in scopes) for kind in "ABCD"] == [1, 4, 8, 145]
    for scope in scopes:
        assert find_scope(str(scope), paper.benchmark) == scope
        assert max(scope.levels) == {"A": 5, "B": 4, "C": 3, "D": 3}[scope.kind]


def test_scores_are_those_of_the_scope(case):
    scores, _ = case
    for scope in all_scopes(scores.benchmark):
        for level in scope.levels:
            board = gl.board(scores, scope, level)
            if scope.kind == "A":
                expected = scores.overall[:, level - 2]
            elif scope.kind == "B":
                expected = scores.modality[:, scores.modalities.index(scope.name), level - 2]
            elif scope.kind == "C":
                expected = scores.means[:, scores.groups.index(scope.group), level - 2]
            else:
                expected = scores.skills.means[:, scope.skill, level - 2]
            assert np.array_equal(board.score, expected[board.rows])
            assert board.models == tuple(scores.models[i] for i in board.rows)
            assert (np.diff(board.score) <= 0).all()


def test_skill_means_by_hand(case):
    """Independent arithmetic: mapped points, weights, plain sums."""
    scores, raw = case
    bench, points = scores.benchmark, np.nan_to_num(gl.Scorer(scores.benchmark).map(raw))
    z, sota = raw * bench.scale, bench.sota_z
    better = np.array([m.better == "higher" for m in bench.metrics])
    won = ~np.isnan(gl.Scorer(bench).map(raw)) & np.where(better, z >= sota, z <= sota)
    for j, (name, group) in enumerate(zip(scores.skills.names, scores.skills.groups, strict=True)):
        tasks = [
            i
            for i in range(bench.n_tasks)
            if bench.skill[i] and name.endswith(bench.skill[i]) and bench.groups[bench.group_of_task[i]] == group
        ]
        w = bench.weight[tasks]
        for k, mask in enumerate((np.ones_like(won), won)):
            mean = (points * mask)[:, tasks] @ w / max(w.sum(), 1.0)
            np.testing.assert_allclose(scores.skills.means[:, j, k], mean, rtol=1e-11, atol=1e-11)
        assert scores.skills.n_tasks[j] == len(tasks)
        np.testing.assert_array_equal(scores.skills.wins[:, j], won[:, tasks].sum(axis=1))


@pytest.mark.parametrize("scope", ["A", "B:image", "B:video+3d", "C:audio/generation", "D:image comprehension skill 3"])
def test_level_2_is_coverage_times_mean_on_supported(case, scope):
    scores, _ = case
    board = gl.board(scores, scope, 2)
    np.testing.assert_allclose(board.coverage * board.on_supported, board.score, rtol=1e-12)
    assert ((board.coverage >= 0) & (board.coverage <= 1)).all()
    ones = np.ones((1, scores.benchmark.n_tasks))
    full = gl.board(gl.Scorer(scores.benchmark, fractions="keep").score(ones), scope, 2)
    np.testing.assert_allclose(full.coverage, 1.0, rtol=1e-12)


def test_combination_is_the_mean_of_its_modalities(case):
    scores, _ = case
    board = gl.board(scores, "B:3d+video", 3)
    assert str(board.scope) == "B:video+3d"
    assert list(board.parts) == ["video", "3d"]
    np.testing.assert_allclose(board.score, (board.parts["video"] + board.parts["3d"]) / 2, rtol=1e-14)
    both = gl.board(scores, "B:image+video+audio+3d", 4)
    assert np.array_equal(both.score, gl.board(scores, "A", 4).score)


def tied():
    bench = gl.Benchmark(
        ("a", "b"), ("image",) * 2, ("comprehension", "generation"), ("Acc",) * 2, np.array([50.0, 50.0])
    )
    raw = np.array([[30, 20], [60, np.nan], [20, 30], [np.nan, np.nan], [60, 80], [10, 10.0]])
    return gl.Scorer(bench).score(raw, models=list("pqrstu"))


def test_ties_share_the_smaller_rank_and_zero_has_none():
    board = gl.board(tied(), "A", 2)
    assert board.models == ("t", "q", "p", "r", "u", "s")
    assert board.rank.tolist() == [1, 2, 3, 3, 5, 0]
    assert board.columns()["rank"][-1] is None
    level3 = gl.board(tied(), "A", 3)
    assert level3.rank.tolist() == [1, 2, 0, 0, 0, 0]


def test_equal_scores_of_different_levels_are_no_tie():
    bench = gl.Benchmark(
        ("a", "b"), ("image",) * 2, ("comprehension", "generation"), ("Acc",) * 2, np.array([50.0, 60])
    )
    board = gl.Scorer(bench).score(np.array([[np.nan, 50.0], [50.0, np.nan]])).board()
    assert board.score.tolist() == [25.0, 25.0]
    assert board.model_level.tolist() == [3, 2]
    assert board.rank.tolist() == [1, 2]


def test_combined_goes_by_level_then_score():
    board = gl.board(tied(), "A")
    assert board.models == ("t", "q", "p", "r", "u", "s")
    assert board.model_level.tolist() == [4, 3, 2, 2, 2, 0]
    assert board.rank.tolist() == [1, 2, 3, 3, 5, 0]
    assert board.paradigm == ("C+G", "C", "C+G", "C+G", "C+G", "")
    # a lower score at a higher level stands first
    scores = tied()
    assert board.score[1] < scores.overall[4, 0]


def test_declared_subset(case):
    scores, raw = case
    tasks = scores.benchmark.tasks[10:200:3]
    board = gl.board(scores, "A", 2, tasks=tasks)
    keep = [scores.benchmark.task_index[t] for t in tasks]
    part = gl.Benchmark(
        tuple(tasks),
        *(tuple(np.array(getattr(scores.benchmark, c))[keep]) for c in ("modality", "paradigm", "metric")),
        scores.benchmark.sota[keep],
        weight=scores.benchmark.weight[keep],
    )
    direct = gl.Scorer(part).score(raw[:, keep])
    assert np.array_equal(board.score, direct.overall[board.rows, 0])
    assert f"{len(keep)} of the 300 tasks" in board.notes[0]
    skill = find_scope("D:image comprehension skill 3", scores.benchmark)
    bench = scores.benchmark
    only = [bench.tasks[i] for i in np.flatnonzero(bench.group_of_task == 0) if bench.skill[i] == "skill 3"]
    assert np.array_equal(gl.board(scores, "D:skill 3", 2, tasks=only).score, gl.board(scores, skill, 2).score)
    with pytest.raises(gl.BenchmarkError, match="no such skill"):
        gl.board(scores, skill, 2, tasks=tasks[:1])
    with pytest.raises(gl.BenchmarkError, match="'nope' is not in the benchmark"):
        gl.board(scores, tasks=["nope"])


@pytest.mark.parametrize(
    ("scope", "level", "message"),
    [
        ("B:touch", 2, "not one of the benchmark's modalities"),
        ("C:image/both", 2, "image/comprehension"),
        ("D:nothing such", 2, "no such skill"),
        ("E", 2, "choose A, A.quick, B:"),
        ("C:image/generation", 4, "no Level-4; it reaches at most Level-3"),
        ("D:image comprehension skill 3", 5, "no Level-5"),
        ("B:image", 5, "no Level-5"),
        ("A", 6, "no Level-6"),
    ],
)
def test_wrong_scope_or_level(case, scope, level, message):
    with pytest.raises(gl.BenchmarkError, match=message):
        gl.board(case[0], scope, level)


def test_wrong_date(paper):
    with pytest.raises(gl.GLevelError, match="YYYY-MM-DD"):
        gl.board(paper, date="May 2025")
    assert gl.board(paper, date="2025-05-07").columns()["date"][0] == "2025-05-07"


def test_release_policy_has_boards():
    bench, raw = with_skills()
    raw = np.where(raw < 0, np.nan, raw)
    scores = gl.Scorer(bench, "release").score(raw)
    for scope in all_scopes(bench):
        board = gl.board(scores, scope, 2)
        np.testing.assert_allclose(
            board.coverage * board.on_supported, np.where(board.coverage, board.score, 0.0), rtol=1e-9
        )


def test_scores_without_raw_results_say_so(paper):
    from dataclasses import replace

    bare = replace(paper, raw=None)
    assert len(gl.board(bare, "A", 2)) == len(paper)
    with pytest.raises(gl.ResultsError, match="do not carry the raw results"):
        gl.board(bare, "D:Crack Detection", 2)


def test_golden(paper):
    board = gl.board(paper, "B:image", 3, date="2025-05-07")
    golden("board_image_level3.md", board.to_markdown())
    golden("board_image_level3.tex", board.to_latex())
    golden("board_image_level3.csv", board.to_csv())


def test_frames_and_json(paper):
    board = gl.board(paper, "A")
    assert board.to_pandas()["model"].tolist() == list(board.models)
    assert board.to_polars()["score"].to_list() == board.score.tolist()
    data = json.loads(board.to_json())
    assert [row["model"] for row in data["rows"]] == list(board.models)
    assert data["rows"][0]["score"] == board.score[0]
    assert "Qwen2-VL-72B" in repr(board)
    assert "<table" in board._repr_html_()


@pytest.fixture(scope="module")
def hostile_board():
    bench, raw = random_case(len(hostile.NAMES), 40, 5)
    return gl.board(gl.Scorer(bench).score(raw, models=hostile.NAMES), "A")


def test_hostile_html(hostile_board):
    text = hostile_board.to_html()
    for bad in ("<script", "<img", "</script", "</style", "\u202e", "\x1b"):
        assert bad not in text
    assert "&lt;script&gt;" in text
    assert "n" * 100 not in text


def test_hostile_markdown(hostile_board):
    lines = hostile_board.to_markdown().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(hostile.NAMES)
    columns = {len(line.replace("\\\\", "").replace("\\|", "").split("|")) for line in table}
    assert len(columns) == 1
    text = "\n".join(lines)
    for bad in ("<script", "<img", "://", "\u202e", "\x1b", " | b `c`"):
        assert bad not in text
    assert not re.search(r"(?<!\\)[\[\]`*$]", text.replace("**", ""))


def test_hostile_latex(hostile_board):
    text = hostile_board.to_latex()
    body = text[text.index("\\midrule") : text.index("\\bottomrule")]
    assert "\\input" not in text
    rows = [line for line in body.splitlines()[1:] if line]
    assert len(rows) == len(hostile.NAMES)
    (spec,) = re.findall(r"begin\{tabular\}\{@\{\}([lr]+)@\{\}\}", text)
    columns = len(spec)
    for row in rows:
        assert row.endswith("\\\\")
        bare = row[:-2].replace("\\&", "").replace("\\textbackslash{}", "")
        assert bare.count("&") == columns - 1
        assert "\\\\" not in bare
        assert "%" not in bare.replace("\\%", "")


def test_hostile_csv(hostile_board, tmp_path):
    text = hostile_board.to_csv()
    rows = list(csv.DictReader(io.StringIO(text)))
    names = [row["model"] for row in rows]
    assert not [name for name in names if name.lstrip()[:1] in set("=+-@")]
    assert "'" + hostile.FORMULA in names
    assert hostile.LONG in names  # data are kept whole
    # what this package wrote it reads back as it was
    bench = gl.Benchmark(("t",), ("image",), ("generation",), ("Acc",), np.array([50.0]))
    from glevel_fast.io import write

    path = tmp_path / "r.csv"
    given = [hostile.FORMULA, "@at", "'=quoted", "-5 model", "plain", "'quoted'"]
    write.csv({"model": given, "t": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}, path)
    assert gl.load_results(path, bench).models == tuple(given)


def test_hostile_terminal(hostile_board, capsys):
    from glevel_fast.cli import terminal

    terminal.print_sheet(hostile_board.sheet())
    print(repr(hostile_board))
    shown = capsys.readouterr().out
    assert not [c for c in shown if not c.isprintable() and c != "\n"]
    assert "n" * 50 not in shown


def test_command(tmp_path, capsys):
    assert main(["board", "--scope", "B:image", "--level", "3"]) == 0
    assert "Scope B:image, Level-3" in capsys.readouterr().out
    out = tmp_path / "b.md"
    assert main(["board", "--markdown", str(out), "--latex", "-", "--date", "2025-05-07"]) == 0
    assert out.read_text(encoding="utf-8").startswith("**Scope A, combined")
    assert "\\toprule" in capsys.readouterr().out
    assert main(["board", "--scopes"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 13 + 145
    tasks = tmp_path / "quick.csv"
    tasks.write_text("task\nRoad Crack Detection\nTTS\n", encoding="utf-8")  # a long and a short name
    assert main(["board", "--tasks", str(tasks), "--level", "2", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["tasks"] == 2
    assert main(["board", "--scope", "C:image/generation", "--level", "4"]) == 1
    assert "at most Level-3" in capsys.readouterr().err


@pytest.mark.parametrize(
    "scope", ["C:touch pad/generation", "C:Touch Pad generation", "B:touch pad", "B: Touch Pad + image"]
)
def test_a_modality_with_a_blank_in_its_name(scope):
    bench = gl.Benchmark(
        ("a", "b", "c"), ("touch pad", "image", "image"), ("generation", "generation", "comprehension"), ("Acc",) * 3,
        [60.0, 50.0, 40.0],
    )  # fmt: skip
    scores = gl.Scorer(bench).score({"M": {"a": 61.0, "b": 20.0}, "N": {"a": 30.0, "c": 50.0}})
    board = gl.board(scores, scope, 2)
    assert board.columns()["model"][0] == "M"


def test_a_task_called_model(tmp_path):
    bench = gl.Benchmark(("model", "b"), ("image",) * 2, ("generation",) * 2, ("Acc",) * 2, [60.0, 50.0])
    (tmp_path / "r.csv").write_text("model,task,value\nM,model,61\nM,b,20\n")
    results = gl.load_results(tmp_path / "r.csv", bench)
    assert results.values.tolist() == [[61.0, 20.0]]
    assert gl.load_results(results.to_dict(), bench).values.tolist() == [[61.0, 20.0]]
    with pytest.raises(gl.ResultsError, match="a task is called 'model'"):
        results.columns()
    (tmp_path / "w.csv").write_text("model,model,b\nM,61,20\n")
    with pytest.raises(gl.ResultsError, match="'model' stands twice"):
        gl.load_results(tmp_path / "w.csv", bench)
    scores = gl.Scorer(bench).score(results)
    assert scores.receipt("M", 2).sheet().text()
    assert scores.board().columns()["model"] == ["M"]
