"""Many specialist sets: bit for bit what scoring each of them from scratch gives."""

import itertools
import json
import os
import pickle
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
from generate import N_CHOICES, benchmarks, random_case, scored
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glevel_fast import Benchmark, GLevelError, Scorer, _core, build_info, reference
from glevel_fast.core.compiled import engine_columns
from glevel_fast.uncertainty.bands import Bands
from glevel_fast.uncertainty.specialists import SpecialistSets
from glevel_fast.uncertainty.summary import Summary

PATHS = build_info()["instruction_sets"]
STEP = 2.0**-45


def with_sota(benchmark, sota, weight=None):
    return replace(benchmark, sota=sota, weight=benchmark.weight if weight is None else weight)


def from_scratch(benchmark, raw, matrix, **options):
    return np.array([Scorer(with_sota(benchmark, s), fractions="keep", **options).score(raw).overall for s in matrix])


@st.composite
def ablations(draw, max_tasks=30, max_models=20):
    """A benchmark, raw results, and specialist sets made of values that the results hold too: many ties."""
    benchmark, menu = draw(benchmarks(max_tasks=max_tasks))
    shape = (draw(st.integers(1, max_models)), benchmark.n_tasks)
    cells = draw(hnp.arrays(np.int8, shape, elements=st.integers(0, N_CHOICES - 1)))
    raw = menu[np.arange(benchmark.n_tasks), cells]
    cells = draw(
        hnp.arrays(np.int8, (draw(st.integers(1, 6)), benchmark.n_tasks), elements=st.integers(0, N_CHOICES - 1))
    )
    sota = menu[np.arange(benchmark.n_tasks), cells]
    low = np.array([m.lowest for m in benchmark.metrics])
    return benchmark, raw, np.where(sota * benchmark.scale >= low, sota, np.nan)


@settings(max_examples=120, deadline=None)
@given(ablations(), st.sampled_from(["missing", "score"]), st.integers(1, 3))
def test_every_set_as_if_scored_from_scratch(case, zero, threads):
    benchmark, raw, matrix = case
    if zero == "score":  # a 0 outside its domain is another test's business
        raw = np.where((raw == 0) & (np.array([m.lowest for m in benchmark.metrics]) > 0), np.nan, raw)
    expected = from_scratch(benchmark, raw, matrix, zero=zero)
    engines = [_core.Engine(**engine_columns(benchmark), zero_scores=zero == "score", isa=isa) for isa in PATHS]
    for engine in engines:
        out = np.full((len(matrix), len(raw), 4), np.nan)
        _core.Pairs(engine, raw, threads).ablate(matrix, False, out, False, threads)
        assert np.array_equal(out, expected)
    scorer = Scorer(benchmark, fractions="keep", zero=zero)
    sets = SpecialistSets.from_changes(benchmark, [dict(zip(benchmark.tasks, s, strict=True)) for s in matrix])
    assert np.array_equal(scorer.ablate(raw, sets, full=True, threads=threads).scores, expected)


@settings(max_examples=120, deadline=None)
@given(ablations(), st.data(), st.integers(1, 3))
def test_changed_tasks_as_if_scored_from_scratch(case, data, threads):
    benchmark, raw, matrix = case
    changed = data.draw(hnp.arrays(bool, matrix.shape))
    matrix = np.where(changed, matrix, benchmark.sota)
    expected = from_scratch(benchmark, raw, matrix)
    begin = np.concatenate([[0], changed.sum(axis=1).cumsum()]).astype(np.int64)
    tasks = np.nonzero(changed)[1].astype(np.int64)
    for isa in PATHS:
        pairs = _core.Pairs(_core.Engine(**engine_columns(benchmark), zero_scores=False, isa=isa), raw, threads)
        out = np.full(expected.shape, np.nan)
        if pairs.has_tiny:
            with pytest.raises(ValueError, match="dense"):
                pairs.change(begin, tasks, matrix[changed], out, False, threads)
            continue
        decided = pairs.change(begin, tasks, matrix[changed], out, True, threads)
        assert np.array_equal(out, expected)
        again = np.full(expected.shape, np.nan)
        assert np.array_equal(pairs.ablate(matrix, False, again, True, threads), decided)
        assert np.array_equal(again, expected)


