"""Many subsets of the tasks at once, and Kendall's tau-b: kernels, twins, and what they are meant to equal."""

import re

import numpy as np
import pytest
from fixed import scorer_on
from generate import random_case, scored
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glevel_fast import GLevelError, Scorer, SpecialistSets, _core, build_info, reference
from glevel_fast.core.benchmark import Benchmark

PATHS = build_info()["instruction_sets"]


def part(benchmark, keep):
    """The benchmark of some of the tasks."""
    chosen = np.flatnonzero(keep).tolist()
    names = ("tasks", "modality", "paradigm", "metric", "skill", "specialist")
    texts = {name: tuple(getattr(benchmark, name)[i] for i in chosen) for name in names}
    return Benchmark(**texts, **{name: getattr(benchmark, name)[chosen] for name in ("sota", "weight", "scale")})


def expected(scorer, benchmark, raw, keep):
    options = vars(scorer.compiled.options) | {"invalid": "missing", "fractions": "keep"}
    return [
        type(scorer)(part(benchmark, row), **options).score(np.ascontiguousarray(raw[:, row != 0])).overall
        for row in keep
    ]


@settings(max_examples=20)
@given(scored(), st.integers(0, 2**32), st.sampled_from(["missing", "score"]))
def test_bits_are_those_of_scoring_the_kept_columns(case, seed, zero):
    benchmark, raw = case
    keep = np.random.default_rng(seed).random((5, benchmark.n_tasks)) < 0.5
    keep[~keep.any(axis=1), 0] = True
    sets = SpecialistSets.kept(benchmark, keep)
    for isa in PATHS:
        scorer = scorer_on(isa, benchmark, zero=zero, invalid="missing", fractions="keep")
        for threads in (1, 3):
            got = scorer.ablate(raw, sets, full=True, threads=threads).scores
            assert np.array_equal(got, expected(scorer, benchmark, raw, keep))
    twin = reference.Scorer(benchmark, zero=zero, invalid="missing", fractions="keep")
    np.testing.assert_allclose(twin.ablate(raw, sets, full=True).scores, got, rtol=1e-12, atol=4 * 2.0**-45)


def test_a_large_board_with_weights():
    benchmark, raw = random_case(45, 300, seed=3)
    keep = np.random.default_rng(4).random((40, benchmark.n_tasks)) < np.linspace(0.01, 0.99, 40)[:, np.newaxis]
    keep[~keep.any(axis=1), 7] = True
    scorer = Scorer(benchmark, invalid="missing", fractions="keep")
    ablation = scorer.ablate(raw, SpecialistSets.kept(benchmark, keep), full=True, piece=7)
    assert np.array_equal(ablation.scores, expected(scorer, benchmark, raw, keep))
    whole = SpecialistSets.kept(benchmark, np.ones((1, benchmark.n_tasks), bool))
    assert np.array_equal(scorer.ablate(raw, whole, full=True).scores[0], scorer.score(raw).overall)


def test_ties_lose_where_they_are_told_to():
    benchmark, raw = random_case(9, 40, seed=5)
    raw[:3] = benchmark.sota  # ties everywhere
    scorer = Scorer(benchmark, invalid="missing", fractions="keep")
    sets = SpecialistSets.kept(benchmark, np.ones((1, benchmark.n_tasks), bool)).with_strict_wins()
    strict = scorer.ablate(raw, SpecialistSets.strict_wins(benchmark), full=True).scores
    assert np.array_equal(scorer.ablate(raw, sets, full=True).scores, strict)


