"""Standard errors and numbers of samples stay with the results, and tell a score of 0 from "not supported"."""

import pickle

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast import Results, ResultsError, load_results

BENCH = gl.load_benchmark(
    {
        "task": ["vqa", "ocr", "draw"],
        "modality": ["image"] * 3,
        "paradigm": ["comprehension", "comprehension", "generation"],
        "metric": ["Acc"] * 3,
        "sota": [50.0, 60.0, 0.5],
    }
)
LONG = {
    "model": ["A", "A", "B", "B"],
    "task": ["vqa", "ocr", "vqa", "draw"],
    "value": [0.0, 40.0, 55.0, 0.0],
    "stderr": [0.0, 2.5, None, None],
    "n": [5000, 100, 200, None],
}
NAN = np.nan


def test_they_stay_with_the_results():
    results = load_results(LONG, BENCH)
    np.testing.assert_array_equal(results.stderr, [[0.0, 2.5, NAN], [NAN, NAN, NAN]])
    np.testing.assert_array_equal(results.n, [[5000, 100, NAN], [200, NAN, NAN]])
    for array in (results.stderr, results.n, pickle.loads(pickle.dumps(results)).n):
        assert not array.flags.writeable
    joined = load_results([{"C": {"vqa": 1.0}}, LONG], BENCH)
    np.testing.assert_array_equal(joined.n, [[NAN] * 3, [5000, 100, NAN], [200, NAN, NAN]])
    assert load_results({"C": {"vqa": 1.0}}, BENCH).n is None
    assert load_results(LONG | {"n": [None] * 4}, BENCH).n is None


def test_a_zero_over_samples_is_a_score():
    results = load_results(LONG, BENCH)
    scores = gl.Scorer(BENCH).score(results)
    assert scores.supported.tolist() == [[2, 0, 0], [1, 0, 0]]  # B's 0 on draw has no samples behind
    assert scores.zero == "score"
    assert "1 exact zero with a number of samples behind: taken as scores" in scores.notes[-1]
    plain = gl.Scorer(BENCH).score(load_results({k: LONG[k] for k in ("model", "task", "value")}, BENCH))
    assert plain.supported.tolist() == [[1, 0, 0], [1, 0, 0]]
    assert plain.zero == "missing"
    np.testing.assert_array_equal(scores.overall, plain.overall)  # 0 points add nothing


def test_what_follows_from_such_scores():
    scorer, results = gl.Scorer(BENCH), load_results(LONG, BENCH)
    prepared = scorer.prepare(results)
    assert scorer.prepare(prepared) is prepared
    np.testing.assert_array_equal(
        scorer.ablate(prepared, BENCH.sota[np.newaxis], full=True).scores[0], scorer.score(results).overall
    )
    scores = scorer.score(results)
    receipt = scores.receipt("A")
    assert receipt.supported[list(receipt.tasks).index("vqa")]
    updated = scorer.update(scores, cells={("B", "draw"): 1.0}, remove_tasks=["ocr"])
    np.testing.assert_array_equal(updated.results.n, [[5000, NAN], [200, NAN]])
    np.testing.assert_array_equal(updated.scorer.score(updated.results).overall, updated.scores.overall)
    assert updated.scores.supported.tolist() == [[1, 0, 0], [1, 1, 0]]


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("n", [1, "many", 1, 1], "row 2: n is 'many', not a number, 0 or above"),
        ("stderr", [1, -0.5, 1, 1], "row 2: stderr is -0.5, not a number, 0 or above"),
    ],
)
def test_what_is_no_error_or_number(column, cells, message):
    with pytest.raises(ResultsError, match=message):
        load_results(LONG | {column: cells}, BENCH)


def test_results_check_their_shape():
    parts = {"models": ("A",), "tasks": BENCH.tasks, "values": np.ones((1, 3)), "sources": ("",), "absent": [0]}
    assert Results(**parts, n=[[1, 2, 3]]).n.tolist() == [[1.0, 2.0, 3.0]]
    with pytest.raises(ResultsError, match=r"n has the shape \(1, 2\), the values \(1, 3\)"):
        Results(**parts, n=[[1, 2]])
    with pytest.raises(ResultsError, match="model 'A', task 'ocr': stderr is -1, below 0"):
        Results(**parts, stderr=[[1, -1, 1]])
