"""What is said to be sure: errors against resampling, pairs and ranks against brute force, and small simulations."""

import importlib.util
import itertools
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from generate import random_case

from glevel_fast import Benchmark, Scorer
from glevel_fast.uncertainty.comparison import Comparison, compare
from glevel_fast.uncertainty.influence import Influence, t_quantile, t_tail
from glevel_fast.uncertainty.limits import COVERAGE, expected_wins

# Under another name: a package "coverage" is what measures that of the tests.
SPEC = importlib.util.spec_from_file_location("simulation", Path(__file__).parents[2] / "benchmarks" / "coverage.py")
simulation = importlib.util.module_from_spec(SPEC)
sys.modules["simulation"] = simulation
SPEC.loader.exec_module(simulation)

GROUPS = [(m, p) for m in ("image", "video") for p in ("comprehension", "generation")] + [("language", "")]


def board(n_models=8, per_group=30, seed=0, spread=8.0, sizes=None):
    """Models that win about half of the tasks, on two modalities and language."""
    rng = np.random.default_rng(seed)
    groups = [group for group, n in zip(GROUPS, sizes or [per_group] * 5, strict=True) for _ in range(n)]
    modality, paradigm = zip(*groups, strict=True)
    tasks = tuple(f"t{i}" for i in range(len(groups)))
    benchmark = Benchmark(tasks, modality, paradigm, ("Acc",) * len(groups), np.full(len(groups), 50.0))
    benchmark = replace(benchmark, skill=tuple(f"s{i % 15}" for i in range(len(groups))))
    return Scorer(benchmark), np.clip(50.0 + spread * rng.normal(size=(n_models, len(groups))), 1.0, 80.0)


@pytest.mark.parametrize(("unit", "n"), [("task", 30), ("skill", 15), ("modality", 2)])
def test_errors_are_those_of_the_resamples(unit, n):
    """But for n / (n - 1), which makes the variance one of the tasks there are and not of those drawn."""
    scorer, raw = board()
    prepared = scorer.prepare(raw)
    out = np.empty((6000, len(raw), 4))
    boot = scorer.bootstrap(prepared, 10, unit, seed=1)
    boot._resampler.scores(1, 0, out, 2)
    stretch = math.sqrt(n / (n - 1))
    for k, level in enumerate((2, 3, 4, 5)):
        # S4 and S5 are curved.
        rel = 0.05 if level < 4 else 0.10
        errors, freedom = boot.influence.errors(level)
        np.testing.assert_allclose(errors, stretch * out[:, :, k].std(axis=0), rtol=rel)
        assert (freedom >= 1).all()
        among = np.arange(len(raw))
        apart, _ = boot.influence.difference_errors(level, among[:3], among)
        resampled = (out[:, :3, np.newaxis, k] - out[:, np.newaxis, :, k]).std(axis=0) * stretch
        np.testing.assert_allclose(apart, resampled, rtol=2 * rel, atol=1e-9)


def test_errors_of_weighted_tasks():
    """A drawn task brings its weight into sum and denominator."""
    scorer, raw = board(per_group=60)
    weight = np.random.default_rng(1).integers(1, 5, raw.shape[1]).astype(float)
    scorer = Scorer(replace(scorer.benchmark, weight=weight))
    boot = scorer.bootstrap(raw, 10)
    out = np.empty((6000, len(raw), 4))
    boot._resampler.scores(1, 0, out, 2)
    for k, level in enumerate((2, 3)):
        np.testing.assert_allclose(
            boot.influence.errors(level)[0], math.sqrt(60 / 59) * out[:, :, k].std(axis=0), rtol=0.06
        )


