"""The bootstrap: reproducible, paired, stratified, and right against scoring replicated tasks."""

import itertools
import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from fixed import scorer_on
from generate import random_case, scored
from hypothesis import given, settings
from hypothesis import strategies as st

from glevel_fast import Benchmark, GLevelError, Scorer, _core, build_info, reference
from glevel_fast.uncertainty.resamplers import resampler

PATHS = build_info()["instruction_sets"]


def skilled(benchmark, n=4):
    return replace(benchmark, skill=tuple(f"skill {i % n}" for i in range(benchmark.n_tasks)))


def resamples(scorer, raw, n, unit="task", seed=0, threads=1):
    out = np.full((n, len(raw), 4), np.nan)
    resampler(scorer.prepare(raw), unit).scores(seed, 0, out, threads)
    return out


@settings(max_examples=50, deadline=None)
@given(scored(min_models=1), st.sampled_from(["task", "skill", "modality"]), st.integers(0, 2**64 - 1))
def test_engine_and_twin_agree_on_every_instruction_set(case, unit, seed):
    benchmark, raw = case
    benchmark = skilled(benchmark)
    twin = resamples(reference.Scorer(benchmark, fractions="keep"), raw, 9, unit, seed)
    for isa in PATHS:
        scorer = scorer_on(isa, benchmark, fractions="keep")
        fast = resamples(scorer, raw, 9, unit, seed, threads=2)
        # Points that differ in their last bit may round to neighbouring steps of 2^-38.
        np.testing.assert_allclose(fast, twin, rtol=1e-12, atol=2**-36)
        assert np.array_equal(fast > 0, twin > 0)
        assert (fast >= 0).all()
        assert (fast <= 100).all()
        assert (np.diff(fast, axis=2) <= 0).all()


