"""What-if and fragility, against scoring from scratch."""

from dataclasses import replace

import numpy as np
import pytest
from generate import N_CHOICES, benchmarks, random_case, scored
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glevel_fast import Benchmark, GLevelError, Results, Scorer, reference
from glevel_fast.core.compiled import Scored, engine_columns

ARRAYS = ("overall", "modality", "means", "supported", "wins", "level", "models")


def assert_same(a, b):
    for name in ARRAYS:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


@settings(max_examples=100, deadline=None)
@given(scored(min_models=1), st.data(), st.sampled_from(["missing", "score"]))
def test_what_if_equals_scoring_from_scratch(case, data, zero):
    benchmark, raw = case
    low = np.array([m.lowest for m in benchmark.metrics])
    if zero == "score":
        raw = np.where((raw == 0) & (low > 0), np.nan, raw)
    tasks = data.draw(st.lists(st.integers(0, benchmark.n_tasks - 1), min_size=1, max_size=4, unique=True))
    sota = benchmark.sota.copy()
    for t in tasks:
        value = raw[data.draw(st.integers(0, len(raw) - 1)), t]
        sota[t] = value if value * benchmark.scale[t] >= low[t] else np.nan
    scorer = Scorer(benchmark, fractions="keep", zero=zero)
    what = scorer.what_if(raw, {benchmark.tasks[t]: sota[t] for t in tasks})
    before = scorer.score(raw)
    after = Scorer(replace(benchmark, sota=sota), fractions="keep", zero=zero).score(raw)
    assert np.array_equal(what.overall, after.overall)
    assert np.array_equal(what.delta, after.overall - before.overall)
    assert np.array_equal(what.level, after.level)
    change = np.zeros_like(before.wins)
    np.add.at(change.T, benchmark.group_of_task[what.tasks], what.wins.T)
    assert np.array_equal(change, after.wins - before.wins)
    twin = reference.Scorer(benchmark, fractions="keep", zero=zero).what_if(raw, what.changes)
    assert np.array_equal(what.wins, twin.wins)
    assert np.array_equal(what.ranks, twin.ranks)
    assert set(what.to_dict()) == {"glevel_fast", "changes", "models", "unchanged", "notes"}


def test_what_if_says_who_gains_and_loses():
    bench = Benchmark(("a", "b"), ("image",) * 2, ("comprehension", "generation"), ("Acc",) * 2, np.array([50.0, 10.0]))
    results = Results.from_array(["x", "y", "z"], [[60.0, 20.0], [55.0, 5.0], [40.0, 30.0]], bench)
    what = Scorer(bench).what_if(results, {"A": 57.0, "b": 5.0})
    columns = what.columns()
    assert columns["model"] == ["y", "z"]  # z wins nothing more, but passes y
    assert columns["loses"] == ["a", ""]
    assert columns["gains"] == ["b", ""]
    assert what.ranks[1].tolist() == [1, 3, 2]
    assert repr(what) == "WhatIf(2 tasks changed: 1 wins gained, 1 lost over 3 models)"


@st.composite
def boards(draw):
    benchmark, menu = draw(benchmarks(max_tasks=12))
    cells = draw(hnp.arrays(np.int8, (4, benchmark.n_tasks), elements=st.integers(0, N_CHOICES - 1)))
    return benchmark, menu[np.arange(benchmark.n_tasks), cells]


@settings(max_examples=80, deadline=None)
@given(boards())
def test_fragility_by_brute_force(case):
    """Taking wins away: no smaller choice of wins costs the level, and one of this size does."""
    from itertools import combinations

    benchmark, raw = case
    scorer = Scorer(benchmark, fractions="keep")
    scores = scorer.score(raw)
    fragile = scores.fragility()
    points = scorer.map(raw)
    for i, level in enumerate(scores.level):
        if level < 3:
            assert fragile.lost_wins[i] == -1
            assert np.isnan(fragile.relative[i])
            continue
        z = raw[i] * benchmark.scale
        higher = np.array([m.better == "higher" for m in benchmark.metrics])
        won = np.flatnonzero(
            (points[i] > 0) & np.where(higher, z >= benchmark.sota_z, z <= benchmark.sota_z) & (benchmark.weight > 0)
        )

        def without(tasks, i=i):
            sota = benchmark.sota.copy()
            sota[list(tasks)] = np.nan
            return Scorer(replace(benchmark, sota=sota), fractions="keep").score(raw[i]).level[0]

        if len(won) > 6:
            continue
        n = int(fragile.lost_wins[i])
        assert all(without(tasks) == level for k in range(n) for tasks in combinations(won, k))
        assert any(without(tasks) < level for tasks in combinations(won, n))
        assert (fragile.models[i] in fragile.single) == (n == 1)
        if n == 1:
            alone = tuple(benchmark.tasks[t] for t in won if without([t]) < level)
            assert fragile.tasks[i] == alone
        else:
            assert fragile.tasks[i] == ()


