"""Updates of a board, one after the other, against scoring from scratch."""

import pickle

import numpy as np
import pytest
from generate import METRICS, NAMES, choices, random_case, scored
from hypothesis import given, settings
from hypothesis import strategies as st

from glevel_fast import Benchmark, GLevelError, InvalidScoreError, Results, Scorer, reference

ARRAYS = ("overall", "modality", "means", "supported", "wins", "level", "models")


def assert_same(a, b):
    for name in ARRAYS:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


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
    scorer, error = score_or_error(lambda: make(benchmark, **options))
    if error:  # specialists in fractions
        return
    results = table.results(benchmark)
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
        expected, error = score_or_error(
            lambda: make(benchmark, **options).score(table.results(benchmark))  # noqa: B023
        )
        updated, refused = score_or_error(lambda: scorer.update(scores, **change, threads=2))  # noqa: B023
        assert refused == error
        if error:
            break
        scorer, scores = updated.scorer, updated.scores
        as_given = scorer.compiled.given or scorer.benchmark
        assert as_given == benchmark
        assert repr(as_given.to_dict()) == repr(benchmark.to_dict())
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
    modality, paradigm = ["image"] * 2 + ["video"] * 3, ["generation", "comprehension"] * 2 + ["comprehension"]
    bench = Benchmark([f"t{i}" for i in range(5)], modality, paradigm, ["Acc"] * 5, np.full(5, 60.0))
    raw = np.full((30, 5), 50.0)
    raw[1] = [0.5, 0.004, 0.7, 50.0, np.nan] if change == "remove" else [0.5, 0.004, np.nan, np.nan, np.nan]
    change = {"remove_tasks": ["t3"]} if change == "remove" else {"add_tasks": {"new": {
        "modality": "video", "paradigm": "comprehension", "metric": "Acc", "sota": 60.0, "values": {"model 1": 0.9},
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


def test_a_removed_task_beside_changed_specialists():
    """Those behind it move up."""
    benchmark, raw = random_case(40, 60, seed=4)
    raw[raw < 0] = np.nan
    scorer = Scorer(benchmark, fractions="keep", invalid="missing")
    scores = scorer.score(raw)
    for task in range(1, 60):
        sota = float(np.nanmedian(raw[:, task])) if np.isfinite(raw[:, task]).any() else np.nan
        updated = scorer.update(scores, specialists={benchmark.tasks[task]: sota}, remove_tasks=[benchmark.tasks[0]])
        assert_same(updated.scores, updated.scorer.score(updated.results))
