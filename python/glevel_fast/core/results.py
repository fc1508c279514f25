"""Results: raw values of models on tasks (docs/spec.md section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast.errors import ResultsError
from glevel_fast.io.cells import widened
from glevel_fast.io.frames import AsFrames
from glevel_fast.text import fold_task, is_unicode, shown, spelled

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = ["Results"]

Array = NDArray[np.float64]


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
    unknown : bool (n_models, n_tasks), read-only, or None
        Where a model has a value that is not known (not printed, or not one that can be mapped): it counts as not
        supported, and the scores that it would enter are lower bounds (docs/spec.md section 8).
    stderr, n : float64 (n_models, n_tasks), read-only, or None
        The standard error of each value, and the samples behind it; NaN where not known, None where
        none is.
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
    unknown: NDArray[np.bool_] | None = None
    stderr: Array | None = None
    n: Array | None = None
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
        unknown = None if self.unknown is None else np.array(self.unknown, dtype=bool)
        if unknown is not None and unknown.shape != shape:
            raise ResultsError(f"`unknown` has the shape {unknown.shape}; {shape} is needed for (models, tasks)")
        beside: dict[str, Array] = {}
        for name in ("stderr", "n"):
            if (given := getattr(self, name)) is not None:
                beside[name] = _floats(given)
                if beside[name].shape != shape:
                    raise ResultsError(f"{name} has the shape {beside[name].shape}, the values {shape}")
                if (bad := beside[name] < 0).any():
                    i, j = np.argwhere(bad)[0].tolist()
                    value, model = beside[name][i, j], shown(self.models[i])
                    raise ResultsError(f"model {model}, task {shown(self.tasks[j])}: {name} is {value:g}, below 0")
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
                also = "" if twin == model else f" (also written {spelled(twin)})"
                raise ResultsError(f"the model {spelled(model)} is there twice{also}")
        self._freeze(values=values, absent=absent, unknown=unknown, rows=rows, **beside)

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

        Parameters
        ----------
        models : sequence of str
        values : float (n_models, n_tasks)
            Raw values; NaN is not supported.
        bench : Benchmark
        source : str
            Where they come from, for messages.

        Returns
        -------
        Results

        Raises
        ------
        ResultsError
            Where the shape does not fit, or a model's name is empty or there twice.
        """
        names = tuple(models)
        absent = np.zeros(len(names), np.int64)
        return cls(names, bench.tasks, values, (source,) * len(names), absent)  # type: ignore[arg-type]

    def measured_zeros(self) -> NDArray[np.bool_]:
        """bool (n_models, n_tasks): exact zeros that a number of samples stands behind.

        Returns
        -------
        bool (n_models, n_tasks)
        """
        none = np.zeros(self.values.shape, bool)
        return none if self.n is None else (self.values == 0) & (self.n > 0)

    def with_zeros(self, scores: NDArray[np.bool_]) -> Results:
        """Of the exact zeros, those in `scores` alone: the others become NaN, and a note says so.

        Parameters
        ----------
        scores : bool (n_models, n_tasks)

        Returns
        -------
        Results
        """
        values = np.where((self.values == 0) & ~scores, np.nan, self.values)
        n = np.count_nonzero(scores)
        note = f"{n} exact {'zero' if n == 1 else 'zeros'} with a number of samples behind: taken as scores"
        return self._with(values=values, notes=(*self.notes, note))

    def columns(self) -> dict[str, Any]:
        """The wide table that `load_results` reads: `model`, then one column per task.

        Returns
        -------
        dict of list or float64 (n_models,)

        Raises
        ------
        ResultsError
            For a task called "model": its column would take the place of the models'.
        """
        if "model" in self.tasks:
            raise ResultsError(
                "a task is called 'model', as the column of the models is; use to_dict, or give the task another name"
            )
        return {"model": list(self.models)} | dict(zip(self.tasks, self.values.T, strict=True))

    def to_dict(self) -> dict[str, dict[str, float | None]]:
        """{model: {task: value}}, None where not supported; `load_results` reads it, from JSON too.

        Returns
        -------
        dict of dict of float or None
        """
        rows = ([None if x != x else x for x in row] for row in self.values.tolist())
        return {model: dict(zip(self.tasks, row, strict=True)) for model, row in zip(self.models, rows, strict=True)}


def _floats(values: ArrayLike) -> Array:
    """A C-contiguous float64 copy; +inf becomes NaN."""
    if type(values) is not np.ndarray and isinstance(values, np.ma.MaskedArray):  # looking at np.ma loads it
        values = np.ma.filled(values.astype(np.float64), np.nan)
    given = np.asarray(values)
    if given.dtype.kind not in "fiu":
        raise ResultsError(f"the values must be numbers, not {given.dtype}")
    array = np.array(widened(given), dtype=np.float64, order="C")
    if (endless := array == np.inf).any():
        array[endless] = np.nan
    return array
