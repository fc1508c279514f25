"""Level-1: the specialists, and the best generalist beside each."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.boards.scopes import all_scopes, find_scope, tasks_in
from glevel_fast.boards.specialists import specialist_board
from glevel_fast.cli.main import main

NAN = float("nan")


@pytest.fixture(scope="module")
def scores() -> gl.Scores:
    bench = gl.Benchmark(
        tasks=("a", "b", "c", "d"),
        modality=("image", "image", "video", "language"),
        paradigm=("comprehension", "generation", "generation", ""),
        metric=("Acc", "FID", "Acc", "Acc"),
        sota=np.array([50.0, 20.0, NAN, 30.0]),
        skill=("s", "s", "t", ""),
        specialist=("A", "B", "", "D"),
    )
    raw = np.array([[60.0, 30.0, 10.0, 0.0], [50.0, 25.0, NAN, NAN], [10.0, 0.0, 40.0, NAN]])
    return gl.Scorer(bench).score(raw, models=["x", "y", "=z"])


def test_by_hand(scores: gl.Scores) -> None:
    board = specialist_board(scores)
    assert board.best_model == ("x", "y", "=z", "")
    np.testing.assert_array_equal(board.best, [60.0, 25.0, 40.0, NAN])
    np.testing.assert_array_equal(board.margin, [10.0, -5.0, NAN, NAN])  # of a lower metric a lower value is better
    assert board.winners.tolist() == [2, 0, 0, 0]  # a tie wins; without a specialist nobody does
    assert board.supporters.tolist() == [3, 2, 2, 0]
    points = scores.compiled.sota_points
    np.testing.assert_array_equal(board.points, points)
    assert board.best_points[0] == 60.0
    assert abs(board.best_points[1] - 100 * np.tanh(25 / 50)) < 1e-9
    assert "4 specialists, 1 of them met or beaten by one of 3 models" in board.title


def test_scopes_list_their_tasks(scores: gl.Scores) -> None:
    assert specialist_board(scores, "B:image").tasks == ("a", "b")
    assert specialist_board(scores, "C:video/generation").tasks == ("c",)
    assert specialist_board(scores, "D:image comprehension s").tasks == ("a",)
    with pytest.raises(gl.BenchmarkError, match="has no such skill"):
        specialist_board(scores, "D:u")


def test_tasks_of_every_scope_of_general_bench() -> None:
    bench = gl.published.benchmark()
    for scope in all_scopes(bench):
        found = tasks_in(scope, bench)
        sizes = {"A": 699, "B": {"image": 316, "video": 172, "audio": 44, "3d": 52}.get(scope.name)}
        if scope.kind in sizes:
            assert len(found) == sizes[scope.kind]
        elif scope.kind == "C":
            assert len(found) == sum(g == scope.group for g in zip(bench.modality, bench.paradigm, strict=True))
        else:
            assert {bench.skill[i] for i in found} == {scope.name}
    assert len(tasks_in(find_scope("B:image+audio", bench), bench)) == 360
    assert len(tasks_in(find_scope("C:language", bench), bench)) == 115


def test_zero_is_a_score_where_it_is_asked_for(scores: gl.Scores) -> None:
    raw = scores.scored_raw()
    zero = specialist_board(gl.Scorer(scores.benchmark, zero="score", invalid="missing").score(raw))
    assert zero.supporters[3] == 1


def test_formats(scores: gl.Scores) -> None:
    board = specialist_board(scores)
    rows = list(csv.DictReader(io.StringIO(board.to_csv())))
    assert rows[0]["margin"] == "10.0"
    assert rows[2]["best_model"] == "'=z"
    plain = json.loads(board.to_json())
    assert (plain["level"], plain["tasks"], plain["models"], plain["benchmark"]) == (1, 4, 3, scores.benchmark.sha256)
    assert plain["rows"][2]["sota"] is None
    assert "| +10 |" in board.to_markdown()
    assert "\\toprule" in board.to_latex()
    assert "<table>" in board.to_html()
    assert board.to_pandas().shape == (4, len(board.columns()))


def test_no_models() -> None:
    bench = gl.published.benchmark()
    board = specialist_board(gl.Scorer(bench).score(np.empty((0, bench.n_tasks)), models=[]))
    assert len(board) == 699
    assert not board.winners.any()
    assert set(board.best_model) == {""}


def test_the_release_has_no_such_board(scores: gl.Scores) -> None:
    with pytest.raises(gl.GLevelError, match="policy 'paper'"):
        specialist_board(gl.Scorer(scores.benchmark, "release").score(scores.scored_raw()))


def test_published() -> None:
    board = gl.published.specialists()
    assert len(board) == 699
    i = board.tasks.index("ATM Booths Suspicious Behavior Recognition")
    assert (board.specialist[i], board.sota[i]) == ("CLIP", 21.7)
    values = gl.published.results().values[:, i]
    assert board.best[i] == np.nanmax(values)
    assert board.winners[i] == np.count_nonzero(values >= 21.7)


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", "--level", "1", "--scope", "C:audio/generation"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Level-1, scope C:audio/generation: 20 specialists, 2 of them met or beaten by one of 101 models"
    assert sum("Caption" in line for line in lines) >= 2
    assert main(["board", "--level", "1", "--scope", "D:Crack Detection", "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["task"] for row in rows] == ["Tire Crack Detection", "Road Crack Detection"]
    with pytest.raises(SystemExit):
        main(["board", "--level", "1", "--date", "2025-01-01"])