@settings(max_examples=60, deadline=None)
@given(ablations())
def test_the_twin_agrees(case):
    benchmark, raw, matrix = case
    fast = Scorer(benchmark, fractions="keep").ablate(raw, matrix, full=True)
    twin = reference.Scorer(benchmark, fractions="keep").ablate(raw, matrix, full=True)
    np.testing.assert_allclose(fast.scores, twin.scores, rtol=1e-12, atol=4 * STEP)
    assert np.array_equal(fast.summary.level_counts, twin.summary.level_counts)
    assert np.array_equal(fast.summary.decided, twin.summary.decided)


@settings(max_examples=60, deadline=None)
@given(scored(min_models=1), st.data())
def test_dropped_tasks_have_weight_0(case, data):
    benchmark, raw = case
    names = data.draw(st.lists(st.sampled_from(benchmark.tasks), min_size=1, max_size=3))
    modalities = sorted(set(benchmark.modality))
    sets = SpecialistSets.dropped_each(benchmark, tasks=names, modalities=modalities)
    scores = Scorer(benchmark, fractions="keep").ablate(raw, sets, full=True).scores
    for i, where in enumerate(sets.dropped):
        weight = benchmark.weight.copy()
        weight[where] = 0.0
        expected = Scorer(with_sota(benchmark, benchmark.sota, weight), fractions="keep").score(raw).overall
        assert np.array_equal(scores[i], expected), sets.label(i)


def every_kind(benchmark, matrix, seed):
    """{name: specialist sets}, of every kind there is."""
    menu = {benchmark.tasks[t]: matrix[:2, t] for t in range(min(2, benchmark.n_tasks))}
    first = benchmark.tasks[seed % benchmark.n_tasks]
    make = SpecialistSets
    skills, modalities = sorted({*benchmark.skill}), sorted({*benchmark.modality})
    kinds = {
        "given": make.from_matrix(benchmark, matrix),
        "changes": make.from_changes(benchmark, [{}, *({task: s[0]} for task, s in menu.items()),
                                                 {task: s[-1] for task, s in menu.items()}]),
        "perturbed": make.perturbed(benchmark, 3, 0.5, seed),
        "all choices": make.candidates(benchmark, menu),
        "drawn": make.candidates(benchmark, menu, 3, seed, keep_others=True),
        "left out": make.leave_one_out(benchmark),
        "replaced": make.replaced(benchmark, first, [np.nan, *matrix[:, seed % benchmark.n_tasks]]),
        "dropped": make.dropped_each(benchmark, tasks=[first], skills=skills, modalities=modalities),
        "strict": make.strict_wins(benchmark),
    }  # fmt: skip
    kinds |= {f"{name}, strict": sets.with_strict_wins() for name, sets in kinds.items()}
    return kinds


def plain_wins(benchmark, raw, sota, strict, zero):
    """bool (n_models, n_tasks), from the definition."""
    z = raw * benchmark.scale
    low, high = (np.array([getattr(m, end) for m in benchmark.metrics]) for end in ("lowest", "highest"))
    supported = (z >= low) & (z <= high) & ((raw != 0) | (zero == "score"))
    higher = np.array([m.better == "higher" for m in benchmark.metrics])
    with np.errstate(over="ignore"):
        s = sota * benchmark.scale
    ahead, tie = np.where(higher, z > s, z < s), z == s
    return supported & (ahead if strict else ahead | tie)


def board_rounded(scores, at):
    """The one at a position of the sorted scores, rounded as on the boards, within all of them."""
    return np.clip(np.rint(np.sort(scores, axis=0)[at] * 100) / 100, scores.min(axis=0), scores.max(axis=0))


def plain_ranks(scores):
    """int (4, n_models): 1 and how many are better; 0 where the score is 0."""
    return np.array([[1 + sum(b > a for b in board) if a > 0 else 0 for a in board] for board in scores.T.tolist()])


