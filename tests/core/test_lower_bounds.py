"""A value that is not known makes scores lower bounds, and the mark goes where the score goes."""

import json
from dataclasses import replace

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.boards.board import subset

BENCH = gl.load_benchmark(
    {
        "task": ["i1", "i2", "i3", "v1", "l1"],
        "modality": ["image", "image", "image", "video", "language"],
        "paradigm": ["comprehension", "comprehension", "generation", "generation", ""],
        "metric": ["Acc"] * 5,
        "skill": ["seeing", "counting", "drawing", "filming", "writing"],
        "sota": [50.0] * 5,
    }
)
VALUES = [[60, 70, 80, 90, 60], [60, np.nan, 80, 90, 60], [60, 70, 80, 90, np.nan], [60, 70, 80, 90, np.nan]]
UNKNOWN = np.zeros((4, 5), bool)
UNKNOWN[1, 1] = UNKNOWN[2, 4] = True


@pytest.fixture
def results():
    known = gl.Results.from_array(["Whole", "Image", "Language", "Mute"], VALUES, BENCH)
    return replace(known, unknown=UNKNOWN)


@pytest.fixture
def scores(results):
    return gl.Scorer(BENCH).score(results)


def test_marks_by_modality_language_and_overall(scores):
    assert scores.lower_bound.tolist() == [
        [False, False, False, False],
        [True, False, False, True],
        [False, False, True, False],
        [False, False, False, False],
    ]
    assert [scores.lower_bound_names(i) for i in range(4)] == [[], ["image"], ["language"], []]


def test_the_mark_is_in_every_output_of_scores(scores):
    data = json.loads(json.dumps(scores.to_dict()))
    assert [model["lower_bound"] for model in data["models"]] == [[], ["image"], ["language"], []]
    assert scores.columns()["lower_bound"] == ["", "image", "language", ""]
    lines = {line.split()[0]: line for line in repr(scores).splitlines()}
    assert "≥" not in lines["Whole"] + lines["Mute"]
    assert lines["Image"].count("≥") == 5  # S2 to S5, and the modality
    assert lines["Language"].count("≥") == 1  # S5 alone
    assert "≥" in scores._repr_html_()


@pytest.mark.parametrize(
    ("scope", "level", "marked"),
    [
        ("A", 2, {"Image"}),
        ("A", 5, {"Image", "Language"}),
        ("B:image", 3, {"Image"}),
        ("B:video", 2, set()),
        ("C:image/comprehension", 2, {"Image"}),
        ("C:image/generation", 2, set()),
        ("D:counting", 2, {"Image"}),
        ("D:seeing", 3, set()),
    ],
)
def test_the_mark_is_in_every_output_of_boards(scores, scope, level, marked):
    board = gl.board(scores, scope, level)
    assert {m for m, bound in zip(board.models, board.lower_bound, strict=True) if bound} == marked
    rows = board.to_dict()["rows"]
    assert {row["model"] for row in rows if row["lower_bound"]} == marked
    assert {row["model"] for row in rows if row["lower_bound"] is False} == set(board.models) - marked
    for text in (board.to_markdown(), board.to_latex(), board.to_html(), repr(board)):
        lines = [line for line in text.replace("<tr>", "\n").replace("$\\geq$", "≥").splitlines() if "≥" in line]
        assert len(lines) == len(marked)
        assert all(any(model in line for line in lines) for model in marked)


def test_a_combined_board_marks_language_where_the_level_is_5(scores):
    board = gl.board(scores)
    bounds = dict(zip(board.models, board.lower_bound.tolist(), strict=True))
    assert bounds == {"Whole": False, "Image": True, "Language": bool(board.model_level[0] < 5), "Mute": False}
    assert dict(zip(board.models, board.part_bounds["S5"].tolist(), strict=True))["Language"]


def test_a_subset_keeps_the_marks(scores):
    assert subset(scores, ["i2", "v1"]).lower_bound[1].tolist() == [True, False, False, True]
    assert not subset(scores, ["i1", "v1"]).lower_bound.any()


def test_an_update_keeps_the_marks_but_of_what_was_corrected(results):
    scorer = gl.Scorer(BENCH)
    updated = scorer.update(scorer.score(results), cells={("Image", "i2"): 70.0}, add_models={"New": {"i1": 1.5}})
    assert updated.scores.lower_bound.any(axis=1).tolist() == [False, False, True, False, False]
    updated = scorer.update(scorer.score(results), remove_tasks=["i1"])
    assert updated.scores.lower_bound.any(axis=1).tolist() == [False, True, True, False]
    assert not scorer.update(scorer.score(results), remove_tasks=["i2", "l1"]).scores.lower_bound.any()


def test_the_shape_is_checked(results):
    with pytest.raises(gl.ResultsError, match="`unknown` has the shape"):
        replace(results, unknown=np.zeros((4, 4), bool))
