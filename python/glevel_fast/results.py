"""Results: raw values of models on tasks, and the linter of their units and ranges (SPEC.md section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast.benchmark import Benchmark, fold_task
from glevel_fast.errors import ResultsError
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.table import bullets, is_unicode, shown

__all__ = [
    "Results",
    "describe_fractions",
    "describe_invalid",
    "fraction_models",
    "invalid_cells",
    "load_results",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Results(AsFrames):
    """Raw values of models on a benchmark's tasks.

    Attributes
    ----------
    models : tuple of str
        Unique up to case and white space.
    tasks : tuple of str
        The benchmark's tasks, in its order.
    values : float64 (n_models, n_tasks), C-contiguous, read-only
        NaN is "not supported" (+inf is taken as that); exact zeros are kept.
    sources : tuple of str
        Where each model comes from: a file's name, "DataFrame", "dict".
    absent : int64 (n_models,), read-only
        How many tasks of the benchmark were not in the input at all.
    notes : tuple of str
        What was inferred or passed over.
    rows : dict
        Position of each model under its folded name, in the order of the models.

    Raises
    ------
    ResultsError
        Where the parts do not fit together.
    """

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    values: Array
    sources: tuple[str, ...]
    absent: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    rows: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("models", "tasks", "sources", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        values, shape = _floats(self.values), (len(self.models), len(self.tasks))
        if values.shape != shape:
            raise ResultsError(f"the values have the shape {values.shape}; {shape} is needed for (models, tasks)")
        absent = np.array(self.absent, dtype=np.int64)
        if absent.shape != shape[:1] or len(self.sources) != shape[0]:
            raise ResultsError(f"{len(self.sources)} sources and {absent.size} counts for {shape[0]} models")
        rows: dict[str, int] = {}
        for i, model in enumerate(self.models):
            if not isinstance(model, str) or not (folded := fold_task(model)):
                raise ResultsError(f"a model has no name: {shown(model)}")
            if not is_unicode(model):
                raise ResultsError(
                    f"the model's name {shown(model)} is not Unicode text (a lone surrogate); correct it"
                )
            if (first := rows.setdefault(folded, i)) != i:
                twin = self.models[first]
                also = "" if twin == model else f" (also written {shown(twin)})"
                raise ResultsError(f"the model {shown(model)} is there twice{also}")
        self._freeze(values=values, absent=absent, rows=rows)

    def _freeze(self, **parts: Any) -> None:
        for name, part in parts.items():
            if isinstance(part, np.ndarray):
                part.flags.writeable = False
            object.__setattr__(self, name, part)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._freeze(**state)  # arrays come out of a pickle writable

    def _with(self, **parts: Any) -> Results:
        """With other parts, which must fit together: nothing is checked, and arrays are taken as they are."""
        new = object.__new__(Results)
        new._freeze(**self.__dict__ | parts)
        return new

    def __len__(self) -> int:
        return len(self.models)

    def __repr__(self) -> str:
        filled = np.count_nonzero(~np.isnan(self.values))
        names = ", ".join(map(shown, self.models[:3])) + (", ..." if len(self) > 3 else "")
        notes = f", {len(self.notes)} note{'s' * (len(self.notes) > 1)}" if self.notes else ""
        return f"Results({len(self)} models x {len(self.tasks)} tasks, {filled} values{notes}: {names})"

    @classmethod
    def from_array(cls, models: Sequence[str], values: ArrayLike, bench: Benchmark, source: str = "array") -> Results:
        """Results from a matrix (n_models, n_tasks) in the benchmark's order of tasks; it is copied.

        Raises
        ------
        ResultsError
            Where the shape does not fit, or a model's name is empty or there twice.
        """
        names = tuple(models)
        absent = np.zeros(len(names), np.int64)
        return cls(names, bench.tasks, values, (source,) * len(names), absent)  # type: ignore[arg-type]

    def columns(self) -> dict[str, Any]:
        """The wide table that `load_results` reads: `model`, then one column per task."""
        return {"model": list(self.models)} | dict(zip(self.tasks, self.values.T, strict=True))

    def to_dict(self) -> dict[str, dict[str, float | None]]:
        """{model: {task: value}}, None where not supported; `load_results` reads it, from JSON too."""
        rows = ([None if x != x else x for x in row] for row in self.values.tolist())
        return {model: dict(zip(self.tasks, row, strict=True)) for model, row in zip(self.models, rows, strict=True)}


def _floats(values: ArrayLike) -> Array:
    """A C-contiguous float64 copy; +inf becomes NaN."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    given = np.asarray(values)
    if given.dtype.kind not in "fiu":
        raise ResultsError(f"the values must be numbers, not {given.dtype}")
    array = np.array(given, dtype=np.float64, order="C")
    if (endless := array == np.inf).any():
        array[endless] = np.nan
    return array