def test_subsets_by_name():
    benchmark, _ = random_case(2, 12, seed=6)
    names = benchmark.tasks
    sets = SpecialistSets.kept(benchmark, [names[:3], [names[5].upper()]])
    assert sets.kept_tasks(0, 2).tolist() == [[1] * 3 + [0] * 9, [0] * 5 + [1] + [0] * 6]
    assert repr(sets) == "SpecialistSets(2 sets: subsets of 1 to 3 tasks)"
    assert sets.label(0) == "3 of 12 tasks"
    for subsets, message in (
        (np.ones((2, 11)), "the subsets have the shape (2, 11); (n_sets, 12) is needed"),
        (np.zeros((1, 12)), "subset 0 has no task"),
        ([names[:1], []], "subset 1 has no task"),
        ([["abacus"]], "unknown task 'abacus'"),
        ([], "the subsets have the shape (0, 12)"),
    ):
        if not len(subsets):
            message = "at least one set"
        with pytest.raises(GLevelError, match=re.escape(message)):
            SpecialistSets.kept(benchmark, subsets)


def test_the_kernel_checks_what_it_gets():
    points, won = np.ones((2, 3)), np.ones((2, 3), np.uint8)
    group, weight = np.zeros(3, np.int32), np.ones(3)
    kept = _core.Kept(points, won, group, weight, 1, 1)
    out = np.empty((1, 2, 4))
    kept.scores(np.ones((1, 3), np.uint8), out, 1)
    assert out[0, 0].tolist() == [0.5, 0.5, 0.0, 0.0]
    for message, call in {
        "group out of range": lambda: _core.Kept(points, won, group + 3, weight, 1, 1),
        "weight must be finite": lambda: _core.Kept(points, won, group, weight - 2, 1, 1),
        "more modalities than tasks": lambda: _core.Kept(points, won, group, weight, 4, 1),
        "won must have the shape (2, 3)": lambda: _core.Kept(points, won[:1].copy(), group, weight, 1, 1),
        "keep must have the shape (n_sets, 3)": lambda: kept.scores(np.ones((1, 2), np.uint8), out, 1),
        "out must have the shape (1, 2, 4)": lambda: kept.scores(np.ones((1, 3), np.uint8), out[:, :1].copy(), 1),
        "b must have the shape (3,)": lambda: _core.kendall(points, np.ones(2), 1),
    }.items():
        with pytest.raises(ValueError, match=re.escape(message)):
            call()


@pytest.mark.parametrize("make", [_core.Kept, reference.Kept], ids=["engine", "twin"])
def test_points_of_less_than_a_step_are_a_score(make):
    points, out = np.full((2, 3), 1e-20), np.empty((2, 2, 4))
    won = np.array([[1, 0, 0], [0, 0, 0]], np.uint8)
    keep = np.array([[1, 1, 0], [0, 1, 1]], np.uint8)
    make(points, won, np.zeros(3, np.int32), np.ones(3), 1, 1).scores(keep, out, 1)
    assert (out[:, :, 0] > 0).all()
    assert (out[:, :, 1] > 0).tolist() == [[True, False], [False, False]]


@settings(max_examples=60)
@given(st.data(), st.integers(0, 60), st.integers(0, 4))
def test_kendall_is_that_of_its_twin_and_of_scipy(data, n, n_sets):
    from scipy import stats

    elements = st.one_of(st.integers(0, 6).map(float), st.floats(-1e300, 1e300), st.just(np.inf))
    a, b = (
        data.draw(hnp.arrays(np.float64, (n_sets, n), elements=elements)),
        data.draw(hnp.arrays(np.float64, n, elements=elements)),
    )
    got = _core.kendall(a, b, 2)
    assert np.array_equal(got, _core.kendall(a, b, 1), equal_nan=True)
    assert np.array_equal(got, reference.kendall(a, b), equal_nan=True)
    for tau, row in zip(got, a, strict=True):
        other = stats.kendalltau(row, b).statistic if n > 1 else np.nan
        np.testing.assert_allclose(tau, other, rtol=1e-14, atol=1e-15)


def test_kendall_without_an_order():
    rising = np.arange(5.0)
    rows = np.array([rising, rising[::-1], np.ones(5), [0, 1, np.nan, 3, 4]])
    for kendall in (_core.kendall, reference.kendall):
        assert np.array_equal(kendall(rows, rising, 1), [1.0, -1.0, np.nan, np.nan], equal_nan=True)
        assert np.isnan(kendall(rows, np.ones(5), 1)).all()
