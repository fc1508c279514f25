"""In which unit percentages come: judged per group, for the benchmark and for each model (docs/spec.md section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.checks import given_cells
from glevel_fast.core.compiled import Compiled, Options
from glevel_fast.errors import BenchmarkError, InvalidScoreError
from glevel_fast.io.cells import hundredfolds
from glevel_fast.text import bullets, listing, shown, shown_listing

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = [
    "Doubts",
    "compiled",
    "describe_cells",
    "describe_doubts",
    "doubts",
    "fractional_groups",
    "lone_fractions",
    "near_ties",
    "percentages",
    "refuse_doubts",
    "scaled",
    "suspected_errors",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

PLAUSIBLE = 5.0
"""A median specialist above this many percent: then models with nothing above 1 % are not what one expects."""
NEAR = 5.0
"""A value whose hundredfold is within this factor of the specialist's looks like a fraction."""
FAR_BETTER = 20.0
"""A word error rate this many times better than the specialist's is a fraction among percents."""
NEAR_TIE = 1e-9
"""Relative distance from the specialist below which a value that misses a tie is noted."""
CURES = (
    'multiply them by 100 with fractions="scale" (--fractions scale), or take them as they are with '
    'fractions="keep" (--fractions keep)'
)


class Doubts(NamedTuple):
    """Where a model's unit is in doubt; bool (n_models, n_tasks) each, a cell in one of them at most.

    `fractions`: percentages of a group, all at most 1. `too_good`, `too_bad`: word error rates that look like a
    fraction among percents, and like a percent among fractions.
    """

    fractions: Mask
    too_good: Mask
    too_bad: Mask

    def any(self) -> bool:
        return bool(self.fractions.any() or self.too_good.any() or self.too_bad.any())


def percentages(bench: Benchmark) -> Mask:
    """bool (n_tasks,): tasks whose raw values are in percent: a metric that maps by z/100, and no scale."""
    like = np.array([metric.is_percent_like for metric in bench.metrics])
    found: Mask = like & (bench.scale == 1.0)
    return found


def _positions(bench: Benchmark, mask: Mask) -> Iterable[tuple[int, NDArray[np.intp]]]:
    """Each group that has any of these tasks, with their positions."""
    tasks = np.flatnonzero(mask)
    of = bench.group_of_task[tasks]
    return ((g, tasks[of == g]) for g in sorted(set(of.tolist())))


# the benchmark


def fractional_groups(bench: Benchmark) -> list[int]:
    """Groups with at least two specialists in percent, all at most 1; the whole table's groups if it has no others."""
    known = percentages(bench) & ~np.isnan(bench.sota) & (bench.sota != 0)
    if not known.any():
        return []
    by_group = list(_positions(bench, known))
    if known.sum() >= 2 and (bench.sota[known] <= 1).all():
        return [g for g, _ in by_group]
    return [g for g, tasks in by_group if len(tasks) >= 2 and (bench.sota[tasks] <= 1).all()]


def _lone_specialists(bench: Benchmark, groups: list[int]) -> list[int]:
    """Specialists in percent, of at most 1, where those of the table are far above; `groups` are judged as a whole."""
    known = percentages(bench) & (bench.sota > 0)
    low = known & (bench.sota <= 1) & ~np.isin(bench.group_of_task, groups)
    return np.flatnonzero(low).tolist() if low.any() and _median(bench.sota[known]) > PLAUSIBLE else []