def test_heavy_tasks():
    """Their errors, of boards whose truth is known: a heavy task draws the mean to itself."""
    rng = np.random.default_rng(5)
    weight = np.array([20.0] + [1.0] * 14)
    bench = Benchmark(
        tuple(map(str, range(15))), ("image",) * 15, ("comprehension",) * 15, ("Acc",) * 15, np.full(15, 99.0),
        weight=weight,
    )  # fmt: skip
    scorer, inside, variance, scores = Scorer(bench), 0, [], []
    for _ in range(300):
        boot = scorer.bootstrap(np.clip(50.0 + 10.0 * rng.normal(size=(1, 15)), 1, 99), 1)
        low, high = boot.intervals()
        inside += bool(low[0, 0] <= 25.0 <= high[0, 0])
        variance.append(boot.influence.errors(2)[0][0] ** 2)
        scores.append(boot.influence.scores[0, 0])
    assert np.mean(variance) == pytest.approx(np.var(scores), rel=0.2)
    assert inside > 0.92 * 300


def test_welch_by_hand():
    """Two groups of two tasks; S2 of one model, and of the difference of two."""
    bench = Benchmark(
        tuple("abcd"), ("image",) * 4, ("comprehension",) * 2 + ("generation",) * 2, ("Acc",) * 4, np.full(4, 99.0)
    )
    boot = Scorer(bench).bootstrap(np.array([[10.0, 14.0, 20.0, 30.0], [8.0, 6.0, 20.0, 22.0]]), 5)
    errors, freedom = boot.influence.errors(2)
    parts = np.array([8.0 / 2 / 4, 50.0 / 2 / 4])  # s^2 / n, a half of each mean
    assert errors[0] == pytest.approx(math.sqrt(parts.sum()))
    assert freedom[0] == pytest.approx(parts.sum() ** 2 / (parts**2).sum())
    difference, _ = boot.influence.difference_errors(2, np.arange(1), np.arange(2))
    assert difference[0, 1] == pytest.approx(math.sqrt(18.0 / 2 / 4 + 32.0 / 2 / 4))  # of (2, 8) and (0, 8)


@pytest.mark.parametrize(("freedom", "t"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1e9, 1.960)])
def test_students_t(freedom, t):
    """Against its printed table."""
    assert t_tail(np.array(t), np.array(freedom)) == pytest.approx(0.05, rel=0.06)
    assert t_quantile(0.025, np.array(float(freedom))) == pytest.approx(t, rel=0.02)
    assert t_tail(np.array(12.706), np.array(1.0)) > 0.05  # errs to the safe side
    assert t_tail(np.array(np.inf), np.array(4.0)) == 0.0


@pytest.mark.parametrize("wins", [0, 1, 2, 5, 40])
def test_expected_wins(wins):
    """Of a Poisson count as far from its expectation as this one, little more and little less than the tail is left."""
    low, high = (float(end) for end in expected_wins(wins, 0.025))

    def at_most(k, mean):
        return math.fsum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(k + 1))

    assert at_most(wins, high) == pytest.approx(0.025, rel=0.05)
    if wins == 0:
        assert low == 0.0
    else:
        assert 0.012 < 1 - at_most(wins - 1, low) < 0.026


def test_holm():
    """The smallest p times the number of pairs, the next times one fewer; and never less than one before it."""
    scorer, raw = board(n_models=4, spread=15.0)
    raw[0] += 12.0
    boot = scorer.bootstrap(raw, 5)
    comparison = boot.compare(2)
    order = np.array(boot.order(2))
    pairs = list(itertools.combinations(range(4), 2))
    error, freedom = boot.influence.difference_errors(2, order, order)
    score = boot.influence.scores[order, 0]
    plain = [float(t_tail((score[i] - score[j]) / error[i, j], freedom[i, j])) for i, j in pairs]
    running = 0.0
    for rank, at in enumerate(np.argsort(plain)):
        running = max(running, min(1.0, plain[at] * (6 - rank)))
        assert comparison.p[pairs[at]] == pytest.approx(running)
        assert comparison.p[pairs[at][::-1]] == comparison.p[pairs[at]]
    assert (np.diag(comparison.p) == 1.0).all()
    assert comparison.apart()[0, 1:].any()


