"""What-if, updates and fragility, against scoring from scratch."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from generate import METRICS, N_CHOICES, NAMES, benchmarks, choices, random_case, scored
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glevel_fast import Benchmark, GLevelError, InvalidScoreError, Results, Scorer, reference

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


@settings(max_examples=60, deadline=None)
@given(scored(min_models=1, weights=False), st.data())
def test_updates_equal_scoring_from_scratch(case, data):
    benchmark, raw = case
    names = [f"m{i}" for i in range(len(raw))]
    scorer = Scorer(benchmark, fractions="keep")
    scores = scorer.score(Results.from_array(names, raw, benchmark))
    rows = data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=3))
    cells = {(names[i], benchmark.tasks[data.draw(st.integers(0, benchmark.n_tasks - 1))]): np.nan for i in rows}
    new_model = data.draw(st.booleans())
    after = scorer.update(
        scores, cells=cells, add_models={"new": dict(zip(benchmark.tasks, raw[0], strict=True))} if new_model else None
    )
    fixed = np.vstack([raw, raw[:1]]) if new_model else raw.copy()
    for model, task in cells:
        fixed[names.index(model), benchmark.tasks.index(task)] = np.nan
    assert np.array_equal(after.results.values, fixed, equal_nan=True)
    assert_same(after.scores, scorer.score(Results.from_array([*names, "new"][: len(fixed)], fixed, benchmark)))

    task = benchmark.tasks[data.draw(st.integers(0, benchmark.n_tasks - 1))]
    chained = after.scorer.update(
        after.scores,
        remove_tasks=[task] if benchmark.n_tasks > 1 else [],
        add_tasks={"brand new": {"modality": "video", "paradigm": "generation", "metric": "FVD", "sota": 300.0,
                                 "values": {"m0": 250.0}}},
        specialists={benchmark.tasks[0]: np.nan},
    )  # fmt: skip
    assert chained.scorer.benchmark.tasks[-1] == "brand new"
    assert (task in chained.scorer.benchmark.tasks) == (benchmark.n_tasks == 1)
    scratch = Scorer(chained.scorer.benchmark, fractions="keep").score(chained.results)
    assert_same(chained.scores, scratch)
    assert chained.results.values[0, -1] == 250.0


class Table:
    """A benchmark and results as plain dicts, changed as `update` is asked to; scored from scratch."""

    FIELDS = ("modality", "paradigm", "metric", "sota", "weight", "scale")

    def __init__(self, rng, n_tasks, n_models):
        self.rng, self.named = rng, 0
        self.present = rng.choice(["image", "video", "touch", "language"], rng.integers(1, 4), replace=False)
        self.weighted, self.kind = rng.random() < 0.5, rng.choice(["any", "fractions", "zeros"])
        self.tasks = dict(self.new_task() for _ in range(n_tasks))
        self.models = {f"m{i}": self.new_values() for i in range(n_models)}

    def new_task(self):
        rng, self.named = self.rng, self.named + 1
        modality = str(rng.choice(self.present if rng.random() < 0.9 else ["audio", "image", "language"]))
        paradigm = "" if modality == "language" else str(rng.choice(["comprehension", "generation"]))
        metric, scale = str(rng.choice(["Acc", "Acc", *NAMES])), float(rng.choice([1.0, 1.0, 0.01, 100.0]))
        weight = float(rng.choice([0.0, 1.0, 2.5, 1e-12, 271.0])) if self.weighted else 1.0
        task = dict(zip(self.FIELDS, (modality, paradigm, metric, np.nan, weight, scale), strict=True))
        task["menu"] = choices(METRICS[metric], scale, self.named)
        task["sota"] = self.new_sota(task)
        return f"Task {self.named}", task

    def new_sota(self, task):
        value = float(self.rng.choice(task["menu"]))
        return value if value * task["scale"] >= METRICS[task["metric"]].lowest else np.nan

    def new_value(self, task, odd=0.01):
        chance = self.rng.random()
        if chance < odd:
            return float(self.rng.choice([-3.0, 140.0, 7e4]))  # mostly outside its domain
        if self.kind != "any" and task["metric"] == "Acc" and chance < 0.9:
            return float(self.rng.choice([0.5, 0.004, 1.0, np.nan] if self.kind == "fractions" else [0.0, 0.0, np.nan]))
        return float(self.rng.choice([*task["menu"], np.nan, task["sota"], np.inf]))

    def new_values(self):
        return {name: self.new_value(task) for name, task in self.tasks.items()}

    def change(self):
        """Arguments for `update`, of which this table takes note."""
        rng, given = self.rng, {}
        every = ("specialists", "remove_tasks", "add_tasks", "cells", "add_models")
        kinds = {str(rng.choice(every))} if rng.random() < 0.5 else {kind for kind in every if rng.random() < 0.5}

        def some(names, most):
            return [
                str(name) for name in rng.choice([*names], min(rng.integers(0, most + 1), len(names)), replace=False)
            ]

        if "specialists" in kinds:
            given["specialists"] = {name.upper(): self.new_sota(self.tasks[name]) for name in some(self.tasks, 3)}
            for name, value in given["specialists"].items():
                self.tasks[name.capitalize()]["sota"] = value
        if "remove_tasks" in kinds:
            given["remove_tasks"] = some(self.tasks, min(2, len(self.tasks) - 1))
            for name in given["remove_tasks"]:
                for values in (self.tasks, *self.models.values()):
                    values.pop(name, None)
        if "add_tasks" in kinds:
            given["add_tasks"] = {}
            for name, task in (self.new_task() for _ in range(rng.integers(1, 3))):
                values = {model: self.new_value(task, 0.1) for model in some(self.models, len(self.models))}
                given["add_tasks"][name] = {c: task[c] for c in self.FIELDS} | {"values": values}
                self.tasks[name] = task
                for model, value in values.items():
                    self.models[model][name] = value
        cells = rng.integers(0, 3) if "cells" in kinds else 0
        where = [(model, task) for model in some(self.models, cells) for task in some(self.tasks, 2)]
        given["cells"] = {(model, task): self.new_value(self.tasks[task]) for model, task in where}
        for (model, task), value in given["cells"].items():
            self.models[model][task] = value
        if "add_models" in kinds:
            self.named += 1
            given["add_models"] = {f"new {self.named}": self.new_values()}
            self.models |= {model: dict(values) for model, values in given["add_models"].items()}
        return given

    def benchmark(self):
        columns = {c: [task[c] for task in self.tasks.values()] for c in self.FIELDS}
        return Benchmark(tuple(self.tasks), **columns)

    def results(self, benchmark):
        values = [[given.get(task, np.nan) for task in self.tasks] for given in self.models.values()]
        return Results.from_array(list(self.models), values, benchmark, "update")


def score_or_error(call):
    try:
        return call(), None
    except GLevelError as error:
        return None, f"{type(error).__name__}: {error}"


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32), st.fixed_dictionaries({"zero": st.sampled_from(["missing", "score"]),
    "invalid": st.sampled_from(["error", "missing"]), "fractions": st.sampled_from(["error", "scale", "keep"])}),
    st.sampled_from([Scorer, reference.Scorer]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_chained_updates_of_everything_equal_scoring_from_scratch(seed, options, make, as_array, pickled):
    """Benchmarks, results, scores, notes and errors, to the last bit."""
    rng = np.random.default_rng(seed)
    table = Table(rng, rng.integers(1, 25), rng.integers(1, 7))
    benchmark = table.benchmark()
    scorer, results = make(benchmark, **options), table.results(benchmark)
    if as_array:
        results = np.where(np.isnan(results.values), np.inf, results.values)
    scores, error = score_or_error(lambda: scorer.score(results, models=table.models))
    for _ in range(4):
        if error:
            break
        if pickled:
            scorer, scores = pickle.loads(pickle.dumps((scorer, scores)))
        change = table.change()
        benchmark = table.benchmark()
        new = make(benchmark, **options)
        expected, error = score_or_error(lambda: new.score(table.results(benchmark)))  # noqa: B023
        updated, refused = score_or_error(lambda: scorer.update(scores, **change, threads=2))  # noqa: B023
        assert refused == error
        if error:
            break
        scorer, scores = updated.scorer, updated.scores
        assert scorer.benchmark == benchmark
        assert repr(scorer.benchmark.to_dict()) == repr(benchmark.to_dict())
        assert scores.notes == expected.notes
        assert_same(scores, expected)
        assert_same(scorer.score(updated.results), expected)
        assert np.array_equal(scores.raw, expected.raw, equal_nan=True)
        assert np.array_equal(updated.results.values, expected.given.values, equal_nan=True)
        assert not updated.results.values.flags.writeable
        assert np.array_equal(scores.absent, updated.results.absent)


@pytest.mark.parametrize("fractions", ["error", "scale", "keep"])
@pytest.mark.parametrize("change", ["remove", "add"])
def test_other_tasks_may_put_a_row_in_fractions(fractions, change):
    """Though the rest of its values are of other groups, which are not looked at again."""
    paradigm = ["generation"] * 3 + ["comprehension"] * 2
    bench = Benchmark([f"t{i}" for i in range(5)], ["image"] * 5, paradigm, ["Acc"] * 5, np.full(5, 0.6))
    raw = np.full((30, 5), 50.0)
    raw[1] = [0.5, 0.004, 0.7, 50.0, np.nan] if change == "remove" else [0.5, 0.004, np.nan, np.nan, np.nan]
    change = {"remove_tasks": ["t3"]} if change == "remove" else {"add_tasks": {"new": {
        "modality": "image", "paradigm": "comprehension", "metric": "Acc", "sota": 0.6, "values": {"model 1": 0.9},
    }}}  # fmt: skip
    scorer = Scorer(bench, fractions=fractions)
    scores = scorer.score(raw)
    if fractions == "error":
        with pytest.raises(InvalidScoreError, match="look like fractions"):
            scorer.update(scores, **change)
        return
    updated = scorer.update(scores, **change)
    scratch = updated.scorer.score(updated.results)
    assert_same(updated.scores, scratch)
    assert updated.scores.notes == scratch.notes
    assert "'model 1'" in scratch.notes[0]
    assert np.array_equal(updated.scores.raw, scratch.raw, equal_nan=True)
    again = updated.scorer.update(updated.scores, specialists={"t0": 0.5})  # scaled once, not twice
    assert np.array_equal(again.results.values, updated.results.values, equal_nan=True)
    assert_same(again.scores, again.scorer.score(again.results))


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
        if n == 1 and level >= 4:
            alone = tuple(benchmark.tasks[t] for t in won if without([t]) < level)
            assert fragile.tasks[i] == alone
            assert fragile.models[i] in fragile.single
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
    assert fragile.tasks == (("a",), ("a", "c"), ())
    assert fragile.single == ("model 0", "model 1")


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