def load_results(
    source: Any,
    bench: Benchmark,
    *,
    partial: bool = False,
    invalid: Literal["error", "missing"] = "error",
    progress: Callable[[int, int], object] | None = None,
) -> Results:
    """Read results from files, frames or dicts.

    Parameters
    ----------
    source : path, list of sources, DataFrame, or dict
        A workbook in the released layout (.xlsx, .xlsm); .csv, .parquet, .json, a pandas, polars
        or Arrow table, wide (`model`, then one column per task) or long (`model, task, value`);
        a dict {model: {task: value}}, in JSON too. Task names meet case-blind with white space
        folded, model names likewise.
    bench : Benchmark
        Decides the tasks, their order and their metrics.
    partial : bool
        Accept a workbook in which tasks of the benchmark are missing (its template lists all);
        elsewhere a task that is absent always counts as not supported.
    invalid : {"error", "missing"}
        Whether a cell that is neither a number nor "not supported" (empty, None, NaN, "∞",
        "inf", "-", "/") is an error, or counts as not supported and is noted.
    progress : callable, optional
        Called with (done, total) after each source of a list.

    Returns
    -------
    Results
        In the order of the sources, and within each in its own order.

    Raises
    ------
    ResultsError
        Naming file, sheet, row or line, task and value. Source: SPEC.md section 3.
    """
    from glevel_fast import _intake

    if invalid not in ("error", "missing"):
        raise ResultsError(f"invalid={invalid!r}: choose 'error' or 'missing'")
    if not isinstance(bench, Benchmark):
        raise TypeError(f"bench must be a Benchmark (see load_benchmark), not {type(bench).__name__}")
    sources = list(source) if isinstance(source, (list, tuple, set, frozenset, Iterator)) else [source]
    if not sources:
        raise ResultsError("no results: the list of sources is empty")
    blocks = []
    for done, item in enumerate(sources, start=1):
        blocks.append(_intake.read(item, bench, partial=partial, lenient=invalid == "missing"))
        if progress is not None:
            progress(done, len(sources))
    whole = _intake.join(blocks)
    return Results(
        tuple(whole.models), bench.tasks, whole.values, tuple(whole.sources), whole.absent, tuple(whole.notes)
    )


def _supported(values: Array, zero: str) -> Mask:
    given: Mask = ~(np.isnan(values) | np.isposinf(values))
    return given if zero == "score" else given & (values != 0)


def percent_tasks(bench: Benchmark) -> Mask:
    """bool (n_tasks,): tasks whose raw values are percentages: such a metric, and no scale."""
    percent: Mask = bench.mapping["kind"] == 0
    return percent


def invalid_cells(values: Array, bench: Benchmark, zero: Literal["missing", "score"] = "missing") -> Mask:
    """bool (n_models, n_tasks): cells that are neither missing nor, times scale, inside their metric's domain.

    Missing is NaN, +inf, and an exact 0 unless zero="score". Source: SPEC.md sections 2 and 3.
    """
    low, high = bench.mapping["low"], bench.mapping["high"]
    with np.errstate(over="ignore", invalid="ignore"):
        z = values * bench.scale
    outside: Mask = _supported(values, zero) & ~((z >= low) & (z <= high))
    return outside


def describe_invalid(
    mask: Mask, values: Array, bench: Benchmark, models: Sequence[str], sources: Sequence[str], *, advice: bool = True
) -> str:
    """Up to ten cells of `mask`, by source, model, task, metric, value and domain, and how many more."""
    where = np.flatnonzero(mask)

    def cells() -> Iterable[str]:
        for i, j in (divmod(cell, bench.n_tasks) for cell in map(int, where)):
            origin = f"{sources[i]}: " if sources[i] else ""
            scale = f" x scale {bench.scale[j]:g}" if bench.scale[j] != 1 else ""
            yield (
                f"{origin}model {shown(models[i])}, task {shown(bench.tasks[j])}: "
                f"{bench.metric[j]} of {values[i, j]:.6g}{scale} is outside {bench.metrics[j].domain}"
            )

    noun = "value is" if len(where) == 1 else "values are"
    hint = '\ncorrect them, or take them as not supported: invalid="missing" (--invalid missing)' if advice else ""
    return f"{len(where)} {noun} outside the domain of the task's metric:{bullets(cells(), len(where))}{hint}"


def fraction_models(values: Array, bench: Benchmark, zero: Literal["missing", "score"] = "missing") -> Mask:
    """bool (n_models,): models that seem to give fractions where percents belong.

    They have at least three supported values of percentages (tasks with a scale do not count),
    not all 0, and none above 1. Source: SPEC.md section 3.
    """
    values = values[:, percent_tasks(bench)]
    supported = _supported(values, zero)
    highest = np.where(supported, values, 0.0).max(axis=1, initial=0.0)
    found: Mask = (supported.sum(axis=1) >= 3) & (highest > 0) & (highest <= 1)
    return found


def describe_fractions(
    mask: Mask, values: Array, bench: Benchmark, models: Sequence[str], sources: Sequence[str]
) -> str:
    """Which models of `mask`, with their largest percentage, and which option converts."""
    percent = percent_tasks(bench)
    which = np.flatnonzero(mask)

    def lines() -> Iterable[str]:
        for i in which.tolist():
            row = np.where(percent & _supported(values[i], "missing"), values[i], -np.inf)
            j = int(np.argmax(row))
            origin = f"{sources[i]}: " if sources[i] else ""
            count = np.count_nonzero(row > -np.inf)
            yield (
                f"{origin}model {shown(models[i])}: {count} values, the largest {bench.metric[j]} "
                f"{row[j]:g} (task {shown(bench.tasks[j])})"
            )

    return (
        f"percentages that look like fractions (all at most 1):{bullets(lines(), len(which))}\n"
        'multiply them by 100 with fractions="scale" (--fractions scale), '
        'or take them as they are with fractions="keep" (--fractions keep)'
    )
