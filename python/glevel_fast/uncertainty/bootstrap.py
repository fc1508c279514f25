"""How sure a rank is: the bootstrap over tasks, skills or modalities.

The tasks of each group are drawn anew, with replacement and as many as there are, the same ones for all
models; in the scores, a task drawn twice is a task listed twice. Source: Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, chapter 6; scores as in docs/spec.md section 4.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS, Benchmark
from glevel_fast.core.checks import checked_seed
from glevel_fast.core.compiled import count_threads
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.machines.identity import identity
from glevel_fast.machines.interrupt import Interrupt
from glevel_fast.machines.spread import spread
from glevel_fast.uncertainty import limits
from glevel_fast.uncertainty.bands import MOST_MODELS, Bands
from glevel_fast.uncertainty.comparison import Comparison, compare
from glevel_fast.uncertainty.influence import Influence, Unit
from glevel_fast.uncertainty.pieces import PIECE_PAIRS, checked_range, sets_in_piece
from glevel_fast.uncertainty.prepared import Prepared, prepare
from glevel_fast.uncertainty.resamplers import sampler
from glevel_fast.uncertainty.summary import Summary
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from glevel_fast.core.scoring import Scorer
    from glevel_fast.loading.results import ResultsLike

__all__ = ["Bootstrap", "Unit", "bootstrap"]

Array = NDArray[np.float64]

COVERS = {
    "task": "the choice of tasks: what the board would be with other tasks of the same kind in each group",
    "skill": "the choice of skills: what the board would be with other skills, tasks and all, in each group",
    "modality": "the choice of modalities: what the board would be with other modalities in place of these",
}
SAMPLING = ("tasks", "both")
MEANING = {
    "interval": "of the score over boards of other tasks, not where the score of one such board falls; how far it "
    "covers is said by its class; what sample noise there is, is in the spread of the tasks already",
    "rank_interval": "of one model's rank over the resamples: it holds for each model singly",
    "joint_rank_interval": "holds for all models of the board at once",
    "p": "two-sided, corrected for all pairs of the board (Holm)",
    "share": "of the resamples: no confidence, and not corrected for anything",
    "chance_limits": "of the chance of this level or more on a board of as many fresh tasks",
    "summary": "what the resamples show: they hold no wins that never happened",
}
LEAVES_OUT = "sample noise inside a task: how a task's raw value would differ on other test items"


@dataclass(eq=False, repr=False)
class Bootstrap(AsFrames):
    """Scores, levels and ranks of models over resamples of the benchmark's tasks.

    Attributes
    ----------
    start, stop : int
        The resamples that were asked for, [start, stop).
    unit : {"task", "skill", "modality"}
    seed : int
    summary : Summary
        Scores, levels and ranks over the resamples. They cover the choice of tasks, and not sample noise
        inside a task: see `covers` and `leaves_out`; and they hold no wins that never happened.

    `intervals`, `compare`, `joint_ranks` and `chances` rest on the spread of the tasks themselves, not on
    the resamples: the same for any number of them. docs/spec.md section 9 says what each means.
    """

    prepared: Prepared
    start: int
    stop: int
    unit: Unit
    seed: int
    summary: Summary
    threads: int | None = None
    sampling: str = "tasks"

    @property
    def covers(self) -> str:
        """What the resamples cover: the choice of tasks, and with sampling="both" sample noise inside them."""
        if self.sampling == "tasks":
            return COVERS[self.unit]
        known, all_ = self._resampler.known
        return f"{COVERS[self.unit]}; and sample noise inside a task, for {known} of {all_} values"

    @property
    def leaves_out(self) -> str:
        """What they do not cover."""
        if self.sampling == "tasks":
            return LEAVES_OUT
        known, all_ = self._resampler.known
        rest = f"sample noise of the {all_ - known} values without a standard error or a number of samples; " * (
            known < all_
        )
        return f"{rest}that models answer the same test items, so that their noise goes together; prompts and seeds"

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order of all arrays."""
        return self.prepared.scores.models

    @property
    def n(self) -> int:
        """How many resamples were asked for."""
        return self.stop - self.start

    @property
    def done(self) -> int:
        """How many were made: fewer than asked for when the run was interrupted."""
        return self.summary.n

    @property
    def complete(self) -> bool:
        """Whether all resamples asked for are done; False after an interrupt."""
        return self.done == self.n

    def __getstate__(self) -> dict[str, Any]:
        made = ("_resampler", "_compared", "influence", "coverage")
        return {name: value for name, value in vars(self).items() if name not in made}

    def __repr__(self) -> str:
        done = "" if self.complete else f", interrupted after {self.done}"
        return f"Bootstrap({len(self.models)} models, {self.n} resamples by {self.unit}, seed {self.seed}{done})"

    def above(self, a: str, b: str, level: int = 2) -> float:
        """Share of the resamples in which A is above B on the board of a level, ties counted half.

        It is not a confidence: of models that are equal, one in ten pairs has a share above 0.95.

        Parameters
        ----------
        a, b : str
            Two models.
        level : int
            2 to 5.

        Returns
        -------
        float
            Between 0 and 1.

        Raises
        ------
        GLevelError
            An unknown model or level.
        """
        k = _board(level)
        rows = [self.prepared.scores.row(model) for model in (a, b)]
        resampler = sampler(self.prepared, self.unit, self.sampling, rows)
        out = np.empty((self.done, 2, 4))
        at = 0
        for first, last in self.summary.ranges:
            resampler.scores(self.seed, first, out[at : at + last - first], count_threads(self.threads))
            at += last - first
        x, y = out[:, 0, k], out[:, 1, k]
        return float((np.count_nonzero(x > y) + np.count_nonzero(x == y) / 2) / self.done)

    def all_above(self, level: int = 2) -> Array:
        """float64 (n_models, n_models): share of the resamples with the row above the column, ties counted half.

        Parameters
        ----------
        level : int
            2 to 5.

        Returns
        -------
        float64 (n_models, n_models)
        """
        k = _board(level)
        _need_pairs(len(self.models))
        if level not in self.summary.above:
            n_models, backend, threads = len(self.models), self.prepared.scorer.backend, count_threads(self.threads)
            counts = np.zeros((n_models, n_models), np.int64)
            step = _step(self.prepared, 1)
            out = np.empty((min(step, self.done), n_models, 4))
            for start, stop in self.summary.ranges:
                for first in range(start, stop, step):
                    piece = out[: min(step, stop - first)]
                    self._resampler.scores(self.seed, first, piece, threads)
                    counts += _above(backend, piece, k, threads)
            self.summary.above[level] = counts
        counts = self.summary.above[level]
        probability: Array = (counts + (self.done - counts - counts.T) / 2) / self.done
        return probability

    @cached_property
    def _resampler(self) -> Any:
        return sampler(self.prepared, self.unit, self.sampling)

    def order(self, level: int = 2) -> list[int]:
        """Models with a rank on the board of a level, the best first.

        Parameters
        ----------
        level : int
            2 to 5.

        Returns
        -------
        list of int
            Rows of the scores.
        """
        rank = self.prepared.base_ranks[_board(level)]
        return [int(i) for i in np.argsort(rank, kind="stable") if rank[i]]

    @cached_property
    def influence(self) -> Influence:
        """What each unit does to each score, on which intervals and comparisons rest."""
        return Influence.of(self.prepared, self.unit)

    def compare(self, level: int = 2) -> Comparison:
        """Which models of a board can be told apart, all pairs at once, and joint intervals of ranks.

        Parameters
        ----------
        level : int
            2 to 5.

        Returns
        -------
        Comparison
        """
        _board(level)
        _need_pairs(len(self.models))
        if level not in self._compared:
            self._compared[level] = compare(self.influence, self.models, level, np.array(self.order(level), np.intp))
        return self._compared[level]

    @cached_property
    def _compared(self) -> dict[int, Comparison]:
        return {}

    def intervals(self, confidence: float = 0.95) -> tuple[Array, Array]:
        """Lower and upper end of the interval of S2 to S5, float64 (n_models, 4) each; see `coverage`.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        (float64 (n_models, 4), float64 (n_models, 4))
            Lower and upper ends, in points.
        """
        return limits.intervals(self.influence, confidence)

    @cached_property
    def coverage(self) -> NDArray[np.str_]:
        """str (n_models, 4): how far each interval covers, a key of `glevel_fast.uncertainty.limits.COVERAGE`."""
        return limits.coverage(self.influence)

    def chances(self, confidence: float = 0.95) -> Array:
        """float64 (n_models, 3, 2): limits of the chance of Level-3, 4, 5 or more on a board of as many fresh tasks.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        float64 (n_models, 3, 2)
        """
        return limits.chances(self.influence, confidence)

    def joint_ranks(self, level: int = 2, confidence: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Best and worst rank on a board, int64 (n_models,) each, that hold for all its models at once; 0 is none.

        They are ranks among the models that have one; those of `summary.rank_interval` hold singly.

        Parameters
        ----------
        level : int
            2 to 5.
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        (int64 (n_models,), int64 (n_models,))
            Best and worst rank.
        """
        both = np.zeros((2, len(self.models)), np.int64)
        both[:, self.order(level)] = self.compare(level).ranks(confidence)
        return both[0], both[1]

    @property
    def ranks_pairs(self) -> bool:
        """Whether all pairs of models are told apart and ranked jointly: of at most 10,000 models, with ranks."""
        return self.summary.has_ranks and len(self.models) <= MOST_MODELS

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of the scores, which groups cannot be resampled, and what is left out of many models."""
        notes = self.prepared.scores.notes + self.summary.notes
        if self.summary.has_ranks and not self.ranks_pairs:
            notes += (
                f"pairs of models are not told apart, nor ranks held jointly: of {len(self.models):,} models there are "
                f"too many; at most {MOST_MODELS:,} are compared",
            )
        if self.influence.alone:
            notes += (
                f"one {self.unit} each, so nothing is known of its spread, and all it adds is taken to be in doubt: "
                + ", ".join(self.influence.alone),
            )
        return notes

    def groups(self, level: int = 2, confidence: float = 0.95) -> list[tuple[str, ...]]:
        """Groups of models next to each other on a board of which no two can be told apart; see `Comparison.groups`.

        Parameters
        ----------
        level : int
            2 to 5.
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        list of tuple of str
        """
        if not 0.5 < confidence < 1.0:
            raise GLevelError(f"confidence {confidence!r}: give a number between 0.5 and 1, such as 0.95")
        return self.compare(level).groups(confidence)

    def neighbours(self, level: int = 2) -> list[tuple[str, str, float, float]]:
        """(higher, lower, share of resamples with it above, corrected p) for each two next to each other on a board.

        Parameters
        ----------
        level : int
            2 to 5.

        Returns
        -------
        list of tuple
        """
        order, p = self.order(level), self.compare(level).p
        share = self.all_above(level)
        return [
            (self.models[a], self.models[b], float(share[a, b]), float(p[i, i + 1]))
            for i, (a, b) in enumerate(itertools.pairwise(order))
        ]

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Plain data, as `glevel stability --json` writes it.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        benchmark = self.prepared.scores.benchmark
        found = {
            "glevel_fast": __version__,
            "benchmark": {"tasks": benchmark.n_tasks, "sha256": benchmark.sha256},
            "resamples": {
                "unit": self.unit,
                "seed": self.seed,
                "n": self.n,
                "start": self.start,
                "stop": self.stop,
                "done": self.done,
            },
            "covers": self.covers,
            "leaves_out": self.leaves_out,
            "meaning": MEANING,
            "coverage": limits.COVERAGE,
            "confidence": confidence,
            "models": self._models(confidence),
        }
        if self.ranks_pairs:
            found["boards"] = {f"level{k}": self._board(k, confidence) for k in LEVELS}
        return found | {"summary": self.summary.to_dict(confidence), "notes": list(self.notes)}

    def _models(self, confidence: float) -> list[dict[str, Any]]:
        low, high = self.intervals(confidence)
        chances, ranked = self.chances(confidence), self.ranks_pairs
        ranks = {k: self.joint_ranks(k, confidence) for k in LEVELS if ranked}

        def board(m: int, k: int, level: int) -> dict[str, Any]:
            return {
                "score": float(self.influence.scores[m, k]),
                "interval": [float(low[m, k]), float(high[m, k])],
                "coverage": str(self.coverage[m, k]),
                "rank": int(self.prepared.base_ranks[k, m]) or None,
            } | ({"joint_rank_interval": [int(end[m]) or None for end in ranks[level]]} if ranked else {})

        return [
            {"model": model}
            | {f"level{k}": board(m, i, k) for i, k in enumerate(LEVELS)}
            | {
                "lower_bound": self.prepared.scores.lower_bound_names(m),
                "chance_limits": None
                if np.isnan(chances[m]).any()
                else {f"level{k}_or_more": chances[m, i].tolist() for i, k in enumerate(LEVELS[1:])},
            }
            for m, model in enumerate(self.models)
        ]

    def _board(self, level: int, confidence: float) -> dict[str, Any]:
        pairs = [{"higher": a, "lower": b, "share": s, "p": round(p, 9)} for a, b, s, p in self.neighbours(level)]
        told = self.compare(level).apart(confidence)
        return {
            "pairs": len(told) * (len(told) - 1) // 2,
            "told_apart": int(np.triu(told).sum()),
            "neighbours": pairs,
            "groups": [list(group) for group in self.groups(level, confidence)],
        }

    def columns(self, confidence: float = 0.95) -> dict[str, Any]:
        """One row per model, as `glevel stability --csv` writes it.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        low, high = self.intervals(confidence)
        table: dict[str, Any] = {"model": list(self.models)}
        single = self.summary.rank_interval(confidence) if self.summary.has_ranks else None
        ends = "_band" * self.summary.bands.wide
        for i, k in enumerate(LEVELS):
            table |= {f"level{k}": self.influence.scores[:, i]}
            table |= {f"level{k}_low": low[:, i], f"level{k}_high": high[:, i]}
            table |= {f"level{k}_coverage": self.coverage[:, i].tolist()}
            table |= {f"level{k}_rank": self.prepared.base_ranks[i].astype(np.int64)}
            if single is not None:
                table |= {f"level{k}_rank_best{ends}": single[0][:, i], f"level{k}_rank_worst{ends}": single[1][:, i]}
            if self.ranks_pairs:
                best, worst = self.joint_ranks(k, confidence)
                table |= {f"level{k}_joint_rank_best": best, f"level{k}_joint_rank_worst": worst}
        scores = self.prepared.scores
        table["lower_bound"] = [", ".join(scores.lower_bound_names(i)) for i in range(len(scores))]
        chances = self.chances(confidence)
        for i, k in enumerate(LEVELS[1:]):
            table |= {f"chance_level{k}_or_more_{end}": chances[:, i, e] for e, end in enumerate(("low", "high"))}
        return table


@dataclass(frozen=True)
class BootstrapJob:
    """Summaries of ranges of resamples, wherever it is unpickled."""

    prepared: Prepared
    n: int
    unit: Unit
    seed: int
    compare: tuple[int, ...]
    sampling: str
    threads: int
    ranks: bool

    def __call__(self, first: int, last: int) -> Summary:
        made = bootstrap(
            self.prepared.scorer, self.prepared, self.n, self.unit, self.seed, threads=self.threads,
            compare=self.compare, start=first, stop=last, sampling=self.sampling, ranks=self.ranks,
        )  # fmt: skip
        return made.summary


def bootstrap(
    scorer: Scorer,
    results: Prepared | ResultsLike,
    n: int = 10_000,
    unit: Unit = "task",
    seed: int = 0,
    *,
    models: Sequence[str] | None = None,
    threads: int | None = None,
    piece: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    compare: Iterable[int] = (),
    start: int = 0,
    stop: int | None = None,
    sampling: str = "tasks",
    executor: Executor | None = None,
    ranks: bool = True,
) -> Bootstrap:
    """See `Scorer.bootstrap`."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise GLevelError(f"n={n!r}: at least one resample is needed")
    if unit not in COVERS:
        raise GLevelError(f"unit={unit!r}: choose 'task', 'skill' or 'modality'")
    if sampling not in SAMPLING or (sampling == "both" and unit == "modality"):
        raise GLevelError(f"sampling={sampling!r}: choose 'tasks', or of tasks and skills 'both'")
    if piece is not None and piece < 1:
        raise GLevelError(f"piece={piece}: at least one resample")
    seed = checked_seed(seed)
    boards = {level: _board(level) for level in compare}
    start, stop = checked_range(start, stop, n, "resamples")
    if unit == "skill":
        _need_skills(scorer.benchmark)
    prepared = prepare(scorer, results, models=models, threads=threads)
    if boards:
        _need_pairs(len(prepared))
    n_threads = count_threads(threads)
    resampler = sampler(prepared, unit, sampling)
    scores = prepared.scores
    noise = (resampler.errors,) if sampling == "both" else ()
    job = identity("bootstrap", prepared.identity, unit, seed, *noise)
    bands = Bands.of(len(scores), ranks)
    summary = Summary.empty(scores.models, scores.benchmark.tasks, scores.overall, prepared.base_ranks, job, bands)
    summary.above = {level: np.zeros((len(prepared), len(prepared)), np.int64) for level in boards}
    step = piece or _step(prepared, len(boards))
    if executor is not None:
        work = BootstrapJob(prepared, n, unit, seed, tuple(boards), sampling, threads or 1, ranks)
        spread(executor, work, summary, start, stop, step, progress, adapt=piece is None)
        return Bootstrap(prepared, start, stop, unit, seed, summary, threads, sampling)
    out = np.empty((min(step, stop - start), len(prepared), 4))
    with Interrupt(stop - start > step) as interrupt:
        for first in range(start, stop, step):
            part = out[: min(step, stop - first)]
            resampler.scores(seed, first, part, n_threads)
            summary.take(scorer.backend, first, part, n_threads)
            for level, above in summary.above.items():
                above += _above(scorer.backend, part, boards[level], n_threads)
            if interrupt.between_pieces(progress, first + len(part) - start, stop - start):
                break
    return Bootstrap(prepared, start, stop, unit, seed, summary, threads, sampling)


def _step(prepared: Prepared, n_compared: int) -> int:
    """Resamples in a piece; of many models, the pairs to compare are more than the pairs of models and tasks."""
    n_models, n_tasks = len(prepared), prepared.scores.benchmark.n_tasks
    return min(sets_in_piece(n_models, n_tasks), max(1, PIECE_PAIRS // max(n_models * n_models * n_compared, 1)))


def _above(backend: Any, scores: Array, k: int, threads: int) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = backend.count_above(np.ascontiguousarray(scores[:, :, k].T), threads)
    return counts


def _board(level: int) -> int:
    if level not in LEVELS:
        raise GLevelError(f"level={level!r}: there are boards of Level-2, 3, 4 and 5")
    return LEVELS.index(level)


def _need_pairs(n_models: int) -> None:
    if n_models > MOST_MODELS:
        raise GLevelError(
            f"pairs of models grow with the square of their number: of at most {MOST_MODELS:,} models all are "
            f"compared, not of {n_models:,}; give fewer models, or ask for two of them (above)"
        )


def _need_skills(benchmark: Benchmark) -> None:
    without = [task for task, skill in zip(benchmark.tasks, benchmark.skill, strict=True) if not skill.strip()]
    if without:
        raise GLevelError(
            f"unit='skill' needs a skill for every task; {len(without)} of {benchmark.n_tasks} tasks have none, "
            f"such as {without[0]!r}"
        )
