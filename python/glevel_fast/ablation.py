"""Every model under many specialist sets, at once."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast.errors import GLevelError
from glevel_fast.scoring import engine_columns
from glevel_fast.specialists import SpecialistSets
from glevel_fast.summary import Summary

if TYPE_CHECKING:
    from glevel_fast.scores import Scores
    from glevel_fast.scoring import Scorer

__all__ = ["Ablation", "Interrupt", "Prepared", "ablate", "prepare", "sets_in_piece"]

Array = NDArray[np.float64]
Progress = Callable[[int, int], object]
PIECE_VALUES = 2**21
"""Scores in a piece when nobody says otherwise: 16 MB, whatever the number of models."""
PIECE_PAIRS = 2**29
"""Models x tasks x sets in a piece: a fraction of a second, so that Ctrl-C need not wait longer."""
PIECE_SCORED = 2**24
"""The same where each set is scored by an engine of its own."""


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """Results compiled for being scored many times: for `ablate`, `what_if` and `bootstrap` of one scorer.

    Attributes
    ----------
    scorer : Scorer
    scores : Scores
        Under the benchmark as it is.
    raw : float64 (n_models, n_tasks)
        A copy: fractions scaled where the scorer was told to, values outside their domain as given.
    """

    scorer: Scorer
    scores: Scores
    raw: Array
    pairs: Any
    base_ranks: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        return f"Prepared({len(self)} models x {self.raw.shape[1]} tasks)"


def prepare(
    scorer: Scorer, results: Any, *, models: Sequence[str] | None = None, threads: int | None = None
) -> Prepared:
    """See `Scorer.prepare`."""
    if isinstance(results, Prepared):
        if results.scorer is not scorer:
            raise GLevelError("these results were prepared by another scorer: prepare them with this one")
        return results
    if scorer.policy != "paper":
        raise GLevelError("ablations, what-if and resampling need a scorer with policy='paper'")
    scores = scorer.score(results, models=models, threads=threads)
    if scores.raw is None:
        raise GLevelError("the scorer kept no raw values")
    raw = np.array(scores.raw, dtype=np.float64, order="C")  # fractions are scaled in it already
    pairs = scorer.backend.Pairs(scorer.engine, raw, scorer.count_threads(threads))
    return Prepared(scorer, scores, raw, pairs, scorer.backend.ranks(scores.overall))


@dataclass(frozen=True, eq=False, repr=False)
class Ablation:
    """Scores of every model under many specialist sets.

    Attributes
    ----------
    sets : SpecialistSets
    done : int
        How many of them are in it: fewer than there are when the run was interrupted.
    scores : float64 (done, n_models, 4) or None
        S2 to S5; only with full=True.
    """

    prepared: Prepared
    sets: SpecialistSets
    done: int
    scores: Array | None
    _summary: Summary | None
    _threads: int | None

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order of all arrays."""
        return self.prepared.scores.models

    @property
    def complete(self) -> bool:
        """Whether all sets are done; False after an interrupt."""
        return self.done == self.sets.n

    @cached_property
    def summary(self) -> Summary:
        """Means, quantiles, levels, ranks and pivotal specialists; with full=True it is made when asked for."""
        if self._summary is not None:
            return self._summary
        again = ablate(self.prepared.scorer, self.prepared, self.sets, threads=self._threads, stop=self.done)
        return again.summary

    def __repr__(self) -> str:
        done = "" if self.complete else f"; interrupted after {self.done}"
        return f"Ablation({len(self.models)} models under {self.sets.n} sets: {self.sets.what}{done})"

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Plain data, as `glevel ablate --json` writes it."""
        from glevel_fast import __version__

        benchmark = self.sets.benchmark
        return {
            "glevel_fast": __version__,
            "benchmark": {"tasks": benchmark.n_tasks, "sha256": benchmark.sha256},
            "sets": {"what": self.sets.what, "strict": self.sets.strict, "n": self.sets.n, "done": self.done},
            "summary": self.summary.to_dict(confidence),
            "notes": list(self.prepared.scores.notes),
        }


def ablate(
    scorer: Scorer,
    results: Any,
    sets: SpecialistSets | ArrayLike,
    *,
    full: bool = False,
    threads: int | None = None,
    piece: int | None = None,
    progress: Progress | None = None,
    models: Sequence[str] | None = None,
    start: int = 0,
    stop: int | None = None,
) -> Ablation:
    """See `Scorer.ablate`."""
    prepared = prepare(scorer, results, models=models, threads=threads)
    if not isinstance(sets, SpecialistSets):
        sets = SpecialistSets.from_matrix(scorer.benchmark, sets)
    elif sets.benchmark is not scorer.benchmark and sets.benchmark != scorer.benchmark:
        raise GLevelError("these specialist sets are of another benchmark: make them from the scorer's")
    stop = sets.n if stop is None else stop
    if not 0 <= start <= stop <= sets.n:
        raise GLevelError(f"start={start}, stop={stop}: there are sets 0 to {sets.n}")
    if piece is not None and piece < 1:
        raise GLevelError(f"piece={piece}: at least one set")
    n_models, n_threads = len(prepared), scorer.count_threads(threads)
    step = piece or sets_in_piece(n_models, sets.benchmark.n_tasks)
    if sets.dropped is not None and piece is None:
        step = min(step, max(1, PIECE_SCORED // max(prepared.raw.size, 1)))
    summary = None if full else _empty(prepared)
    out = np.empty((stop - start if full else min(step, stop - start), n_models, 4))
    done = start
    with Interrupt(stop - start > step) as interrupt:
        for first in range(start, stop, step):
            last = min(first + step, stop)
            target = out[first - start : last - start] if full else out[: last - first]
            decided = _piece(prepared, sets, first, last, target, not full, n_threads)
            if summary is not None:
                _take(summary, prepared, target, decided, _only_task(sets, first, last), n_threads)
            done = last
            if interrupt.between_pieces(progress, done - start, stop - start):
                break
    return Ablation(prepared, sets, done - start, out[: done - start] if full else None, summary, threads)


def sets_in_piece(n_models: int, n_tasks: int) -> int:
    """Sets or resamples to do between two looks at Ctrl-C: 1,024 at most, and fewer for many models or tasks."""
    most = min(PIECE_VALUES // 4, PIECE_PAIRS // n_tasks) // max(n_models, 1)
    return min(max(64, most // 64 * 64), 1024)


class Interrupt:
    """Ctrl-C takes effect between two pieces, so that what is done so far is whole; a second one at once.

    A run of a single piece has nothing to keep: Ctrl-C is what it always is.
    """

    def __init__(self, several_pieces: bool) -> None:
        self._several = several_pieces

    def __enter__(self) -> Interrupt:
        self._asked = False
        self._before: Any = None
        if self._several and threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):
                signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if callable(self._before):
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: Any) -> None:
        if self._asked:
            self._before(number, frame)
        self._asked = True

    def between_pieces(self, progress: Progress | None, done: int, total: int) -> bool:
        """Report, and tell whether to stop: on Ctrl-C, or when `progress` raises KeyboardInterrupt."""
        try:
            if progress is not None:
                progress(done, total)
        except KeyboardInterrupt:
            self._asked = True
        return self._asked


def _empty(prepared: Prepared) -> Summary:
    scores = prepared.scores
    return Summary.empty(scores.models, scores.benchmark.tasks, scores.overall, prepared.base_ranks)


def _take(
    summary: Summary,
    prepared: Prepared,
    scores: Array,
    decided: NDArray[np.int64],
    only: NDArray[np.int64],
    threads: int,
) -> None:
    summary.count(len(scores))
    moved = prepared.scorer.backend.summarise(scores, prepared.base_ranks, summary.arrays, threads)
    summary.decided += decided
    alone = only >= 0
    np.add.at(summary.moved, only[alone], moved[alone])


def _only_task(sets: SpecialistSets, first: int, last: int) -> NDArray[np.int64]:
    """int64 (n_sets,): the task whose specialist alone a set changes, -1 where there are others."""
    only = np.full(last - first, -1, dtype=np.int64)
    if sets.sparse and not sets.strict:
        begin, tasks, _ = sets.changes(first, last)
        alone = np.diff(begin) == 1
        only[alone] = tasks[begin[:-1][alone]]
    return only


def _piece(
    prepared: Prepared, sets: SpecialistSets, first: int, last: int, out: Array, decided: bool, threads: int
) -> NDArray[np.int64]:
    """Scores of sets [first, last) into `out`; wins decided by task."""
    if sets.dropped is not None:
        _dropped(prepared, sets, first, last, out, threads)
        return np.zeros(sets.benchmark.n_tasks, np.int64)
    pairs: Any = prepared.pairs
    wins: NDArray[np.int64]
    if sets.sparse and not sets.strict and not pairs.has_tiny:
        begin, tasks, values = sets.changes(first, last)
        # A change costs about four times what a compared pair does, but only where it is.
        if 4 * len(tasks) < (last - first) * len(np.unique(tasks)) or last - first == 1:
            wins = pairs.change(begin, tasks, values, out, decided, threads)
            return wins
    matrix = np.ascontiguousarray(sets.matrix(first, last))
    wins = pairs.ablate(matrix, sets.strict, out, decided, threads)
    return wins


def _dropped(prepared: Prepared, sets: SpecialistSets, first: int, last: int, out: Array, threads: int) -> None:
    """Weights of 0 change the steps of a whole group: each set has engines of its own, for the groups it touches."""
    scorer, benchmark = prepared.scorer, sets.benchmark
    group = benchmark.group_of_task
    assert sets.dropped is not None
    raw: dict[int, Array] = {}
    for row, dropped in zip(out, itertools.islice(sets.dropped, first, last), strict=True):
        weight = benchmark.weight.copy()
        weight[dropped] = 0.0
        if sets.strict:
            engine = scorer.make_engine(engine_columns(benchmark) | {"weight": weight})
            pairs = scorer.backend.Pairs(engine, prepared.raw, threads)
            pairs.ablate(benchmark.sota[np.newaxis], True, row[np.newaxis], False, threads)
            continue
        means = prepared.scores.means.copy()
        for g in set(group[dropped].tolist()):
            own = np.flatnonzero(group == g)
            if g not in raw:
                raw[g] = np.ascontiguousarray(prepared.raw[:, own])
            means[:, g] = scorer.engine_of(own, weight=weight).score(raw[g], threads)[2][:, g]
        row[:] = scorer.backend.levels(means.reshape(len(means), -1), len(benchmark.modalities))[0]