@settings(max_examples=12, deadline=None, phases=[Phase.generate])  # to shrink takes minutes
@given(ablations(max_tasks=12, max_models=6), st.sampled_from(["missing", "score"]), st.integers(0, 99))
def test_every_kind_of_sets_end_to_end(case, zero, seed):
    """Scores, levels and the whole summary, from scores from scratch and plain NumPy; and the twin's."""
    benchmark, raw, matrix = case
    low = np.array([m.lowest for m in benchmark.metrics])
    if zero == "score":
        raw = np.where((raw == 0) & (low > 0), np.nan, raw)
    benchmark = replace(benchmark, skill=tuple(f"s{t % 3}" for t in range(benchmark.n_tasks)))
    scorer, twin = (make(benchmark, fractions="keep", zero=zero) for make in (Scorer, reference.Scorer))
    prepared, base = scorer.prepare(raw), scorer.score(raw)
    base_ranks, base_wins = plain_ranks(base.overall), plain_wins(benchmark, raw, benchmark.sota, False, zero)
    for kind, sets in every_kind(benchmark, matrix, seed).items():
        expected, decided, moved = [], np.zeros(benchmark.n_tasks, int), np.zeros(benchmark.n_tasks, int)
        for i, sota in enumerate(sets.matrix()):
            weight = benchmark.weight.copy()
            if sets.dropped is not None:
                weight[sets.dropped[i]] = 0.0
            wins = plain_wins(benchmark, raw, sota, sets.strict, zero)
            variant = Scorer(with_sota(benchmark, sota, weight), fractions="keep", zero=zero)
            overall = variant.score(raw).overall
            if sets.strict:  # a lost task is as good as a missing one, but for S2
                overall[:, 1:] = variant.score(np.where(wins, raw, np.nan)).overall[:, 1:]
            expected.append(overall)
            if sets.dropped is None:
                decided += (wins != base_wins).sum(axis=0)
            if sets.sparse and not sets.strict:
                changed = sets.changes(i, i + 1)[1]
                if len(changed) == 1:
                    moved[changed[0]] += (plain_ranks(overall) != base_ranks).any(axis=0).sum()
        expected = np.array(expected)
        full = scorer.ablate(prepared, sets, full=True)
        assert np.array_equal(full.scores, expected), kind
        summary = scorer.ablate(prepared, sets, piece=2, threads=2).summary
        assert summary == full.summary, kind
        n, ranks = len(expected), np.array([plain_ranks(s) for s in expected])
        levels = np.where(expected > 0, [2, 3, 4, 5], 0).max(axis=2)
        assert np.array_equal(summary.level_counts.T, [(levels == k).sum(axis=0) for k in (0, 2, 3, 4, 5)]), kind
        assert np.array_equal(summary.level_share, summary.level_counts / n)
        for r in range(len(raw) + 1):
            assert np.array_equal(summary.rank_counts[:, :, r], (ranks == r).sum(axis=0).T), kind
        sums = [[sum(round(float(s) / STEP) for s in cell) for cell in model.T] for model in expected.swapaxes(0, 1)]
        assert np.array_equal(summary.mean, [[total / n * STEP for total in model] for model in sums]), kind
        assert np.array_equal(summary.least, expected.min(axis=0))
        assert np.array_equal(summary.most, expected.max(axis=0))
        last = np.where(ranks == 0, len(raw) + 1, ranks)
        for q in (0.0, 0.025, 0.5, 0.9, 1.0):
            at = max(1, int(np.ceil(q * n))) - 1
            assert np.array_equal(summary.quantile(q), board_rounded(expected, at)), kind
            assert np.array_equal(summary.rank_quantile(q), (np.sort(last, axis=0)[at] % (len(raw) + 1)).T), kind
        assert np.array_equal(summary.decided, decided), kind
        assert np.array_equal(summary.moved, moved), kind
        pivotal = [t for t in np.argsort(-moved * 10**6 - decided, kind="stable") if decided[t]]
        assert summary.pivotal() == [(benchmark.tasks[t], decided[t], moved[t]) for t in pivotal], kind
        other = twin.ablate(raw, sets, full=True)
        np.testing.assert_allclose(other.scores, expected, rtol=1e-12, atol=4 * STEP)
        assert np.array_equal(other.summary.level_counts, summary.level_counts), kind
        assert np.array_equal(other.summary.decided, summary.decided), kind