def test_models_that_are_one_and_models_a_constant_apart():
    scorer, raw = board(n_models=3)
    raw[1] = raw[0]
    raw[2] = raw[0] - 1.0
    p = scorer.bootstrap(raw, 5).compare(2).p
    assert p[0, 1] == 1.0
    assert p[0, 2] < 1e-6  # on every task
    # Of five tasks, the rarest order of signs is 2 in 2^5: no test can say more.
    bench = Benchmark(tuple("abcde"), ("image",) * 5, ("generation",) * 5, ("Acc",) * 5, np.full(5, 99.0))
    few = Scorer(bench).bootstrap(np.array([[50.0] * 5, [40.0] * 5]), 5).compare(2)
    assert few.p[0, 1] == pytest.approx(2**-4)


def test_joint_ranks_are_those_of_the_pairs():
    rng = np.random.default_rng(0)
    p = rng.random((9, 9)) ** 4
    p = np.minimum(p, p.T)
    np.fill_diagonal(p, 1.0)
    comparison = Comparison(3, tuple("abcdefghi"), p)
    best, worst = comparison.ranks(0.9)
    for i in range(9):
        assert best[i] == 1 + sum(p[i, j] <= 0.1 for j in range(i))
        assert worst[i] == 9 - sum(p[i, j] <= 0.1 for j in range(i + 1, 9))
    assert "of 36 pairs can be told apart" in repr(comparison)


def test_joint_intervals_of_a_board():
    """No shorter than the board allows, in its order, and 0 for who has no rank."""
    scorer, raw = board(n_models=7, spread=15.0)
    raw[0] += 20.0
    raw[6] = np.nan
    boot = scorer.bootstrap(raw, 50)
    best, worst = boot.joint_ranks(2)
    assert (best[6], worst[6]) == (0, 0)
    assert (best[0], worst[0]) == (1, 1)
    ranks = boot.prepared.base_ranks[0].astype(int)
    assert (best <= ranks).all()
    assert (ranks <= worst).all()
    assert boot.groups(2)[0] == ("model 0",)
    assert Influence.of(boot.prepared, "task").alone == ()
    assert np.array_equal(compare(boot.influence, boot.models, 2, np.array(boot.order(2))).p, boot.compare(2).p)


def test_a_group_of_one_task_is_named_and_tells_no_two_apart():
    scorer, raw = board(sizes=[30, 1, 30, 30, 30])
    raw[1] = raw[0]
    raw[1, 30] = 5.0  # the one task of image generation
    boot = scorer.bootstrap(raw, 200)
    assert boot.influence.alone == ("image generation",)
    assert boot.notes[-1].startswith("one task each, so nothing is known of its spread")
    assert boot.notes[-1].endswith(": image generation")
    assert (boot.coverage == "unknown").all()
    assert max(boot.all_above(2)[0, 1], boot.all_above(2)[1, 0]) == 1.0  # what the resamples say
    order = boot.order(2)
    assert boot.compare(2).p[order.index(0), order.index(1)] == 1.0
    # All that the task adds to S2, a quarter of its points, is in doubt.
    assert boot.influence.errors(2)[0][0] > raw[0, 30] / 4
    assert boot.influence.errors(2)[0][1] > raw[1, 30] / 4


def test_limits_where_nothing_was_won():
    scorer, raw = board(n_models=3)
    raw[0] = 40.0  # wins nothing
    raw[1, :] = 40.0
    raw[1, 0] = 60.0  # one win
    boot = scorer.bootstrap(raw, 50)
    low, high = boot.intervals()
    assert (low[0, 1:] == 0.0).all()
    assert (high[0, 1:] > 0.0).all()
    assert boot.coverage.tolist()[:2] == [["full", "limit", "limit", "limit"], ["full", "wide", "limit", "limit"]]
    assert set(boot.coverage.reshape(-1)) <= set(COVERAGE)
    chances = boot.chances()
    assert chances[0, :, 0].tolist() == [0.0, 0.0, 0.0]
    assert chances[0, 0, 1] == pytest.approx(1 - math.exp(-3.69), abs=0.01)
    assert 0.0 < chances[1, 0, 0] < 0.1
    assert (chances[2, 0] > 0.99).all()
    assert (chances[:, :, 0] <= chances[:, :, 1]).all()
    assert (np.diff(chances, axis=1) <= 0).all()
    assert boot.summary.level_share[0, 2:].sum() == 0.0
    assert np.isnan(scorer.bootstrap(raw, 5, "modality").chances()).all()


