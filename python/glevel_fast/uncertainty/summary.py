"""What is kept of the scores under many specialist sets, or on many resamples of the tasks.

Only whole counts and whole sums are kept: parts add up to the same summary in any order and for any
division of the sets, and its size does not depend on how many there are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.uncertainty.packed import (
    Stretches,
    add_counts,
    pack_counts,
    sparse_zeros,
    stretches,
    unpack_counts,
)  # fmt: skip
from glevel_fast.uncertainty.pieces import joined, shown_ranges

__all__ = ["Summary"]

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Ranges = tuple[tuple[int, int], ...]
LEVEL_NAMES = ("none", *map(str, LEVELS))
BINS = 10_001  # of a hundredth of a point
STEP = 2.0**-45
MOST_SETS = 2**32 - 1  # of what a count holds
MOST_MODELS = 10_000
"""Counts of ranks grow with the square of the models: with this many, a summary takes 0.5 to 3 GB."""
SLICE = 256  # models at a time, where ranks are not counted
SMALL = ("high", "low", "least", "most", "levels")


@dataclass(eq=False, repr=False)
class Summary(AsFrames):
    """Scores, levels and ranks of models over `n` sets, and of which: parts of a job can be told from strangers.

    Boards are those of Level-2 to Level-5, in this order; ranks are 1 for the best, ties share the
    smaller one, and a score of 0 has none (docs/spec.md section 5).

    Attributes
    ----------
    models, tasks : tuple of str
    job : str
        Hash of all that the scores depend on: benchmark, results, options, kind of sets, seed. "" where it
        is not known: such summaries do not merge.
    ranges : tuple of (int, int)
        The sets that are in it, [first, last) each, in order and with gaps between them.
    n : int
        How many sets are in it.
    base : float64 (n_models, 4)
        S2 to S5 under the benchmark as it is.
    base_ranks : uint32 (4, n_models)
        Ranks under the benchmark as it is, 0 for none.
    least, most : float64 (n_models, 4)
        The smallest and the largest S2 to S5.
    level_counts : int64 (n_models, 5)
        In how many sets a model had no level, Level-2, 3, 4, 5.
    rank_counts : uint32 (n_models, 4, n_models + 1)
        In how many sets a model held each rank of each board; rank 0 is none.
    decided : int64 (n_tasks,)
        Per task, how many wins differ from those against the benchmark's own specialist, over all
        sets and models.
    moved : int64 (n_tasks,)
        Per task, how many models change a rank on any board, over the sets that change this task
        alone (of sets that change several, no single task can be said to decide).
    above : dict of int64 (n_models, n_models)
        By the level of the board, in how many sets the row is above the column, where that was asked for.

    With counts of ranks it holds at most 10,000 models; made without them (ranks=False), any number. Its size
    does not depend on the number of sets but on how far scores and ranks move: at most 0.2 GB for 1,000 models,
    1.2 GB for 5,000 and 3.2 GB for 10,000.

    Source of scores and levels: docs/spec.md section 4.
    """

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    base: Array
    base_ranks: NDArray[np.uint32]
    job: str
    ranges: Ranges
    decided: Counts
    moved: Counts
    arrays: dict[str, NDArray[Any]]
    above: dict[int, Counts] = field(default_factory=dict)

    @classmethod
    def empty(
        cls,
        models: tuple[str, ...],
        tasks: tuple[str, ...],
        base: Array,
        base_ranks: NDArray[np.uint32],
        job: str = "",
        ranks: bool = True,
    ) -> Summary:
        """The summary of no set at all.

        Parameters
        ----------
        models, tasks : tuple of str
        base : float64 (n_models, 4)
        base_ranks : uint32 (4, n_models)
        job : str
            The run's identity.
        ranks : bool
            Whether ranks are counted.

        Returns
        -------
        Summary

        Raises
        ------
        GLevelError
            More than 10,000 models with ranks.
        """
        n = len(models)
        if ranks and n > MOST_MODELS:
            raise GLevelError(
                f"a summary counts the ranks of at most {MOST_MODELS:,} models, not of {n:,}: give fewer models, leave "
                "ranks out (ranks=False, --no-ranks), or ask for the scores of every set (full=True in ablate)"
            )
        arrays: dict[str, NDArray[Any]] = {
            "high": np.zeros((n, 4), np.int64),
            "low": np.zeros((n, 4), np.int64),
            "least": np.full((n, 4), np.inf),
            "most": np.full((n, 4), -np.inf),
            "levels": np.zeros((n, 5), np.int64),
            "points": sparse_zeros((n, 4, BINS)),
        }
        if ranks:
            arrays["ranks"] = sparse_zeros((n, 4, n + 1))
        zero = np.zeros(len(tasks), np.int64)
        return cls(models, tasks, base, base_ranks, job, (), zero, zero.copy(), arrays)

    @property
    def n(self) -> int:
        """How many sets are in it."""
        return sum(last - first for first, last in self.ranges)

    @property
    def least(self) -> Array:
        """float64 (n_models, 4): the smallest S2 to S5 met."""
        return self.arrays["least"]

    @property
    def most(self) -> Array:
        """float64 (n_models, 4): the largest S2 to S5 met."""
        return self.arrays["most"]

    @property
    def level_counts(self) -> Counts:
        """How often each model had each level."""
        return self.arrays["levels"]

    @property
    def rank_counts(self) -> NDArray[np.uint32]:
        """How often each model had each rank, per level board.

        Raises
        ------
        GLevelError
            The summary was made without ranks.
        """
        if not self.has_ranks:
            raise GLevelError("this summary was made without ranks (ranks=False): there are none to tell")
        return self.arrays["ranks"]

    @property
    def has_ranks(self) -> bool:
        """Whether ranks were counted."""
        return "ranks" in self.arrays

    @property
    def level_share(self) -> Array:
        """float64 (n_models, 5): share of the sets with no level, Level-2, 3, 4, 5.

        Of resamples it is no chance: they hold no wins that never happened; see `Bootstrap.chances`.
        """
        return self.level_counts / self._some()

    @property
    def mean(self) -> Array:
        """float64 (n_models, 4): mean S2 to S5, of scores rounded to 2^-45 of a point."""
        n = self._some()
        total = [[(int(h) << 32) + int(low) for h, low in zip(*rows, strict=True)] for rows in self._limbs()]
        return np.array([[t / n for t in row] for row in total], dtype=np.float64).reshape(len(self.models), 4) * STEP

    def _limbs(self) -> Iterator[tuple[Counts, Counts]]:
        return zip(self.arrays["high"], self.arrays["low"], strict=True)

    def _some(self) -> int:
        if not self.ranges:
            raise GLevelError("the summary is of no sets at all: there is nothing to say about them")
        return self.n

    def quantile(self, q: float) -> Array:
        """float64 (n_models, 4): the ⌈q·n⌉-th smallest S2 to S5, rounded to 0.01 as on the boards.

        Rounding takes it past neither the smallest nor the largest.

        Parameters
        ----------
        q : float
            0 to 1.

        Returns
        -------
        float64 (n_models, 4)

        Raises
        ------
        GLevelError
            q outside [0, 1].
        """
        at = self._position(q)
        out = np.empty((len(self.models), 4))
        for index in np.ndindex(*out.shape):
            first, last = (int(np.rint(edge[index] * 100.0)) for edge in (self.least, self.most))
            seen = np.cumsum(self.arrays["points"][index][first : last + 1], dtype=np.int64)
            out[index] = (first + int(np.searchsorted(seen, at))) / 100.0
        return np.clip(out, self.least, self.most)

    def _position(self, q: float) -> int:
        if not 0.0 <= q <= 1.0:
            raise GLevelError(f"quantile {q!r}: give a number from 0 to 1")
        return max(1, math.ceil(q * self._some()))

    def interval(self, confidence: float = 0.95) -> tuple[Array, Array]:
        """Lower and upper end of the central interval of S2 to S5 over the sets, float64 (n_models, 4) each.

        Of resamples it covers less than it says where wins are few; see `Bootstrap.intervals`.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        (float64 (n_models, 4), float64 (n_models, 4))
        """
        tail = _tail(confidence)
        return self.quantile(tail), self.quantile(1.0 - tail)

    def rank_quantile(self, q: float) -> NDArray[np.int64]:
        """int64 (n_models, 4): the ⌈q·n⌉-th best rank on each board; 0 is none, which comes after all ranks.

        Parameters
        ----------
        q : float
            0 to 1.

        Returns
        -------
        int64 (n_models, 4)
        """
        at = self._position(q)
        out = np.zeros((len(self.models), 4), np.int64)
        for index in np.ndindex(*out.shape):
            rank = 1 + int(np.searchsorted(np.cumsum(self.rank_counts[index][1:], dtype=np.int64), at))
            out[index] = rank if rank <= len(self.models) else 0
        return out

    def rank_interval(self, confidence: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Best and worst rank of the central interval on each board, int64 (n_models, 4) each; 0 is none.

        It holds for each model singly; `Bootstrap.joint_ranks` hold for all at once.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        (int64 (n_models, 4), int64 (n_models, 4))
        """
        tail = _tail(confidence)
        return self.rank_quantile(tail), self.rank_quantile(1.0 - tail)

    def pivotal(self) -> list[tuple[str, int, int]]:
        """(task, wins it decides, ranks it moves) of the tasks that decide any, the weightiest first.

        Returns
        -------
        list of (str, int, int)
        """
        order = np.lexsort((np.arange(len(self.tasks)), -self.decided, -self.moved))
        return [(self.tasks[t], int(self.decided[t]), int(self.moved[t])) for t in order if self.decided[t]]

    def merge(self, *others: Summary) -> Summary:
        """The summary of all the sets of these parts of one job: the same for any order and division.

        Parameters
        ----------
        others : Summary
            Parts of the same job.

        Returns
        -------
        Summary

        Raises
        ------
        GLevelError
            As in `add`.
        """
        whole = Summary.empty(self.models, self.tasks, self.base, self.base_ranks, self.job, self.has_ranks)
        whole.above = {level: np.zeros_like(counts) for level, counts in self.above.items()}
        for part in (self, *others):
            whole.add(part)
        return whole

    def add(self, part: Summary) -> None:
        """Add the sets of another part of the same job to this one, in place.

        Parameters
        ----------
        part : Summary

        Raises
        ------
        GLevelError
            It is of another job, or of sets that are here already, or there are more than 2^32 - 1 in all;
            nothing is added then.
        """
        if part.job != self.job or not self.job or part.has_ranks != self.has_ranks:
            raise GLevelError(
                "these summaries cannot be merged: they are of different jobs (another benchmark, results, options, "
                "kind of sets or seed; or one with ranks and one without)"
            )
        self.ranges = self._with(part.ranges)
        self.decided += part.decided
        self.moved += part.moved
        for name in ("high", "low", "levels"):
            self.arrays[name] += part.arrays[name]
        np.minimum(self.least, part.least, out=self.least)
        np.maximum(self.most, part.most, out=self.most)
        for name, where in part._stretches():
            width = part.arrays[name].shape[2]
            add_counts(self.arrays[name].reshape(-1, width), part.arrays[name].reshape(-1, width), where)
        for level in sorted(self.above):
            if level in part.above:
                self.above[level] += part.above[level]
            else:
                del self.above[level]

    def count(self, first: int, last: int) -> None:
        """Take note of sets [first, last), whose scores are added to the arrays.

        Parameters
        ----------
        first, last : int
            The sets [first, last).
        """
        self.ranges = self._with(((first, last),))

    def take(self, backend: Any, first: int, scores: Array, threads: int) -> NDArray[np.int32]:
        """Add scores (n_sets, n_models, 4) of sets from `first` on; with ranks, how many models each set moves.

        Parameters
        ----------
        backend : module
            Where the kernels come from.
        first : int
            The first set.
        scores : float64 (n_sets, n_models, 4)
        threads : int

        Returns
        -------
        int32 (n_sets,)
        """
        self.count(first, first + len(scores))
        if self.has_ranks:
            moved: NDArray[np.int32] = backend.summarise(scores, self.base_ranks, self.arrays, threads)
            return moved
        for at in range(0, len(self.models), SLICE):  # ranks among the models of a slice mean nothing
            own = {name: array[at : at + SLICE] for name, array in self.arrays.items()}
            n = len(own["least"])
            own["ranks"] = np.zeros((n, 4, n + 1), np.uint32)
            some = np.ascontiguousarray(scores[:, at : at + SLICE])
            backend.summarise(some, np.zeros((4, n), np.uint32), own, threads)
        return np.zeros(len(scores), np.int32)

    def _with(self, ranges: Ranges) -> Ranges:
        whole = joined(self.ranges, ranges)
        if whole is None:
            raise GLevelError(
                f"sets {shown_ranges(ranges)} are in part in this summary already, which holds "
                f"{shown_ranges(self.ranges)}: each can be counted once"
            )
        if sum(last - first for first, last in whole) > MOST_SETS:
            raise GLevelError(f"a summary holds at most {MOST_SETS:,} sets")
        return whole

    def _stretches(self) -> Iterator[tuple[str, Stretches]]:
        """(name, where its rows are not all zeros) of the large arrays."""
        if self.ranges:
            n = len(self.models)
            edges = (np.rint(edge.reshape(-1) * 100.0).astype(np.int64) for edge in (self.least, self.most))
            first, last = edges
            yield "points", (first, last + 1)
            if self.has_ranks:
                yield "ranks", stretches(self.arrays["ranks"].reshape(4 * n, n + 1))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and self.__getstate__() == other.__getstate__()

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> tuple[str, bytes]:
        """Names and numbers, and the arrays in few bytes: equal for equal summaries, however they came about."""
        large = dict(self._stretches())
        arrays: list[NDArray[Any]] = [
            self.base,
            self.base_ranks,
            self.decided,
            self.moved,
            *(self.arrays[name] for name in SMALL),
        ]
        for name, where in large.items():
            width = self.arrays[name].shape[2]
            arrays += pack_counts(self.arrays[name].reshape(-1, width), where)
        arrays += [self.above[level].astype(np.uint32) for level in sorted(self.above)]
        head = {
            "models": self.models, "tasks": self.tasks, "job": self.job, "ranges": self.ranges,
            "above": sorted(self.above), "has_ranks": self.has_ranks,
            "large": list(large), "arrays": [(a.dtype.str, a.shape) for a in arrays],
        }  # fmt: skip
        return json.dumps(head), b"".join([np.ascontiguousarray(a).tobytes() for a in arrays])

    def __setstate__(self, state: tuple[str, bytes]) -> None:
        head, body = json.loads(state[0]), memoryview(state[1])
        arrays, at = [], 0
        for kind, shape in head["arrays"]:
            array = np.frombuffer(body, kind, math.prod(shape), at).reshape(shape)
            arrays.append(array)
            at += array.nbytes
        it = iter(arrays)
        base, base_ranks, decided, moved = (next(it).copy() for _ in range(4))
        models, tasks = tuple(head["models"]), tuple(head["tasks"])
        new = Summary.empty(models, tasks, base, base_ranks, head["job"], head["has_ranks"])
        new.ranges = tuple((first, last) for first, last in head["ranges"])
        new.decided, new.moved = decided, moved
        for name in SMALL:
            new.arrays[name] = next(it).copy()
        for name in head["large"]:
            to = new.arrays[name]
            unpack_counts(to.reshape(-1, to.shape[2]), [next(it) for _ in range(6)])
        new.above = {level: next(it).astype(np.int64) for level in head["above"]}
        self.__dict__.update(new.__dict__)

    def __len__(self) -> int:
        return len(self.models)

    def __repr__(self) -> str:
        return f"Summary({len(self.models)} models over {self.n} sets)"

    def columns(self, confidence: float = 0.95) -> dict[str, Any]:
        """One row per model: S2 to S5 with means and central intervals, shares of sets per level, rank intervals.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        low, high = self.interval(confidence)
        mean = self.mean
        table: dict[str, Any] = {"model": list(self.models)}
        for i, k in enumerate(LEVELS):
            table |= {f"level{k}": self.base[:, i], f"level{k}_mean": mean[:, i]}
            table |= {f"level{k}_min": self.least[:, i], f"level{k}_low": low[:, i]}
            table |= {f"level{k}_median": self.quantile(0.5)[:, i], f"level{k}_high": high[:, i]}
            table |= {f"level{k}_max": self.most[:, i]}
            table |= {f"level{k}_rank": self.base_ranks[i].astype(np.int64)}
            if self.has_ranks:
                best, worst = self.rank_interval(confidence)
                table |= {f"level{k}_rank_best": best[:, i], f"level{k}_rank_worst": worst[:, i]}
        table |= {f"share_{name}": self.level_share[:, i] for i, name in enumerate(LEVEL_NAMES)}
        return table

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Plain data, as the commands write it to JSON; ranks of models without a score are None.

        `ranks` of a board lists [rank, in how many sets]; it and `rank_interval` are left out where ranks were not
        counted.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        low, high = self.interval(confidence)
        best, worst = self.rank_interval(confidence) if self.has_ranks else (None, None)
        mean, median, share = self.mean, self.quantile(0.5), self.level_share

        def ranks(m: int, k: int) -> dict[str, Any]:
            if best is None or worst is None:
                return {}
            counts = self.rank_counts[m, k]
            held = np.flatnonzero(counts)
            return {
                "rank_interval": [int(best[m, k]) or None, int(worst[m, k]) or None],
                "ranks": [[r or None, n] for r, n in zip(held.tolist(), counts[held].tolist(), strict=True)],
            }

        def board(m: int, k: int) -> dict[str, Any]:
            return {
                "score": float(self.base[m, k]),
                "mean": float(mean[m, k]),
                "min": float(self.least[m, k]),
                "interval": [float(low[m, k]), float(high[m, k])],
                "median": float(median[m, k]),
                "max": float(self.most[m, k]),
                "rank": int(self.base_ranks[k, m]) or None,
            } | ranks(m, k)

        return {
            "sets": self.n,
            "confidence": confidence,
            "models": [
                {"model": model}
                | {f"level{k}": board(m, i) for i, k in enumerate(LEVELS)}
                | {"share": {name: float(share[m, i]) for i, name in enumerate(LEVEL_NAMES)}}
                for m, model in enumerate(self.models)
            ],
            "pivotal": [{"task": t, "wins_decided": w, "ranks_moved": r} for t, w, r in self.pivotal()],
        }


def _tail(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise GLevelError(f"confidence {confidence!r}: give a number between 0 and 1, such as 0.95")
    return (1.0 - confidence) / 2.0
