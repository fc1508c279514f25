"""Another benchmark or other results: new scores, of which only what changes is computed."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import COLUMNS, OPTIONAL_COLUMNS, Benchmark, find_task
from glevel_fast.core.checks import checked_number, checked_numbers
from glevel_fast.core.compiled import Scored, count_threads
from glevel_fast.core.results import Results
from glevel_fast.core.rules import reaches
from glevel_fast.core.units import compiled, percentages, suspected_errors
from glevel_fast.errors import GLevelError
from glevel_fast.text import fold_task, nearest

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from glevel_fast.core.scores import Scores
    from glevel_fast.core.scoring import Scorer

__all__ = ["Updated", "update"]

Array = NDArray[np.float64]
AnyScorer = TypeVar("AnyScorer", bound="Scorer")
AnyScores = TypeVar("AnyScores", bound="Scores")


class Updated(NamedTuple, Generic[AnyScorer, AnyScores]):
    """A scorer, results and scores after a change: what to hand to the next `update`."""

    scorer: AnyScorer
    results: Results
    scores: AnyScores

    def to_dict(self) -> dict[str, Any]:
        """The new scores' `to_dict`.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        return self.scores.to_dict()

    def to_pandas(self) -> pd.DataFrame:
        """The new scores as a pandas frame.

        Returns
        -------
        pandas.DataFrame
        """
        return self.scores.to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """The new scores as a polars frame.

        Returns
        -------
        polars.DataFrame
        """
        return self.scores.to_polars()

    def to_arrow(self) -> pa.Table:
        """The new scores as an Arrow table.

        Returns
        -------
        pyarrow.Table
        """
        return self.scores.to_arrow()

    def _repr_html_(self) -> str:
        return self.scores._repr_html_()


def update(
    scorer: Scorer,
    scores: Scores,
    *,
    specialists: Mapping[str, float] | None = None,
    add_tasks: Mapping[str, Mapping[str, Any]] | None = None,
    remove_tasks: Iterable[str] = (),
    add_models: Mapping[str, Mapping[str, float]] | None = None,
    cells: Mapping[tuple[str, str], float] | None = None,
    threads: int | None = None,
) -> Updated[Any, Any]:
    """See `Scorer.update`."""
    old = scores.benchmark
    if scores.zero != scorer.zero and isinstance(scores.given, Results) and scores.given.n is not None:
        scorer = scorer.scoring_zeros  # as it was when these were scored
    same = old is scorer.benchmark or old == scorer.benchmark
    same &= scores.policy == scorer.policy and scores.zero == scorer.zero
    if not same or scores.raw is None or scores.given is None:
        raise GLevelError("these scores are not this scorer's: hand in what scorer.score returned")
    sota = {find_task(old, t): checked_number(v, f"task {t!r}") for t, v in (specialists or {}).items()}
    if len(sota) < len(specialists or {}):
        raise GLevelError("a task is changed twice, under two spellings of its name")
    gone = sorted({find_task(old, task) for task in remove_tasks})
    added = _new_tasks(add_tasks) if add_tasks else None
    new, as_given = scorer, scorer.compiled.given or old
    if sota or gone or added is not None:
        as_given = as_given.changed(sota, gone, added)
        new = scorer.of(compiled(as_given, scorer.compiled.options, scorer.backend))
    bench = new.benchmark
    before = _results(scores)
    results, rows = _changed_results(before, bench, gone, add_tasks or {}, add_models or {}, cells or {})
    quick = scorer.policy == "paper" and bench.modalities == old.modalities
    quick &= not (scorer.compiled.from_fractions or new.compiled.from_fractions)
    # a value that was looked at, and found good or not, may be judged otherwise beside other specialists
    if quick and not scores.suspect:
        raw = scores.raw if results is scores.given else results.values
        moved = [(i, i - bisect(gone, i)) for i in sota if i not in gone]
        percent = [percentages(old)[gone], *([] if added is None else [percentages(added)])]
        rebuilt = {int(g) for g in old.group_of_task[gone]}
        rebuilt |= set() if added is None else {int(g) for g in bench.group_of_task[-added.n_tasks :]}
        arrays = _changed_arrays(new, scores, raw, rows, moved, rebuilt, threads)
        if arrays is not None and not (np.concatenate(percent).any() and _in_fractions(raw, bench)):
            notes = bench.notes + results.notes
            return Updated(new, results, new.made(arrays, notes, results.absent, results.models, raw, results))
    return Updated(new, results, new.score(results, threads=threads))


def _results(scores: Scores) -> Results:
    """What was scored, under the names it was scored with."""
    if not isinstance(scores.given, Results):
        return Results.from_array(scores.models, scores.given, scores.benchmark, "update")  # type: ignore[arg-type]
    if scores.models == scores.given.models:
        return scores.given
    return replace(scores.given, models=scores.models)