def compiled(bench: Benchmark, options: Options, backend: Any) -> Compiled:
    """The benchmark with specialists in percent, for a scorer of these options.

    Raises
    ------
    BenchmarkError
        Specialists in fractions, unless the option `fractions` is "scale" or "keep".
    """
    as_given, groups = bench, fractional_groups(bench) if options.policy == "paper" else []
    if lone := _lone_specialists(bench, groups):
        listed = listing([f"{shown(bench.tasks[j])} ({bench.metric[j]} {bench.sota[j]:g})" for j in lone])
        bench = bench.noting(f"specialists of at most 1 among percents, which may be fractions: {listed}")
    if not groups:
        return Compiled(bench, options, backend, as_given if lone else None)
    inside = np.isin(bench.group_of_task, groups) & percentages(bench) & ~np.isnan(bench.sota)
    names = [_group(bench, g) for g in groups]
    if options.fractions == "error":
        examples = [f"{shown(bench.tasks[j])} {bench.metric[j]} {bench.sota[j]:g}" for j in np.flatnonzero(inside)[:3]]
        raise BenchmarkError(
            f"specialists that look like fractions where percents belong (all at most 1), in {listing(names)}: "
            f"{', '.join(examples)}{' ...' if inside.sum() > 3 else ''}\n"
            f"give the tasks a `scale` of 100; or, for specialists and results alike, {CURES}"
        )
    tasks = shown_listing([bench.tasks[j] for j in np.flatnonzero(inside)])
    if options.fractions == "keep":
        note = f"specialists all at most 1 percent, taken as they are, in {listing(names)}: {tasks}"
        return Compiled(bench.noting(note), options, backend, as_given)
    positions = np.flatnonzero(inside)
    values = hundredfolds(bench.sota[positions])
    new = bench.changed(dict(zip(positions.tolist(), values.tolist(), strict=True)))
    note = f"specialists given as fractions, multiplied by 100, in {listing(names)}: {tasks}"
    return Compiled(new.noting(note), options, backend, as_given, frozenset(bench.groups[g] for g in groups))


def _group(bench: Benchmark, g: int) -> str:
    return " ".join(filter(None, bench.groups[g]))


# the models


def doubts(
    values: Array, bench: Benchmark, zero: str, scaled_groups: frozenset[tuple[str, str]] = frozenset()
) -> Doubts:
    """Where models seem to give fractions for percents, or the other way round.

    In a group with at least two supported percentages, or over all groups with at least three: none above 1, while
    the median specialist of these tasks is above 5. In groups of `scaled_groups` one is enough, whatever the
    specialists. Word error rates are judged cell by cell, where the specialist's unit had to be inferred.
    """
    like = percentages(bench)
    given = given_cells(values, zero) & like
    with np.errstate(invalid="ignore"):
        large, some = given & (values > 1), given & (values > 0)
    found = np.zeros(values.shape, dtype=bool)

    def judge(tasks: NDArray[np.intp], least: int, rows: Mask | None = None, *, always: bool = False) -> None:
        count = given[:, tasks].sum(axis=1)
        low = (count >= least) & some[:, tasks].any(axis=1) & ~large[:, tasks].any(axis=1)
        if not low.any():
            return
        if not always:
            sota = np.where(given[np.ix_(low, tasks)], bench.sota[tasks], np.nan)
            low[low] = [_median(row) > PLAUSIBLE for row in sota]
        found[np.ix_(low, tasks)] = given[np.ix_(low, tasks)]

    for g, tasks in _positions(bench, like):
        always = bench.groups[g] in scaled_groups
        judge(tasks, 1 if always else 2, always=always)
    judge(np.flatnonzero(like), 3)
    too_good, too_bad = np.zeros((2, *values.shape), dtype=bool)
    tasks, low, high = _plausible_errors(bench)
    x = values[:, tasks]
    with np.errstate(invalid="ignore"):
        present = given_cells(x, zero) & (x > 0)
        too_good[:, tasks] = present & (x < low)
        too_bad[:, tasks] = present & (x > high)
    return Doubts(found, too_good, too_bad)


def _plausible_errors(bench: Benchmark) -> tuple[NDArray[np.intp], Array, Array]:
    """Word error rates whose unit was inferred: their tasks, and the raw values between which it may be right."""
    tasks = np.array([j for j, task in enumerate(bench.tasks) if task in bench.inferred], dtype=np.intp)
    percent = bench.scale[tasks] != 1
    return tasks, np.where(percent, bench.sota[tasks] / FAR_BETTER, 0.0), np.where(percent, np.inf, 2.0)