def test_strict_wins_lose_ties_only():
    benchmark, raw = random_case(30, 90, seed=3)
    scorer = Scorer(benchmark, fractions="keep")
    strict = scorer.ablate(raw, SpecialistSets.strict_wins(benchmark), full=True)
    lost = np.where(raw == benchmark.sota, np.nan, raw)
    without_ties = Scorer(benchmark, fractions="keep").score(lost)
    assert (raw == benchmark.sota).any()
    assert np.array_equal(strict.scores[0][:, 1:], without_ties.overall[:, 1:])
    assert np.array_equal(strict.scores[0][:, 0], scorer.score(raw).overall[:, 0])
    assert strict.summary.decided.sum() == np.count_nonzero(raw == benchmark.sota)


def test_generated_sets():
    benchmark, _ = random_case(1, 60, seed=4)
    moved = SpecialistSets.perturbed(benchmark, 200, relative=0.05, seed=9)
    matrix = moved.matrix()
    assert np.array_equal(matrix[50:70], moved.matrix(50, 70))
    scale = np.abs(benchmark.sota) * 0.05
    assert (np.abs(matrix - benchmark.sota) <= scale * (1 + 1e-12)).all()
    assert (matrix.max(axis=0) - matrix.min(axis=0) > scale).sum() > 50
    SpecialistSets.from_matrix(benchmark, matrix)  # all inside their domains
    lower = np.array([m.better == "lower" for m in benchmark.metrics])
    assert lower.any()
    signs = np.sign(matrix[0] - benchmark.sota)
    draws = reference.draws(9, 0, 1, 60)[0]
    inside = signs != 0
    assert np.array_equal((signs * np.where(lower, -1, 1))[inside] > 0, (draws >= 2**63)[inside])

    choices = SpecialistSets.candidates(
        benchmark, {"t3": [benchmark.sota[3]] * 2, "T1": [benchmark.sota[1], np.nan, np.nan]}
    )
    assert choices.n == 6
    assert np.array_equal(np.isnan(choices.matrix()[:, 1]), [False, True, True] * 2)
    drawn = SpecialistSets.candidates(benchmark, {"t3": [np.nan, benchmark.sota[3]]}, n=1000, seed=1, keep_others=True)
    assert 400 < np.isnan(drawn.matrix()[:, 3]).sum() < 600
    assert np.array_equal(drawn.matrix(100, 200), drawn.matrix()[100:200], equal_nan=True)
    out = SpecialistSets.leave_one_out(benchmark)
    assert np.array_equal(np.isnan(out.matrix()), np.eye(60, dtype=bool) | np.isnan(benchmark.sota))
    assert out.label(2) == "without the specialist of t2"
    assert SpecialistSets.replaced(benchmark, "t5", [np.nan, benchmark.sota[5]]).n == 2


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_draws(seed):
    assert np.array_equal(_core.draws(seed, 5, 4, 9), reference.draws(seed, 5, 4, 9))
    assert np.array_equal(_core.draws(seed, 0, 9, 9)[5:], reference.draws(seed, 5, 4, 9))


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 70), st.just(4)),
                  elements=st.one_of(st.sampled_from([0.0, 1.0, 100.0, 5e-324]), st.floats(0, 100))))  # fmt: skip
