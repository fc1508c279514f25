"""From raw results to Level-2 to Level-5 scores (docs/spec.md sections 3, 4 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast import _core
from glevel_fast.core import release
from glevel_fast.core.benchmark import Benchmark
from glevel_fast.core.checks import describe_invalid, invalid_cells
from glevel_fast.core.compiled import Compiled, Options, Reduced, Scored, count_threads
from glevel_fast.core.results import Results
from glevel_fast.core.scores import Scores
from glevel_fast.core.units import (
    compiled,
    describe_doubts,
    doubts,
    refuse_doubts,
    scaled,
    suspected_errors,
)
from glevel_fast.errors import InvalidScoreError, ResultsError
from glevel_fast.io.cells import widened

__all__ = ["Scorer"]

Array = NDArray[np.float64]
FLOAT64 = np.dtype(np.float64)
AnyScorer = TypeVar("AnyScorer", bound="Scorer")


class Scorer:
    """Scores results on one benchmark; what `glevel_fast.Scorer` adds to it are the rooms above.

    Attributes
    ----------
    compiled : Compiled
        The benchmark and the options, with the engine; the scores keep it.
    """

    backend: ClassVar[Any] = _core
    kind_of_scores: ClassVar[type[Scores]] = Scores

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
        self.compiled = compiled(benchmark, Options(policy, zero, invalid, fractions), self.backend)
        _ = self.compiled.engine  # what is wrong with it shows here, not at the first score

    @classmethod
    def of(cls: type[AnyScorer], compiled: Compiled) -> AnyScorer:
        """A scorer for what is compiled already, or will be when it is first asked to score.

        Parameters
        ----------
        compiled : Compiled

        Returns
        -------
        Scorer
            Of this class, with the options of what is compiled.
        """
        new = object.__new__(cls)
        new.compiled = compiled
        return new

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.compiled)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self.compiled.options).items())
        return f"Scorer({self.benchmark!r}, {options})"

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark it scores on."""
        return self.compiled.benchmark

    @property
    def policy(self) -> Literal["paper", "release"]:
        """ "paper" or "release"."""
        return self.compiled.options.policy

    @property
    def zero(self) -> Literal["missing", "score"]:
        """What an exact 0 means: "missing" or "score"."""
        return self.compiled.options.zero

    @property
    def fractions(self) -> Literal["error", "scale", "keep"]:
        """What is done with percentages that are all at most 1: "error", "scale" or "keep"."""
        return self.compiled.options.fractions

    @cached_property
    def _quick(self) -> Callable[[Array, int], Array | None]:
        if self.policy == "paper" and self._doubtful is None:
            return self.compiled.engine.overall
        return lambda raw, threads: None

    @cached_property
    def _doubtful(self) -> Callable[[Array], NDArray[np.bool_]] | None:
        """What the engine does not see: which rows may hold a value in another unit than the benchmark's."""
        if self.compiled.from_fractions:
            return lambda raw: np.ones(len(raw), bool)
        return suspected_errors(self.benchmark)

    @cached_property
    def scoring_zeros(self: AnyScorer) -> AnyScorer:
        """The same scorer with zero="score"; it scores results whose zeros are known to be scores."""
        options = replace(self.compiled.options, zero="score")
        return self.of(replace(self.compiled, options=options))

    def score(
        self, results: Results | ArrayLike, *, models: Sequence[str] | None = None, threads: int | None = None
    ) -> Scores:
        """Score `Results` or an array; see `glevel_fast.Scorer.score`.

        Parameters
        ----------
        results : Results, or float array (n_models, n_tasks) or (n_tasks,)
        models : sequence of str, optional
            Names for the rows of an array.
        threads : int, optional
            Default: all cores this process may use. No number depends on it.

        Returns
        -------
        Scores
        """
        compiled = self.compiled
        benchmark, policy = compiled.benchmark, compiled.options.policy
        names: tuple[str, ...] | None = None if models is None else tuple(models)
        notes, sources, absent = benchmark.notes, None, None
        given: Results | Array
        if isinstance(results, Results):
            if results.tasks != benchmark.tasks:
                raise ResultsError("these results were loaded for another benchmark: load them with this one")
            if policy == "paper" and self.zero == "missing" and (zeros := results.measured_zeros()).any():
                return self.scoring_zeros.score(results.with_zeros(zeros), models=models, threads=threads)
            raw, names, sources, absent = results.values, names or results.models, results.sources, results.absent
            notes += results.notes
            given = results
        else:
            given = raw = _read_only(self._matrix(results))
        if names is not None and len(names) != len(raw):
            raise ResultsError(f"{len(names)} model names for {len(raw)} rows")
        n_threads = 1 if threads is None and len(raw) == 1 else count_threads(threads)  # asking costs microseconds
        if policy == "release":
            arrays, release_notes = release.score(benchmark, raw, names)
            return self.made(arrays, notes + release_notes, absent, names, raw, given)
        arrays = compiled.engine.score(raw, n_threads)
        if 1 not in arrays[6].tobytes() and self._doubtful is None:
            return self.made(arrays, notes, absent, names, raw, given)
        scored = Scored._make(arrays)
        suspect, looked = scored.suspect.astype(bool), tuple[str, ...]()
        if self._doubtful is not None:
            suspect |= self._doubtful(raw)
        if is_suspect := bool(suspect.any()):
            raw, scored, looked = self._look_closer(raw, scored, np.flatnonzero(suspect), names, sources, n_threads)
        return self.made(scored, notes, absent, names, _read_only(raw), given, looked, is_suspect)

    def made(
        self,
        arrays: tuple[Any, ...],
        notes: tuple[str, ...],
        absent: NDArray[np.int64] | None,
        names: tuple[str, ...] | None,
        raw: Array,
        given: Results | Array,
        looked: tuple[str, ...] = (),
        suspect: bool = False,
    ) -> Scores:
        """Scores of this scorer, from the first six arrays of `Scored` (or all).

        Parameters
        ----------
        arrays : `Scored`, or the first six of it
        notes : tuple of str
        absent : int64 (n_models,) or None
        names : tuple of str or None
        raw : float64 (n_models, n_tasks)
            What was scored.
        given : Results or float64 (n_models, n_tasks)
            What came in.
        looked : tuple of str
            Notes that scoring made.
        suspect : bool
            Whether some values had to be looked at one by one.

        Returns
        -------
        Scores
        """
        # A frozen dataclass sets its fields one by one, which takes as long as scoring a model.
        scores = object.__new__(self.kind_of_scores)
        vars(scores).update(
            compiled=self.compiled, overall=arrays[0], modality=arrays[1], means=arrays[2], supported=arrays[3],
            wins=arrays[4], level=arrays[5], said=notes, absent=absent, names=names, raw=raw, given=given,
            looked=looked, suspect=suspect,
        )  # fmt: skip
        return scores

    def overall(self, raw: Any, *, threads: int = 1) -> Array:
        """S2 to S5 alone: float64 (n_models, 4), the same bits as `score(raw).overall`.

        For calls that score one model or a few, over and over: microseconds for a C-contiguous float64
        array of shape (1, n_tasks). Raises as `score` does.

        Parameters
        ----------
        raw : float array (n_models, n_tasks)
        threads : int

        Returns
        -------
        float64 (n_models, 4)
        """
        try:
            overall = self._quick(raw, threads)
        except (TypeError, ValueError):  # an array that `score` converts, or refuses more clearly
            overall = None
        return self.score(raw, threads=threads).overall if overall is None else overall

    def map(self, raw: Any, *, threads: int | None = None) -> Array:
        """Raw values on the 100-point scale: float64 (n_models, n_tasks), NaN where not supported.

        A value outside its metric's domain is NaN too. Source: docs/spec.md section 2.

        Parameters
        ----------
        raw : float array (n_models, n_tasks)
        threads : int, optional
            Default: all cores this process may use. No number depends on it.

        Returns
        -------
        float64 (n_models, n_tasks)
            In points.
        """
        return self.compiled.engine.map(self._matrix(raw), count_threads(threads))

    def reduce(self, raw: Any, points: Any, *, threads: int | None = None) -> Reduced:
        """Group means and counts from raw values (which decide support and wins) and their points.

        Returns means float64 (n_models, n_groups, 2), supported and wins int32 (n_models, n_groups).
        Source: docs/spec.md section 4.

        Parameters
        ----------
        raw, points : float array (n_models, n_tasks)
        threads : int, optional
            Default: all cores this process may use. No number depends on it.

        Returns
        -------
        Reduced
        """
        engine = self.compiled.engine
        return Reduced._make(engine.reduce(self._matrix(raw), self._matrix(points), count_threads(threads)))

    def _matrix(self, given: Any) -> Array:
        n = self.benchmark.n_tasks
        if (
            type(given) is np.ndarray
            and given.dtype is FLOAT64
            and given.ndim == 2
            and (flags := given.flags).c_contiguous
            and flags.aligned
        ):
            array = given
        else:
            if type(given) is not np.ndarray and isinstance(given, np.ma.MaskedArray):
                given = np.ma.filled(given.astype(np.float64), np.nan)
            array = np.asarray(given.values if isinstance(given, Results) else given)
            if array.dtype.kind not in "fiu":
                raise ResultsError(f"results must be an array of numbers, not of {array.dtype}")
            array = np.require(widened(array), np.float64, ["C", "A"])
            if array.ndim == 1:
                array = array[np.newaxis]
        if array.ndim != 2 or array.shape[1] != n:
            raise ResultsError(f"results have the shape {array.shape}; the benchmark needs (n_models, {n})")
        return array

    def _look_closer(
        self,
        raw: Array,
        scored: Scored,
        rows: NDArray[np.intp],
        names: tuple[str, ...] | None,
        sources: tuple[str, ...] | None,
        threads: int,
    ) -> tuple[Array, Scored, tuple[str, ...]]:
        """What is wrong with the values of rows that may hold some outside their domain, or in another unit."""
        bench, zero, notes = self.benchmark, self.zero, []
        models = tuple(names[i] if names is not None else f"model {i}" for i in rows)
        origin = tuple(sources[i] for i in rows) if sources is not None else ("",) * len(rows)
        suspects = raw[rows]
        outside = invalid_cells(suspects, bench, zero)
        if outside.any():
            refuse = self.compiled.options.invalid == "error"
            message = describe_invalid(outside, suspects, bench, models, origin, advice=refuse)
            if refuse:
                raise InvalidScoreError(message)
            notes.append(f"taken as not supported: {message}")
        found = doubts(suspects, bench, zero, self.compiled.from_fractions)
        if found.any():
            scale = self.fractions == "scale"
            if self.fractions != "keep":
                refuse_doubts(found, suspects, bench, models, origin, scale=scale)
            notes += describe_doubts(found, bench, models, scale=scale)
            if scale:
                raw = raw.copy()
                raw[rows] = scaled(suspects, found)
                scored = Scored._make(self.compiled.engine.score(raw, threads))
        return raw, scored, tuple(notes)


def _read_only(array: Array) -> Array:
    if array.flags.writeable:
        array = array.view()
        array.setflags(write=False)
    return array


def _rebuild(cls: type[Scorer], compiled: Compiled) -> Scorer:
    return cls.of(compiled)