def suspected_errors(bench: Benchmark) -> Callable[[Array], Mask] | None:
    """A quick look for word error rates in another unit: which rows may have one; None where no unit was inferred."""
    tasks, low, high = _plausible_errors(bench)
    if not tasks.size:
        return None

    def look(raw: Array) -> Mask:
        x = raw[:, tasks]
        with np.errstate(invalid="ignore"):
            rows: Mask = np.any(((x < low) & (x > 0)) | (x > high), axis=1)
        return rows

    return look


def _median(row: Array) -> float:
    """The median of what is known; infinite where nothing is."""
    known = row[~np.isnan(row)]
    return float(np.median(known)) if known.size else np.inf


def scaled(values: Array, found: Doubts) -> Array:
    """The values with those of `found` in percent: exactly a hundred times the decimals that stand there."""
    new = values.copy()
    cells = found.fractions | found.too_good
    new[cells] = hundredfolds(values[cells])
    return new


def refuse_doubts(
    found: Doubts, values: Array, bench: Benchmark, models: Sequence[str], sources: Sequence[str], *, scale: bool
) -> None:
    """Raise `InvalidScoreError` naming models, groups and tasks, and which option converts.

    With `scale` only for what that option does not convert.
    """

    def named(i: int) -> str:
        return f"{sources[i]}: model {shown(models[i])}" if sources[i] else f"model {shown(models[i])}"

    if not scale and found.fractions.any():
        parts = []
        for i in np.flatnonzero(found.fractions.any(axis=1)).tolist():
            row = np.where(found.fractions[i], values[i], -np.inf)
            tasks = np.flatnonzero(found.fractions[i])
            groups = [_group(bench, int(g)) for g in np.unique(bench.group_of_task[tasks])]
            j = int(np.argmax(row))
            median = _median(bench.sota[tasks])
            beside = "" if np.isinf(median) else f", where the median specialist has {median:g}"
            parts.append(
                f"{named(i)}, {listing(groups)}: {len(tasks)} values, the largest {bench.metric[j]} {values[i, j]:g} "
                f"(task {shown(bench.tasks[j])}){beside}"
            )
        raise InvalidScoreError(
            f"percentages that look like fractions (all at most 1):{bullets(parts, len(parts))}\n{CURES}"
        )
    for mask, what, cure in (
        (found.too_good, "a fraction among percents", f"write it in percent; or {CURES}"),
        (
            found.too_bad,
            "a percent among fractions",
            'write it as a fraction, give the task a `scale`, or take it as it is with fractions="keep" '
            "(--fractions keep)",
        ),
    ):
        if not mask.any() or (scale and mask is found.too_good):
            continue
        cells = [
            f"{named(i)}, task {shown(bench.tasks[j])}: {bench.metric[j]} of {values[i, j]:g}, "
            f"where the specialist has {bench.sota[j]:g}"
            for i, j in np.argwhere(mask).tolist()
        ]
        raise InvalidScoreError(f"a word error rate that looks like {what}:{bullets(cells, len(cells))}\n{cure}")


def describe_doubts(found: Doubts, bench: Benchmark, models: Sequence[str], *, scale: bool) -> list[str]:
    """Notes on what was scaled, and on what was taken as it is."""
    notes = []
    whole = "percentages given as fractions, multiplied by 100" if scale else "percentages all at most 1, as they are"
    which = np.flatnonzero(found.fractions.any(axis=1)).tolist()
    if which:
        lines = []
        for i in which[:10]:
            groups = np.unique(bench.group_of_task[found.fractions[i]])
            lines.append(f"{shown(models[i])} ({listing([_group(bench, int(g)) for g in groups])})")
        more = f" and {len(which) - 10} more" if len(which) > 10 else ""
        notes.append(f"{whole}: {', '.join(lines)}{more}")
    for mask, how in (
        (found.too_good, "given as fractions, multiplied by 100" if scale else "that look like fractions, as they are"),
        (found.too_bad, "that look like percents, as they are"),
    ):
        if mask.any():
            cells = [f"{shown(models[i])} on {shown(bench.tasks[j])}" for i, j in np.argwhere(mask).tolist()]
            notes.append(f"word error rates {how}: {listing(cells)}")
    return notes