def test_ranks_and_sums_agree_with_the_twin(scores):
    n = scores.shape[1]
    names = tuple(f"m{i}" for i in range(n))
    base = _core.ranks(scores[0])
    assert np.array_equal(base, reference.ranks(scores[0]))
    bands = Bands.of(n)
    fast, twin = (Summary.empty(names, ("t",), scores[0], base) for _ in range(2))
    for summary, backend in ((fast, _core), (twin, reference)):
        summary.count(0, len(scores))
        moved = backend.summarise(scores, base, summary.arrays, bands.exact, 2)
        assert moved[0] == 0
    a, b = (Summary.empty(names, ("t",), scores[0], base).arrays for _ in range(2))
    moved = [backend.summarise(scores, base, to, bands.exact, 1) for backend, to in ((_core, a), (reference, b))]
    assert np.array_equal(*moved)
    assert fast == twin
    np.testing.assert_allclose(fast.mean, scores.mean(axis=0), atol=1e-12)
    assert np.array_equal(fast.least, scores.min(axis=0))
    for q in (0.0, 0.3, 0.5, 1.0):
        at = max(1, int(np.ceil(q * len(scores)))) - 1
        assert np.array_equal(fast.quantile(q), board_rounded(scores, at))
        held = np.sort([np.where(r > 0, r, n + 1) for r in map(reference.ranks, scores)], axis=0)[at].T
        assert np.array_equal(fast.rank_quantile(q), np.where(held > n, 0, held))


def test_parts_add_up_in_any_order():
    benchmark, raw = random_case(40, 80, seed=5)
    scorer = Scorer(benchmark, fractions="keep")
    prepared = scorer.prepare(raw)
    for sets in (SpecialistSets.perturbed(benchmark, 150, seed=2), SpecialistSets.leave_one_out(benchmark)):
        whole = scorer.ablate(prepared, sets, threads=2)
        texts = {json.dumps(whole.to_dict())}
        texts.add(json.dumps(scorer.ablate(raw, sets, threads=1, piece=7).to_dict()))
        texts.add(json.dumps(scorer.ablate(raw, sets, threads=1, full=True).to_dict()))
        assert len(texts) == 1
        cuts = [0, 1, 30, 31, sets.n]
        parts = [scorer.ablate(prepared, sets, start=a, stop=b, piece=13).summary for a, b in itertools.pairwise(cuts)]
        assert parts[2].merge(parts[0], parts[3], pickle.loads(pickle.dumps(parts[1]))) == whole.summary
        assert parts[0] != whole.summary


def test_an_interrupted_run_keeps_what_is_done():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, where the tests run in the background
    benchmark, raw = random_case(20, 50, seed=6)
    scorer = Scorer(benchmark, fractions="keep")
    sets = SpecialistSets.perturbed(benchmark, 100, seed=2)

    def stop(done, total):
        assert total == 100
        if done == 30:
            raise KeyboardInterrupt

    def ctrl_c(done, total):
        if done == 30:
            os.kill(os.getpid(), signal.SIGINT)

    for progress in (stop, ctrl_c):
        partial = scorer.ablate(raw, sets, piece=10, progress=progress)
        assert (partial.done, partial.complete) == (30, False)
        assert partial.summary == scorer.ablate(raw, sets, stop=30).summary
    full = scorer.ablate(raw, sets, piece=10, progress=stop, full=True)
    assert full.scores.shape == (30, 20, 4)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_pivotal_specialists():
    bench = Benchmark(("a", "b"), ("image",) * 2, ("comprehension", "generation"), ("Acc",) * 2, np.array([50.0, 90.0]))
    raw = np.array([[60.0, 10.0], [55.0, 20.0], [40.0, 30.0]])
    ablation = Scorer(bench).ablate(raw, SpecialistSets.leave_one_out(bench))
    # Without a's specialist both winners lose S3, and with it their ranks.
    assert ablation.summary.pivotal() == [("a", 2, 2)]
    # The first to be named moves the most ranks, not the most wins.
    bench = Benchmark(
        ("a", "b", "c"), ("image",) * 3, ("comprehension",) * 3, ("Acc",) * 3, np.array([50.0, 90.0, 0.5])
    )
    more = np.array([[60.0, 99.0, 1.0], [55.0, 10.0, 1.0], [np.nan, 95.0, 1.0], [52.0, np.nan, 1.0]])
    ablation = Scorer(bench).ablate(more, SpecialistSets.leave_one_out(bench))
    assert ablation.summary.pivotal() == [("b", 2, 3), ("a", 3, 1), ("c", 4, 0)]


