"""Every model under many specialist sets, at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast.core.compiled import Scored, count_threads, engine_columns
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.machines.identity import identity
from glevel_fast.machines.interrupt import Interrupt, Progress
from glevel_fast.machines.spread import spread
from glevel_fast.uncertainty.bands import Bands
from glevel_fast.uncertainty.full import FullScores
from glevel_fast.uncertainty.pieces import checked_range, sets_in_piece
from glevel_fast.uncertainty.prepared import Prepared, prepare
from glevel_fast.uncertainty.specialists import SpecialistSets
from glevel_fast.uncertainty.summary import Summary
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from glevel_fast.core.scoring import Scorer
    from glevel_fast.loading.results import ResultsLike

__all__ = ["Ablation", "ablate"]

Array = NDArray[np.float64]
PIECE_SCORED = 2**24
"""The same where each set is scored by an engine of its own."""


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(AsFrames):
    """Scores of every model under many specialist sets.

    Attributes
    ----------
    sets : SpecialistSets
    start, stop : int
        The sets that were asked for, [start, stop).
    done : int
        How many of them are in it, from the first on: fewer than asked for when the run was interrupted.
    scores : float64 (done, n_models, 4) or None
        S2 to S5; only with full=True.
    """

    prepared: Prepared
    sets: SpecialistSets
    start: int
    stop: int
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
        """Whether all sets asked for are done; False after an interrupt."""
        return self.done == self.stop - self.start

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of the scores, and what is to be known of the summary."""
        return self.prepared.scores.notes + self.summary.notes

    @cached_property
    def summary(self) -> Summary:
        """Means, quantiles, levels, ranks and pivotal specialists; with full=True it is made when asked for."""
        if self._summary is not None:
            return self._summary
        end = self.start + self.done
        again = ablate(
            self.prepared.scorer, self.prepared, self.sets, threads=self._threads, start=self.start, stop=end
        )
        return again.summary

    def __repr__(self) -> str:
        done = "" if self.complete else f"; interrupted after {self.done}"
        some = "" if self.stop - self.start == self.sets.n else f"{self.start} to {self.stop - 1} of "
        return f"Ablation({len(self.models)} models under {some}{self.sets.n} sets: {self.sets.what}{done})"

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Plain data, as `glevel ablate --json` writes it.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        benchmark = self.sets.benchmark
        return {
            "glevel_fast": __version__,
            "benchmark": {"tasks": benchmark.n_tasks, "sha256": benchmark.sha256},
            "sets": {
                "what": self.sets.what,
                "strict": self.sets.strict,
                "n": self.sets.n,
                "start": self.start,
                "stop": self.stop,
                "done": self.done,
            },
            "summary": self.summary.to_dict(confidence),
            "lower_bound": {
                model: names for model, names in zip(self.models, self._lower_bounds(), strict=True) if names
            },
            "notes": list(self.notes),
        }

    def columns(self, confidence: float = 0.95) -> dict[str, Any]:
        """One row per model, as `glevel ablate --csv` writes it.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        return self.summary.columns(confidence) | {"lower_bound": [", ".join(names) for names in self._lower_bounds()]}

    def _lower_bounds(self) -> list[list[str]]:
        scores = self.prepared.scores
        return [scores.lower_bound_names(i) for i in range(len(scores))]


@dataclass(frozen=True)
class AblationJob:
    """Summaries or all scores of ranges of sets, wherever it is unpickled."""

    prepared: Prepared
    sets: SpecialistSets
    threads: int
    ranks: bool
    full: bool

    def __call__(self, first: int, last: int) -> Summary | FullScores:
        made = ablate(
            self.prepared.scorer, self.prepared, self.sets, full=self.full, threads=self.threads,
            start=first, stop=last, ranks=self.ranks,
        )  # fmt: skip
        return made.summary if made.scores is None else FullScores({first: made.scores})


def ablate(
    scorer: Scorer,
    results: Prepared | ResultsLike,
    sets: SpecialistSets | ArrayLike,
    *,
    full: bool = False,
    threads: int | None = None,
    piece: int | None = None,
    progress: Progress | None = None,
    models: Sequence[str] | None = None,
    start: int = 0,
    stop: int | None = None,
    executor: Executor | None = None,
    ranks: bool = True,
) -> Ablation:
    """See `Scorer.ablate`."""
    prepared = prepare(scorer, results, models=models, threads=threads)
    if not isinstance(sets, SpecialistSets):
        sets = SpecialistSets.from_matrix(scorer.benchmark, sets)
    elif sets.benchmark is not scorer.benchmark and sets.benchmark != scorer.benchmark:
        raise GLevelError("these specialist sets are of another benchmark: make them from the scorer's")
    start, stop = checked_range(start, stop, sets.n, "sets")
    if piece is not None and piece < 1:
        raise GLevelError(f"piece={piece}: at least one set")
    n_models, n_threads = len(prepared), count_threads(threads)
    step = piece or sets_in_piece(n_models, sets.benchmark.n_tasks)
    if sets.dropped is not None and piece is None:
        step = min(step, max(1, PIECE_SCORED // max(prepared.raw.size, 1)))
    summary = None if full else _empty(prepared, sets, ranks)
    if executor is not None:
        job, every = AblationJob(prepared, sets, threads or 1, ranks, full), FullScores({})
        made = every if summary is None else summary
        done = spread(executor, job, made, start, stop, step, progress, adapt=piece is None)
        return Ablation(prepared, sets, start, stop, done, every.scores(n_models) if full else None, summary, threads)
    out = np.empty((stop - start if full else min(step, stop - start), n_models, 4))
    done = start
    with Interrupt(stop - start > step) as interrupt:
        for first in range(start, stop, step):
            last = min(first + step, stop)
            target = out[first - start : last - start] if full else out[: last - first]
            decided = _piece(prepared, sets, first, last, target, not full, n_threads)
            if summary is not None:
                _take(summary, prepared, first, target, decided, _only_task(sets, first, last), n_threads)
            done = last
            if interrupt.between_pieces(progress, done - start, stop - start):
                break
    return Ablation(prepared, sets, start, stop, done - start, out[: done - start] if full else None, summary, threads)


def _empty(prepared: Prepared, sets: SpecialistSets, ranks: bool) -> Summary:
    scores = prepared.scores
    job = identity("ablation", prepared.identity, sets.identity)
    bands = Bands.of(len(scores), ranks)
    return Summary.empty(scores.models, scores.benchmark.tasks, scores.overall, prepared.base_ranks, job, bands)


def _take(
    summary: Summary,
    prepared: Prepared,
    first: int,
    scores: Array,
    decided: NDArray[np.int64],
    only: NDArray[np.int64],
    threads: int,
) -> None:
    backend, alone = prepared.scorer.backend, only >= 0
    moved = summary.take(backend, first, scores, threads)
    if not summary.has_ranks:
        for i in np.flatnonzero(alone):
            moved[i] = (backend.ranks(np.ascontiguousarray(scores[i])) != prepared.base_ranks).any(axis=0).sum()
    summary.decided += decided
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
    if sets.subsets:
        prepared.kept(sets.strict, threads).scores(sets.kept_tasks(first, last), out, threads)
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
    compiled, benchmark = prepared.scorer.compiled, sets.benchmark
    group = benchmark.group_of_task
    assert sets.dropped is not None
    raw: dict[int, Array] = {}
    for row, dropped in zip(out, itertools.islice(sets.dropped, first, last), strict=True):
        weight = benchmark.weight.copy()
        weight[dropped] = 0.0
        if sets.strict:
            engine = compiled.make_engine(engine_columns(benchmark) | {"weight": weight})
            pairs = compiled.backend.Pairs(engine, prepared.raw, threads)
            pairs.ablate(benchmark.sota[np.newaxis], True, row[np.newaxis], False, threads)
            continue
        means = prepared.scores.means.copy()
        for g in set(group[dropped].tolist()):
            own = np.flatnonzero(group == g)
            if g not in raw:
                raw[g] = np.ascontiguousarray(prepared.raw[:, own])
            means[:, g] = Scored._make(compiled.engine_of(own, weight=weight).score(raw[g], threads)).means[:, g]
        row[:] = compiled.backend.levels(means.reshape(len(means), -1), len(benchmark.modalities))[0]