@pytest.mark.parametrize("unit", ["task", "skill"])
def test_a_resample_is_a_benchmark_with_tasks_listed_again(unit):
    benchmark, raw = random_case(20, 60, seed=2)
    benchmark = skilled(benchmark, 3)
    scorer = Scorer(benchmark, fractions="keep")
    got = resamples(scorer, raw, 3, unit, seed=5)
    group = benchmark.group_of_task
    units = sorted({(int(g), i if unit == "task" else [*zip(group, benchmark.skill, strict=True)].index((g, s)))
                    for i, (g, s) in enumerate(zip(group, benchmark.skill, strict=True))})  # fmt: skip
    skill = benchmark.skill
    together = unit == "skill"
    of_unit = [[t for t in range(60) if group[t] == g and (t == first or (together and skill[t] == skill[first]))]
               for g, first in units]  # fmt: skip
    unit_group = np.array([g for g, _ in units])
    for r in range(3):
        draws = reference.draws(5, r, 1, len(units))[0] >> np.uint64(32)
        tasks = []
        for j, draw in enumerate(draws):
            own = np.flatnonzero(unit_group == unit_group[j])
            tasks += of_unit[own[int(draw) * len(own) >> 32]]
        again = Benchmark(
            tuple(f"{i}" for i in range(len(tasks))),
            *(tuple(getattr(benchmark, c)[t] for t in tasks) for c in ("modality", "paradigm", "metric")),
            benchmark.sota[tasks], weight=benchmark.weight[tasks],
        )  # fmt: skip
        expected = Scorer(again, fractions="keep").score(np.ascontiguousarray(raw[:, tasks]))
        np.testing.assert_allclose(got[r], expected.overall, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("unit", ["task", "skill", "modality"])
def test_the_same_numbers_for_any_threads_and_pieces(unit):
    benchmark, raw = random_case(25, 80, seed=3)
    scorer = Scorer(skilled(benchmark), fractions="keep")
    runs = [scorer.bootstrap(raw, 300, unit, seed=4, threads=t, piece=p) for t, p in ((1, 7), (2, None), (4, 300))]
    assert len({json.dumps(run.to_dict()) for run in runs}) == 1
    other = scorer.bootstrap(raw, 300, unit, seed=5)
    assert other.summary != runs[0].summary


def test_probabilities_and_groups():
    benchmark, raw = random_case(12, 90, seed=4)
    raw[5] = raw[4]
    boot = Scorer(benchmark, fractions="keep").bootstrap(raw, 400, seed=1)
    out = resamples(boot.prepared.scorer, raw, 400, seed=1)
    for level in (2, 3, 4, 5):
        s = out[:, :, level - 2].T
        expected = [[np.mean(a > b) + np.mean(a == b) / 2 for b in s] for a in s]
        np.testing.assert_allclose(boot.all_above(level), expected, atol=1e-12)
        assert boot.above("model 4", "model 5", level) == 0.5
        assert boot.above("model 1", "MODEL 2", level) == boot.all_above(level)[1, 2]
        order = boot.order(level)
        position = {f"model {i}": at for at, i in enumerate(order)}
        apart = boot.compare(level).apart(0.9)
        assert boot.compare(level).models == tuple(position)
        assert boot.neighbours(level) == [
            (f"model {a}", f"model {b}", boot.all_above(level)[a, b], boot.compare(level).p[i, i + 1])
            for i, (a, b) in enumerate(itertools.pairwise(order))
        ]
        covered = set()
        for group in boot.groups(level, 0.9):
            places = [position[m] for m in group]
            assert places == list(range(places[0], places[0] + len(places)))
            assert not apart[np.ix_(places, places)].any()
            if places[-1] + 1 < len(order):  # as large as can be
                assert apart[places, places[-1] + 1].any()
            covered |= set(places)
        assert covered == set(range(len(order)))
        low, high = boot.summary.interval(0.9)
        np.testing.assert_allclose(low[:, level - 2], np.sort(s, axis=1)[:, 19], atol=0.00501)
        np.testing.assert_allclose(high[:, level - 2], np.sort(s, axis=1)[:, 379], atol=0.00501)


@pytest.mark.parametrize("n_sets", [0, 1, 7, 37, 64])
def test_ties_are_not_above(n_sets):
    scores = np.random.default_rng(2).integers(0, 4, (9, n_sets)).astype(np.float64)
    assert np.array_equal(_core.count_above(scores, 2), reference.count_above(scores))


def test_models_that_can_be_told_apart_share_no_group():
    rng = np.random.default_rng(1)
    tasks = tuple(map(str, range(40)))
    benchmark = Benchmark(tasks, ("image",) * 40, ("generation",) * 40, ("Acc",) * 40, np.full(40, 50.0))
    raw = np.array([[10.0], [90.0], [50.0], [50.0], [30.0]]) + rng.uniform(-5, 5, (5, 40))
    groups = Scorer(benchmark).bootstrap(raw, 200).groups(2)
    assert [set(group) for group in groups] == [{"model 1"}, {"model 2", "model 3"}, {"model 4"}, {"model 0"}]


def test_the_spread_is_that_of_theory():
    """S2 of one group is half a mean of independent draws: its variance is known."""
    rng = np.random.default_rng(0)
    n = 50
    values = rng.uniform(1, 100, n)
    benchmark = Benchmark(
        tuple(map(str, range(n))), ("image",) * n, ("comprehension",) * n, ("Acc",) * n, np.full(n, 50.0)
    )
    boot = Scorer(benchmark).bootstrap(values[np.newaxis], 20_000, seed=3)
    low, high = boot.summary.interval(0.6827)
    assert (high - low)[0, 0] / 2 == pytest.approx(values.std() / np.sqrt(n) / 2, rel=0.03)
    assert boot.summary.mean[0, 0] == pytest.approx(values.mean() / 2, abs=0.05)


def test_an_interrupted_run_keeps_what_is_done():
    benchmark, raw = random_case(5, 40, seed=6)
    scorer = Scorer(benchmark, fractions="keep")

    def stop(done, total):
        if done >= 30:
            raise KeyboardInterrupt

    partial = scorer.bootstrap(raw, 100, seed=1, piece=10, progress=stop)
    assert (partial.n, partial.done, partial.complete) == (100, 30, False)
    assert partial.summary == scorer.bootstrap(raw, 30, seed=1).summary


def test_wrong_input_is_refused():
    benchmark, raw = random_case(3, 30, seed=7)
    scorer = Scorer(benchmark, fractions="keep")
    boot = scorer.bootstrap(raw, 5)
    for message, call in {
        "n=0": lambda: scorer.bootstrap(raw, 0),
        "seed=-1": lambda: scorer.bootstrap(raw, 5, seed=-1),
        "unit='row'": lambda: scorer.bootstrap(raw, 5, unit="row"),
        "30 of 30 tasks have none, such as 't0'": lambda: scorer.bootstrap(raw, 5, unit="skill"),
        "piece=0": lambda: scorer.bootstrap(raw, 5, piece=0),
        "level=6": lambda: boot.all_above(6),
        "no model 'x'": lambda: boot.above("x", "model 1"),
        "confidence 0.4": lambda: boot.groups(2, 0.4),
        "policy='paper'": lambda: Scorer(benchmark, "release").bootstrap(raw, 5),
    }.items():
        with pytest.raises(GLevelError) as caught:
            call()
        assert message in str(caught.value)


def test_no_warnings_for_models_without_scores():
    benchmark, raw = random_case(3, 30, seed=7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        boot = Scorer(benchmark, fractions="keep").bootstrap(np.full_like(raw, np.nan), 20)
        assert boot.groups(2) == []
        assert boot.summary.level_counts[:, 0].tolist() == [20, 20, 20]
