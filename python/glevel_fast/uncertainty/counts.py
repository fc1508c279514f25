"""What is counted of many sets: parts of a job, which add up to the same bytes in any order, and travel in few.

Only whole counts and whole sums are kept: parts add up to the same for any division of the sets, and their size does
not depend on how many sets there are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glevel_fast import _core
from glevel_fast.errors import GLevelError
from glevel_fast.machines.job import joined
from glevel_fast.uncertainty.bands import Bands
from glevel_fast.uncertainty.pieces import shown_ranges
from glevel_fast.uncertainty.sparse import sparse_zeros

__all__ = ["Counted"]

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Ranges = tuple[tuple[int, int], ...]
BINS = 10_001  # of a hundredth of a point
MOST_SETS = 2**32 - 1  # of what a count holds
SMALL = ("high", "low", "least", "most", "levels")


@dataclass(eq=False, repr=False)
class Counted:
    """Counts and sums over sets of one job; `Summary` says what they mean."""

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    base: Array
    base_ranks: NDArray[np.uint32]
    job: str
    bands: Bands
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
        bands: Bands | None = None,
    ) -> Self:
        """The summary of no set at all.

        Parameters
        ----------
        models, tasks : tuple of str
        base : float64 (n_models, 4)
        base_ranks : uint32 (4, n_models)
        job : str
            The run's identity.
        bands : Bands, optional
            Where ranks are counted; default: each by itself, and in bands where there are more than 10,000 models.

        Returns
        -------
        Summary
        """
        n = len(models)
        bands = bands or Bands.of(n)
        arrays: dict[str, NDArray[Any]] = {
            "high": np.zeros((n, 4), np.int64),
            "low": np.zeros((n, 4), np.int64),
            "least": np.full((n, 4), np.inf),
            "most": np.full((n, 4), -np.inf),
            "levels": np.zeros((n, 5), np.int64),
            "points": sparse_zeros((n, 4, BINS)),
        }
        if bands.exact:
            arrays["ranks"] = sparse_zeros((n, 4, bands.n_places))
        zero = np.zeros(len(tasks), np.int64)
        return cls(models, tasks, base, base_ranks, job, bands, (), zero, zero.copy(), arrays)

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
    def has_ranks(self) -> bool:
        """Whether ranks were counted."""
        return self.bands.exact > 0

    def merge(self, *others: Self) -> Self:
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
        whole = type(self).empty(self.models, self.tasks, self.base, self.base_ranks, self.job, self.bands)
        whole.above = {level: np.zeros_like(counts) for level, counts in self.above.items()}
        for part in (self, *others):
            whole.add(part)
        return whole

    def add(self, part: Self) -> None:
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
        if part.job != self.job or not self.job or part.bands != self.bands:
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
            _core.add_counts(self._rows(name), part._rows(name), *where)
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
        """Add scores (n_sets, n_models, 4) of sets from `first` on; how many models each moves, with ranks.

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
        moved: NDArray[np.int32] = backend.summarise(scores, self.base_ranks, self.arrays, self.bands.exact, threads)
        return moved

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

    def _rows(self, name: str) -> NDArray[np.uint32]:
        """A large array with a row for each model and board."""
        array = self.arrays[name]
        return array.reshape(4 * len(array), array.shape[2])

    def _stretches(self) -> Iterator[tuple[str, tuple[Counts, Counts]]]:
        """(name, where its rows are not all zeros, from and to) of the large arrays."""
        if self.ranges:
            edges = (np.rint(edge.reshape(-1) * 100.0).astype(np.int64) for edge in (self.least, self.most))
            first, last = edges
            yield "points", (first, last + 1)
            if self.has_ranks:
                yield "ranks", _core.stretches(self._rows("ranks"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counted) and self.__getstate__() == other.__getstate__()

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
            arrays += [*(edge.astype(np.uint32) for edge in where), _core.pack_counts(self._rows(name), *where)]
        arrays += [self.above[level].astype(np.uint32) for level in sorted(self.above)]
        head = {
            "models": self.models, "tasks": self.tasks, "job": self.job, "ranges": self.ranges,
            "above": sorted(self.above), "exact": self.bands.exact,
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
        new = self.empty(models, tasks, base, base_ranks, head["job"], Bands(len(models), head["exact"]))
        new.ranges = tuple((first, last) for first, last in head["ranges"])
        new.decided, new.moved = decided, moved
        for name in SMALL:
            new.arrays[name] = next(it).copy()
        for name in head["large"]:
            first, last = (next(it).astype(np.int64) for _ in range(2))
            _core.add_packed(new._rows(name), first, last, next(it))
        new.above = {level: next(it).astype(np.int64) for level in head["above"]}
        self.__dict__.update(new.__dict__)

    def __len__(self) -> int:
        return len(self.models)