def test_fragility_in_sigma():
    bench = Benchmark(
        ("a", "b", "c"), ("image",) * 3, ("comprehension", "generation", "generation"), ("Acc", "FID", "Acc"),
        np.array([50.0, 10.0, 40.0]),
    )  # fmt: skip
    fragile = Scorer(bench).score(np.array([[60.0, 8.0, 44.0], [60.0, np.nan, 41.0], [0.0, 9.0, np.nan]])).fragility()
    assert fragile.level.tolist() == [4, 4, 3]
    assert fragile.lost_wins.tolist() == [1, 1, 1]
    # a is lost first beyond +20 % (60 against 50), both generation wins beyond 20 % (8 against 10).
    np.testing.assert_allclose(fragile.relative, [0.2, 0.025, 0.1])
    assert fragile.tasks == (("a",), ("a", "c"), ("b",))
    assert fragile.single == ("model 0", "model 1", "model 2")


@settings(max_examples=60, deadline=None)
@given(boards(), st.booleans())
def test_at_exactly_this_much_a_level_holds(case, factor):
    """As a double, whether it is added to each σ or multiplied into it; a hair beyond, it is lost."""
    benchmark, raw = case
    scores = Scorer(benchmark, fractions="keep").score(raw)
    fragile = scores.fragility()
    higher = np.array([m.better == "higher" for m in benchmark.metrics])
    towards, sota = np.where(higher, 1.0, -1.0), benchmark.sota

    def level(i, much):
        with np.errstate(over="ignore"):
            moved = sota * (1.0 + np.sign(sota) * towards * much) if factor else sota + towards * much * np.abs(sota)
            z = moved * benchmark.scale
        own = scores.compiled.make_engine(engine_columns(benchmark) | {"sota": z})
        return Scored._make(own.score(np.ascontiguousarray(raw[i : i + 1]), 1)).level[0]

    for i in np.flatnonzero(np.isfinite(fragile.relative)):
        much = fragile.relative[i]
        assert level(i, much) == scores.level[i]
        assert level(i, much + 1e-12 * max(1.0, much)) < scores.level[i]


def test_a_win_of_no_points_holds_nothing():
    """It counts as a win (docs/spec.md section 4), but Level-3 needs a score."""
    bench = Benchmark(
        ("model", "b"), ("image", "my modality"), ("comprehension", "generation"), ("MOS", "Acc"),
        np.array([1.0, 50.0]),
    )  # fmt: skip
    raw = np.array([[1.0, 40.0], [1.0, 60.0], [2.0, np.nan]])
    scores = Scorer(bench).score(raw)
    assert scores.wins.sum(axis=1).tolist() == [1, 2, 1]
    fragile = scores.fragility()
    assert fragile.level.tolist() == [2, 3, 3]
    assert fragile.lost_wins.tolist() == [-1, 1, 1]
    assert fragile.tasks == ((), ("b",), ("model",))
    assert fragile.relative[1:].tolist() == [0.2, 1.0]


def test_an_array_off_its_alignment():
    benchmark, raw = random_case(4, 30, seed=7)
    memory = np.zeros(raw.nbytes + 1, np.uint8)
    unaligned = memory[1:].view(np.float64).reshape(raw.shape)
    unaligned[:] = raw
    assert not unaligned.flags.aligned
    scorer = Scorer(benchmark, fractions="keep")
    scores = scorer.score(unaligned)
    assert_same(scores, scorer.score(raw))
    assert np.array_equal(scores.fragility().relative, scorer.score(raw).fragility().relative, equal_nan=True)
    assert scorer.bootstrap(unaligned, 5).summary == scorer.bootstrap(raw, 5).summary