# single cells


ROWS = 128
"""Models looked at together."""


def lone_fractions(values: Array, bench: Benchmark, zero: str) -> NDArray[np.intp]:
    """(n, 2) of models and tasks: single values of at most 1 that look like fractions among percents.

    Percentages whose hundredfold is near a specialist above 5, or that are the model's only one in the group; and word
    error rates far below a specialist's whose unit was inferred to be percents.
    """
    like, sota = percentages(bench), bench.sota
    errors = np.array([task in bench.inferred for task in bench.tasks]) & (bench.scale != 1)
    looked_at = (like & (sota > PLAUSIBLE)) | errors

    def low(rows: Array) -> Mask:
        with np.errstate(invalid="ignore"):
            found: Mask = rows <= 1
            found &= rows > 0
        found &= looked_at
        return found

    where = _cells_where(values, low)
    i, j = where.T
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        times = 100 * values[i, j] / sota[j]
    found = like[j] & (sota[j] > PLAUSIBLE) & (times >= 1 / NEAR) & (times <= NEAR)
    found |= errors[j] & (values[i, j] * NEAR < sota[j])
    rows = np.array(sorted(set(i.tolist())), dtype=np.intp)
    given, group, row = given_cells(values[rows], zero) & like, bench.group_of_task, np.searchsorted(rows, i)
    for k in np.flatnonzero(~found & like[j] & (sota[j] > PLAUSIBLE)).tolist():
        found[k] = given[row[k], group == group[j[k]]].sum() == 1
    lone: NDArray[np.intp] = where[found]
    return lone


def near_ties(values: Array, bench: Benchmark, zero: str) -> NDArray[np.intp]:
    """(n, 2) of models and tasks: values that miss a tie with the specialist by less than 1e-9 of it."""
    sota = bench.sota_z
    near = NEAR_TIE * np.abs(sota)

    def close(rows: Array) -> Mask:
        with np.errstate(invalid="ignore", over="ignore"):
            apart = rows * bench.scale
            apart -= sota
            np.abs(apart, out=apart)
            found: Mask = apart < near
        return found

    where = _cells_where(values, close)
    i, j = where.T
    with np.errstate(invalid="ignore", over="ignore"):
        apart = values[i, j] * bench.scale[j] - sota[j]
    ties: NDArray[np.intp] = where[(apart != 0) & given_cells(values[i, j], zero)]
    return ties


def _cells_where(values: Array, of: Callable[[Array], Mask]) -> NDArray[np.intp]:
    """(n, 2) of rows and columns where `of` some rows is true: what lies in the cache is looked at faster."""
    found = [np.empty((0, 2), np.intp)]
    for first in range(0, len(values), ROWS):
        cells = of(values[first : first + ROWS])
        if cells.any():
            places = np.argwhere(cells)
            places[:, 0] += first
            found.append(places)
    return np.concatenate(found)


def describe_cells(
    values: Array, bench: Benchmark, zero: str, model: Callable[[int], str], *, lone: bool = True
) -> list[str]:
    """Notes on single percentages that look like fractions (where `lone`), and on near ties."""
    notes = []
    if lone and len(found := lone_fractions(values, bench, zero)):
        cells = [
            f"{shown(model(i))} on {shown(bench.tasks[j])} ({values[i, j]:g}, specialist {bench.sota[j]:g})"
            for i, j in found[:10].tolist()
        ]
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        count = "1 value" if len(found) == 1 else f"{len(found)} values"
        notes.append(f"{count} of at most 1 among percents, which may be fractions: {', '.join(cells)}{more}")
    ties = near_ties(values, bench, zero)
    if len(ties):
        cells = [
            f"{shown(model(i))} on {shown(bench.tasks[j])} ({value!r}, specialist {float(bench.sota[j])!r})"
            for i, j, value in ((i, j, float(values[i, j])) for i, j in ties[:10].tolist())
        ]
        more = f" and {len(ties) - 10} more" if len(ties) > 10 else ""
        notes.append(f"near ties, within 1e-9 of the specialist: {', '.join(cells)}{more}")
    return notes
