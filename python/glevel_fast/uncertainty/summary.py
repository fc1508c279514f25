"""What is kept of the scores under many specialist sets, or on many resamples of the tasks.

Only whole counts and whole sums are kept: parts add up to the same summary in any order and for any
division of the sets, and its size does not depend on how many there are.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.errors import GLevelError

__all__ = ["Summary"]

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
LEVEL_NAMES = ("none", *map(str, LEVELS))
BINS = 10_001  # of a hundredth of a point
STEP = 2.0**-45
MOST_SETS = 2**32 - 1  # of what a count holds
MOST_MODELS = 10_000
"""Counts of ranks grow with the square of the models: with this many, a summary takes 0.5 to 3 GB."""


@dataclass(eq=False, repr=False)
class Summary:
    """Scores, levels and ranks of models over `n` sets.

    Boards are those of Level-2 to Level-5, in this order; ranks are 1 for the best, ties share the
    smaller one, and a score of 0 has none (SPEC.md section 5).

    Attributes
    ----------
    models, tasks : tuple of str
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

    It holds at most 10,000 models. Its size does not depend on the number of sets but on how far
    scores and ranks move: at most 0.2 GB for 1,000 models, 1.2 GB for 5,000 and 3.2 GB for 10,000.

    Source of scores and levels: SPEC.md section 4.
    """

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    base: Array
    base_ranks: NDArray[np.uint32]
    n: int
    decided: Counts
    moved: Counts
    arrays: dict[str, NDArray[Any]]

    @classmethod
    def empty(
        cls, models: tuple[str, ...], tasks: tuple[str, ...], base: Array, base_ranks: NDArray[np.uint32]
    ) -> Summary:
        """The summary of no set at all.

        Raises
        ------
        GLevelError
            More than 10,000 models.
        """
        n = len(models)
        if n > MOST_MODELS:
            raise GLevelError(
                f"a summary counts the ranks of at most {MOST_MODELS:,} models, not of {n:,}: "
                "give fewer models, or ask for the scores of every set (full=True in ablate)"
            )
        arrays: dict[str, NDArray[Any]] = {
            "high": np.zeros((n, 4), np.int64),
            "low": np.zeros((n, 4), np.int64),
            "least": np.full((n, 4), np.inf),
            "most": np.full((n, 4), -np.inf),
            "levels": np.zeros((n, 5), np.int64),
            "ranks": _sparse_zeros((n, 4, n + 1)),
            "points": _sparse_zeros((n, 4, BINS)),
        }
        zero = np.zeros(len(tasks), np.int64)
        return cls(models, tasks, base, base_ranks, 0, zero, zero.copy(), arrays)

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
        """How often each model had each rank, per level board."""
        return self.arrays["ranks"]

    @property
    def level_probability(self) -> Array:
        """float64 (n_models, 5): share of sets with no level, Level-2, 3, 4, 5."""
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
        if self.n == 0:
            raise GLevelError("the summary is of no sets at all: there is nothing to say about them")
        return self.n

    def quantile(self, q: float) -> Array:
        """float64 (n_models, 4): the ⌈q·n⌉-th smallest S2 to S5, rounded to 0.01 as on the boards.

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
        return out

    def _position(self, q: float) -> int:
        if not 0.0 <= q <= 1.0:
            raise GLevelError(f"quantile {q!r}: give a number from 0 to 1")
        return max(1, math.ceil(q * self._some()))

    def interval(self, confidence: float = 0.95) -> tuple[Array, Array]:
        """Lower and upper end of the central interval of S2 to S5, float64 (n_models, 4) each."""
        tail = _tail(confidence)
        return self.quantile(tail), self.quantile(1.0 - tail)

    def rank_quantile(self, q: float) -> NDArray[np.int64]:
        """int64 (n_models, 4): the ⌈q·n⌉-th best rank on each board; 0 is none, which comes after all ranks."""
        at = self._position(q)
        out = np.zeros((len(self.models), 4), np.int64)
        for index in np.ndindex(*out.shape):
            rank = 1 + int(np.searchsorted(np.cumsum(self.rank_counts[index][1:], dtype=np.int64), at))
            out[index] = rank if rank <= len(self.models) else 0
        return out

    def rank_interval(self, confidence: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Best and worst rank of the central interval on each board, int64 (n_models, 4) each; 0 is none."""
        tail = _tail(confidence)
        return self.rank_quantile(tail), self.rank_quantile(1.0 - tail)

    def pivotal(self) -> list[tuple[str, int, int]]:
        """(task, wins it decides, ranks it moves) of the tasks that decide any, the weightiest first."""
        order = np.lexsort((np.arange(len(self.tasks)), -self.decided, -self.moved))
        return [(self.tasks[t], int(self.decided[t]), int(self.moved[t])) for t in order if self.decided[t]]

    def merge(self, *others: Summary) -> Summary:
        """The summary of all the sets of these summaries: the same for any order and division.

        Raises
        ------
        GLevelError
            They are of other models, tasks or results, or of more than 2^32 - 1 sets in all.
        """
        whole = Summary.empty(self.models, self.tasks, self.base, self.base_ranks)
        for part in (self, *others):
            if part.models != self.models or part.tasks != self.tasks or not np.array_equal(part.base, self.base):
                raise GLevelError("these summaries are of other models, tasks or results: they cannot be merged")
            whole.count(part.n)
            whole.decided += part.decided
            whole.moved += part.moved
            for name, array in part.arrays.items():
                to = whole.arrays[name]
                if name in ("least", "most"):
                    (np.minimum if name == "least" else np.maximum)(to, array, out=to)
                else:
                    some = np.flatnonzero(array)
                    to.reshape(-1)[some] += array.reshape(-1)[some]
        return whole

    def count(self, n: int) -> None:
        """Take note of `n` more sets."""
        if self.n + n > MOST_SETS:
            raise GLevelError(f"a summary holds at most {MOST_SETS:,} sets")
        self.n += n

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Summary)
            and (self.models, self.tasks, self.n) == (other.models, other.tasks, other.n)
            and all(np.array_equal(getattr(self, a), getattr(other, a)) for a in ("base", "decided", "moved"))
            and all(
                map(np.array_equal, itertools.chain(*self.arrays.values()), itertools.chain(*other.arrays.values()))
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        """Without the zeros, which are most of it."""
        state = self.__dict__.copy()
        state["arrays"] = {
            name: (array.shape, array.dtype, some, array.reshape(-1)[some])
            for name, array in self.arrays.items()
            for some in (np.flatnonzero(array),)
        }
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        arrays = {}
        for name, (shape, dtype, some, values) in state["arrays"].items():
            arrays[name] = _sparse_zeros(shape) if dtype == np.uint32 else np.zeros(shape, dtype)
            arrays[name].reshape(-1)[some] = values
        self.__dict__.update(state, arrays=arrays)

    def __len__(self) -> int:
        return len(self.models)

    def __repr__(self) -> str:
        return f"Summary({len(self.models)} models over {self.n} sets)"

    def columns(self, confidence: float = 0.95) -> dict[str, Any]:
        """One row per model: S2 to S5 with their means and intervals, chances of levels, rank intervals."""
        low, high = self.interval(confidence)
        best, worst = self.rank_interval(confidence)
        mean = self.mean
        table: dict[str, Any] = {"model": list(self.models)}
        for i, k in enumerate(LEVELS):
            table |= {f"level{k}": self.base[:, i], f"level{k}_mean": mean[:, i]}
            table |= {f"level{k}_min": self.least[:, i], f"level{k}_low": low[:, i]}
            table |= {f"level{k}_median": self.quantile(0.5)[:, i], f"level{k}_high": high[:, i]}
            table |= {f"level{k}_max": self.most[:, i]}
            table |= {f"level{k}_rank": self.base_ranks[i].astype(np.int64)}
            table |= {f"level{k}_rank_best": best[:, i], f"level{k}_rank_worst": worst[:, i]}
        table |= {f"probability_{name}": self.level_probability[:, i] for i, name in enumerate(LEVEL_NAMES)}
        return table

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Plain data, as the commands write it to JSON; ranks of models without a score are None.

        `ranks` of a board lists [rank, in how many sets].
        """
        low, high = self.interval(confidence)
        best, worst = self.rank_interval(confidence)
        mean, median, chance = self.mean, self.quantile(0.5), self.level_probability

        def board(m: int, k: int) -> dict[str, Any]:
            counts = self.rank_counts[m, k]
            held = np.flatnonzero(counts)
            return {
                "score": float(self.base[m, k]),
                "mean": float(mean[m, k]),
                "min": float(self.least[m, k]),
                "interval": [float(low[m, k]), float(high[m, k])],
                "median": float(median[m, k]),
                "max": float(self.most[m, k]),
                "rank": int(self.base_ranks[k, m]) or None,
                "rank_interval": [int(best[m, k]) or None, int(worst[m, k]) or None],
                "ranks": [[r or None, n] for r, n in zip(held.tolist(), counts[held].tolist(), strict=True)],
            }

        return {
            "sets": self.n,
            "confidence": confidence,
            "models": [
                {"model": model}
                | {f"level{k}": board(m, i) for i, k in enumerate(LEVELS)}
                | {"probability": {name: float(chance[m, i]) for i, name in enumerate(LEVEL_NAMES)}}
                for m, model in enumerate(self.models)
            ],
            "pivotal": [{"task": t, "wins_decided": w, "ranks_moved": r} for t, w, r in self.pivotal()],
        }


def _sparse_zeros(shape: tuple[int, ...]) -> NDArray[np.uint32]:
    """Zeros of which only the pages that are written to take memory; the huge ones of `np.zeros` would take most.

    Few are written to: a model's scores lie close together, and so do its ranks.
    """
    size = math.prod(shape)
    if size == 0 or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(shape, np.uint32)
    memory = mmap.mmap(-1, 4 * size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel that has no huge pages
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, np.uint32).reshape(shape)


def _tail(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise GLevelError(f"confidence {confidence!r}: give a number between 0 and 1, such as 0.95")
    return (1.0 - confidence) / 2.0