def test_a_level_is_lost_with_its_last_modality():
    bench = Benchmark(
        ("a", "b", "c", "d"), ("image", "image", "video", "video"), ("comprehension", "generation") * 2, ("Acc",) * 4,
        np.full(4, 50.0),
    )  # fmt: skip
    fragile = Scorer(bench).score(np.array([[60.0, 55.0, 70.0, 65.0]])).fragility()
    assert fragile.level.tolist() == [4]
    assert fragile.lost_wins.tolist() == [2]
    np.testing.assert_allclose(fragile.relative, [0.3])


def test_fragility_of_scores_scaled_from_fractions():
    benchmark, raw = random_case(8, 60, seed=9)
    percent = np.array([m.is_percent for m in benchmark.metrics])
    fractions = raw.copy()
    fractions[2:4, percent] /= 100.0
    scores = Scorer(benchmark, fractions="scale").score(fractions)
    assert scores.notes
    again = Scorer(benchmark).score(scores.raw)
    assert_same(scores, again)
    for a, b in zip(scores.fragility().columns().values(), again.fragility().columns().values(), strict=True):
        assert np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")


def test_wrong_input_is_refused():
    benchmark, raw = random_case(3, 30, seed=7)
    scorer = Scorer(benchmark, fractions="keep")
    scores = scorer.score(raw)
    task = benchmark.tasks[0]
    new = {"modality": "image", "paradigm": "generation", "metric": "Acc", "sota": 1.0}
    changed = raw.copy()
    stale = scorer.score(changed)
    changed[:] = np.nan
    for message, call in {
        "no change": lambda: scorer.what_if(raw, {}),
        "unknown task 'zz'": lambda: scorer.what_if(raw, {"zz": 1.0}),
        "outside the metric's domain": lambda: scorer.what_if(raw, {task: -7.0}),
        "two spellings": lambda: scorer.what_if(raw, {task: np.nan, task.upper(): np.nan}),
        "unknown model 'x'": lambda: scorer.update(scores, cells={("x", task): 1.0}),
        "there is one of that name": lambda: scorer.update(scores, add_models={"MODEL 1": {}}),
        "is listed twice": lambda: scorer.update(scores, add_tasks={task: new}),
        "metric, paradigm, sota missing": lambda: scorer.update(scores, add_tasks={"new": {"modality": "image"}}),
        "not this scorer's": lambda: Scorer(random_case(1, 20, seed=1)[0]).update(scores),
        "no tasks": lambda: scorer.update(scores, remove_tasks=benchmark.tasks),
        "changed twice": lambda: scorer.update(scores, specialists={task: np.nan, task.upper(): np.nan}),
        "corrected cell of 'model 1', 't0': could not convert string to float: 'x'": lambda: scorer.update(
            scores, cells={("model 1", task): "x"}
        ),
        "new model 'n': could not convert string to float: 'x'": lambda: scorer.update(
            scores, add_models={"n": {task: "x"}}
        ),
        "new model 'n': a name is there twice": lambda: scorer.update(
            scores, add_models={"n": {task: 1.0, task.upper(): 2.0}}
        ),
        "a model has no name": lambda: scorer.update(scores, add_models={" ": {}}),
        "task 't0': could not convert": lambda: scorer.update(scores, specialists={task: "x"}),
        "task 't0': could not convert string": lambda: scorer.what_if(raw, {task: "x"}),
        "new task 'n': unknown model 'x'": lambda: scorer.update(scores, add_tasks={"n": new | {"values": {"x": 1}}}),
        "new task 'n': unknown fields 'unit'": lambda: scorer.update(scores, add_tasks={"n": new | {"unit": 1}}),
        "new task 'n': weight: one number is needed": lambda: scorer.update(
            scores, add_tasks={"n": new | {"weight": []}}
        ),
        "task 't0': one number is needed, not [1]": lambda: scorer.what_if(raw, {task: [1]}),
        "unknown metric 'zz'": lambda: scorer.update(scores, add_tasks={"n": new | {"metric": "zz"}}),
        "the specialist's Acc of 140": lambda: scorer.update(scores, add_tasks={"n": new | {"sota": 140}}),
        "no longer those that were scored": stale.fragility,
        "policy='paper'": Scorer(benchmark, "release").score(np.abs(raw)).fragility,
    }.items():
        with pytest.raises(GLevelError) as caught:
            call()
        assert message in str(caught.value), message