def test_wins_and_ranks_over_several_sets():
    bench = Benchmark(("a", "b"), ("image",) * 2, ("comprehension", "generation"), ("Acc",) * 2, np.array([50.0, 90.0]))
    raw = np.array([[60.0, 10.0], [55.0, 20.0], [40.0, 30.0]])
    # Over all sets that change a task alone; of one that changes two, neither is blamed for the ranks.
    twice = SpecialistSets.replaced(bench, "a", [np.nan, 80.0, 45.0])
    assert Scorer(bench).ablate(raw, twice).summary.pivotal() == [("a", 4, 4)]
    both = SpecialistSets.from_changes(bench, [{"a": np.nan, "b": 25.0}])
    assert Scorer(bench).ablate(raw, both).summary.pivotal() == [("a", 2, 0), ("b", 1, 0)]


def test_fractions_are_scaled_as_in_scoring():
    benchmark, raw = random_case(6, 40, seed=8)
    percent = np.array([m.is_percent for m in benchmark.metrics])
    raw[2, percent] /= 100.0
    raw[3, percent] /= 20_000.0  # still below 1 when scaled: and scaled once
    scorer = Scorer(benchmark, fractions="scale")
    assert np.array_equal(
        scorer.ablate(raw, benchmark.sota[np.newaxis], full=True).scores[0], scorer.score(raw).overall
    )


def test_without_ranks_the_rest_is_the_same():
    benchmark, raw = random_case(40, 80, seed=5)
    scorer = Scorer(benchmark, fractions="keep")
    out = SpecialistSets.leave_one_out(benchmark)
    runs = [
        (scorer.ablate(raw, out, ranks=ranks), scorer.bootstrap(raw, 150, seed=2, piece=40, ranks=ranks))
        for ranks in (True, False)
    ]
    for counted, other in zip(*runs, strict=True):
        a, b = counted.summary, other.summary
        for name, array in b.arrays.items():
            assert np.array_equal(array, a.arrays[name]), name
        assert np.array_equal(a.moved, b.moved)
        assert a.pivotal() == b.pivotal()
        assert np.array_equal(a.quantile(0.3), b.quantile(0.3))
        assert pickle.loads(pickle.dumps(b)) == b != a
        assert not {name for name in other.columns() if "rank_" in name}
        assert set(other.columns()) <= set(counted.columns())
        assert "joint_rank" not in json.dumps(other.to_dict()["summary"])
        for call in (b.rank_interval, lambda b=b: b.rank_counts):
            with pytest.raises(GLevelError, match="made without ranks"):
                call()
        with pytest.raises(GLevelError, match="cannot be merged"):
            a.merge(b)
    whole = runs[1][0].summary
    parts = [scorer.ablate(raw, out, start=a, stop=b, ranks=False).summary for a, b in ((30, 80), (0, 30))]
    assert pickle.dumps(parts[0].merge(parts[1])) == pickle.dumps(whole)


