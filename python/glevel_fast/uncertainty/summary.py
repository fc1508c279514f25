"""What is kept of the scores under many specialist sets, or on many resamples of the tasks.

Only whole counts and whole sums are kept: parts add up to the same summary in any order and for any
division of the sets, and its size does not depend on how many there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.benchmark import LEVELS
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.uncertainty.counts import Array, Counted, Counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Summary"]

LEVEL_NAMES = ("none", *map(str, LEVELS))
STEP = 2.0**-45


class Summary(Counted, AsFrames):
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
    rank_counts : uint32 (n_models, 4, n_places)
        In how many sets a model held each rank of each board; rank 0 is none. Of up to 10,000 models each rank has a
        place of its own; of more, only ranks 1 to 511 have, and those beyond share bands.
    rank_bands : (int64 (n_places,), int64 (n_places,))
        The first and the last rank of each place.
    decided : int64 (n_tasks,)
        Per task, how many wins differ from those against the benchmark's own specialist, over all
        sets and models.
    moved : int64 (n_tasks,)
        Per task, how many models change a rank on any board, over the sets that change this task
        alone (of sets that change several, no single task can be said to decide).
    above : dict of int64 (n_models, n_models)
        By the level of the board, in how many sets the row is above the column, where that was asked for.

    A band holds the ranks that no count tells apart: 2 of them from rank 512 on, 4 from rank 1,024 on, and so on, never
    more than 1/256 of the rank. What is said of ranks in bands is never finer than that: intervals run from the first
    rank of a band to the last of one, and `rank_quantile_band` gives a band.

    Its size does not depend on the number of sets but on how far scores and ranks move: at most 0.2 GB for 1,000
    models, 1.2 GB for 5,000 and 3.2 GB for 10,000; for more, in bands, about 40 kB a model.

    Source of scores and levels: docs/spec.md section 4.
    """

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
    def rank_bands(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first and the last rank of each place of `rank_counts`, int64 (n_places,) each; none, 0, in front."""
        return self.bands.ends

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of it: that ranks are counted in bands."""
        return (str(self.bands),) if self.bands.wide else ()

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

        Raises
        ------
        GLevelError
            Ranks are counted in bands: `rank_quantile_band` gives the one that it is in.
        """
        if self.bands.wide:
            raise GLevelError(f"{self.bands}: rank_quantile_band(q) gives the band of a quantile")
        return self.rank_quantile_band(q)[0]

    def rank_quantile_band(self, q: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last rank of the band that the ⌈q·n⌉-th best rank is in; the same where each rank is counted.

        Parameters
        ----------
        q : float
            0 to 1.

        Returns
        -------
        (int64 (n_models, 4), int64 (n_models, 4))
            0 is none.
        """
        at, counts = self._position(q), self.rank_counts
        place = np.zeros((len(self.models), 4), np.int64)
        for index in np.ndindex(*place.shape):
            found = 1 + int(np.searchsorted(np.cumsum(counts[index][1:], dtype=np.int64), at))
            place[index] = found if found < self.bands.n_places else 0
        first, last = self.bands.ends
        return first[place], last[place]

    def rank_interval(self, confidence: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Best and worst rank of the central interval on each board, int64 (n_models, 4) each; 0 is none.

        It holds for each model singly; `Bootstrap.joint_ranks` hold for all at once. Where ranks are counted in bands
        it runs from the first rank of a band to the last of one, and so holds what it says or more.

        Parameters
        ----------
        confidence : float
            Between 0 and 1, such as 0.95.

        Returns
        -------
        (int64 (n_models, 4), int64 (n_models, 4))
        """
        tail = _tail(confidence)
        return self.rank_quantile_band(tail)[0], self.rank_quantile_band(1.0 - tail)[1]

    def pivotal(self) -> list[tuple[str, int, int]]:
        """(task, wins it decides, ranks it moves) of the tasks that decide any, the weightiest first.

        Returns
        -------
        list of (str, int, int)
        """
        order = np.lexsort((np.arange(len(self.tasks)), -self.decided, -self.moved))
        return [(self.tasks[t], int(self.decided[t]), int(self.moved[t])) for t in order if self.decided[t]]

    def __repr__(self) -> str:
        return f"Summary({len(self.models)} models over {self.n} sets)"

    def columns(self, confidence: float = 0.95) -> dict[str, Any]:
        """One row per model: S2 to S5 with means and central intervals, shares of sets per level, rank intervals.

        Of ranks in bands the intervals are `level2_rank_best_band`, the first rank of the best band, and
        `level2_rank_worst_band`, the last of the worst; without bands `level2_rank_best` and `level2_rank_worst`.

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
        mean, median, share = self.mean, self.quantile(0.5), self.level_share
        best, worst = self.rank_interval(confidence) if self.has_ranks else (None, None)
        ends = "_band" * self.bands.wide
        table: dict[str, Any] = {"model": list(self.models)}
        for i, k in enumerate(LEVELS):
            table |= {f"level{k}": self.base[:, i], f"level{k}_mean": mean[:, i]}
            table |= {f"level{k}_min": self.least[:, i], f"level{k}_low": low[:, i]}
            table |= {f"level{k}_median": median[:, i], f"level{k}_high": high[:, i]}
            table |= {f"level{k}_max": self.most[:, i]}
            table |= {f"level{k}_rank": self.base_ranks[i].astype(np.int64)}
            if best is not None and worst is not None:
                table |= {f"level{k}_rank_best{ends}": best[:, i], f"level{k}_rank_worst{ends}": worst[:, i]}
        table |= {f"share_{name}": share[:, i] for i, name in enumerate(LEVEL_NAMES)}
        return table

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Plain data, as the commands write it to JSON; ranks of models without a score are None.

        `ranks` of a board lists [rank, in how many sets], or where they are counted in bands `rank_bands` lists [first
        rank, last rank, in how many sets]; these and `rank_interval` are left out where ranks were not counted.

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
        first, last = self.bands.ends

        def ranks(m: int, k: int) -> dict[str, Any]:
            if best is None or worst is None:
                return {}
            counts = self.rank_counts[m, k]
            held = np.flatnonzero(counts)
            ends = (first, last) if self.bands.wide else (first,)
            columns = ([r or None for r in end[held].tolist()] for end in ends)
            return {
                "rank_interval": [int(best[m, k]) or None, int(worst[m, k]) or None],
                "rank_bands" if self.bands.wide else "ranks": list(
                    map(list, zip(*columns, counts[held].tolist(), strict=True))
                ),
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
