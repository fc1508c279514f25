"""Quick boards: what is drawn, that held-out models have no part in the choice, and what is said of it."""

import numpy as np
import pytest
from generate import usual_case
from scipy import stats

import glevel_fast as gl
from glevel_fast import GLevelError, reference
from glevel_fast.uncertainty import subsets


@pytest.fixture(scope="module")
def published():
    bench = gl.published.benchmark()
    return bench, gl.Scorer(bench), gl.published.results()


def sizes(bench, keep):
    return dict(zip(bench.groups, np.bincount(bench.group_of_task[keep], minlength=len(bench.groups)), strict=True))


def test_every_group_has_a_task_and_its_share(published):
    bench, scorer, results = published
    whole = sizes(bench, np.ones(bench.n_tasks, bool))
    subset = scorer.subset(results, 40, draws=30)
    assert len(subset.tasks) == 40
    for group, n in sizes(bench, subset.keep).items():
        assert abs(n - 40 * whole[group] / bench.n_tasks) < 1, group
    assert min(sizes(bench, scorer.subset(results, 9, draws=10).keep).values()) == 1
    asked = scorer.subset(results, 50, draws=10, shares={"Image/Generation": 0.3, "language": 0.02})
    assert sizes(bench, asked.keep)["image", "generation"] == 15
    assert sizes(bench, asked.keep)["language", ""] == 1


def test_a_budget_is_kept(published):
    bench, scorer, results = published
    cost = dict(zip(bench.tasks, (1.0 + np.arange(bench.n_tasks) % 7).tolist(), strict=True))
    subset = scorer.subset(results, budget=60, cost=cost, draws=40)
    assert subset.cost == sum(cost[task] for task in subset.tasks)
    assert 40 < subset.cost <= 60
    assert min(sizes(bench, subset.keep).values()) >= 1
    assert subset.full_cost == sum(cost.values())
    least = scorer.subset(results, budget=9, cost=cost, draws=5)
    assert (least.cost, len(least.tasks)) == (9.0, 9)
    with pytest.raises(GLevelError, match=r"budget=8: the cheapest task of each group costs 9 together"):
        scorer.subset(results, budget=8, cost=cost)


def test_seed_alone_decides(published):
    _, scorer, results = published
    first = scorer.subset(results, 30, draws=50, threads=1)
    assert scorer.subset(results, 30, draws=50, threads=2).to_dict() == first.to_dict()
    assert scorer.subset(results, 30, draws=50, seed=1).tasks != first.tasks
    assert reference.Scorer(first.benchmark).subset(results, 30, draws=50).tasks == first.tasks


def test_what_is_said_is_what_the_boards_say(published):
    """On the models that chose it: scored anew on its own benchmark, compared with scipy."""
    _, scorer, results = published
    subset = scorer.subset(results, 30, draws=20)
    full = scorer.score(results)
    options = {"invalid": "missing", "fractions": "keep"}
    quick = gl.Scorer(subset.quick, **options).score(np.ascontiguousarray(full.raw[:, subset.keep]))
    some = full.overall[:, 0] > 0
    for k in range(2):
        tau = stats.kendalltau(quick.overall[some, k], full.overall[some, k]).statistic
        assert subset.seen.tau[k] == pytest.approx(tau, rel=1e-12)
    assert subset.seen.levels == (quick.level == full.level)[some].mean()
    assert subset.n_models == some.sum()