def test_wrong_input_is_refused():
    benchmark, raw = random_case(3, 30, seed=7)
    scorer = Scorer(benchmark, fractions="keep")
    acc = next(t for t, m in enumerate(benchmark.metrics) if m.is_percent)
    task = benchmark.tasks[acc]
    bad = np.tile(benchmark.sota, (3, 1))
    bad[2, acc] = 140.0
    for message, call in {
        f"set 2, task '{task}': a specialist's Acc of 140": lambda: scorer.ablate(raw, bad),
        "set 1 changes a task twice": lambda: SpecialistSets.from_changes(
            benchmark, [{}, {task: np.nan, task.upper(): np.nan}]
        ),
        "unknown task 'zz'": lambda: SpecialistSets.from_changes(benchmark, [{"zz": 1.0}]),
        "outside the metric's domain": lambda: SpecialistSets.from_changes(benchmark, [{task: -1.0}]),
        "n=0": lambda: SpecialistSets.perturbed(benchmark, 0),
        "seed=-1": lambda: SpecialistSets.perturbed(benchmark, 1, seed=-1),
        "relative=5": lambda: SpecialistSets.perturbed(benchmark, 1, relative=5),
        "candidates are missing for 29 tasks": lambda: SpecialistSets.candidates(benchmark, {task: [1.0]}, n=5),
        f"candidates are missing for task '{task}'": lambda: SpecialistSets.candidates(benchmark, {task: []}),
        "choices are more than": lambda: SpecialistSets.candidates(
            benchmark, {t: [np.nan] * 9 for t in benchmark.tasks}
        ),
        "unknown skill": lambda: SpecialistSets.dropped_each(benchmark, skills=["zz"]),
        "unknown modality": lambda: SpecialistSets.dropped_each(benchmark, modalities=["smell"]),
        "nothing to drop": lambda: SpecialistSets.dropped_each(benchmark),
        "at least one set": lambda: scorer.ablate(raw, bad[:0]),
        "sets: could not convert": lambda: scorer.ablate(raw, [["x"]]),
        f"candidates for task '{task}': could not": lambda: SpecialistSets.candidates(benchmark, {task: ["x"]}),
        f"candidates for task '{task}': could": lambda: SpecialistSets.replaced(benchmark, task, ["x"]),
        f"task '{task}': could not": lambda: SpecialistSets.from_changes(benchmark, [{task: "x"}]),
        "a specialist's Acc of 150": lambda: SpecialistSets.replaced(benchmark, task, [150.0]),
        "a specialist's Acc of 160": lambda: SpecialistSets.candidates(benchmark, {task: [1.0, 160.0]}),
        "unknown task 'zzz'": lambda: SpecialistSets.leave_one_out(benchmark, ["zzz"]),
        "unknown task 'yy'": lambda: SpecialistSets.dropped_each(benchmark, tasks=["yy"]),
        "unknown task 'xx'": lambda: SpecialistSets.candidates(benchmark, {"xx": [1.0]}),
        "candidates are missing: give": lambda: SpecialistSets.candidates(benchmark, {}),
        "n=True": lambda: SpecialistSets.perturbed(benchmark, True),
        "another benchmark": lambda: scorer.ablate(raw, SpecialistSets.leave_one_out(random_case(1, 20, seed=1)[0])),
        "policy='paper'": lambda: Scorer(benchmark, "release").ablate(raw, bad),
        "another scorer": lambda: Scorer(benchmark).ablate(scorer.prepare(raw), bad),
        "have the shape": lambda: scorer.ablate(raw, bad[:, 1:]),
        "quantile 2": lambda: scorer.ablate(raw, benchmark.sota[np.newaxis]).summary.quantile(2),
        "confidence 1": lambda: scorer.ablate(raw, benchmark.sota[np.newaxis]).summary.interval(1),
    }.items():
        with pytest.raises(GLevelError) as caught:
            call()
        assert message in str(caught.value)


