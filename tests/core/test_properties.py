"""The properties of docs/spec.md section 4, to the last bit."""

import numpy as np
from generate import scored
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glevel_fast import Scorer
from glevel_fast.core.benchmark import Benchmark

ARRAYS = ("overall", "modality", "means", "supported", "wins", "level")


def scorer_of(benchmark):
    return Scorer(benchmark, fractions="keep")


@settings(max_examples=200)
@given(scored(min_models=1))
def test_levels_are_ordered(case):
    benchmark, raw = case
    scores = scorer_of(benchmark).score(raw)
    for s in (scores.overall, scores.modality):
        assert (s >= 0).all()
        assert (s <= 100).all()
        assert (np.diff(s, axis=-1) <= 0).all()
    assert (scores.means[..., 1] <= scores.means[..., 0]).all()
    assert (scores.wins <= scores.supported).all()


@settings(max_examples=200)
@given(scored(min_models=1, max_models=1), st.data())
def test_a_better_value_never_lowers_a_score(case, data):
    benchmark, raw = case
    task = data.draw(st.integers(0, benchmark.n_tasks - 1))
    metric, scale, old = benchmark.metrics[task], benchmark.scale[task], raw[0, task]
    assume(np.isfinite(old) and old != 0)
    steps = data.draw(st.integers(1, 3)) if data.draw(st.booleans()) else 0
    new = old
    if steps:  # neighbouring doubles
        for _ in range(steps):
            with np.errstate(over="ignore"):
                new = np.nextafter(new, np.inf if metric.better == "higher" else -np.inf)
    else:
        new = (
            data.draw(st.floats(0.0, 1.0)) * old if metric.better == "lower" else old + data.draw(st.floats(0.0, 100.0))
        )
    assume(new != 0 and metric.lowest <= new * scale <= metric.highest)
    better = raw.copy()
    better[0, task] = new
    before, after = scorer_of(benchmark).score(raw), scorer_of(benchmark).score(better)
    for name in ("overall", "modality", "means"):
        assert (getattr(after, name) >= getattr(before, name)).all(), name
    assert after.level[0] >= before.level[0]


@settings(max_examples=60)
@given(scored(min_models=2, max_models=5), st.randoms(use_true_random=False))
def test_permutations(case, random):
    benchmark, raw = case
    tasks, models = list(range(benchmark.n_tasks)), list(range(len(raw)))
    random.shuffle(tasks)
    random.shuffle(models)
    columns = benchmark.to_dict()
    permuted = Benchmark(
        *(tuple(columns[c][i] for i in tasks) for c in ("task", "modality", "paradigm", "metric")),
        benchmark.sota[tasks], weight=benchmark.weight[tasks], scale=benchmark.scale[tasks],
    )  # fmt: skip
    plain = scorer_of(benchmark).score(raw)
    other = scorer_of(permuted).score(raw[models][:, tasks])
    assert permuted.groups == benchmark.groups
    for name in ARRAYS:
        assert np.array_equal(getattr(other, name), getattr(plain, name)[models]), name


@settings(max_examples=60)
@given(scored(min_models=1))
def test_level_is_the_highest_score_above_zero(case):
    benchmark, raw = case
    scores = scorer_of(benchmark).score(raw)
    for level, overall in zip(scores.level, scores.overall, strict=True):
        assert level == max((k for k in (2, 3, 4, 5) if overall[k - 2] > 0), default=0)


@settings(max_examples=60)
@given(scored(min_models=1, weights=False))
def test_counts_and_masks_from_the_definition(case):
    """Support and wins, cell by cell, as docs/spec.md sections 3 and 4 define them."""
    benchmark, raw = case
    scores = scorer_of(benchmark).score(raw)
    for i, row in enumerate(raw):
        supported = np.zeros(len(benchmark.groups), int)
        wins = np.zeros(len(benchmark.groups), int)
        for t, value in enumerate(row):
            if np.isnan(value) or value == 0:
                continue
            z, sota = value * benchmark.scale[t], benchmark.sota[t] * benchmark.scale[t]
            supported[benchmark.group_of_task[t]] += 1
            won = z >= sota if benchmark.metrics[t].better == "higher" else z <= sota
            wins[benchmark.group_of_task[t]] += bool(won)
        assert scores.supported[i].tolist() == supported.tolist()
        assert scores.wins[i].tolist() == wins.tolist()