def _new_tasks(given: Mapping[str, Mapping[str, Any]]) -> Benchmark:
    columns: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, *OPTIONAL_COLUMNS)}
    for task, fields in given.items():
        if unknown := set(fields) - {*columns, "values"}:
            raise GLevelError(f"new task {task!r}: unknown fields {', '.join(sorted(map(repr, unknown)))}")
        if lacking := set(COLUMNS[1:]) - set(fields):
            raise GLevelError(f"new task {task!r}: {', '.join(sorted(lacking))} missing")
        row = {"skill": "", "specialist": "", "weight": 1.0, "scale": 1.0} | dict(fields) | {"task": task}
        row |= {name: checked_number(row[name], f"new task {task!r}: {name}") for name in ("sota", "weight", "scale")}
        for name, column in columns.items():
            column.append(row[name])
    return Benchmark(columns.pop("task"), **columns)  # type: ignore[arg-type]


def _changed_results(
    old: Results,
    bench: Benchmark,
    gone: list[int],
    add_tasks: Mapping[str, Mapping[str, Any]],
    add_models: Mapping[str, Mapping[str, float]],
    cells: Mapping[tuple[str, str], float],
) -> tuple[Results, NDArray[np.intp]]:
    """The new results, and the rows that are new or have a corrected cell."""
    if not (gone or add_tasks or add_models or cells):
        return old, np.array([], np.intp)
    k = len(add_models)
    n, more = len(old), Results(tuple(add_models), (), np.empty((k, 0)), ("update",) * k, np.zeros(k, np.int64))
    if twin := next((name for folded, name in zip(more.rows, more.models, strict=True) if folded in old.rows), None):
        raise GLevelError(f"new model {twin!r}: there is one of that name already; correct its cells instead")
    raw = np.empty((n + len(more), bench.n_tasks))
    raw[n:] = np.nan
    absent = np.concatenate([old.absent, more.absent])
    to = 0
    for first, last in pairwise([-1, *gone, len(old.tasks)]):
        raw[:n, to : to + last - first - 1] = old.values[:, first + 1 : last]
        to += last - first - 1
    raw[:n, to:] = np.nan

    def row_of(model: str, why: str) -> int:
        row = old.rows.get(fold_task(model)) if isinstance(model, str) else None
        if row is None:
            raise GLevelError(f"{why}: unknown model {model!r}{nearest(str(model), old.models)}")
        return row

    by_name = dict(zip(old.models, range(n), strict=True)) if add_tasks else {}
    for t, (task, fields) in enumerate(add_tasks.items(), start=to):
        why, by_model = f"new task {task!r}", dict(fields.get("values") or {})
        which = _unique([by_name[model] if model in by_name else row_of(model, why) for model in by_model], why)
        raw[which, t] = _values(by_model, why)
        absent[:n] += 1
        absent[which] -= 1
    by_name = dict(zip(bench.tasks, range(bench.n_tasks), strict=True)) if add_models else {}
    for row, (model, values) in enumerate(add_models.items(), start=n):
        why = f"new model {model!r}"
        which = _unique([by_name[task] if task in by_name else find_task(bench, task) for task in values], why)
        raw[row, which] = _values(values, why)
        absent[row] = bench.n_tasks - len(values)
    touched = set(range(n, len(raw)))
    for (model, task), value in cells.items():
        row = row_of(model, "corrected cell")
        raw[row, find_task(bench, task)] = _values({task: value}, f"corrected cell of {model!r}, {task!r}")[0]
        touched.add(row)
    rows = {**old.rows, **{folded: n + i for folded, i in more.rows.items()}}
    unknown = old.unknown
    if unknown is not None:
        kept = np.delete(unknown, gone, axis=1)
        unknown = np.zeros(raw.shape, bool)
        unknown[:n, : kept.shape[1]] = kept
        for model, task in cells:
            unknown[row_of(model, "corrected cell"), find_task(bench, task)] = False
    new = old._with(
        models=old.models + more.models, tasks=bench.tasks, values=raw, sources=old.sources + more.sources,
        absent=np.minimum(absent, bench.n_tasks), unknown=unknown, rows=rows,
        **{name: _beside(getattr(old, name), old, raw, gone) for name in ("stderr", "n")},
    )  # fmt: skip
    return new, np.array(sorted(touched), dtype=np.intp)


def _beside(known: Array | None, old: Results, raw: Array, gone: list[int]) -> Array | None:
    """Errors, or numbers of samples, of the values that stay as they were."""
    if known is None:
        return None
    kept = np.full(raw.shape, np.nan)
    same, n = np.delete(known, gone, axis=1), np.delete(old.values, gone, axis=1)
    part = np.s_[: len(same), : same.shape[1]]
    kept[part] = np.where((raw[part] == n) | (np.isnan(raw[part]) & np.isnan(n)), same, np.nan)
    return kept