def test_intervals_hold_the_score_and_grow_with_confidence():
    for unit in ("task", "skill", "modality"):
        benchmark, raw = random_case(9, 90, seed=3)
        scorer = Scorer(replace(benchmark, skill=tuple(f"s{i % 6}" for i in range(90))), fractions="keep")
        boot = scorer.bootstrap(raw, 20, unit)
        before = (boot.influence.scores, boot.influence.scores)
        for confidence in (0.5, 0.9, 0.99):
            low, high = boot.intervals(confidence)
            assert (low <= before[0]).all()
            assert (high >= before[1] - 1e-12).all()
            assert (low >= 0).all()
            assert (high <= 100).all()
            before = low, high


# ---- What benchmarks/coverage.py says, in small


def test_boards_of_equal_models_have_few_false_pairs():
    """At most one board in twenty; by the shares of the resamples, most boards have one."""
    found = simulation.Found()
    for gap, heavy in ((5.0, False), (15.0, True)):
        found.add(simulation.simulate(simulation.AUDIO, np.full(8, gap), 50, 7, heavy=heavy, n_resamples=64))
    for score in ("S2", "S3", "S4"):
        boards = found["boards", score]
        assert boards.n > 80
        assert boards.held / boards.n <= 0.05
        by_shares = found["boards by shares", score]
        assert by_shares.held / by_shares.n > 0.3
    for score in ("S2", "S3", "S4", "S5"):
        interval = found["interval", score]
        assert interval.held / interval.n > 0.92
        percentiles = found["percentiles", score]
        assert percentiles.held < interval.held
    for level in ("Level-3", "Level-4", "Level-5"):
        limits = found["chance", level]
        assert limits.held / limits.n > 0.95


def test_models_apart_are_found_and_their_true_ranks_are_inside():
    found = simulation.simulate(simulation.AUDIO, np.array([0.0, 0.0, 12.0, 25.0]), 40, 3, n_resamples=64)
    assert found["power", "S2"].held / found["power", "S2"].n > 0.5
    assert found["wrong way", "S2"].held == 0
    for score in ("S2", "S3"):
        joint = found["joint ranks", score]
        assert joint.held / joint.n >= 0.95


def test_the_table_is_what_the_script_writes():
    """Its parts, of boards few enough to run here."""
    found = {}
    for name in simulation.BOARDS:
        for kind, gaps in (("equal", np.full(4, 5.0)), ("apart", np.arange(4.0))):
            sizes = dict.fromkeys(simulation.BOARDS[name], 6)
            found[name, kind] = simulation.simulate(sizes, gaps, 2, 1, n_resamples=16)
    head = [
        line for line in simulation.page(found).splitlines() if line.startswith(("#", "| board", "| class", "|---"))
    ]
    written = (Path(simulation.__file__).parent / "COVERAGE.md").read_text(encoding="utf-8").splitlines()
    assert head == [line for line in written if line.startswith(("#", "| board", "| class", "|---"))]


def test_what_the_readme_quotes_is_measured():
    root = Path(simulation.__file__).parents[1]
    written = (root / "benchmarks" / "COVERAGE.md").read_text(encoding="utf-8")
    section = next(part for part in written.split("\n## ") if part.startswith("Two models"))
    rows = [line.replace("*", "").split("|") for line in section.splitlines() if re.match(r"\| .*\| S\d \|", line)]
    false_pairs, by_shares = (max(float(row[column].rstrip(" %")) for row in rows) for column in (6, 4))
    assert len(rows) == 3 * len(simulation.BOARDS)
    assert false_pairs <= 5.0
    text = " ".join((root / "README.md").read_text(encoding="utf-8").split())
    assert f"at most {false_pairs} % show a pair" in text
    assert f"up to {by_shares} % ([measured](benchmarks/COVERAGE.md))" in text
    for line in written.splitlines():
        if line.startswith(("| full |", "| wide |", "| limit |")):
            kind, covers = line.split("|")[1].strip(), float(line.split("|")[5].strip(" *%"))
            assert covers >= (97.0 if kind == "limit" else 93.0), line