def test_the_engine_checks_again():
    """What Python has checked before, so that a slip there is an exception and no stray write."""
    benchmark, raw = random_case(3, 30, seed=7)
    pairs = _core.Pairs(_core.Engine(**engine_columns(benchmark), zero_scores=False), raw, 1)
    group = benchmark.group_of_task.astype(np.int32)
    order = np.argsort(group, kind="stable")
    unit = np.empty(30, np.int32)
    unit[order] = np.arange(30)

    def change(begin=(0, 1), tasks=(3,), sota=(1.0,), out=(1, 3, 4)):
        out = np.empty(out) if isinstance(out, tuple) else out
        pairs.change(np.array(begin), np.array(tasks), np.array(sota), out, False, 1)

    def resample(unit=unit, group=group[order]):
        _core.Resampling(pairs, unit, group).scores(0, 0, np.empty((2, 3, 4)), 1)

    change()
    resample()
    read_only = np.empty((1, 3, 4))
    read_only.flags.writeable = False
    for message, call in {
        "begin must not be empty": lambda: change(begin=np.zeros(0, np.int64)),
        "begin must ascend": lambda: change(begin=(1, 0)),
        "begin must end with": lambda: change(begin=(0, 2)),
        "task out of range": lambda: change(tasks=(30,)),
        "sota must have the shape (1,)": lambda: change(sota=(1.0, 2.0)),
        "out must have the shape (1, 3, 4)": lambda: change(out=(2, 3, 4)),
        "sota must have the shape": lambda: pairs.ablate(raw[:, 1:].copy(), False, np.empty((3, 3, 4)), False, 1),
        "unit_group must ascend": lambda: resample(group=group[order][::-1].copy()),
        "unit out of range": lambda: resample(unit=unit[::-1].copy()),
        "scores must have the shape (n_sets": lambda: _core.summarise(raw, np.zeros((4, 3), np.uint32), {}, 4, 1),
        "scores must have the shape (n_models, 4)": lambda: _core.ranks(raw[0]),
        "scores must have the shape (n_models, n_sets)": lambda: _core.count_above(raw[0], 1),
    }.items():
        with pytest.raises(ValueError, match=re.escape(message)):
            call()
    for message, call in {
        "out must be writeable": lambda: change(out=read_only),
        "out must be C-contiguous float64": lambda: change(out=np.empty((1, 3, 4), np.float32)),
        "begin must be a NumPy array": lambda: pairs.change([0, 0], raw, raw, raw, False, 1),
        "tasks must be C-contiguous int64": lambda: change(tasks=(3.0,)),
    }.items():
        with pytest.raises(TypeError, match=re.escape(message)):
            call()


def test_summarise_writes_only_where_it_may():
    """Not into what is read-only or not laid out as it writes, nor into a copy that is then thrown away."""
    benchmark, raw = random_case(3, 5, seed=1)
    summary = Scorer(benchmark).ablate(raw, SpecialistSets.perturbed(benchmark, 2)).summary
    scores, base = np.zeros((2, 3, 4)), np.zeros((4, 3), np.uint32)

    def add(scores=scores, base=base, **fields):
        return _core.summarise(scores, base, {**summary.arrays, **fields}, 4, 1)

    add()
    for name, array in summary.arrays.items():
        if name not in ("high", "low", "least", "most", "levels", "ranks", "points"):
            continue
        read_only, transposed = array.copy(), np.ascontiguousarray(array.T).T
        read_only.flags.writeable = False
        before = array.copy()
        for bad, message in [
            (array.tolist(), "a NumPy array"),
            (read_only, "writeable"),
            (transposed, f"C-contiguous {array.dtype}"),
            (array.astype(np.int16), f"C-contiguous {array.dtype}"),
            (array.astype(array.dtype.newbyteorder()), f"C-contiguous {array.dtype}"),
        ]:
            with pytest.raises(TypeError, match=f"{name} must be {message}"):
                add(**{name: bad})
        for bad in (array[1:].copy(), array[..., 1:].copy(), array[np.newaxis].copy()):
            with pytest.raises(ValueError, match=re.escape(f"{name} must have the shape ({array.shape[0]}, 4")[:-1]):
                add(**{name: bad})
        assert np.array_equal(array, before)
    with pytest.raises(TypeError, match="scores must be a NumPy array"):
        add(scores=scores.tolist())
    with pytest.raises(TypeError, match="base must be C-contiguous uint32"):
        add(base=base.astype(np.int64))
    with pytest.raises(KeyError, match="high"):
        _core.summarise(scores, base, {}, 4, 1)
    for exact in (1, 3, 12):
        with pytest.raises(ValueError, match="exact must be 0 or a power of two above 1"):
            _core.summarise(scores, base, summary.arrays, exact, 1)


@pytest.mark.parametrize("threads", [0, -1, 4097, 10**20])
def test_threads_out_of_range(threads):
    benchmark, raw = random_case(3, 5, seed=1)
    engine = _core.Engine(**engine_columns(benchmark), zero_scores=False)
    for call in (engine.score, engine.overall, engine.map, _core.count_above):
        with pytest.raises(GLevelError, match=f"threads={threads}: from 1 to 4096"):
            call(raw, threads)
    with pytest.raises(TypeError, match="threads must be a whole number"):
        engine.score(raw, 1.5)