def _unique(positions: list[int], what: str) -> list[int]:
    if len(set(positions)) < len(positions):
        raise GLevelError(f"{what}: a name is there twice, in two spellings")
    return positions


def _values(given: Mapping[str, Any], what: str) -> Array:
    values = checked_numbers(list(given.values()), what)
    return np.where(values == np.inf, np.nan, values)


ARRAYS = Scored._fields[:6]
BLOCK = 2**18
"""Values of a group that are copied out and reduced at once: 2 MB."""


def _changed_arrays(
    scorer: Scorer,
    scores: Scores,
    raw: Array,
    rows: NDArray[np.intp],
    moved: list[tuple[int, int]],
    rebuilt: set[int],
    threads: int | None,
) -> tuple[NDArray[Any], ...] | None:
    """The arrays of new scores, of which only what changes is computed; None where a value needs a closer look.

    Groups do not depend on each other, and neither do models. `moved`: old and new positions of the
    tasks with another specialist; `rebuilt`: groups with other tasks; `rows`: models with other values.
    """
    bench, old, n_threads = scorer.benchmark, scores.benchmark, count_threads(threads)
    look = suspected_errors(bench)
    arrays = {name: _grown(getattr(scores, name), len(raw)) for name in ARRAYS}
    others = np.ones(len(raw), bool)
    others[rows] = False
    which = dict.fromkeys(rebuilt, others)
    for before, after in moved:
        with np.errstate(over="ignore"):
            z = raw[:, after] * bench.scale[after]
        higher = bench.higher_is_better[after]
        flips = reaches(z, old.sota_z[before], higher) != reaches(z, bench.sota_z[after], higher)
        g = int(bench.group_of_task[after])
        which[g] = which.get(g, False) | (flips & others)
    suspect, stale = np.zeros(len(raw), bool), np.zeros(len(raw), bool)
    for g, mask in which.items():
        seen = _reduce_group(scorer, raw, g, np.flatnonzero(mask), arrays, n_threads)
        stale |= mask
        if g in rebuilt:
            suspect |= seen
    if len(where := np.flatnonzero(stale)):
        means = arrays["means"][where].reshape(len(where), -1)
        parts = scorer.backend.levels(means, len(bench.modalities))
        for name, part in zip(("overall", "modality", "level"), parts, strict=True):
            arrays[name][where] = part
    if len(rows):
        *parts, seen = scorer.compiled.engine.score(np.ascontiguousarray(raw[rows]), n_threads)
        for array, part in zip(arrays.values(), parts, strict=True):
            array[rows] = part
        suspect[rows] = seen
    return None if suspect.any() or (look is not None and look(raw).any()) else tuple(arrays.values())


def _grown(old: NDArray[Any], n: int) -> NDArray[Any]:
    new = np.empty((n, *old.shape[1:]), old.dtype)
    new[: len(old)] = old
    return new


def _reduce_group(
    scorer: Scorer, raw: Array, g: int, rows: NDArray[np.intp], arrays: dict[str, NDArray[Any]], threads: int
) -> NDArray[np.bool_]:
    """Means and counts of one group for some models, into `arrays`; which models need a closer look."""
    bench, suspect = scorer.benchmark, np.zeros(len(raw), bool)
    tasks = np.flatnonzero(bench.group_of_task == g)
    if not len(tasks):
        for name in ("means", "supported", "wins"):
            arrays[name][rows, g] = 0
        return suspect
    engine = scorer.compiled.engine_of(tasks)
    runs = np.split(np.arange(len(tasks)), np.flatnonzero(np.diff(tasks) > 1) + 1)  # of tasks next to each other
    step = max(64, BLOCK // len(tasks))
    buffer = np.empty((min(step, len(rows)), len(tasks)))
    for first in range(0, len(rows), step):
        some: Any = rows[first : first + step]
        if some[-1] - some[0] + 1 == len(some):
            some = slice(some[0], some[-1] + 1)
        values = raw[some]
        for run in runs:
            buffer[: len(values), run[0] : run[-1] + 1] = values[:, tasks[run[0]] : tasks[run[-1]] + 1]
        scored = Scored._make(engine.score(buffer[: len(values)], threads))
        for name in ("means", "supported", "wins"):
            arrays[name][some, g] = getattr(scored, name)[:, g]
        suspect[some] = scored.suspect
    return suspect


def _in_fractions(raw: Array, bench: Benchmark) -> bool:
    """Whether some model's percentages may all be at most 1; few columns show of almost all that they are not."""
    rows, percent = np.arange(len(raw)), np.flatnonzero(percentages(bench))
    for columns in np.split(percent, 2 ** np.arange(1, 12) - 1):
        rows = rows[~(raw[np.ix_(rows, columns)] > 1).any(axis=1)]
        if not len(rows):
            return False
    return bool((raw[np.ix_(rows, percent)] > 0).any())