def test_held_out_models_have_no_part_in_the_choice():
    """Of pure chance: any choice looks good on the models it was made with, and is no better than others elsewhere."""
    rng = np.random.default_rng(0)
    n = 120
    bench = gl.load_benchmark(
        {
            "task": [f"t{i}" for i in range(n)],
            "modality": ["image"] * n,
            "paradigm": ["comprehension"] * (n // 2) + ["generation"] * (n // 2),
            "metric": ["Acc"] * n,
            "sota": [60.0] * n,
        }
    )
    subset = gl.Scorer(bench).subset(rng.uniform(20, 80, (60, n)), 20, draws=300)
    for k in range(2):
        assert subset.seen.tau[k] > subset.random.tau[k] + 0.1
        assert abs(subset.held_out.tau[k] - subset.random.tau[k]) < 0.1


def test_on_real_results_the_choice_is_at_least_as_good_as_chance(published):
    _, scorer, results = published
    subset = scorer.subset(results, 30)
    for k in range(2):
        assert subset.held_out.tau[k] >= subset.random.tau[k]


def test_whole_groups_of_models_are_held_out(published):
    _, scorer, results = published
    family = {model: "ab"[i % 2] if i % 5 else "c" for i, model in enumerate(results.models)}
    subset = scorer.subset(results, 30, draws=20, holdout=family, column="family")
    assert (subset.folds, subset.holdout) == (3, "family")
    assert "held out by family, in 3 parts" in subset.sheet().title
    with pytest.raises(GLevelError, match="models have nothing to be held out by: "):
        scorer.subset(results, 30, holdout={"GPT4-V": "x"})
    with pytest.raises(GLevelError, match="no part that is held out has 3 models"):
        scorer.subset(results, 30, holdout=dict.fromkeys(results.models, "all"))


def test_the_benchmark_it_writes_is_one(published):
    _, scorer, results = published
    subset = scorer.subset(results, 30, draws=10)
    quick = gl.load_benchmark(subset.columns())
    assert quick == subset.quick
    assert quick.tasks == subset.tasks
    assert subset.to_dict()["sha256"] == quick.sha256
    board = scorer.score(results).board("A.quick", tasks=quick.tasks)
    assert board.title.startswith("Scope A.quick, combined, ")
    assert board.n_tasks == 30
    with pytest.raises(gl.BenchmarkError, match=r"A\.quick is a declared subset of the tasks: say which"):
        scorer.score(results).board("A.quick")


def test_the_sentence_says_both(published):
    _, scorer, results = published
    subset = scorer.subset(results, 30, draws=10)
    assert f"{subset.held_out.tau[0]:.2f} by S2 and {subset.held_out.tau[1]:.2f} by S3" in subset.sentence
    assert f"fewer than {subset.held_out.largest_move:.0f} ranks" in subset.sentence
    assert subset.sentence in repr(subset)
    assert [row[0] for row in subset.sheet().rows] == [
        "chosen, on held-out models", "mean of random ones, on these", "chosen, on its own models", "all tasks",
    ]  # fmt: skip


def test_a_benchmark_of_language_is_judged_by_its_means():
    bench, raw = usual_case(30, 60, 3)
    text = gl.load_benchmark(bench.to_dict() | {"modality": ["language"] * 60, "paradigm": [""] * 60})
    subset = gl.Scorer(text).subset(raw, 20, draws=20)
    assert subset.scores == ("mean", "S_L")
    scores = gl.Scorer(text).score(raw)
    quick = gl.Scorer(subset.quick).score(np.ascontiguousarray(raw[:, subset.keep]))
    for k in range(2):
        tau = stats.kendalltau(quick.means[:, -1, k], scores.means[:, -1, k]).statistic
        assert subset.seen.tau[k] == pytest.approx(tau, rel=1e-12)


def test_what_cannot_be_chosen(published):
    bench, scorer, results = published
    for options, message in (
        ({}, "either the number of tasks"),
        ({"size": 30, "budget": 5.0}, "either the number of tasks"),
        ({"size": 8}, "size=8: give a whole number from 9, a task for each group, to the 699 there are"),
        ({"size": 700}, "size=700"),
        ({"size": 30, "draws": 0}, "draws=0"),
        ({"size": 30, "seed": -1}, "seed"),
        ({"size": 30, "shares": {"smell": 0.5}}, "share of 'smell': .*groups"),
        ({"size": 30, "shares": {"language": 1.5}}, "shares are above 0, and add up to 1 at most"),
        ({"budget": 30, "cost": {bench.tasks[0]: 1.0}}, "698 of 699 tasks have no cost"),
        ({"budget": 30, "cost": {bench.tasks[0]: -1.0}}, "-1 is not a finite number, 0 or above"),
    ):
        with pytest.raises(GLevelError, match=message):
            scorer.subset(results, **options)
    few = {model: dict(zip(bench.tasks, row, strict=True)) for model, row in zip("abcde", results.values, strict=False)}
    with pytest.raises(GLevelError, match="models with a score are too few"):
        scorer.subset(gl.load_results(few, bench), 30)


def test_quotas_add_up():
    rng = np.random.default_rng(1)
    for _ in range(200):
        of_group = rng.integers(0, 12, 7)
        least = np.count_nonzero(of_group)
        if not least:
            continue
        share = rng.dirichlet(np.ones(7)) * (of_group > 0)
        size = int(rng.integers(least, of_group.sum() + 1))
        quota = subsets._quota(of_group, share / share.sum(), size)
        assert quota.sum() == size
        assert ((quota >= (of_group > 0)) & (quota <= of_group)).all()
