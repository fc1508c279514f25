"""From raw results to Level-2 to Level-5 scores (SPEC.md sections 3, 4 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from glevel_fast import _core, release
from glevel_fast.benchmark import Benchmark
from glevel_fast.errors import InvalidScoreError, ResultsError
from glevel_fast.results import (
    Results,
    describe_fractions,
    describe_invalid,
    fraction_models,
    invalid_cells,
    load_results,
    percent_tasks,
)
from glevel_fast.scores import Scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from glevel_fast.ablation import Ablation, Prepared
    from glevel_fast.specialists import SpecialistSets
    from glevel_fast.uncertainty import Bootstrap, Unit
    from glevel_fast.update import Updated
    from glevel_fast.what_if import WhatIf

__all__ = ["Scorer"]

Array = NDArray[np.float64]


class Engine(Protocol):
    """What `_core.Engine` and its NumPy twin `reference.Engine` have in common."""

    def score(self, raw: Array, threads: int) -> tuple[Any, ...]: ...
    def overall(self, raw: Array, threads: int) -> Array | None: ...
    def map(self, raw: Array, threads: int) -> Array: ...
    def reduce(self, raw: Array, points: Array, threads: int) -> tuple[Any, ...]: ...


def engine_columns(benchmark: Benchmark) -> dict[str, Any]:
    """The benchmark as the columns that an engine compiles."""
    return benchmark.mapping | {
        "n_modalities": len(benchmark.modalities),
        "group": benchmark.group_of_task.astype(np.int32),
        "scale": benchmark.scale,
        "sota": benchmark.sota_z,
        "weight": benchmark.weight,
    }


class Scorer:
    """Scores results on one benchmark; immutable, thread-safe and picklable.

    Parameters
    ----------
    benchmark : Benchmark
    policy : {"paper", "release"}
        "paper" is SPEC.md sections 2 to 4; "release" reproduces the released scorer, quirks
        included (section 6).
    zero : {"missing", "score"}
        Whether an exact 0 means "not supported" (as in the paper's tables) or is a score.
    invalid : {"error", "missing"}
        Whether a value outside its metric's domain is an error, or not supported and noted.
    fractions : {"error", "scale", "keep"}
        What to do with a model whose percentages (at least three, tasks without a scale) are
        all <= 1: refuse it, multiply them by 100, or take them as they are.

    `zero`, `invalid` and `fractions` belong to the paper's policy; "release" checks nothing,
    as the released scorer does.
    """

    _make_engine: Callable[..., Engine] = _core.Engine

    backend: ClassVar[Any] = _core
    """Where the kernels come from: `_core`, or their NumPy twins in `reference`."""

    def __init__(
        self,
        benchmark: Benchmark,
        policy: Literal["paper", "release"] = "paper",
        *,
        zero: Literal["missing", "score"] = "missing",
        invalid: Literal["error", "missing"] = "error",
        fractions: Literal["error", "scale", "keep"] = "error",
    ) -> None:
        if not isinstance(benchmark, Benchmark):
            raise TypeError(f"benchmark must be a Benchmark (see load_benchmark), not {type(benchmark).__name__}")
        for name, value, choices in (
            ("policy", policy, ("paper", "release")),
            ("zero", zero, ("missing", "score")),
            ("invalid", invalid, ("error", "missing")),
            ("fractions", fractions, ("error", "scale", "keep")),
        ):
            if value not in choices:
                raise ValueError(f"{name}={value!r}: choose one of {', '.join(map(repr, choices))}")
        self._options: dict[str, Any] = {"policy": policy, "zero": zero, "invalid": invalid, "fractions": fractions}
        self._benchmark = benchmark
        _ = self._engine  # what is wrong with it shows here, not at the first score

    @cached_property
    def _engine(self) -> Engine:
        return self.make_engine(engine_columns(self._benchmark))

    @cached_property
    def _quick(self) -> Callable[[Array, int], Array | None]:
        return self._engine.overall if self.policy == "paper" else lambda raw, threads: None

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark it scores on."""
        return self._benchmark

    @property
    def policy(self) -> str:
        """ "paper" or "release"."""
        policy: str = self._options["policy"]
        return policy

    @property
    def zero(self) -> Literal["missing", "score"]:
        """What an exact 0 means: "missing" or "score"."""
        zero: Literal["missing", "score"] = self._options["zero"]
        return zero

    @property
    def fractions(self) -> str:
        """What is done with percentages that are all at most 1: "error", "scale" or "keep"."""
        fractions: str = self._options["fractions"]
        return fractions

    @property
    def engine(self) -> Engine:
        """The compiled benchmark, whose methods are the kernels."""
        return self._engine

    def make_engine(self, columns: Mapping[str, Any]) -> Engine:
        """An engine for a variant of the benchmark, from its columns (see `engine_columns`)."""
        return type(self)._make_engine(**columns, zero_scores=self.zero == "score")

    def engine_of(self, tasks: NDArray[np.intp], **columns: Any) -> Engine:
        """An engine for whole groups of the benchmark, given by their tasks; `columns` are other ones than its own.

        The groups' means and counts are, bit for bit, those that the whole engine gives.
        """
        whole = engine_columns(self._benchmark) | columns
        return self.make_engine({name: c if name == "n_modalities" else c[tasks] for name, c in whole.items()})

    def with_benchmark(self, benchmark: Benchmark) -> Scorer:
        """A scorer with the same options for another benchmark, which it compiles when first asked to score."""
        new = object.__new__(type(self))
        new._options, new._benchmark = self._options, benchmark
        return new

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._benchmark, self._options)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"Scorer({self._benchmark!r}, {options})"

    def score(self, results: Any, *, models: Sequence[str] | None = None, threads: int | None = None) -> Scores:
        """Score models.

        Parameters
        ----------
        results : Results, or float array (n_models, n_tasks) or (n_tasks,)
            Raw values in the benchmark's task order; NaN is "not supported". Other than a
            C-contiguous float64 array it is copied once. Whatever `load_results` takes is
            loaded first.
        models : sequence of str, optional
            Names for the rows of an array.
        threads : int, optional
            Default: all cores this process may use. The bits do not depend on it.

        Raises
        ------
        ResultsError
            The shape or the tasks are not the benchmark's, or the array is not of numbers.
        InvalidScoreError
            A value outside its metric's domain, or fractions where percents belong.
        """
        if not isinstance(results, np.ndarray | Results | list):
            results = load_results(results, self._benchmark, invalid=self._options["invalid"])
        names: tuple[str, ...] | None = None if models is None else tuple(models)
        notes, sources, absent = self._benchmark.notes, None, None
        if isinstance(results, Results):
            if results.tasks != self._benchmark.tasks:
                raise ResultsError("these results were loaded for another benchmark: load them with this one")
            raw, names, sources, absent = results.values, names or results.models, results.sources, results.absent
            notes += results.notes
        else:
            raw = _read_only(self._matrix(results))
        given = results if isinstance(results, Results) else raw
        if names is not None and len(names) != len(raw):
            raise ResultsError(f"{len(names)} model names for {len(raw)} rows")
        if self.policy == "release":
            arrays, release_notes = release.score(self._benchmark, raw, names)
            return self._scores(arrays, notes + release_notes, absent, names, raw, given)
        arrays = self._engine.score(raw, self.count_threads(threads))
        if arrays[6].any():
            raw, arrays, more = self._look_closer(raw, arrays, names, sources, threads)
            notes += more
        return self._scores(arrays[:6], notes, absent, names, _read_only(raw), given)

    def _scores(
        self,
        arrays: tuple[Any, ...],
        notes: tuple[str, ...],
        absent: NDArray[np.int64] | None,
        names: tuple[str, ...] | None,
        raw: Array,
        given: Results | Array,
    ) -> Scores:
        zero = self._options["zero"]
        return Scores(self._benchmark, *arrays, self.policy, notes, absent, names, raw, zero, given)  # type: ignore[call-arg]

    def overall(self, raw: Any, *, threads: int = 1) -> Array:
        """S2 to S5 alone: float64 (n_models, 4), the same bits as `score(raw).overall`.

        For calls that score one model or a few, over and over; under two microseconds for a
        C-contiguous float64 array of shape (1, n_tasks). Raises as `score` does.
        """
        try:
            overall = self._quick(raw, threads)
        except (TypeError, ValueError):  # an array that `score` converts, or refuses more clearly
            overall = None
        return self.score(raw, threads=threads).overall if overall is None else overall

    def map(self, raw: Any, *, threads: int | None = None) -> Array:
        """Raw values on the 100-point scale: float64 (n_models, n_tasks), NaN where not supported.

        A value outside its metric's domain is NaN too. Source: SPEC.md section 2.
        """
        return self._engine.map(self._matrix(raw), self.count_threads(threads))

    def reduce(self, raw: Any, points: Any, *, threads: int | None = None) -> tuple[Any, ...]:
        """Group means and counts from raw values (which decide support and wins) and their points.

        Returns means float64 (n_models, n_groups, 2), supported and wins int32 (n_models, n_groups).
        Source: SPEC.md section 4.
        """
        return self._engine.reduce(self._matrix(raw), self._matrix(points), self.count_threads(threads))

    def prepare(self, results: Any, *, models: Sequence[str] | None = None, threads: int | None = None) -> Prepared:
        """Compile results for many calls of `ablate`, `what_if` and `bootstrap`, which take them in place of results.

        Raises
        ------
        GLevelError
            As in `score`; and where the policy is not the paper's.
        """
        from glevel_fast.ablation import prepare

        return prepare(self, results, models=models, threads=threads)

    def ablate(
        self,
        results: Any,
        sets: SpecialistSets | ArrayLike,
        *,
        full: bool = False,
        models: Sequence[str] | None = None,
        threads: int | None = None,
        piece: int | None = None,
        progress: Callable[[int, int], object] | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Ablation:
        """Score every model under every specialist set: bit for bit what `score` gives with each of them.

        Parameters
        ----------
        results : as in `score`, or what `prepare` returns
        sets : SpecialistSets, or float array (n_sets, n_tasks)
            Raw σ in the benchmark's task order; NaN: nobody can win that task.
        full : bool
            Keep the scores of every set, float64 (n_sets, n_models, 4). Otherwise only a summary is
            kept, whose size does not depend on the number of sets.
        threads, piece : int, optional
            Cores, and sets scored between two calls of `progress`. No number depends on them.
        progress : callable, optional
            Called with (done, total) after each piece. When it raises KeyboardInterrupt, or on
            Ctrl-C in a run of several pieces, what is done so far is returned.
        start, stop : int, optional
            Only sets [start, stop): their summaries merge into that of all.

        Raises
        ------
        GLevelError
            Results that cannot be scored, sets of another benchmark, a σ outside its metric's domain; and
            a summary of more than 10,000 models, whose counts of ranks would take too much memory.
        """
        from glevel_fast.ablation import ablate

        return ablate(
            self, results, sets, full=full, models=models, threads=threads, piece=piece, progress=progress,
            start=start, stop=stop,
        )  # fmt: skip

    def what_if(self, results: Any, changes: Mapping[str, float], *, threads: int | None = None) -> WhatIf:
        """What changes when some tasks get other specialists: wins, scores, levels, ranks.

        Parameters
        ----------
        results : as in `score`, or what `prepare` returns
            With the latter only the changed tasks are looked at.
        changes : {task: raw σ}
            NaN: no specialist, nobody can win the task.

        Raises
        ------
        GLevelError
            No change, an unknown task, a σ outside its metric's domain; and as in `prepare`.
        """
        from glevel_fast.what_if import what_if

        return what_if(self, results, changes, threads=threads)

    def update(
        self,
        scores: Scores,
        *,
        specialists: Mapping[str, float] | None = None,
        add_tasks: Mapping[str, Mapping[str, Any]] | None = None,
        remove_tasks: Iterable[str] = (),
        add_models: Mapping[str, Mapping[str, float]] | None = None,
        cells: Mapping[tuple[str, str], float] | None = None,
        threads: int | None = None,
    ) -> Updated:
        """A new scorer, results and scores after changes: bit for bit what scoring from scratch gives.

        That is `updated.scorer.score(updated.results)`, with its errors and notes. What is computed:

        - other specialists: the changed groups, for the models that gain or lose a win; the results
          are shared with the old ones, and not copied;
        - new and removed tasks: their groups, for all models, in a new array of results;
        - new models and corrected cells: these models, in a new array of results.

        Everything is scored anew where the set of modalities changes, under the release's policy, and,
        unless only specialists change, where results hold values outside their domain or in fractions.

        Parameters
        ----------
        scores : Scores
            This scorer's.
        specialists : {task: raw σ}
        add_tasks : {task: fields}
            The fields are a benchmark's columns (modality, paradigm, metric and sota at least), and
            `values`, {model: raw value}.
        remove_tasks : tasks
        add_models : {model: {task: raw value}}
        cells : {(model, task): raw value}
            In the unit of the results as they came in, fractions where they were fractions.

        Raises
        ------
        GLevelError
            Scores of another scorer, unknown tasks or models, a model or task that is there already;
            and as in `Benchmark` and `score`.
        """
        from glevel_fast.update import update

        return update(
            self, scores, specialists=specialists, add_tasks=add_tasks, remove_tasks=remove_tasks,
            add_models=add_models, cells=cells, threads=threads,
        )  # fmt: skip

    def bootstrap(
        self,
        results: Any,
        n: int = 10_000,
        unit: Unit = "task",
        seed: int = 0,
        *,
        models: Sequence[str] | None = None,
        threads: int | None = None,
        piece: int | None = None,
        progress: Callable[[int, int], object] | None = None,
        compare: Iterable[int] = (),
    ) -> Bootstrap:
        """Resample the benchmark's tasks: intervals of scores and ranks, chances of levels, P(A above B).

        It covers the choice of tasks, and not sample noise inside a task. In each group as many units
        as there are get drawn with replacement, the same for all models. Seed and resample alone decide
        what is drawn: the numbers are the same on every machine and for any thread count.

        Parameters
        ----------
        results : as in `score`, or what `prepare` returns
        n : int
            How many resamples.
        unit : {"task", "skill", "modality"}
            What is drawn: tasks of a group, skills of a group (with all their tasks), or modalities
            (language then stays as it is).
        seed : int
            0 to 2^64 - 1.
        threads, piece, progress : as in `ablate`
        compare : levels
            Whose boards the result will be asked about: P(A above B) of all models is counted on the
            way. For others the resamples are made again when they are asked for.

        Raises
        ------
        GLevelError
            n < 1, an unknown unit or level, a negative seed, unit="skill" where a task has no skill, or more than
            10,000 models, whose counts of ranks would take too much memory.
        """
        from glevel_fast.uncertainty import bootstrap

        return bootstrap(
            self, results, n, unit, seed, models=models, threads=threads, piece=piece, progress=progress,
            compare=compare,
        )  # fmt: skip

    def _matrix(self, given: Any) -> Array:
        n = self._benchmark.n_tasks
        if type(given) is np.ndarray and given.dtype == np.float64 and given.flags.c_contiguous and given.ndim == 2:
            array = given
        else:
            if isinstance(given, np.ma.MaskedArray):
                given = np.ma.filled(given.astype(np.float64), np.nan)
            array = np.asarray(given.values if isinstance(given, Results) else given)
            if array.dtype.kind not in "fiu":
                raise ResultsError(f"results must be an array of numbers, not of {array.dtype}")
            array = np.ascontiguousarray(array, dtype=np.float64)
            if array.ndim == 1:
                array = array[np.newaxis]
        if array.ndim != 2 or array.shape[1] != n:
            raise ResultsError(f"results have the shape {array.shape}; the benchmark needs (n_models, {n})")
        return array

    @staticmethod
    def count_threads(threads: int | None) -> int:
        """`threads`, or by default all cores this process may use."""
        if threads is None:
            return _core.available_threads()
        if threads < 1:
            raise ValueError(f"threads={threads}: at least 1")
        return threads

    def _look_closer(
        self,
        raw: Array,
        arrays: tuple[Any, ...],
        names: tuple[str, ...] | None,
        sources: tuple[str, ...] | None,
        threads: int | None,
    ) -> tuple[Array, tuple[Any, ...], tuple[str, ...]]:
        """The engine saw a value that may be outside its domain, or a row that may be in fractions."""
        rows = np.flatnonzero(arrays[6])
        zero, notes = self._options["zero"], []
        models = tuple(names[i] if names is not None else f"model {i}" for i in rows)
        origin = tuple(sources[i] for i in rows) if sources is not None else ("",) * len(rows)
        suspects = raw[rows]
        outside = invalid_cells(suspects, self._benchmark, zero)
        if outside.any():
            refuse = self._options["invalid"] == "error"
            message = describe_invalid(outside, suspects, self._benchmark, models, origin, advice=refuse)
            if refuse:
                raise InvalidScoreError(message)
            notes.append(f"taken as not supported: {message}")
        in_fractions = fraction_models(suspects, self._benchmark, zero)
        if in_fractions.any():
            which = [i for i in range(len(rows)) if in_fractions[i]]
            listed = ", ".join(repr(models[i]) for i in which[:10]) + (" ..." if len(which) > 10 else "")
            if self._options["fractions"] == "error":
                raise InvalidScoreError(describe_fractions(in_fractions, suspects, self._benchmark, models, origin))
            if self._options["fractions"] == "scale":
                raw = raw.copy()
                raw[np.ix_(rows[in_fractions], percent_tasks(self._benchmark))] *= 100.0
                arrays = self._engine.score(raw, self.count_threads(threads))
                notes.append(f"percentages given as fractions, multiplied by 100: {listed}")
            else:
                notes.append(f"percentages all at most 1, taken as they are: {listed}")
        return raw, arrays, tuple(notes)


def _read_only(array: Array) -> Array:
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _rebuild(cls: type[Scorer], benchmark: Benchmark, options: dict[str, Any]) -> Scorer:
    return cls(benchmark, **options)
